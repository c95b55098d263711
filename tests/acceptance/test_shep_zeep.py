"""A foreign client: zeep reads our WSDL, signs with libxmlsec1, calls every operation and verifies every answer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import xmlsec
import zeep.wsse.signature
import zeep.xsd

from tests.support.shep_gateway import ANSWER, DELIVERY, OUTGOING, PASSWORD, Wire, wire
from tests.support.shep_parties import NOW, party

# neither library is typed
XMLSEC: Any = xmlsec
ZEEP: Any = zeep
SIGNATURES: Any = zeep.wsse.signature
NIL = "{00000000-0000-0000-0000-000000000000}"
SENDER = {"senderId": "portal", "password": PASSWORD}


class Signed:
    """Signs with the caller's key; verifies with the gateway's certificate."""

    def __init__(self, kind: Any, folder: Path) -> None:
        certificate, key = party("portal").files(folder / "portal")
        self._signature = kind(str(key), str(certificate), None, XMLSEC.Transform.RSA_SHA256, XMLSEC.Transform.SHA256)
        self._gateway = party("gateway").files(folder / "gateway")[0]
        self.verified = 0

    def apply(self, envelope: Any, headers: Any) -> Any:
        return self._signature.apply(envelope, headers)

    def verify(self, envelope: Any) -> Any:
        SIGNATURES.verify_envelope(envelope, str(self._gateway))
        self.verified += 1
        return envelope


@pytest.fixture
async def gateway() -> AsyncIterator[Wire]:
    """A gateway's wire."""
    async with wire() as running:
        yield running


@pytest.fixture(
    params=[
        pytest.param(SIGNATURES.Signature, id="x509-data"),
        pytest.param(SIGNATURES.BinarySignature, id="binary-token"),
    ]
)
def wsse(request: pytest.FixtureRequest, tmp_path: Path) -> Signed:
    """The signing of the messages, in both ways zeep has."""
    return Signed(request.param, tmp_path)


def _text(document: str) -> Any:
    return ZEEP.xsd.AnyObject(ZEEP.xsd.String(), document)


def _info(**fields: object) -> dict[str, object]:
    return {"messageId": "1", "serviceId": "KSL-1", "messageDate": NOW, "sender": SENDER, **fields}


async def test_sync(gateway: Wire, wsse: Signed) -> None:
    """SyncChannel: SendMessage."""

    def call() -> Any:
        client = ZEEP.Client(f"{gateway.url}/shep/sync?wsdl", wsse=wsse)
        return client.service.SendMessage({"requestInfo": _info(), "requestData": {"data": _text("<a>ұл</a>")}})

    answer = await asyncio.to_thread(call)

    assert answer.responseInfo.status.code == "SCSS001"
    assert answer.responseData.data == ANSWER.decode()
    assert gateway.intake.accepted[0].readings == ("<a>ұл</a>".encode(),)
    assert wsse.verified == 1


async def test_async(gateway: Wire, wsse: Signed) -> None:
    """AsyncChannel: sendMessage, sendDeliveryNotification, getMessageStatus, getMessages."""

    def call() -> list[Any]:
        service = ZEEP.Client(f"{gateway.url}/shep/async?wsdl", wsse=wsse).service
        info = _info(messageType="REQUEST", correlationId="3382552", properties=[{"key": "a", "value": "b"}])
        status = {"receiveStatus": "MESSAGE_ACCEPTED", "statusDate": NOW, "resendMessage": "NOT_RESEND"}
        notification = {
            "messageId": str(DELIVERY),
            "serviceId": "KSL-1",
            "notificationDate": NOW,
            "deliveryStatus": status,
        }
        return [
            service.sendMessage({"messageInfo": info, "messageData": {"data": _text("<a/>")}}),
            service.sendDeliveryNotification({"notification": notification, "requestDate": NOW, "sender": SENDER}),
            service.getMessageStatus({"messageId": str(DELIVERY), "requestDate": NOW, "sender": SENDER}),
            service.getMessages({"serviceId": "KSL-1", "sender": SENDER}),
        ]

    receipt, confirmed, status, messages = await asyncio.to_thread(call)

    assert receipt.correlationId == "3382552"
    assert confirmed.sessionId == NIL
    assert status.messageState == "DELIVERED"
    (message,) = messages.messages
    assert message.messageData.data == OUTGOING.payload.decode()
    assert message.messageInfo.messageType == "NOTIFICATION"
    assert wsse.verified == 4


async def test_client(gateway: Wire, wsse: Signed) -> None:
    """AsyncChannelClient: sendMessage and changeMassageStatusNotification."""

    def call() -> list[Any]:
        service = ZEEP.Client(f"{gateway.url}/shep/async?wsdl=client", wsse=wsse).service
        notification = {
            "notificationId": "1",
            "messageId": str(DELIVERY),
            "notificationDate": NOW,
            "messageState": "DELIVERED",
            "status": {"statusCode": "200", "statusMessage": "OK", "statusDate": NOW},
        }
        return [
            service.sendMessage({"messageInfo": _info(messageType="UPDATE"), "messageData": {"data": _text("<a/>")}}),
            service.changeMassageStatusNotification({"notification": notification, "requestDate": NOW}),
        ]

    receipt, changed = await asyncio.to_thread(call)

    assert receipt.correlationId == "1"
    assert changed.sessionId == NIL
    assert wsse.verified == 2


async def test_fault(gateway: Wire, wsse: Signed) -> None:
    """A fault is signed, and its ErrorInfo is read by the WSDL's types."""

    def call() -> tuple[str, str, str]:
        client = ZEEP.Client(f"{gateway.url}/shep/async?wsdl", wsse=wsse)
        with pytest.raises(ZEEP.exceptions.Fault) as caught:
            client.service.getMessageStatus({"messageId": "other", "requestDate": NOW, "sender": SENDER})
        (detail,) = caught.value.detail
        error = client.wsdl.types.deserialize(detail)
        return caught.value.code, error.errorCode, error.subError.errorCode

    assert await asyncio.to_thread(call) == ("S:Server", "SCE001", "client.unknown_message")
    assert wsse.verified == 1
