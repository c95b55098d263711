"""A process that is killed and comes back: what a supervisor such as systemd does with `Restart=always`."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil
from aiohttp import ClientError, ClientSession, ClientTimeout
from psycopg import conninfo

from gateway.children import Child
from gateway.embedded import EmbeddedPostgres, EmbeddedUnusable

_RESTART_SECONDS = 0.1
_ASK = ClientTimeout(total=2)


class Party(Protocol):
    """Someone who may die at any moment."""

    name: str

    def kill(self) -> bool:
        """SIGKILL; False if nobody was there to be killed."""

    def freeze(self) -> bool:
        """SIGSTOP: alive for everyone who asks the kernel, and silent."""

    def thaw(self) -> None:
        """SIGCONT."""

    async def ready(self) -> None:
        """Wait until it does its work again. Raises TimeoutError."""

    async def stop(self) -> None:
        """End it for good."""


@dataclass
class Program:
    """A program in a process group of its own, started again whenever it ends."""

    name: str
    command: Sequence[str]
    log: Path
    asked_at: str
    """URL that answers 200 when it is ready."""
    session: ClientSession
    environment: Mapping[str, str] = field(default_factory=dict)
    gave_up: int = 0
    """How often it ended by itself, e.g. because its database was away when it started."""
    _killed: bool = False
    _child: Child | None = None
    _keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep it running."""
        self._keeper = asyncio.create_task(self._keep(), name=self.name)

    async def _keep(self) -> None:
        while True:
            self._killed = False
            self._child = await Child.start(self.name, self.command, self.log, os.environ | dict(self.environment))
            await self._child.wait()
            self.gave_up += not self._killed
            await asyncio.sleep(_RESTART_SECONDS)

    def kill(self) -> bool:
        self._killed = self._signal(signal.SIGKILL)
        return self._killed

    def freeze(self) -> bool:
        return self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> bool:
        if self._child is None or self._child.returncode is not None:
            return False
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            return False
        return True

    async def ready(self) -> None:
        await until_ok(self.session, self.asked_at, self.last_words)

    def last_words(self) -> str:
        """Return the end of its log."""
        return f"{self.name}:\n{self._child.last_lines(20) if self._child else 'never started'}"

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self.kill() and self._child is not None:
            await self._child.wait()


@dataclass
class Postgres:
    """The embedded server, all of its processes killed at once; its data stays."""

    name: str
    folder: Path
    url: str = ""
    _server: EmbeddedPostgres | None = None
    _keeper: asyncio.Task[None] | None = None
    _up: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Start it for the first time."""
        self._keeper = asyncio.create_task(self._keep(), name=self.name)
        await self.ready()

    @property
    def socket(self) -> Path:
        """Where it listens, once it was started; the same after every restart."""
        where = conninfo.conninfo_to_dict(self.url)
        return Path(str(where["host"])) / f".s.PGSQL.{where['port']}"

    async def _keep(self) -> None:
        while True:
            with suppress(EmbeddedUnusable):  # it died, or cannot start yet, e.g. on a full disk
                self._server = EmbeddedPostgres(self.folder, max_restarts=0)
                self.url = await self._server.start()
                self._up.set()
                await self._server.wait()
            self._up.clear()
            await asyncio.sleep(_RESTART_SECONDS)

    def kill(self) -> bool:
        # All at once: nobody may notice the end of the first and write on.
        return self._signal(signal.SIGSTOP) and self._signal(signal.SIGKILL)

    def freeze(self) -> bool:
        return self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> bool:
        processes = self._processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        return bool(processes)

    def _processes(self) -> list[psutil.Process]:
        pid = self._server.pid if self._server else None
        try:
            postmaster = psutil.Process(pid) if pid else None
            return [postmaster, *postmaster.children(recursive=True)] if postmaster else []
        except psutil.NoSuchProcess:
            return []

    async def ready(self) -> None:
        async with asyncio.timeout(120):
            await self._up.wait()

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self._server is not None:
            self.thaw()
            await self._server.stop()


async def until_ok(session: ClientSession, url: str, last_words: Callable[[], str], seconds: float = 120) -> None:
    """Wait until `url` answers 200.

    Raises:
        TimeoutError: it does not; the text ends with the last words of who was asked.
    """
    try:
        async with asyncio.timeout(seconds):
            while True:
                with suppress(ClientError, TimeoutError, OSError):
                    async with session.get(url, timeout=_ASK) as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"not ready within {seconds:g} s: {last_words()}") from None
