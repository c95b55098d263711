"""The HTTP side of a process: where its connections come from, and how it ends without losing an answer."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from aiohttp import hdrs, web

from gateway.settings import Http, Shutdown


class Entrance(Protocol):
    """Where connections come from."""

    async def open(self, runner: web.AppRunner) -> str:
        """Let connections in, to be served by `runner`; return the URL they reach. Raises OSError."""

    async def close(self) -> None:
        """Let no more in; those that are in stay."""


class Port:
    """A TCP port of this process alone."""

    def __init__(self, host: str, port: int) -> None:
        """Name it; port 0 is any free one."""
        self._host, self._port = host, port
        self._site: web.TCPSite | None = None

    async def open(self, runner: web.AppRunner) -> str:
        """Listen."""
        self._site = web.TCPSite(runner, self._host, self._port)
        await self._site.start()
        host, port = runner.addresses[-1][:2]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        """Listen no more."""
        if self._site is not None:
            await self._site.stop()


class LocalSocket:
    """A Unix socket, for processes of the same installation."""

    def __init__(self, path: Path) -> None:
        """Name it; what lies there is replaced."""
        self._path = path
        self._site: web.UnixSite | None = None

    async def open(self, runner: web.AppRunner) -> str:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._site = web.UnixSite(runner, self._path)
        await self._site.start()
        return f"unix:{self._path}"

    async def close(self) -> None:
        """Listen no more."""
        if self._site is not None:
            await self._site.stop()
        self._path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the connections of one process come from."""

    wire: Entrance
    admin: Entrance | None
    """For metrics and health; None: they are where the wire is."""
    relayed: Sequence[web.RouteDef] = ()
    """What is served beside the wire in their place, when they are of several processes."""

    @classmethod
    def of(cls, http: Http) -> Self:
        """Return the ports of the settings."""
        admin = None if http.admin_port is None else Port(http.admin_host, http.admin_port)
        return cls(Port(http.host, http.port), admin)


class HttpServer:
    """Serves routes until it is drained.

    From the moment it is drained every answer says `Connection: close`, so that no peer begins a request on a
    connection that is about to end; connections on which nothing is under way are closed after the notice.
    """

    def __init__(
        self, routes: Iterable[web.AbstractRouteDef], entrance: Entrance, shutdown: Shutdown, *, max_bytes: int = 2**20
    ) -> None:
        """Take what is served and where from; `max_bytes` bounds bodies that a handler reads whole."""
        app = web.Application(client_max_size=max_bytes)
        app.add_routes(routes)
        app.on_response_prepare.append(self._prepare)
        self._entrance = entrance
        self._notice_seconds = shutdown.notice_seconds
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown.finish_seconds)
        self._draining = False

    async def start(self) -> str:
        """Begin to serve; return the URL. Raises OSError."""
        await self._runner.setup()
        return await self._entrance.open(self._runner)

    @property
    def draining(self) -> bool:
        """Whether it is to be given no more requests."""
        return self._draining

    async def drain(self) -> None:
        """Stop serving: give notice, let nobody in, answer what is under way, close."""
        if self._draining:
            return
        self._draining = True
        await asyncio.sleep(self._notice_seconds)
        await self._entrance.close()
        await self._runner.cleanup()

    async def _prepare(self, _request: web.Request, response: web.StreamResponse) -> None:
        if self._draining:
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"
