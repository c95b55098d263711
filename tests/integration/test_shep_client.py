"""Our calls of ShEP over a real socket, and what becomes of every kind of answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.cases.cabinet import CabinetUnavailable, DeliveryState
from gateway.eds.certificate import Certificate
from gateway.shep.cabinet import ShepCabinet
from gateway.shep.client import ShepClient
from gateway.shep.contract import Operation
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    MessageState,
    MessageStatus,
    MessageType,
    StatusAnswer,
    StatusQuery,
)
from gateway.shep.reader import Envelope, read_request
from gateway.shep.writer import write, write_fault
from tests.support.shep_gateway import DELIVERY, OUTGOING
from tests.support.shep_messages import ERROR
from tests.support.shep_parties import NOW, party, verifier

EMPTY = (
    '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
    '<n:sendMessageResponse xmlns:n="http://bip.bee.kz/AsyncChannel/v10/Types"/></S:Body></S:Envelope>'
)
RECEIPT = AsyncReceipt("254750124", "3382552", NOW)
STATUS = StatusAnswer(MessageState.DELIVERED, MessageStatus("200", "OK", NOW), NOW)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def shep(
    handler: Handler, *, certificates: tuple[Certificate, ...] = (), timeout_seconds: float = 10
) -> AsyncIterator[ShepCabinet]:
    """Run a ShEP that answers as told, and give our cabinet on it."""
    app = web.Application()
    app.router.add_post("/bip-async/", handler)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        client = ShepClient(
            session,
            key=party("gateway").key,
            verifier=verifier(),
            certificates=certificates,
            clock=lambda: NOW,
            timeout_seconds=timeout_seconds,
        )
        url = str(server.make_url("/bip-async/"))
        yield ShepCabinet(client, url=url, sender_id="qaqpa", password="own password", clock=lambda: NOW)


def answering(body: bytes | str, status: int = 200, content_type: str = "text/xml") -> Handler:
    """Return a handler that answers always the same."""

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        raw = body.encode() if isinstance(body, str) else body
        return web.Response(body=raw, status=status, content_type=content_type)

    return handler


async def refusal(handler: Handler, *, certificates: tuple[Certificate, ...] = ()) -> str:
    """Return the text of the refusal that an answer leads to."""
    async with shep(handler, certificates=certificates, timeout_seconds=2) as cabinet:
        with pytest.raises(CabinetUnavailable) as caught:
            await cabinet.send(OUTGOING)
    assert "own password" not in str(caught.value)
    return str(caught.value)


async def test_send() -> None:
    """A message goes out signed, with its one delivery id, the received correlation id and our credentials."""
    seen: list[tuple[Envelope, dict[str, str]]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((read_request(await request.read()), dict(request.headers)))
        return web.Response(body=write(RECEIPT, None), content_type="text/xml")

    async with shep(handler) as cabinet:
        assert (await cabinet.send(OUTGOING)).shep_message_id == "254750124"

    ((envelope, headers),) = seen
    message, transport = envelope.message, envelope.transport
    assert isinstance(message, AsyncMessage)
    assert (message.message_type, message.message_id) == (MessageType.NOTIFICATION, str(DELIVERY))
    assert (message.service_id, message.correlation_id) == ("KSL-1", "3382552")
    assert (message.sender.sender_id, message.sender.password) == ("qaqpa", "own password")
    assert message.data.readings == (OUTGOING.payload,)
    verdict = verifier().transport(transport.envelope, transport.body, at=NOW, registered=())
    assert verdict.signers[0].certificate == party("gateway").certificate
    assert headers["SOAPAction"] == '""'
    assert headers["Content-Type"] == "text/xml; charset=utf-8"


async def test_state() -> None:
    """ShEP's word on a message is read."""

    async def handler(request: web.Request) -> web.Response:
        message = read_request(await request.read()).message
        assert isinstance(message, StatusQuery)
        assert message.message_id == "254750124"
        return web.Response(body=write(STATUS, None), content_type="text/xml")

    async with shep(handler) as cabinet:
        assert (await cabinet.state("254750124")).state is DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("body", "content_type", "message_id"),
    [
        (EMPTY, "text/xml", None),
        (write(RECEIPT, None), "application/soap+xml", "254750124"),
        (b"\xef\xbb\xbf" + write(RECEIPT, None), "text/plain", "254750124"),
    ],
)
async def test_tolerated_answers(body: bytes | str, content_type: str, message_id: str | None) -> None:
    """An empty receipt and any content type are taken as the receipt they are."""
    async with shep(answering(body, content_type=content_type)) as cabinet:
        assert (await cabinet.send(OUTGOING)).shep_message_id == message_id


@pytest.mark.parametrize(("length", "named"), [(200, True), (201, False)])
async def test_receipt_with_an_endless_id(length: int, named: bool) -> None:  # noqa: FBT001  a parameter of the test
    """An id that is longer than any real one is none; the message was taken all the same."""
    receipt = AsyncReceipt("1" * length, "3382552", NOW)

    async with shep(answering(write(receipt, None))) as cabinet:
        assert (await cabinet.send(OUTGOING)).shep_message_id == (receipt.message_id if named else None)


@pytest.mark.parametrize("status", [200, 500])
async def test_fault(status: int) -> None:
    """A fault, whatever its HTTP status, is a refusal that names its codes and quotes none of its texts."""
    text = await refusal(answering(write_fault(Operation.SEND_MESSAGE, ERROR, None), status))

    assert text == "shep.fault: SCE001/X1"


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (answering("<html>502 Bad Gateway</html>", 502), "shep.busy: HTTP 502"),
        (answering(b"", 200), "shep.reply: HTTP 200 without a body"),
        (answering(write(STATUS, None)), "shep.reply: the answer belongs to another operation"),
        (answering(b" " * 9_000_000), "shep.reply: larger than"),
    ],
)
async def test_unusable_answers(handler: Handler, text: str) -> None:
    """An answer that is no receipt is no delivery."""
    assert (await refusal(handler)).startswith(text)


async def test_redirect_is_not_followed() -> None:
    """Our credentials do not go where an answer points."""

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        raise web.HTTPTemporaryRedirect("http://127.0.0.1:1/")

    assert "redirect" in await refusal(handler)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (write(RECEIPT, None), "SIGNATURE_MISSING"),
        (EMPTY, "SIGNATURE_MISSING"),
        (write(RECEIPT, party("shep").key).replace(b"254750124", b"254750125"), "HASH_FAILURE"),
        (write(RECEIPT, party("stranger").key), "not configured"),
        (write_fault(Operation.SEND_MESSAGE, ERROR, None), "SIGNATURE_MISSING"),
    ],
)
async def test_answers_must_be_signed(body: bytes | str, text: str) -> None:
    """With certificates configured, an answer without ShEP's good signature is not believed."""
    refused = await refusal(answering(body), certificates=(party("shep").certificate,))

    assert refused.startswith("shep.signature: ")
    assert text in refused


async def test_signed_answer() -> None:
    """With certificates configured, an answer that ShEP signed is believed."""
    handler = answering(write(RECEIPT, party("shep").key))
    async with shep(handler, certificates=(party("other").certificate, party("shep").certificate)) as cabinet:
        assert (await cabinet.send(OUTGOING)).shep_message_id == "254750124"


async def test_dropped_connection_is_tried_once_more() -> None:
    """A connection that breaks is tried a second time, with the very same bytes, and not a third time."""
    bodies: list[bytes] = []

    async def handler(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        if len(bodies) == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(body=write(RECEIPT, None))

    async with shep(handler) as cabinet:
        assert (await cabinet.send(OUTGOING)).shep_message_id == "254750124"
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


async def test_broken_connection_is_unavailable() -> None:
    """A ShEP that breaks every connection is unavailable after two attempts."""
    attempts = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal attempts
        attempts += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert (await refusal(handler)).startswith("shep.silent: ")
    assert attempts == 2


async def test_silence_is_unavailable() -> None:
    """A ShEP that does not answer in time is unavailable, and is not asked again within the call."""
    attempts = 0

    async def handler(_request: web.Request) -> web.Response:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(30)
        return web.Response()

    async with shep(handler, timeout_seconds=0.2) as cabinet:
        with pytest.raises(CabinetUnavailable, match=r"shep\.silent: no answer in time"):
            await cabinet.send(OUTGOING)
    assert attempts == 1
