"""The HTTP side: POST of messages, GET of the contract's documents."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import ClientError, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.clock import Clock
from gateway.eds.keys import SigningKey
from gateway.eds.verifier import Verifier
from gateway.eds.xml import Limits
from gateway.shep.contract import Channel
from gateway.shep.documents import Documents
from gateway.shep.exchange import Exchange
from gateway.shep.faults import FormatFault, busy
from gateway.shep.observer import Observer
from gateway.shep.operations import Operations
from gateway.shep.senders import Senders

RECEIVE_SECONDS: Final = 15.0
"""How long a body may be on its way. The largest allowed one needs 4.3 Mbit/s then, and ShEP's channel is far faster;
anyone can hold a connection open, so a body that takes longer is not waited for."""

RECEIVING_BYTES: Final = 256 * 2**20
"""How much memory bodies on their way may take together: who sends them is not known yet."""

_BROKEN = (web.RequestPayloadError, HttpProcessingError, ClientError, ConnectionError)  # as aiohttp tells it
_XML = "text/xml"
_NOTE = "A SOAP 1.1 endpoint: POST a message, or GET ?wsdl.\n"


def routes(  # noqa: PLR0913  the parts of the wire, passed in explicitly
    *,
    operations: Operations,
    senders: Senders,
    verifier: Verifier,
    key: SigningKey,
    clock: Clock,
    observer: Observer,
    public_url: str,
    max_message_bytes: int,
    max_in_flight: int,
    receive_seconds: float = RECEIVE_SECONDS,
    max_receiving_bytes: int = RECEIVING_BYTES,
    admit: Callable[[], None] = lambda: None,
) -> list[web.RouteDef]:
    """Return the routes `/shep/sync`, `/shep/async` and `/shep/<name>.wsdl|.xsd`.

    Args:
        operations: do what messages ask for.
        senders: who may send.
        verifier: judges transport signatures.
        key: the gateway's transport key; every fault is signed with it.
        clock: the current instant.
        observer: takes counts and times.
        public_url: stands as address in the WSDL.
        max_message_bytes: larger messages are refused while they arrive.
        max_in_flight: more messages than this at the same time are refused.
        receive_seconds: a body that takes longer to arrive is refused.
        max_receiving_bytes: of all bodies on their way together; beyond it they are refused.
        admit: raises GatewayFault while no message may come in; asked when its sender is known.
    """
    exchange = Exchange(
        operations=operations,
        senders=senders,
        verifier=verifier,
        key=key,
        clock=clock,
        observer=observer,
        limits=Limits(max_bytes=max_message_bytes),
        max_in_flight=max_in_flight,
        admit=admit,
    )
    documents = Documents(public_url)
    body = _Body(max_message_bytes, receive_seconds, max_receiving_bytes)
    endpoints = [_Endpoint(channel, exchange, documents, body) for channel in Channel]
    return [
        *(web.post(f"/shep/{endpoint.channel}", endpoint.post) for endpoint in endpoints),
        *(web.get(f"/shep/{endpoint.channel}", endpoint.get) for endpoint in endpoints),
        web.get(r"/shep/{name:[A-Za-z]+\.(?:wsdl|xsd)}", _Files(documents).get),
    ]


class _Endpoint:
    """One address."""

    def __init__(self, channel: Channel, exchange: Exchange, documents: Documents, body: "_Body") -> None:
        self.channel = channel
        self._exchange = exchange
        self._documents = documents
        self._body = body

    async def post(self, request: web.Request) -> web.Response:
        """Take a message, whatever SOAPAction and Content-Type say: peers send anything there."""
        answer = await self._exchange.answer(self.channel, lambda: self._body.receive(request))
        response = web.Response(status=answer.status, body=answer.body, content_type=_XML, charset="utf-8")
        if answer.retry_after is not None:
            response.headers[hdrs.RETRY_AFTER] = str(answer.retry_after)
        if not request.content.is_eof():
            response.force_close()  # the rest of a refused message is not read
        return response

    async def get(self, request: web.Request) -> web.Response:
        """Give out the WSDL."""
        document = self._documents.query(self.channel, request.query_string)
        if document is None:
            return web.Response(status=405, text=_NOTE, headers={hdrs.ALLOW: hdrs.METH_POST})
        return web.Response(body=document, content_type=_XML, charset="utf-8")


class _Files:
    """The documents by name."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def get(self, request: web.Request) -> web.Response:
        """Give out one file of the fixed list."""
        document = self._documents.file(request.match_info["name"])
        if document is None:
            raise web.HTTPNotFound
        return web.Response(body=document, content_type=_XML, charset="utf-8")


class _Body:
    """Reads bodies within a size and a time, and within what all of them may take together."""

    def __init__(self, max_bytes: int, seconds: float, together: int) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._left = together

    async def receive(self, request: web.Request) -> bytes:
        """Read a body, and stop as soon as it is too large or too slow."""
        if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            raise FormatFault("client.content_encoding", "a message is sent uncompressed")
        if (request.content_length or 0) > self._max_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._seconds):
                return await self._read(request)
        except TimeoutError:
            text = f"the HTTP body did not arrive within {self._seconds:g} seconds"
            raise FormatFault("client.broken_body", text) from None
        except _BROKEN:
            raise FormatFault("client.broken_body", "the HTTP body did not arrive whole") from None

    async def _read(self, request: web.Request) -> bytes:
        body = bytearray()
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                self._left -= len(chunk)
                if len(body) > self._max_bytes:
                    raise self._too_large()
                if self._left < 0:
                    raise busy()
        finally:
            self._left += len(body)
        return bytes(body)

    def _too_large(self) -> FormatFault:
        return FormatFault("client.too_large", f"the message is larger than {self._max_bytes} bytes")
