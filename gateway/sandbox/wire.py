"""SOAP over HTTP between the sandbox's systems and the gateway, on the product's own reader and writer."""

from collections.abc import Awaitable, Callable

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from gateway.clock import Clock
from gateway.eds.keys import SigningKey
from gateway.faults import GatewayFault
from gateway.shep.contract import Operation
from gateway.shep.faults import FormatFault, error_info
from gateway.shep.messages import ErrorInfo, Request, Response
from gateway.shep.reader import Envelope, ReplyFault, ReplyUnreadable, read_reply, read_request
from gateway.shep.writer import write, write_fault

_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}

Answer = Callable[[Envelope], Awaitable[Response]]
"""Answers one request; raises GatewayFault."""


class Unreachable(Exception):  # noqa: N818  says what the other side is
    """The other side did not answer, or not with a message of the contract."""


class Refused(Exception):  # noqa: N818  says what the message is
    """The other side answered with a fault."""

    def __init__(self, error: ErrorInfo) -> None:
        """Take the fault."""
        super().__init__(error.code)
        self.error = error


async def post(
    session: ClientSession,
    url: str,
    message: Request,
    key: SigningKey | None,
    *,
    timeout: float,  # noqa: ASYNC109  aiohttp's own limit is used
) -> Response:
    """Send a request and return the response; `timeout` is in seconds.

    Raises:
        Unreachable: no answer, or not one of the contract.
        Refused: the answer is a fault.
    """
    return await post_bytes(session, url, write(message, key), timeout=timeout)


async def post_bytes(session: ClientSession, url: str, envelope: bytes, *, timeout: float) -> Response:  # noqa: ASYNC109  same
    """Send an envelope as it is; see `post`."""
    limit = ClientTimeout(total=timeout)
    try:
        async with session.post(url, data=envelope, headers=_HEADERS, timeout=limit, allow_redirects=False) as response:
            raw, status = await response.read(), response.status
    except (ClientError, TimeoutError, OSError) as error:
        raise Unreachable(type(error).__name__) from None
    try:
        return read_reply(raw)
    except ReplyFault as fault:
        raise Refused(fault.error) from None
    except ReplyUnreadable:
        raise Unreachable(f"HTTP {status} without a reply of the contract") from None


def endpoint(answer: Answer, key: SigningKey, clock: Clock) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the aiohttp handler that reads requests, has them answered, and signs what goes back."""

    async def handle(request: web.Request) -> web.Response:
        raw = await request.read()
        operation, session_id = Operation.SEND_MESSAGE, None
        try:
            envelope = read_request(raw)
            operation, session_id = envelope.operation, getattr(envelope.message, "session_id", None)
            return _xml(write(await answer(envelope), key), 200)
        except FormatFault as fault:
            info = error_info(fault, clock(), fault.session_id)
            return _xml(write_fault(fault.operation or operation, info, key), 500)
        except GatewayFault as fault:
            return _xml(write_fault(operation, error_info(fault, clock(), session_id), key), 500)

    return handle


def _xml(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type="text/xml", charset="utf-8")
