"""Connections handed from the process that listens to the replicas, as file descriptors over a socket pair.

What a replica says: `TAKES`, connections may come; `OPEN`, its gate is open; `ENDS`, no more connections. To the last
the listening process answers `DONE`: everything that was sent has arrived before it, so nothing is lost on the way.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

TAKES, OPEN, ENDS, CONNECTION, DONE = b"t", b"o", b"e", b"c", b"d"
_LENGTH = 1
_DESCRIPTORS = 4
_DONE_SECONDS = 5.0


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the listening process's end and the replica's."""
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own.setblocking(False)
    other.setblocking(False)
    return own, other


class Passed:
    """A replica's end: an entrance through which come the connections that are handed to it."""

    def __init__(self, channel: socket.socket, url: str) -> None:
        """Use the channel; `url` is where the listening process listens."""
        self._channel = channel
        self._url = url
        self._done = asyncio.Event()
        self._beginning: set[asyncio.Task[None]] = set()

    async def open(self, runner: web.AppRunner) -> str:
        """Take connections."""
        factory = runner.server
        if factory is None:
            raise RuntimeError("the runner was not set up")
        asyncio.get_running_loop().add_reader(self._channel, self._receive, factory)
        self._channel.send(TAKES)
        return self._url

    def say_open(self) -> None:
        """Tell that messages are taken, and not only connections."""
        self._channel.send(OPEN)

    async def close(self) -> None:
        """Take no more; what was on its way has arrived when this returns."""
        with suppress(OSError, TimeoutError):  # the listening process has gone, or does not answer
            self._channel.send(ENDS)
            async with asyncio.timeout(_DONE_SECONDS):
                await self._done.wait()
        asyncio.get_running_loop().remove_reader(self._channel)
        await asyncio.gather(*self._beginning, return_exceptions=True)

    def _receive(self, factory: Callable[[], asyncio.Protocol]) -> None:
        try:
            kind, descriptors, _, _ = socket.recv_fds(self._channel, _LENGTH, _DESCRIPTORS)
        except BlockingIOError:
            return
        except OSError:
            kind, descriptors = b"", []
        if kind != CONNECTION:  # the end of the channel, or of what comes over it
            self._done.set()
            asyncio.get_running_loop().remove_reader(self._channel)
        for descriptor in descriptors:
            task = asyncio.create_task(_serve(factory, socket.socket(fileno=descriptor)))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)


async def _serve(factory: Callable[[], asyncio.Protocol], connection: socket.socket) -> None:
    connection.setblocking(False)
    with suppress(OSError):  # the peer has gone already
        await asyncio.get_running_loop().connect_accepted_socket(factory, connection)
