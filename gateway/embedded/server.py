"""The supervisor of the embedded PostgreSQL."""

import asyncio
import os
import signal
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import psycopg
import structlog
from psycopg import conninfo, sql
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_fixed,
)

from gateway.embedded.cluster import HERE, Cluster, complaint, make_ready
from gateway.embedded.errors import EmbeddedUnusable
from gateway.embedded.folder import Folder, Running, process_start
from gateway.embedded.options import NAME, Options
from gateway.embedded.process import Process

_log = structlog.get_logger()

_DEATHS_WINDOW_SECONDS = 600.0
_LOOK_SECONDS = 0.5


class EmbeddedPostgres:
    """A PostgreSQL server for this gateway alone, on a private Unix socket.

    It is stopped (fast shutdown) when the gateway stops or dies, even by SIGKILL, and restarted with back-off when it
    dies by itself. Two of them never run on one folder. Linux only.
    """

    def __init__(  # noqa: PLR0913  each is a setting with a default
        self,
        data_dir: Path,
        bin_dir: Path | None = None,
        *,
        options: Options | None = None,
        start_seconds: float = 120.0,
        stop_seconds: float = 60.0,
        max_restarts: int = 5,
    ) -> None:
        """Describe the server; nothing is started.

        Args:
            data_dir: its folder, made if missing.
            bin_dir: folder with `postgres` and `initdb`; default: the installed wheel's.
            options: sizes; what makes it durable is fixed.
            start_seconds: how long a start may take, crash recovery and the end of a previous server included.
            stop_seconds: how long a fast shutdown may take before an immediate one is ordered.
            max_restarts: how many deaths within ten minutes are answered with a restart.
        """
        self._folder = Folder(data_dir)
        self._bin_dir = bin_dir
        self._options = options or Options()
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._max_restarts = max_restarts
        self._deaths: deque[float] = deque(maxlen=max_restarts + 1)
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running server; None while there is none."""
        return self._process.pid if self._process else None

    async def start(self) -> str:
        """Start the server, making its data folder first if there is none; return its URL.

        The URL stays the same over restarts. A server that is still stopping after its gateway was killed is waited
        for.

        Raises:
            EmbeddedUnusable: it cannot run; the text says why.
        """
        await asyncio.to_thread(self._folder.prepare)
        lock = await self._lock(refuse_supervised=True)
        try:
            cluster = await asyncio.to_thread(make_ready, self._folder, self._bin_dir)
            pid = os.getpid()
            running = Running(pid, process_start(pid) or 0, str(self._folder.socket_folder(cluster.account)))
            self._folder.announce(running)
            await self._launch(lock, cluster, running)
        except BaseException:
            self._folder.withdraw()
            raise
        finally:
            os.close(lock)  # from here the server's processes hold it, and nobody else
        self._watch = asyncio.create_task(self._supervise(cluster, running), name="embedded-postgres")
        return running.url

    async def stop(self) -> None:
        """Stop the server and wait for its end; nothing happens if it is not running."""
        watch, self._watch = self._watch, None
        if watch is None:
            return
        watch.cancel()
        with suppress(asyncio.CancelledError, EmbeddedUnusable):
            await watch
        if self._process is not None:
            await self._end(self._process)
            self._process = None
        self._folder.withdraw()

    async def wait(self) -> None:
        """Wait until the server is stopped.

        Raises:
            EmbeddedUnusable: it died and could not be restarted.
        """
        if self._watch is not None:
            await asyncio.wait({self._watch})
            if not self._watch.cancelled():
                self._watch.result()

    @staticmethod
    def running(data_dir: Path) -> str | None:
        """Return the URL of the server that another process runs on `data_dir`; None if none answers.

        Raises:
            EmbeddedUnusable: this user may not look.
        """
        folder = Folder(data_dir)
        found = folder.running()
        if found is None or not found.supervisor_lives or not folder.is_locked():
            return None  # without its supervisor a server that still answers is about to stop
        try:
            psycopg.connect(found.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return None
        return found.url

    @staticmethod
    async def until_abandoned(data_dir: Path) -> None:
        """Watch a server that another process runs.

        Raises:
            EmbeddedUnusable: that process has ended; its server ends with it.
        """
        folder = Folder(data_dir)
        watched = folder.running()
        while watched and watched.supervisor_lives and folder.running() == watched:  # noqa: ASYNC110  another's end
            await asyncio.sleep(_LOOK_SECONDS)
        raise EmbeddedUnusable(f"the process that ran the server of {data_dir} has ended, and the server with it.")

    async def _lock(self, *, refuse_supervised: bool) -> int:
        """Wait for the end of every process of a previous server: only then a new one may touch the data."""

        def attempt() -> int | None:
            descriptor = self._folder.lock()
            holder = self._folder.running() if descriptor is None and refuse_supervised else None
            if holder is not None and holder.supervisor_lives:
                raise EmbeddedUnusable(f"{self._folder.root} is already in use by process {holder.supervisor}.")
            return descriptor

        descriptor: int | None = await AsyncRetrying(
            retry=retry_if_result(lambda result: result is None),
            wait=wait_fixed(0.1),
            stop=stop_after_delay(self._start_seconds),
            retry_error_callback=lambda _: None,
        )(asyncio.to_thread, attempt)
        if descriptor is None:
            raise EmbeddedUnusable(
                f"{self._folder.root} is held by another process, or its previous server is still stopping."
            )
        return descriptor

    async def _launch(self, lock: int, cluster: Cluster, running: Running) -> None:
        outside = Path(running.socket_folder) != self._folder.cluster
        arguments = self._options.arguments(running.socket_folder if outside else ".")
        process = Process(
            [cluster.binaries.postgres, "-D", HERE, *arguments],
            folder=self._folder.cluster,
            account=cluster.account,
            output=self._folder.output,
            inherit=(lock,),
        )
        try:
            await self._until_ready(process, running.url)
        except BaseException:
            await asyncio.shield(self._end(process))
            raise
        self._process = process

    async def _until_ready(self, process: Process, url: str) -> None:
        ended = asyncio.create_task(process.ended())
        ready = asyncio.create_task(self._connects(url))
        try:
            await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise EmbeddedUnusable(f"PostgreSQL did not start: {complaint(self._folder)}.")
            await ready
        finally:
            ended.cancel()
            ready.cancel()

    async def _connects(self, url: str) -> None:
        maintenance = conninfo.make_conninfo(url, dbname="postgres", connect_timeout=5)
        await AsyncRetrying(
            retry=retry_if_exception_type(psycopg.OperationalError),
            wait=wait_fixed(0.03),
            stop=stop_after_delay(self._start_seconds),
            retry_error_callback=self._too_slow,
        )(_ensure_database, maintenance)

    def _too_slow(self, state: RetryCallState) -> None:
        last = state.outcome.exception() if state.outcome else None
        raise EmbeddedUnusable(f"PostgreSQL did not answer within {self._start_seconds:.0f} s: {str(last).strip()}.")

    async def _supervise(self, cluster: Cluster, running: Running) -> None:
        while self._process is not None:
            status = await self._process.ended()
            self._process = None
            self._deaths.append(time.monotonic())
            _log.error("embedded_postgres_died", exit_status=status)
            await self._restart(cluster, running)
            _log.info("embedded_postgres_restarted")

    async def _restart(self, cluster: Cluster, running: Running) -> None:
        recent = sum(at > time.monotonic() - _DEATHS_WINDOW_SECONDS for at in self._deaths)
        if recent > self._max_restarts:
            raise EmbeddedUnusable(f"PostgreSQL died {recent} times within ten minutes: {complaint(self._folder)}.")
        await asyncio.sleep(0.1 * (2 ** (recent - 1) - 1))  # the first restart is immediate
        await AsyncRetrying(
            retry=retry_if_exception_type(EmbeddedUnusable),
            wait=wait_exponential(multiplier=0.1, max=10),
            stop=stop_after_attempt(self._max_restarts),
            reraise=True,
        )(self._relaunch, cluster, running)

    async def _relaunch(self, cluster: Cluster, running: Running) -> None:
        lock = await self._lock(refuse_supervised=False)  # it is we who supervise
        try:
            self._folder.remove_leftovers()
            await self._launch(lock, cluster, running)
        finally:
            os.close(lock)

    async def _end(self, process: Process) -> None:
        ended = asyncio.create_task(process.ended())
        for number, seconds in ((signal.SIGINT, self._stop_seconds), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            process.send(number)
            done, _ = await asyncio.wait({ended}, timeout=seconds)
            if done:
                return
        ended.cancel()


async def _ensure_database(maintenance: str) -> None:
    async with await psycopg.AsyncConnection.connect(maintenance, autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,))
        if await found.fetchone() is None:
            await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
