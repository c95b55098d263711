"""Bodies that arrive slowly, never, or in part: they cost their sender a connection, and nobody else anything."""

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import aiohttp
import pytest

from gateway.shep.messages import AsyncMessage, Data, MessageType, Sender
from gateway.shep.writer import write
from tests.support.shep_gateway import PASSWORD, Wire, wire
from tests.support.shep_parties import NOW, party

HEAD = b"POST /shep/async HTTP/1.1\r\nHost: x\r\n"
BEGUN = {
    "length": HEAD + b"Content-Length: 1000\r\n\r\n<",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n<\r\n",
}


async def begin(gateway: Wire, body: bytes, stack: AsyncExitStack) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection and send the beginning of a message."""
    address = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    stack.callback(writer.close)
    writer.write(body)
    await writer.drain()
    return reader, writer


async def good(gateway: Wire) -> tuple[int, str]:
    """Send a good application; return status and text of the answer."""
    message = AsyncMessage("KSL-1", MessageType.REQUEST, NOW, Sender("portal", PASSWORD), "1", data=Data((b"<a/>",)))
    body = write(message, party("portal").key)
    async with aiohttp.ClientSession() as http, http.post(f"{gateway.url}/shep/async", data=body) as response:
        return response.status, await response.text()


async def test_bodies_that_never_come_keep_nobody_out() -> None:
    """As many bodies on their way as messages may be handled at once leave all room for a good one."""
    async with wire(max_in_flight=2) as gateway, AsyncExitStack() as stack:
        for _ in range(2):
            await begin(gateway, BEGUN["length"], stack)

        status, _ = await good(gateway)

    assert status == 200
    assert len(gateway.intake.accepted) == 1


async def test_bodies_on_their_way_are_bounded() -> None:
    """Beyond four times as many, a body is not received; a place is free again once a sender has gone."""
    async with wire(max_in_flight=1) as gateway, AsyncExitStack() as stack:
        writers = [(await begin(gateway, BEGUN["length"], stack))[1] for _ in range(4)]

        async with asyncio.timeout(10):
            while (await good(gateway))[0] == 200:  # until the gateway has read all four
                await asyncio.sleep(0.01)
        assert "gateway.busy" in (await good(gateway))[1]

        writers[0].close()
        async with asyncio.timeout(10):
            while (await good(gateway))[0] != 200:
                await asyncio.sleep(0.01)


async def test_bodies_on_their_way_share_their_memory() -> None:
    """What all bodies take together is bounded: beyond it senders are told to come again; room is given back."""
    async with wire(max_receiving_bytes=20_000) as gateway, AsyncExitStack() as stack:
        large = HEAD + b"Content-Length: 30000\r\n\r\n" + b"<" * 18_000
        writer = (await begin(gateway, large, stack))[1]

        async with asyncio.timeout(10):
            while (await good(gateway))[0] == 200:  # until the gateway has read what came
                await asyncio.sleep(0.01)
        assert "gateway.busy" in (await good(gateway))[1]

        writer.close()
        async with asyncio.timeout(10):
            while (await good(gateway))[0] != 200:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
async def test_slow_body(begun: bytes) -> None:
    """A body that does not arrive in time is refused, and the connection is closed."""
    async with wire(receive_seconds=0.2) as gateway, AsyncExitStack() as stack:
        reader, _ = await begin(gateway, begun, stack)

        head = await reader.readuntil(b"\r\n\r\n")
        answer = await reader.readuntil(b"Envelope>")

    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"Connection: close" in head
    assert b"client.broken_body" in answer
    assert gateway.observer.codes == [("unknown", "SCE001")]


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
async def test_sender_that_goes_away(
    begun: bytes,
    reset: bool,  # noqa: FBT001  a parameter of the test
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A sender that leaves in the middle of a body has failed, not the gateway: no defect is counted or logged."""
    async with wire() as gateway, AsyncExitStack() as stack:
        _, writer = await begin(gateway, begun, stack)
        await good(gateway)  # by now the beginning was read
        if reset:
            writer.transport.abort()
        else:
            writer.close()
        async with asyncio.timeout(10):
            while len(gateway.observer.codes) < 2:
                await asyncio.sleep(0.01)

    assert gateway.observer.codes == [("sendMessage", "OK"), ("unknown", "SCE001")]
    logged = capsys.readouterr().out
    assert logged.count("message answered") == 2
    assert "message failed" not in logged
