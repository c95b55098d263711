"""Listens, hands out connections in turn, keeps the replicas, ends everything in order."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from gateway.background import background
from gateway.database import database
from gateway.serving import HttpServer, LocalSocket, Port
from gateway.settings import Settings, Shutdown
from gateway.supervisor.admin import admin_routes
from gateway.supervisor.replica import Replica
from gateway.vitals import Vitals

_log = structlog.get_logger(__name__)

_BACKLOG = 1024
_AGAIN_SECONDS = 0.01
"""Between two attempts to hand a connection over."""
ADMIN_SOCKET = "all.sock"
"""In the folder of the replicas' sockets: answers for all of them."""
_END_SECONDS = 10.0
"""Beyond what a replica may take to finish."""


async def supervise(
    settings: Settings, arguments: list[str], count: int, *, stop: asyncio.Event, ready: Callable[[str], None]
) -> None:
    """Run `count` replicas until `stop` is set; `ready` is told the URL when all of them take messages.

    Args:
        settings: of the installation.
        arguments: of the `qaqpa` command, that make a process a replica.
        count: how many.
        stop: told to end: every replica answers and finishes what is under way.
        ready: told the URL.

    Raises:
        ReplicaUnusable: starting a replica again does not help.
        PartFailed: the embedded database is gone for good.
        EmbeddedUnusable: it cannot run.
        OSError: the port is taken.
    """
    vitals = Vitals(stop)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database(settings, lambda: vitals.lost("database")))
        sockets = await stack.enter_async_context(_folder())
        with socket.create_server((settings.http.host, settings.http.port), backlog=_BACKLOG) as listener:
            listener.setblocking(False)
            crew = _Crew(settings, listener, stop, ready)
            crew.sign_on(count, [*arguments, "--url", crew.url], sockets, _environment(settings, url))
            for server in crew.admin_servers(sockets):
                await server.start()
                stack.push_async_callback(server.drain)
            async with background(crew.accept(), vitals.ends_with("accept")):
                await crew.work()
    vitals.check()


def _environment(settings: Settings, url: str) -> dict[str, str]:
    """Return the replicas' environment: an embedded database is ours to run, and theirs to use."""
    return dict(os.environ) | ({} if settings.database.url else {"QAQPA_DATABASE__URL": url})


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="qaqpa-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class _Crew:
    """The replicas of one port."""

    def __init__(
        self, settings: Settings, listener: socket.socket, stop: asyncio.Event, ready: Callable[[str], None]
    ) -> None:
        host, port = listener.getsockname()[:2]
        self.url = f"http://{host}:{port}"
        self._settings = settings
        self._listener = listener
        self._stop = stop
        self._ready: Callable[[str], None] | None = ready
        self._replicas: list[Replica] = []
        self._changed = asyncio.Event()
        self._turn = 0

    def sign_on(self, count: int, arguments: list[str], sockets: Path, environment: dict[str, str]) -> None:
        """Make the replicas; nothing is started."""
        self._replicas += [Replica(number, arguments, sockets, environment, self._see) for number in range(count)]

    def admin_servers(self, sockets: Path) -> list[HttpServer]:
        """Return what answers about metrics and health: to the replicas, and on a port if there is one."""
        http, at_once = self._settings.http, Shutdown(notice_seconds=0)
        entrances: list[LocalSocket | Port] = [LocalSocket(sockets / ADMIN_SOCKET)]
        if http.admin_port is not None:
            entrances.append(Port(http.admin_host, http.admin_port))
        routes = admin_routes(self._replicas, self._stop.is_set)
        return [HttpServer(routes, entrance, at_once) for entrance in entrances]

    async def work(self) -> None:
        """Keep the replicas until told to stop, or until one cannot be kept; then end them all."""
        keeping = {asyncio.create_task(one.keep(), name=f"replica {one.number}") for one in self._replicas}
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({*keeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
            self._stop.set()
            _log.info("supervisor.stopping")
            for one in self._replicas:
                one.end()
            limit = self._settings.shutdown.notice_seconds + self._settings.shutdown.finish_seconds + _END_SECONDS
            await asyncio.gather(*(one.kill_after(limit) for one in self._replicas))
            for task in keeping:
                if not task.done():
                    task.cancel()  # it waits to start a replica anew
        finally:
            stopped.cancel()
            outcomes = await asyncio.gather(*keeping, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def accept(self) -> None:
        """Hand out connections in turn, for ever; while nobody takes them they wait where the kernel keeps them."""
        loop = asyncio.get_running_loop()
        while True:
            await self._somebody_takes()
            connection, _ = await loop.sock_accept(self._listener)
            with connection:
                while not self._hand_over(connection):
                    # Whoever takes is dead, which is heard when this waits, or so busy that its channel is full.
                    await asyncio.sleep(_AGAIN_SECONDS)
                    await self._somebody_takes()

    async def _somebody_takes(self) -> None:
        while not any(one.takes for one in self._replicas):
            self._changed.clear()
            await self._changed.wait()

    def _hand_over(self, connection: socket.socket) -> bool:
        for _ in self._replicas:
            self._turn = (self._turn + 1) % len(self._replicas)
            if self._replicas[self._turn].hand_over(connection):
                return True
        return False

    def _see(self) -> None:
        self._changed.set()
        if self._ready is not None and all(one.is_open for one in self._replicas):
            self._ready(self.url)
            self._ready = None
