"""Asking a time-stamping authority over HTTP (RFC 3161 section 3.4)."""

from dataclasses import dataclass
from typing import Final, Protocol

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from gateway.eds.fetch import Fetch, FetchFailed
from gateway.eds.timestamp.query import Query, StampRefused, StampUnacceptable
from gateway.eds.timestamp.token import MAX_BYTES, Token

_CONTENT_TYPE: Final = "application/timestamp-query"
_ATTEMPTS: Final = 3


class StampFailed(Exception):  # noqa: N818  says what happened
    """No time stamp could be had. The text holds no personal data."""


class TimeStampAuthority(Protocol):
    """Somebody who says when a signature value was seen."""

    async def stamp(self, data: bytes) -> Token:
        """Return a time stamp over `data`: intact, and of this question. Whether it is trusted, a Verifier judges.

        Raises:
            StampFailed: none could be had.
        """


@dataclass(frozen=True, slots=True)
class Authority:
    """Where one authority is, and what it is asked."""

    url: str
    digest: str
    """URI or OID of the imprint's digest; NCA RK answers SHA-256 with RSA and Streebog-512 with GOST-2015."""
    policy: str | None = None
    """Dotted OID; None leaves it to the authority."""
    timeout_seconds: float = 10.0
    """Of one attempt."""


class HttpTimeStampAuthority:
    """`TimeStampAuthority` over HTTP POST."""

    def __init__(self, authority: Authority, fetch: Fetch) -> None:
        """Ask `authority` through `fetch`."""
        self._authority = authority
        self._fetch = fetch

    async def stamp(self, data: bytes) -> Token:
        """Ask, three times at most; see `TimeStampAuthority.stamp`."""
        attempts = AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random(0.05, 0.5),
            retry=retry_if_exception(_passing),
            reraise=True,
        )
        try:
            return await attempts(self._once, data)
        except (FetchFailed, StampRefused, StampUnacceptable) as error:
            raise StampFailed(str(error)) from None

    async def _once(self, data: bytes) -> Token:
        query = Query.about(data, self._authority.digest, self._authority.policy)
        response = await self._fetch.post(
            self._authority.url,
            query.der(),
            content_type=_CONTENT_TYPE,
            max_bytes=MAX_BYTES,
            seconds=self._authority.timeout_seconds,
        )
        return query.accept(response)


def _passing(error: BaseException) -> bool:
    return isinstance(error, FetchFailed | StampRefused) and error.passing
