"""The seven operations over a real socket, and the ways peers speak HTTP."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from gateway.cases.cabinet import DeliveryState
from gateway.cases.inbound import BeingChecked, Inbound, Mode, Registered, Rejected
from gateway.catalogue.findings import Finding
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    DeliveryNotification,
    DeliveryNotificationReceipt,
    MessagesAnswer,
    MessagesQuery,
    MessageState,
    MessageStatus,
    MessageType,
    ReceiveStatus,
    Request,
    Resend,
    Response,
    StatusAnswer,
    StatusChange,
    StatusChangeReceipt,
    StatusQuery,
    SyncRequest,
    SyncResponse,
)
from gateway.shep.reader import read_reply
from gateway.shep.writer import write
from gateway.texts import Text
from tests.support.shep_gateway import ANSWER, DELIVERY, OUTGOING, Wire, wire
from tests.support.shep_messages import APPLICATION, DATA, SENDER
from tests.support.shep_parties import NOW, Party, party

SESSION = "{11111111-2222-3333-4444-555555555555}"
NIL = "{00000000-0000-0000-0000-000000000000}"
TEXT = Text("қате", "ошибка")


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


async def ask(http: aiohttp.ClientSession, url: str, message: Request, who: Party) -> Response:
    """Send a signed request and return its response."""
    async with http.post(url, data=write(message, who.key)) as response:
        raw = await response.read()
        assert response.status == 200, raw
    return read_reply(raw)


async def test_async_application(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """An application reaches intake with its bytes untouched, and is acknowledged with its correlation id."""
    message = AsyncMessage("KSL-1", MessageType.UPDATE, NOW, SENDER, "254750124", "3382552", "R_1", (), SESSION, DATA)
    raw = write(message, party("portal").key)

    async with http.post(f"{gateway.url}/shep/async", data=raw) as response:
        receipt = read_reply(await response.read())

    (accepted,) = gateway.intake.accepted
    assert accepted == Inbound(
        sender_id="portal",
        mode=Mode.ASYNC,
        message_id="254750124",
        message_type="UPDATE",
        service_id="KSL-1",
        correlation_id="3382552",
        route_id="R_1",
        session_id=SESSION,
        received_at=NOW,
        transport_certificate=party("portal").certificate.sha256,
        raw=raw,
        readings=(APPLICATION,),
    )
    assert isinstance(receipt, AsyncReceipt)
    assert (receipt.correlation_id, receipt.response_date, receipt.session_id) == ("3382552", NOW, SESSION)
    assert gateway.observer.codes == [("sendMessage", "OK")]
    assert gateway.observer.steps == ["parse", "transport_verify", "receipt_sign"]


@pytest.mark.parametrize(
    ("message_id", "correlation_id", "expected"),
    [("77", "3382552", "3382552"), (None, "3382552", "3382552"), ("77", None, "77"), (None, None, None)],
)
async def test_correlation_id_is_never_empty(
    gateway: Wire,
    http: aiohttp.ClientSession,
    message_id: str | None,
    correlation_id: str | None,
    expected: str | None,
) -> None:
    """The receipt carries the correlation id as received, else the message's own id, else the one it was given here."""
    message = AsyncMessage("KSL-1", MessageType.REQUEST, NOW, SENDER, message_id, correlation_id, data=DATA)

    receipt = await ask(http, f"{gateway.url}/shep/async", message, party("portal"))

    assert isinstance(receipt, AsyncReceipt)
    assert receipt.correlation_id == (expected or receipt.message_id)


@pytest.mark.parametrize(
    ("outcome", "code", "word"),
    [
        (Registered("KSL-1-000001-5", NOW), "SCSS001", "тіркелді"),
        (BeingChecked(), "SCSS001", "тексерілуде"),
        (Rejected((Finding("applicant.form", TEXT), Finding("applicant.documents", TEXT))), "SCSE002", "деректерде"),
        (Rejected((Finding("applicant.form", TEXT), Finding("applicant.identity", TEXT))), "SCSE001", "себептері"),
        (Rejected((Finding("applicant.certificate.expired", TEXT),)), "SCSE001", "себептері"),
    ],
)
async def test_sync_application(
    gateway: Wire,
    http: aiohttp.ClientSession,
    outcome: Registered | Rejected | BeingChecked,
    code: str,
    word: str,
) -> None:
    """A synchronous request is answered with the outcome's status and what the applicant is told."""
    gateway.intake.outcome = outcome

    reply = await ask(
        http, f"{gateway.url}/shep/sync", SyncRequest("m-1", "KSL-1", NOW, SENDER, data=DATA), party("portal")
    )

    assert isinstance(reply, SyncResponse)
    assert (reply.status.code, reply.correlation_id, reply.session_id) == (code, "m-1", None)
    assert word in reply.status.message
    assert reply.data.readings == (ANSWER,)
    assert gateway.intake.accepted[0].mode is Mode.SYNC
    assert gateway.intake.accepted[0].message_type == "REQUEST"


@pytest.mark.parametrize(("amount", "asked"), [(None, 10), (0, 10), (3, 3), (100_000, 100)])
async def test_get_messages(gateway: Wire, http: aiohttp.ClientSession, amount: int | None, asked: int) -> None:
    """The caller gets its own messages, at most as many as it asks for and never without bound, and no password."""
    reply = await ask(
        http, f"{gateway.url}/shep/async", MessagesQuery("KSL-1", sender=SENDER, amount=amount), party("portal")
    )

    assert isinstance(reply, MessagesAnswer)
    (message,) = reply.messages
    assert (message.message_id, message.correlation_id) == (str(DELIVERY), "3382552")
    assert message.data.readings == (OUTGOING.payload,)
    assert message.sender.sender_id == "qaqpa"
    assert message.sender.password is None
    assert reply.session_id == NIL
    assert gateway.mailbox.asked == [asked]


async def test_get_messages_by_certificate(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """Where the contract lets the sender out, the certificate alone says who asks."""
    reply = await ask(http, f"{gateway.url}/shep/async", MessagesQuery("KSL-1"), party("portal"))

    assert isinstance(reply, MessagesAnswer)
    assert len(reply.messages) == 1


async def test_get_message_status(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """The state of a message is told."""
    reply = await ask(http, f"{gateway.url}/shep/async", StatusQuery(str(DELIVERY), NOW, SENDER), party("portal"))

    assert reply == StatusAnswer(MessageState.DELIVERED, MessageStatus("200", "OK", NOW), NOW)


async def test_delivery_notification(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """A confirmation reaches the mailbox, and its repeat is answered with the same notification id."""
    message = DeliveryNotification(
        str(DELIVERY), "KSL-1", NOW, ReceiveStatus.NOT_ACCEPTED, NOW, Resend.RESEND, NOW, sender=SENDER
    )

    first = await ask(http, f"{gateway.url}/shep/async", message, party("portal"))
    second = await ask(http, f"{gateway.url}/shep/async", message, party("portal"))

    assert isinstance(first, DeliveryNotificationReceipt)
    assert first == second
    assert gateway.mailbox.confirmed == [("portal", str(DELIVERY), DeliveryState.NOT_DELIVERED)] * 2


@pytest.mark.parametrize("who", ["shep", "psc", "portal"])
@pytest.mark.parametrize(("session", "echoed"), [(SESSION, SESSION), (None, NIL)])
async def test_status_change(
    gateway: Wire, http: aiohttp.ClientSession, who: str, session: str | None, echoed: str
) -> None:
    """ShEP, or a registered sender, reports on a message of ours under its certificate alone."""
    message = StatusChange(
        "n-1", str(DELIVERY), NOW, MessageState.DELIVERED, MessageStatus("200", "OK", NOW), NOW, session_id=session
    )

    reply = await ask(http, f"{gateway.url}/shep/async", message, party(who))

    assert reply == StatusChangeReceipt(NOW, echoed)
    assert gateway.mailbox.changes == [({"psc": "psc-1"}.get(who, who), str(DELIVERY), DeliveryState.DELIVERED)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
        {"Content-Type": "application/soap+xml", "SOAPAction": "SendMessage"},
        {"Content-Type": "application/xml"},
        {"Content-Type": ""},
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_http_shapes(
    gateway: Wire,
    http: aiohttp.ClientSession,
    headers: dict[str, str],
    chunked: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    """Any SOAPAction, any content type and chunked bodies are taken."""
    raw = write(SyncRequest("m-1", "KSL-1", NOW, SENDER, data=DATA), party("portal").key)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 1000):
            yield raw[start : start + 1000]

    async with http.post(f"{gateway.url}/shep/sync", data=pieces() if chunked else raw, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert gateway.intake.accepted[0].raw == raw


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/shep/sync?wsdl", b"ISyncChannelHttpService"),
        ("/shep/async?wsdl", b"AsyncChannelHttpService"),
        ("/shep/async?WSDL=client", b"AsyncChannelClientHttpService"),
        ("/shep/IAsyncChannel.wsdl", b"getMessagesFault"),
        ("/shep/CommonTypes.xsd", b"MESSAGE_NOT_ACCTEPTED"),
    ],
)
async def test_documents(gateway: Wire, http: aiohttp.ClientSession, path: str, part: bytes) -> None:
    """The contract's documents are given out."""
    async with http.get(f"{gateway.url}{path}") as response:
        assert response.status == 200
        assert response.content_type == "text/xml"
        assert part in await response.read()


async def test_get_without_wsdl(gateway: Wire, http: aiohttp.ClientSession) -> None:
    """GET of an endpoint says what it is for."""
    async with http.get(f"{gateway.url}/shep/sync") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"
        assert "?wsdl" in await response.text()


async def test_log_holds_no_personal_data(
    gateway: Wire, http: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    """One log line a message: operation, sender, service, ids, code; no password and nothing of the payload."""
    message = SyncRequest("m-1", "KSL-1", NOW, SENDER, "c" * 65, data=DATA)
    await ask(http, f"{gateway.url}/shep/sync", message, party("portal"))

    (line,) = [text for text in capsys.readouterr().out.splitlines() if "message answered" in text]
    for word in ("SendMessage", "portal", "KSL-1", "OK", "m-1", "c" * 64):
        assert word in line
    assert "c" * 65 not in line
    for word in ("Әлия", SENDER.password or "", "<a"):
        assert word not in line
