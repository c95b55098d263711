"""Every row of the answer table, over a real socket: who is not let in, and what is not a message."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from lxml import etree

from gateway.eds.keys import SigningKey
from gateway.eds.verdict import Indication
from gateway.faults import Code, Detail, GatewayFault
from gateway.shep.contract import Operation
from gateway.shep.messages import (
    AsyncMessage,
    ErrorInfo,
    MessagesQuery,
    MessageState,
    MessageStatus,
    MessageType,
    Request,
    Sender,
    StatusChange,
    StatusQuery,
    SyncRequest,
)
from gateway.shep.reader import ReplyFault, read_reply
from gateway.shep.writer import write
from gateway.texts import Text
from tests.support.shep_gateway import DELIVERY, PASSWORD, Wire, expired, future, wire
from tests.support.shep_messages import DATA, SENDER
from tests.support.shep_parties import NOW, party, verifier

SESSION = "{11111111-2222-3333-4444-555555555555}"


@pytest.fixture
async def gateway() -> AsyncIterator[Wire]:
    """A gateway's wire."""
    async with wire() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


def application(sender: Sender = SENDER, **fields: object) -> AsyncMessage:
    """Return an application on the asynchronous channel."""
    return AsyncMessage("KSL-1", MessageType.REQUEST, NOW, sender, session_id=SESSION, data=DATA, **fields)  # type: ignore[arg-type]  # fields of the message


async def fault(http: aiohttp.ClientSession, url: str, body: bytes) -> ErrorInfo:
    """Send bytes and return the fault that comes back, signed by the gateway, with status 500."""
    async with http.post(url, data=body) as response:
        raw = await response.read()
        assert response.status == 500
        assert response.content_type == "text/xml"
    envelope = etree.fromstring(raw)
    soap_body = envelope.find("{*}Body")
    assert soap_body is not None
    verdict = verifier().transport(envelope, soap_body, at=NOW, registered=())
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].certificate == party("gateway").certificate
    with pytest.raises(ReplyFault) as caught:
        read_reply(raw)
    return caught.value.error


def precise(error: ErrorInfo) -> tuple[str, str]:
    """Return the outward and our precise code."""
    assert error.sub_error is not None
    return error.code, error.sub_error.code


async def test_format(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """SCE001: bytes that are no message are answered with the send operation's fault of the endpoint."""
    for path, operation in (("sync", Operation.SYNC_SEND_MESSAGE), ("async", Operation.SEND_MESSAGE)):
        error = await fault(http, f"{gateway.url}/shep/{path}", b"not xml")
        assert precise(error) == ("SCE001", "client.not_xml")
        assert "/" in error.message
        async with http.post(f"{gateway.url}/shep/{path}", data=b"not xml") as response:
            assert etree.fromstring(await response.read()).find(f".//{operation.fault_tag}") is not None
    assert gateway.observer.codes[0] == ("unknown", "SCE001")


async def test_fault_names_operation_and_session(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """SCE001 of a message whose operation is known stands in that operation's fault and carries its session."""
    body = write(application(), None).replace(b"<serviceId>KSL-1</serviceId>", b"")

    error = await fault(http, f"{gateway.url}/shep/async", body)

    assert precise(error) == ("SCE001", "client.missing_field")
    assert error.session_id == SESSION


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (application(), "sync"),
        (StatusQuery(str(DELIVERY), NOW, SENDER), "sync"),
        (SyncRequest("1", "KSL-1", NOW, SENDER, data=DATA), "async"),
    ],
)
async def test_wrong_endpoint(gateway: Wire, http: aiohttp.ClientSession, message: Request, path: str) -> None:
    """SCE001: an operation at the other endpoint is unknown there, even signed."""
    error = await fault(http, f"{gateway.url}/shep/{path}", write(message, party("portal").key))

    assert precise(error) == ("SCE001", "client.unknown_operation")


@pytest.mark.parametrize("kind", [MessageType.NOTIFICATION, MessageType.RESPONSE])
async def test_message_type(gateway: Wire, http: aiohttp.ClientSession, kind: MessageType) -> None:
    """SCE001: notifications and responses are not for us."""
    message = AsyncMessage("KSL-1", kind, NOW, SENDER, correlation_id="1", data=DATA)

    error = await fault(http, f"{gateway.url}/shep/async", write(message, party("portal").key))

    assert precise(error) == ("SCE001", "client.message_type")
    assert gateway.intake.accepted == []


async def test_empty_data(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """SCE001: a message without business data is no application, on both channels."""
    empty = AsyncMessage("KSL-1", MessageType.REQUEST, NOW, SENDER)
    error = await fault(http, f"{gateway.url}/shep/async", write(empty, party("portal").key))
    assert precise(error) == ("SCE001", "client.missing_field")

    error = await fault(
        http, f"{gateway.url}/shep/sync", write(SyncRequest("1", "KSL-1", NOW, SENDER), party("portal").key)
    )
    assert precise(error) == ("SCE001", "client.missing_field")


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (application(Sender("nobody", PASSWORD)), party("portal").key),
        (application(Sender("portal", "wrong")), party("portal").key),
        (application(Sender("portal", None)), party("portal").key),
        (application(SENDER), party("stranger").key),
        (application(SENDER), party("psc").key),
        (MessagesQuery("KSL-1"), party("psc").key),
        (MessagesQuery("KSL-1"), party("stranger").key),
        (
            StatusChange("1", str(DELIVERY), NOW, MessageState.DELIVERED, MessageStatus("", "", NOW), NOW),
            party("stranger").key,
        ),
    ],
    ids=[
        "unknown-sender",
        "wrong-password",
        "no-password",
        "other-certificate",
        "certificate-of-another-sender",
        "shared-certificate-alone",
        "unknown-certificate-alone",
        "unknown-reporter",
    ],
)
async def test_sender(gateway: Wire, http: aiohttp.ClientSession, message: Request, key: SigningKey) -> None:
    """SCE004: unknown sender, wrong password and other certificate are told in the very same words."""
    error = await fault(http, f"{gateway.url}/shep/async", write(message, key))
    other = await fault(
        http, f"{gateway.url}/shep/async", write(application(Sender("portal", "x")), party("portal").key)
    )

    assert precise(error) == ("SCE004", "client.sender")
    assert error.sub_error is not None
    assert other.sub_error is not None
    assert (error.message, error.sub_error.message) == (other.message, other.sub_error.message)
    assert gateway.intake.accepted == []
    assert gateway.mailbox.changes == []


@pytest.mark.parametrize("who", [expired(), future()], ids=["expired", "not-yet-valid"])
async def test_certificate_not_current(gateway: Wire, http: aiohttp.ClientSession, who: object) -> None:
    """SCE005: the certificate of the transport signature is expired or not yet valid."""
    message = application(Sender("expired", PASSWORD))

    error = await fault(http, f"{gateway.url}/shep/async", write(message, who.key))  # type: ignore[attr-defined]  # a Party

    assert precise(error) == ("SCE005", "client.certificate.not_current")


async def test_signature_invalid(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """SCE006: a Body that was changed after it was signed."""
    body = write(application(), party("portal").key).replace(b"KSL-1", b"KSL-2")

    error = await fault(http, f"{gateway.url}/shep/async", body)

    assert precise(error) == ("SCE006", "client.signature.invalid")
    assert gateway.intake.accepted == []


@pytest.mark.parametrize(
    "sender", [SENDER, Sender("nobody", "x"), Sender("akim", "wrong")], ids=["known", "unknown", "wrong-password"]
)
async def test_unsigned(gateway: Wire, http: aiohttp.ClientSession, sender: Sender) -> None:
    """SCE007: an unsigned message is told that it is unsigned, whether or not its sender exists."""
    error = await fault(http, f"{gateway.url}/shep/async", write(application(sender), None))

    assert precise(error) == ("SCE007", "client.signature.missing")
    assert gateway.intake.accepted == []


@pytest.mark.parametrize("key", [None, party("stranger").key], ids=["unsigned", "signed"])
async def test_registered_to_send_unsigned(gateway: Wire, http: aiohttp.ClientSession, key: SigningKey | None) -> None:
    """A sender registered without certificates is known by its password; a signature it adds says no more."""
    body = write(application(Sender("akim", PASSWORD)), key)

    async with http.post(f"{gateway.url}/shep/async", data=body) as response:
        assert response.status == 200
    assert [message.sender_id for message in gateway.intake.accepted] == ["akim"]


async def test_busy(http: aiohttp.ClientSession) -> None:
    """SCE909: beyond the limit a message is answered unread, with Retry-After; the one in flight is not disturbed."""
    async with wire(max_in_flight=1) as gateway:
        entered, leave = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            entered.set()
            await leave.wait()

        gateway.intake.before = hold
        url = f"{gateway.url}/shep/async"
        first = asyncio.create_task(http.post(url, data=write(application(), party("portal").key)))
        await entered.wait()
        async with http.post(url, data=b"unread") as response:
            assert response.status == 500
            assert int(response.headers["Retry-After"]) > 0
        assert precise(await fault(http, url, b"unread")) == ("SCE909", "gateway.busy")
        leave.set()
        async with await first as response:
            assert response.status == 200
        gateway.intake.before = None
        async with http.post(url, data=write(application(), party("portal").key)) as response:
            assert response.status == 200


async def test_intake_fault(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """A fault of intake goes out as it is, with its Retry-After."""

    def unavailable() -> None:
        detail = Detail("gateway.store", "the store is unavailable")
        raise GatewayFault(Code.INTERNAL, detail, Text("қате", "ошибка"), retry_after=7)

    gateway.intake.before = unavailable
    body = write(application(), party("portal").key)

    async with http.post(f"{gateway.url}/shep/async", data=body) as response:
        assert response.headers["Retry-After"] == "7"
    error = await fault(http, f"{gateway.url}/shep/async", body)
    assert precise(error) == ("SCE909", "gateway.store")
    assert error.message == "қате / ошибка"


async def test_defect(gateway: Wire, http: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]) -> None:
    """SCE909: a defect is told in general words, outward and in the log: its own text may quote the message."""

    def defect() -> None:
        raise RuntimeError("IIN 880101300123")

    gateway.intake.before = defect

    error = await fault(http, f"{gateway.url}/shep/async", write(application(), party("portal").key))

    assert precise(error) == ("SCE909", "gateway.internal")
    assert "880101300123" not in str(error)
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    assert "880101300123" not in logged
    assert PASSWORD not in logged


async def test_log_of_a_refused_message(
    gateway: Wire, http: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused message is found in the log by its ids; who it says it is from is not logged as if it were true."""
    message = application(Sender("portal", "wrong"), message_id="254750124", correlation_id="3382552")

    await fault(http, f"{gateway.url}/shep/async", write(message, party("stranger").key))

    (line,) = [text for text in capsys.readouterr().out.splitlines() if "message answered" in text]
    for word in ("254750124", "3382552", "SCE004"):
        assert word in line
    assert "portal" not in line


@pytest.mark.parametrize(
    "message",
    [
        StatusQuery("other", NOW, SENDER),
        StatusChange("1", "other", NOW, MessageState.DELIVERED, MessageStatus("", "", NOW), NOW),
    ],
)
async def test_unknown_message(gateway: Wire, http: aiohttp.ClientSession, message: Request) -> None:
    """SCE001: asking about a message that is not between the sender and us."""
    error = await fault(http, f"{gateway.url}/shep/async", write(message, party("portal").key))

    assert precise(error) == ("SCE001", "client.unknown_message")
