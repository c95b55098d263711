"""Asking OCSP responders: a bounded number at a time, twice at most, and none that has just failed."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from gateway.breaker import Breaker
from gateway.clock import Clock
from gateway.eds import ocsp_response
from gateway.eds.certificate import Certificate
from gateway.eds.fetch import Fetch, FetchFailed
from gateway.eds.ocsp_request import Question
from gateway.eds.ocsp_response import Times
from gateway.eds.revocation import Answer, NoAnswer, NotBelieved

_CONTENT_TYPE: Final = "application/ocsp-request"
_ATTEMPTS: Final = 2
_MAX_RESPONDERS: Final = 64
_FAILURES: Final = 5
_PAUSE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class OcspLimits:
    """What an installation sets."""

    url: str | None = None
    """The responder; None: the one that the certificate names."""
    timeout_seconds: float = 3.0
    """Of one attempt, and of waiting for a turn."""
    max_age: timedelta = timedelta(minutes=15)
    """How old an answer may become."""
    skew: timedelta = timedelta(seconds=60)
    """How far a responder's clock may be ahead of ours."""
    concurrency: int = 16
    nonce_bytes: int = 8
    """What NCA RK's responder is known to echo; RFC 8954 allows up to 32."""


class _Passing(NoAnswer):
    """No answer now; a moment later there may be one."""


class Ocsp:
    """Implements `gateway.eds.revocation.Asks` by RFC 6960 over HTTP POST."""

    def __init__(
        self, fetch: Fetch, clock: Clock, limits: OcspLimits, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask through `fetch`; judge ages by `clock`, pauses by `monotonic`."""
        self._fetch = fetch
        self._clock = clock
        self._limits = limits
        self._monotonic = monotonic
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._breakers: dict[str, Breaker] = {}

    async def ask(self, certificate: Certificate, issuer: Certificate) -> Answer:
        """Ask the responder of `issuer` about `certificate`.

        Raises:
            NoAnswer: there is no responder, it cannot be reached, or it says that it cannot answer.
            NotBelieved: what it answered does not hold.
        """
        url = self._limits.url or responder_of(certificate)
        if url is None:
            raise NoAnswer("the certificate names no responder, and none is set")
        try:
            async with asyncio.timeout(self._limits.timeout_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise NoAnswer("too many questions are waiting") from None
        try:
            return await self._asked(url, certificate, issuer)
        finally:
            self._slots.release()

    async def _asked(self, url: str, certificate: Certificate, issuer: Certificate) -> Answer:
        attempts = AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random(0.05, 0.25),
            retry=retry_if_exception_type(_Passing),
            reraise=True,
        )
        return await attempts(self._once, url, certificate, issuer)

    async def _once(self, url: str, certificate: Certificate, issuer: Certificate) -> Answer:
        breaker = self._breaker(url)
        if not breaker.lets_pass(self._monotonic()):
            raise NoAnswer("the responder failed lately and is left alone for a while")
        question = Question.about(certificate, issuer, secrets.token_bytes(self._limits.nonce_bytes))
        try:
            raw = await self._post(url, question)
            times = Times(self._clock(), self._limits.max_age, self._limits.skew)
            answer = ocsp_response.read(raw, question, issuer, times)
        except FetchFailed as error:
            breaker.failed(self._monotonic())
            raise (_Passing if error.passing else NoAnswer)(str(error)) from None
        except NoAnswer as error:
            breaker.failed(self._monotonic())
            raise _Passing(str(error)) from None
        except NotBelieved:
            breaker.succeeded()  # it can be reached; what it says is another matter
            raise
        breaker.succeeded()
        return answer

    async def _post(self, url: str, question: Question) -> bytes:
        return await self._fetch.post(
            url,
            question.der(),
            content_type=_CONTENT_TYPE,
            max_bytes=ocsp_response.MAX_BYTES,
            seconds=self._limits.timeout_seconds,
        )

    def _breaker(self, url: str) -> Breaker:
        if url not in self._breakers and len(self._breakers) >= _MAX_RESPONDERS:
            self._breakers.pop(next(iter(self._breakers)))
        return self._breakers.setdefault(url, Breaker(_FAILURES, _PAUSE_SECONDS))


def responder_of(certificate: Certificate) -> str | None:
    """Return the address of the OCSP responder in a certificate's AIA (RFC 5280 section 4.2.2.1), or None."""
    try:
        access = x509.load_der_x509_certificate(certificate.der).extensions.get_extension_for_class(
            x509.AuthorityInformationAccess
        )
    except (x509.ExtensionNotFound, ValueError):
        return None
    for description in access.value:
        location = description.access_location
        if description.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            return location.value
    return None
