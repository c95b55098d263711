"""A TCP proxy that makes wires fail: cut, slow, half open, one-way, full of garbage. It knows no protocol."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

_CHUNK = 65_536
_GARBAGE_BYTES = 48
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST, socket(7)


class Condition(StrEnum):
    """What a wire does to what passes over it."""

    CLEAR = "clear"
    CUT = "cut"
    """Every connection is reset in the middle of what it says; so is every new one."""
    SLOW = "slow"
    """Everything comes late."""
    HALF_OPEN = "half-open"
    """Nothing passes and nothing is closed. A connection that lost something so stays silent for ever."""
    ONE_WAY = "one-way"
    """What is asked arrives, the answers are lost: nobody who asks knows what was done."""
    GARBAGE = "garbage"
    """Bytes that nobody sent come between."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a connection goes on: a port of this machine, or a Unix socket."""

    port: int = 0
    socket: Path | None = None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect. Raises OSError."""
        if self.socket is not None:
            return await asyncio.open_unix_connection(self.socket)
        return await asyncio.open_connection("127.0.0.1", self.port)


@dataclass
class FaultyProxy:
    """Passes connections on, each to one of the upstreams that can be reached."""

    upstreams: Sequence[Upstream]
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  faults, no secrets
    port: int = 0
    condition: Condition = Condition.CLEAR
    delay_seconds: float = 0.3
    """With SLOW: of every piece, up to 64 KB."""
    spring: tuple[bytes, Condition] | None = None
    """A trap: when these bytes are asked, they still pass, and the fault begins with what answers them."""
    _server: asyncio.Server | None = None
    _connections: set["_Connection"] = field(default_factory=set)

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Reset what is open and listen no more."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.reset()
        while self._connections:
            await asyncio.sleep(0.01)

    def suffer(self, condition: Condition) -> None:
        """Begin a fault, for the connections there are and for new ones."""
        self.condition = condition
        if condition is Condition.CUT:
            for connection in list(self._connections):
                connection.reset()

    def heal(self) -> None:
        """End the fault. What was lost stays lost."""
        self.condition = Condition.CLEAR

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, reader, writer)
        self._connections.add(connection)
        try:
            with suppress(asyncio.CancelledError):  # nobody waits for it: the server's end is this one's as well
                await connection.run()
        finally:
            connection.reset()
            self._connections.discard(connection)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to any upstream that can be reached. Raises OSError."""
        for upstream in self.chance.sample(list(self.upstreams), len(self.upstreams)):
            with suppress(OSError):
                return await upstream.connect()
        raise ConnectionRefusedError


@dataclass(eq=False)
class _Connection:
    proxy: FaultyProxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _upward: asyncio.StreamWriter | None = None
    _silenced: set[asyncio.StreamWriter] = field(default_factory=set)

    async def run(self) -> None:
        """Pass on in both directions until one side closes or the wire is cut."""
        if self.proxy.condition is Condition.CUT:
            return
        try:
            answers, self._upward = await self.proxy.connect()
        except OSError:
            return
        pumps = {
            asyncio.create_task(self._pump(self.reader, self._upward, asks=True)),
            asyncio.create_task(self._pump(answers, self.writer, asks=False)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    def reset(self) -> None:
        """Close both sides at once, whatever is on its way."""
        for writer in (self.writer, self._upward):
            if writer is not None:
                wire: socket.socket | None = writer.get_extra_info("socket")
                if wire is not None and wire.fileno() >= 0 and wire.family != socket.AF_UNIX:
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                passed = await self._suffered(chunk, writer, asks=asks)
                writer.write(passed)
                await writer.drain()

    async def _suffered(self, chunk: bytes, writer: asyncio.StreamWriter, *, asks: bool) -> bytes:
        """Return what is left of a piece on a wire in its present condition."""
        if asks and self.proxy.spring is not None and self.proxy.spring[0] in chunk:
            _, self.proxy.condition = self.proxy.spring
            self.proxy.spring = None
            return chunk
        condition = self.proxy.condition
        if condition is Condition.HALF_OPEN or (condition is Condition.ONE_WAY and not asks):
            self._silenced.add(writer)
        if writer in self._silenced:
            return b""
        if condition is Condition.SLOW:
            await asyncio.sleep(self.proxy.delay_seconds)
        elif condition is Condition.GARBAGE:
            return self.proxy.chance.randbytes(_GARBAGE_BYTES) + chunk
        return chunk


@asynccontextmanager
async def faulty_proxy(*upstreams: Upstream, seed: int = 1) -> AsyncIterator[FaultyProxy]:
    """Run a proxy in front of the upstreams."""
    proxy = FaultyProxy(upstreams, random.Random(seed))  # noqa: S311  faults, no secrets
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
