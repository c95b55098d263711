"""The network of revocation: small questions and large downloads over HTTP, both bounded in time and size."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import IO, Final, Protocol
from urllib.parse import urlsplit

import aiohttp

_OK, _NOT_MODIFIED, _SERVER_ERRORS = 200, 304, 500
_PIECE_BYTES = 1 << 16


class FetchFailed(Exception):  # noqa: N818  says what happened
    """There is no usable reply. The text names the server and what happened."""

    def __init__(self, text: str, *, passing: bool) -> None:
        """`passing`: it may go better a moment later."""
        super().__init__(text)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a server says of a file it gave."""

    last_modified: str | None
    """As the server writes it; goes back to it in If-Modified-Since."""


class Fetch(Protocol):
    """What OCSP and the lists need of the network."""

    async def post(self, url: str, body: bytes, *, content_type: str, max_bytes: int, seconds: float) -> bytes:
        """Post `body` and return the reply's, of at most `max_bytes`, within `seconds`.

        Raises:
            FetchFailed: there is no usable reply.
        """

    async def download(
        self, url: str, into: IO[bytes], *, since: str | None, max_bytes: int, seconds: float
    ) -> Downloaded | None:
        """Write a file of at most `max_bytes` to `into` within `seconds`; None when it has not changed since `since`.

        Raises:
            FetchFailed: there is no usable reply.
            OSError: it cannot be written.
        """


def user_agent() -> str:
    """Return who we are. NCA's servers send whoever is nobody to a captive portal."""
    try:
        return f"Qaqpa/{version('qaqpa')}"
    except PackageNotFoundError:
        return "Qaqpa"


class HttpFetch:
    """`Fetch` over aiohttp. Redirects are not followed: no responder needs them, captive portals use them."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Use `session`."""
        self._session = session
        self._headers: Final = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}

    async def post(self, url: str, body: bytes, *, content_type: str, max_bytes: int, seconds: float) -> bytes:
        """Post and return the reply; see `Fetch.post`."""
        reply = bytearray()
        try:
            async with self._session.post(
                _checked(url),
                data=body,
                headers=self._headers | {"Content-Type": content_type},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                _require(response, url)
                async for piece in response.content.iter_chunked(_PIECE_BYTES):
                    reply += piece
                    _require_size(len(reply), max_bytes, url)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _failed(url, error) from None
        return bytes(reply)

    async def download(
        self, url: str, into: IO[bytes], *, since: str | None, max_bytes: int, seconds: float
    ) -> Downloaded | None:
        """Download into a file; see `Fetch.download`."""
        headers = self._headers | ({"If-Modified-Since": since} if since else {})
        try:
            async with self._session.get(
                _checked(url),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                if since and response.status == _NOT_MODIFIED:
                    return None
                _require(response, url)
                await _copy(response, into, max_bytes, url)
                return Downloaded(response.headers.get("Last-Modified"))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _failed(url, error) from None


async def _copy(response: aiohttp.ClientResponse, into: IO[bytes], max_bytes: int, url: str) -> None:
    size = 0
    async for piece in response.content.iter_chunked(_PIECE_BYTES):
        size += len(piece)
        _require_size(size, max_bytes, url)
        into.write(piece)


def _checked(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise FetchFailed("only http and https addresses are asked", passing=False)
    return url


def _require(response: aiohttp.ClientResponse, url: str) -> None:
    if response.status != _OK:
        passing = response.status >= _SERVER_ERRORS
        raise FetchFailed(f"{_host(url)} answers HTTP {response.status}", passing=passing)


def _require_size(size: int, max_bytes: int, url: str) -> None:
    if size > max_bytes:
        raise FetchFailed(f"{_host(url)} sends more than {max_bytes} bytes", passing=False)


def _failed(url: str, error: Exception) -> FetchFailed:
    return FetchFailed(f"{_host(url)} cannot be reached ({type(error).__name__})", passing=True)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the server"
