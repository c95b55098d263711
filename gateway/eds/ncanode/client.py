"""NCANode's JSON over HTTP: one question, one answer, bounded in time and size."""

import time
from collections.abc import Callable
from typing import Any, Final

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from gateway.breaker import Breaker
from gateway.eds.fetch import user_agent
from gateway.settings import NcaNode as NcaNodeSettings

MAX_BYTES: Final = 32_000_000
_ATTEMPTS: Final = 2
_FAILURES: Final = 5
_PAUSE_SECONDS: Final = 30.0
_PIECE_BYTES: Final = 1 << 16
_OK: Final = 200


class NcaNodeFailed(Exception):  # noqa: N818  says what happened
    """There is no usable answer. The text says why; it quotes nothing that NCANode says, which may name people."""


class _Unreachable(NcaNodeFailed):
    """No connection, or no answer in time: a moment later there may be one."""


class NcaNodeClient:
    """Asks one NCANode. When it was away several times in a row it is left alone for a while."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: NcaNodeSettings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask through `session` by the settings' section `ncanode`; pauses go by `monotonic`."""
        self._session = session
        self._url = settings.url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds)
        self._monotonic = monotonic
        self._breaker = Breaker(_FAILURES, _PAUSE_SECONDS)

    async def ask(self, path: str, question: dict[str, Any]) -> bytes:
        """Post a question and return the JSON of the answer.

        Raises:
            NcaNodeFailed: it cannot be reached, or its HTTP status is not 200. Statuses tell nothing more: the same
                fault is 400 at one path and 500 at another.
        """
        attempts = AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random(0.05, 0.25),
            retry=retry_if_exception_type(_Unreachable),
            reraise=True,
        )
        return await attempts(self._once, path, question)

    async def _once(self, path: str, question: dict[str, Any]) -> bytes:
        if not self._breaker.lets_pass(self._monotonic()):
            raise NcaNodeFailed("NCANode failed lately and is left alone for a while")
        try:
            answer = await self._post(path, question)
        except _Unreachable:
            self._breaker.failed(self._monotonic())
            raise
        except NcaNodeFailed:
            self._breaker.succeeded()  # it is there; this question it does not answer
            raise
        self._breaker.succeeded()
        return answer

    async def _post(self, path: str, question: dict[str, Any]) -> bytes:
        answer = bytearray()
        try:
            async with self._session.post(
                f"{self._url}{path}",
                json=question,
                headers={"User-Agent": user_agent()},
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                if response.status != _OK:
                    raise NcaNodeFailed(f"NCANode answers HTTP {response.status} at {path}")
                async for piece in response.content.iter_chunked(_PIECE_BYTES):
                    answer += piece
                    if len(answer) > MAX_BYTES:
                        raise NcaNodeFailed(f"NCANode sends more than {MAX_BYTES} bytes")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _Unreachable(f"NCANode cannot be reached ({type(error).__name__})") from None
        return bytes(answer)
