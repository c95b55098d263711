"""Health: does the process live, and may it be given messages.

`/health/live` answers as long as the process can. `/health/ready` tests what accepting a message needs; an orchestrator
sends messages elsewhere, and does not restart the process, when it fails.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Protocol

from aiohttp import web

from gateway.clock import Clock
from gateway.telemetry.metrics import CONTENT_TYPE, Metrics

_FRESH_SECONDS = 2.0
_DATABASE_SECONDS = 3.0


class Certificate(Protocol):
    """What is asked of a certificate here; `gateway.eds.certificate.Certificate` is one."""

    @property
    def not_before(self) -> datetime:
        """Since when it holds."""

    @property
    def not_after(self) -> datetime:
        """Until when it holds."""


class Anchors(Protocol):
    """The trusted CA certificates."""

    @property
    def certificates(self) -> Sequence[Certificate]:
        """All of them."""


class SigningKey(Protocol):
    """The gateway's own key."""

    @property
    def certificate(self) -> Certificate:
        """Its certificate."""

    def sign(self, data: bytes) -> bytes:
        """Return a signature."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tested."""

    name: str
    ok: bool
    detail: str = ""
    """English, for operators: what is wrong. No personal data, no secrets."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of all tests."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every test passed."""
        return all(check.ok for check in self.checks)


class Health:
    """Tests what the gateway needs."""

    def __init__(  # noqa: PLR0913  each is a thing to test
        self,
        *,
        database: Callable[[], Awaitable[str]],
        anchors: Anchors,
        key: SigningKey,
        data_dir: Path,
        min_free_disk_mb: int,
        clock: Clock,
        intake: Callable[[], tuple[bool, str]] = lambda: (True, ""),
    ) -> None:
        """Take what is to be tested.

        Args:
            database: says what keeps the database from taking anything, or nothing; may raise.
            anchors: the trusted CA certificates.
            key: the gateway's own key.
            data_dir: folder on the disk that must have room.
            min_free_disk_mb: how much room, in megabytes (2^20 bytes).
            clock: the present.
            intake: whether messages are to be sent here at all, and what is to be known about it.
        """
        self._database = database
        self._anchors = anchors
        self._key = key
        self._data_dir = data_dir
        self._min_free_disk_mb = min_free_disk_mb
        self._clock = clock
        self._intake = intake
        self._lock = asyncio.Lock()
        self._kept: tuple[float, Report] | None = None

    async def ready(self) -> Report:
        """Test everything; an answer of the last two seconds is given again, so that asking often costs nothing."""
        async with self._lock:
            if self._kept is None or monotonic() - self._kept[0] > _FRESH_SECONDS:
                self._kept = (monotonic(), await self._test())
            ok, detail = self._intake()
            return Report((Check("intake", ok=ok, detail=detail), *self._kept[1].checks))

    def certificates(self) -> Iterable[tuple[str, datetime]]:
        """Return the use and the end of every certificate that is watched."""
        yield "transport", self._key.certificate.not_after
        for certificate in self._anchors.certificates:
            yield "anchor", certificate.not_after

    async def _test(self) -> Report:
        now = self._clock()
        return Report(
            (
                await self._test_database(),
                check_anchors(self._anchors.certificates, now),
                check_key(self._key, now),
                check_disk(self._data_dir, self._min_free_disk_mb),
            )
        )

    async def _test_database(self) -> Check:
        try:
            async with asyncio.timeout(_DATABASE_SECONDS):
                complaint = await self._database()
        except TimeoutError:
            return Check("database", ok=False, detail=f"no answer within {_DATABASE_SECONDS:g} s")
        except Exception as error:  # noqa: BLE001  whatever it is, the database cannot be used
            return Check("database", ok=False, detail=type(error).__name__)
        return Check("database", ok=not complaint, detail=complaint)


def check_anchors(certificates: Sequence[Certificate], now: datetime) -> Check:
    """Test that at least one trusted CA certificate holds now."""
    if any(certificate.not_before <= now <= certificate.not_after for certificate in certificates):
        return Check("anchors", ok=True)
    return Check(
        "anchors", ok=False, detail="no trusted CA certificate is valid now" if certificates else "none loaded"
    )


def check_key(key: SigningKey, now: datetime) -> Check:
    """Test that the gateway's own certificate holds now and its key signs."""
    certificate = key.certificate
    if now > certificate.not_after:
        return Check("key", ok=False, detail=f"the transport certificate ended at {certificate.not_after.isoformat()}")
    if now < certificate.not_before:
        return Check(
            "key", ok=False, detail=f"the transport certificate begins at {certificate.not_before.isoformat()}"
        )
    try:
        key.sign(b"qaqpa health")
    except Exception as error:  # noqa: BLE001  a key may be a device with failures of its own
        return Check("key", ok=False, detail=f"the transport key does not sign: {type(error).__name__}")
    return Check("key", ok=True)


def check_disk(folder: Path, min_free_mb: int) -> Check:
    """Test that the disk of `folder` has room for `min_free_mb` megabytes."""
    try:
        free = shutil.disk_usage(folder).free // 2**20
    except OSError as error:
        return Check("disk", ok=False, detail=f"{folder}: {error.strerror}")
    if free < min_free_mb:
        return Check("disk", ok=False, detail=f"{free} MB free, {min_free_mb} MB needed")
    return Check("disk", ok=True)


def health_routes(metrics: Metrics, health: Health) -> list[web.RouteDef]:
    """Return the routes `/metrics`, `/health/live` and `/health/ready`; watch the certificates from now on."""
    for use, not_after in health.certificates():
        metrics.watch_certificate(use, not_after)

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        report = await health.ready()
        body = {
            "status": "ready" if report.ok else "not ready",
            "failing": [check.name for check in report.checks if not check.ok],
            "checks": [asdict(check) for check in report.checks],
        }
        return web.json_response(body, status=200 if report.ok else 503)

    return [
        web.get("/metrics", show_metrics),
        web.get("/health/live", live),
        web.get("/health/ready", ready),
    ]
