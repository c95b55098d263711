"""The adapter's HTTP client on a network that resets connections."""

import asyncio
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvloop

from adapters.transport import client

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST, socket(7)


@contextmanager
def resetting() -> Iterator[str]:
    """Serve on a port where every connection is reset a moment after it was opened; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reset() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                time.sleep(0.0002)
                connection.close()

        thread = threading.Thread(target=reset, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


async def _post_often(url: str) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    async with client(5, 50) as session:

        async def post() -> None:
            try:
                await session.post(url, content=b"x" * 100_000)
            except httpx.TransportError:
                outcomes["network"] += 1
            except Exception as error:  # noqa: BLE001  what it is, is the question
                outcomes[type(error).__name__] += 1

        for _ in range(20):
            await asyncio.gather(*(post() for _ in range(50)))
    return outcomes


def test_a_connection_that_is_reset_is_a_broken_network() -> None:
    """However early a connection is reset, it is told as a failure of the network and never as a defect of ours."""
    with resetting() as url:
        assert uvloop.run(_post_often(url)) == {"network": 1000}
