"""Calling ShEP: signed requests out, replies and faults in."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import aiohttp
from aiohttp import hdrs
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

from gateway.cases.calls import AWAY_STATUSES, CallFailed, Failure, retry_after
from gateway.clock import Clock
from gateway.eds.certificate import Certificate
from gateway.eds.keys import SigningKey
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.eds.xml import Limits
from gateway.faults import Code
from gateway.shep.envelope import Transport
from gateway.shep.faults import codes
from gateway.shep.messages import ErrorInfo, Request, Response
from gateway.shep.reader import Reply, ReplyUnreadable, read_signed_reply
from gateway.shep.writer import write

_HEADERS = {hdrs.CONTENT_TYPE: "text/xml; charset=utf-8", "SOAPAction": '""', hdrs.ACCEPT: "text/xml"}
_REDIRECTS = range(300, 400)
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and the bytes it was read from."""

    response: Response
    raw: bytes = field(repr=False)
    transport: Transport = field(repr=False)


class ShepFailed(CallFailed):
    """ShEP did not do what it was asked, or did not answer as it must."""


class ShepClient:
    """Sends requests over a shared HTTP session."""

    def __init__(  # noqa: PLR0913  the parts of the wire, passed in explicitly
        self,
        session: aiohttp.ClientSession,
        *,
        key: SigningKey,
        verifier: Verifier,
        certificates: Iterable[Certificate],
        clock: Clock,
        timeout_seconds: float,
        limits: Limits = Limits(),  # noqa: B008  frozen
    ) -> None:
        """Take the parts; with `certificates`, every answer must be signed by the holder of one of them."""
        self._session = session
        self._key = key
        self._verifier = verifier
        self._certificates = frozenset(certificates)
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._limits = limits

    async def send(self, url: str, request: Request) -> Answer:
        """Send a request and return the answer to it.

        Raises:
            ShepFailed: no answer, one that is none of the contract's, one without the signature it has to carry, or a
                fault; of a fault the text names the codes and quotes nothing.
        """
        raw = await self._post(url, write(request, self._key))
        try:
            reply = read_signed_reply(raw, self._limits)
        except ReplyUnreadable as error:
            raise ShepFailed(f"reply: {error}", Failure.UNREADABLE) from None
        self._check(reply)
        if isinstance(reply.content, ErrorInfo):
            raise ShepFailed(f"fault: {codes(reply.content)}", _failure(reply.content))
        return Answer(reply.content, raw, reply.transport)

    def _check(self, reply: Reply) -> None:
        if not self._certificates:
            return
        verdict = self._verifier.transport(
            reply.transport.envelope, reply.transport.body, at=self._clock(), registered=self._certificates
        )
        if verdict.indication is not Indication.VALID:
            named = ", ".join(sorted(verdict.reasons)) or "the signature cannot be verified"
            raise ShepFailed(f"signature: {named}", Failure.UNREADABLE)
        if not verdict.signers or verdict.signers[0].certificate not in self._certificates:
            raise ShepFailed("signature: signed with a certificate that is not configured", Failure.UNREADABLE)

    async def _post(self, url: str, body: bytes) -> bytes:
        # A connection that was kept alive may be dead by now: one repeat, the receiver tells it by its id.
        attempts = AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS), retry=retry_if_exception(_disconnected), reraise=True
        )
        try:
            async for attempt in attempts:
                with attempt:
                    return await self._post_once(url, body)
        except TimeoutError:
            raise ShepFailed("silent: no answer in time", Failure.NO_ANSWER) from None
        except aiohttp.ClientConnectorError as error:
            raise ShepFailed(f"unreachable: {type(error).__name__}", Failure.UNREACHABLE) from None
        except aiohttp.ClientError as error:
            raise ShepFailed(f"silent: {type(error).__name__}", Failure.NO_ANSWER) from None
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _post_once(self, url: str, body: bytes) -> bytes:
        # redirects would carry our credentials to whoever the answer names
        async with self._session.post(
            url, data=body, headers=_HEADERS, timeout=self._timeout, allow_redirects=False
        ) as response:
            if response.status in _REDIRECTS:
                raise ShepFailed(f"reply: HTTP {response.status}: a redirect is not followed", Failure.UNREADABLE)
            if response.status in AWAY_STATUSES:
                wait = retry_after(response.headers.get(hdrs.RETRY_AFTER), self._clock())
                raise ShepFailed(f"busy: HTTP {response.status}", Failure.BUSY, wait)
            return await _read(response, self._limits.max_bytes)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise ShepFailed(f"reply: larger than {limit} bytes", Failure.UNREADABLE)
    if not body:
        raise ShepFailed(f"reply: HTTP {response.status} without a body", Failure.UNREADABLE)
    return bytes(body)


def _failure(error: ErrorInfo) -> Failure:
    """An internal error is ShEP's, whatever message meets it; any other fault is about this one."""
    return Failure.BUSY if error.code == Code.INTERNAL else Failure.FAULT


def _disconnected(error: BaseException) -> bool:
    return isinstance(error, aiohttp.ClientConnectionError) and not isinstance(error, TimeoutError)
