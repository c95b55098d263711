"""A foreign portal asks: zeep reads our WSDL, signs with libxmlsec1, asks what the portal needs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import xmlsec
import zeep.wsse.signature
import zeep.xsd
from lxml import etree

from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.nca import TestAuthority
from tests.support.gateway import Desk, desk, gateway_settings, reply
from tests.support.inquiries import DICTIONARIES, SCHEMA, SERVICES, STATUS, inquiries, question, texts
from tests.support.shep_gateway import PASSWORD, Wire, wire
from tests.support.shep_parties import NOW, party

# neither library is typed
XMLSEC: Any = xmlsec
ZEEP: Any = zeep
SIGNATURES: Any = zeep.wsse.signature


@pytest.fixture
async def at(database_url: str, authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Desk]:
    """A gateway's cases; the portal of the wire may ask everything."""
    portal = gateway_settings(tmp_path).senders[0].model_copy(update={"id": "portal"})
    pep = gateway_settings(tmp_path).senders[0]
    async with desk(database_url, authority, tmp_path, senders=(pep, portal)) as opened:
        yield opened


@pytest.fixture
async def gateway(at: Desk, tmp_path: Path) -> AsyncIterator[Wire]:
    """The wire over them."""
    async with wire(inquiries=inquiries(at, tmp_path)) as running:
        yield running


def _asks(gateway: Wire, folder: Path, *asked: tuple[str, bytes]) -> list[tuple[str, Any]]:
    """Ask one after another; return the status codes and the answers, valid by portal.xsd."""
    certificate, key = party("portal").files(folder / "portal")
    signature = SIGNATURES.Signature(
        str(key), str(certificate), None, XMLSEC.Transform.RSA_SHA256, XMLSEC.Transform.SHA256
    )
    signature.verify = lambda envelope: SIGNATURES.verify_envelope(
        envelope, str(party("gateway").files(folder / "gateway")[0])
    )
    service = ZEEP.Client(f"{gateway.url}/shep/sync?wsdl", wsse=signature).service
    answers = []
    for number, (service_id, document) in enumerate(asked):
        sender = {"senderId": "portal", "password": PASSWORD}
        info = {"messageId": str(number), "serviceId": service_id, "messageDate": NOW, "sender": sender}
        data = {"data": ZEEP.xsd.AnyObject(ZEEP.xsd.String(), document.decode())}
        answer = service.SendMessage({"requestInfo": info, "requestData": data})
        root = etree.fromstring(answer.responseData.data.encode())
        SCHEMA.assertValid(root)
        assert answer.responseInfo.correlationId == str(number)
        answers.append((answer.responseInfo.status.code, root))
    return answers


async def test_a_foreign_portal_asks(at: Desk, gateway: Wire, tmp_path: Path) -> None:
    """Dictionary, list of services, status of an application, and a question with errors, each in a signed answer."""
    await at.intake.accept(at.message(at.document()), reply)
    (case,) = await at.store.ledger.cases()
    answers = await asyncio.to_thread(
        _asks,
        gateway,
        tmp_path,
        (DICTIONARIES, question("dictionaryRequest", dictionary="providers", region="astana")),
        (SERVICES, question("servicesRequest", region="kostanay")),
        (STATUS, question("statusRequest", caseNumber=case.number, iin=CITIZENS[0].iin)),
        (STATUS, question("statusRequest", caseNumber=case.number, iin=CITIZENS[1].iin)),
        (STATUS, question("statusRequest", caseNumber="1", iin="1")),
    )
    assert [code for code, _ in answers] == ["SCSS001", "SCSS001", "SCSS001", "SCSE001", "SCSE002"]
    dictionary, services, status, _, wrong = (root for _, root in answers)
    assert texts(dictionary, "entry/code") == ["astana.1"]
    assert len(texts(services, "service/serviceId")) == 4
    assert texts(status, "state/code") == ["registered"]
    assert texts(wrong, "finding/code") == ["inquiry.number", "inquiry.iin"]
    assert gateway.intake.accepted == []
