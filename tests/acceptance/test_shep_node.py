"""A foreign client: the npm package `soap` reads our WSDL, calls every operation signed, and reads every answer."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.clock import utc_now
from gateway.sandbox.nca import TestAuthority
from tests.support.gateway import desk, gateway_settings
from tests.support.inquiries import DICTIONARIES, SCHEMA, SERVICES, STATUS, inquiries, question, texts
from tests.support.shep_gateway import ANSWER, DELIVERY, OUTGOING, PASSWORD, wire
from tests.support.shep_parties import party

NODE = Path(__file__).parent / "node"


def _unavailable(reason: str) -> None:
    """Skip where the foreign client cannot run; fail where everything is required to run."""
    if os.environ.get("QAQPA_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def client() -> list[str]:
    """The command of the node client, installed as its lock file says."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        _unavailable("node and npm are needed for the node client")
    installed, lock = NODE / "node_modules" / ".package-lock.json", NODE / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        done = subprocess.run([str(npm), "ci", "--omit=dev"], cwd=NODE, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            _unavailable(f"npm could not install the node client: {done.stderr[-300:]}")
    return [str(node), str(NODE / "client.js")]


async def _call(command: list[str], settings: dict[str, object]) -> Any:
    process = await asyncio.create_subprocess_exec(
        *command, json.dumps(settings), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def _settings(url: str, folder: Path) -> dict[str, object]:
    certificate, key = party("portal").files(folder)
    return {"url": url, "certificate": str(certificate), "key": str(key), "sender": "portal", "password": PASSWORD}


@pytest.mark.parametrize("timestamp", [True, False], ids=["timestamp", "no-timestamp"])
async def test_every_operation(client: list[str], tmp_path: Path, timestamp: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Every operation is called with a signed message, with and without wsu:Timestamp, and answered as meant."""
    async with wire(clock=utc_now) as gateway:  # the client's time stamps are of this very moment
        answers = await _call(
            client,
            _settings(gateway.url, tmp_path) | {"delivery": str(DELIVERY), "timestamp": timestamp},
        )
    faults = {name: answer["fault"] for name, answer in answers.items() if "fault" in answer}
    results = {name: answer["result"]["response"] for name, answer in answers.items() if "result" in answer}
    assert faults.keys() == {"fault", "unsigned"}, faults

    assert results["SendMessage"]["responseInfo"]["status"]["code"] == "SCSS001"
    assert _text(results["SendMessage"]["responseData"]["data"]) == ANSWER.decode()
    assert results["sendMessage"]["correlationId"] == "1"
    assert results["clientSendMessage"]["correlationId"] == "1"
    assert results["sendDeliveryNotification"]["notificationId"]
    assert results["getMessageStatus"]["messageState"] == "DELIVERED"
    message = results["getMessages"]["messages"][0]
    assert message["messageInfo"]["correlationId"] == OUTGOING.correlation_id
    assert _text(message["messageData"]["data"]) == OUTGOING.payload.decode()
    assert results["changeMassageStatusNotification"]["sessionId"] == "{00000000-0000-0000-0000-000000000000}"

    error = faults["fault"]["detail"]["getMessageStatusFault1_getMessageStatusFault"]
    assert (error["errorCode"], error["subError"]["errorCode"]) == ("SCE001", "client.unknown_message")
    assert faults["unsigned"]["detail"]["SendMessageFault1_SendMessageFault"]["errorCode"] == "SCE007"

    texts = [reading.decode() for taken in gateway.intake.accepted for reading in taken.readings]
    assert texts[0] == "<a>ұл</a>"
    assert all("ұл" in text and 'xmlns="urn:x"' in text for text in texts[1:-1])
    assert texts[-1] == "<a/>"


async def test_the_portals_questions(
    client: list[str], database_url: str, authority: TestAuthority, tmp_path: Path
) -> None:
    """A question comes as text or as nested XML, as the client likes; its answer is read by the WSDL's types."""
    portal = gateway_settings(tmp_path).senders[0].model_copy(update={"id": "portal"})
    asked = [
        (SERVICES, question("servicesRequest", region="kostanay")),
        (DICTIONARIES, question("dictionaryRequest", dictionary="providers", region="astana")),
        (STATUS, question("statusRequest", caseNumber="2026-00000123-3", iin="1")),
    ]
    async with (
        desk(database_url, authority, tmp_path, senders=(portal,)) as at,
        wire(inquiries=inquiries(at, tmp_path)) as gateway,
    ):
        answers = await _call(
            client,
            _settings(gateway.url, tmp_path)
            | {
                "timestamp": False,
                "questions": [{"serviceId": service, "document": document.decode()} for service, document in asked],
            },
        )
    responses = [answer["result"]["response"] for answer in answers]
    codes = [response["responseInfo"]["status"]["code"] for response in responses]
    assert codes == ["SCSS001", "SCSS001", "SCSS001", "SCSS001", "SCSE002", "SCSE002"]
    roots = [etree.fromstring(_text(response["responseData"]["data"]).encode()) for response in responses]
    for root in roots:
        SCHEMA.assertValid(root)
    assert [etree.tostring(root) for root in roots[::2]] == [etree.tostring(root) for root in roots[1::2]]
    assert texts(roots[4], "finding/code") == ["inquiry.iin"]


def _text(value: Any) -> str:
    """Return a text that node-soap gives with or without its attributes."""
    return str(value["$value"]) if isinstance(value, dict) else str(value)
