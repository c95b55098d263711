"""The proxy that makes wires fail does what each fault is called."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.faulty_proxy import Condition, FaultyProxy, Upstream, faulty_proxy


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Upstream, list[bytes]]]:
    """Serve an echo; gives what was heard."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1000):
            heard.append(chunk)
            writer.write(chunk)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield Upstream(server.sockets[0].getsockname()[1]), heard
    finally:
        server.close()


@asynccontextmanager
async def wire() -> AsyncIterator[tuple[FaultyProxy, asyncio.StreamReader, asyncio.StreamWriter, list[bytes]]]:
    """Give a proxy with an echo behind it, and an open connection through it."""
    async with echo() as (upstream, heard), faulty_proxy(Upstream(1), upstream) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"first")
        assert await asyncio.wait_for(reader.readexactly(5), 10) == b"first"
        yield proxy, reader, writer, heard
        writer.close()


async def test_a_wire_that_is_clear_passes_everything() -> None:
    """What goes in comes out, by the upstream that can be reached."""
    async with wire() as (_, reader, writer, _heard):
        writer.write(b"x" * 200_000)
        assert await asyncio.wait_for(reader.readexactly(200_000), 10) == b"x" * 200_000


async def test_a_cut_resets_what_is_open_and_what_is_new() -> None:
    """Nobody gets through until the wire is whole again."""
    async with wire() as (proxy, opened, _writer, _heard):
        proxy.suffer(Condition.CUT)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(opened.readexactly(1), 10)
        new, _ = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(new.readexactly(1), 10)
        proxy.heal()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"again")
        assert await asyncio.wait_for(reader.readexactly(5), 10) == b"again"
        writer.close()


@pytest.mark.parametrize(("condition", "arrives"), [(Condition.HALF_OPEN, False), (Condition.ONE_WAY, True)])
async def test_what_a_silent_wire_lost_never_comes(condition: Condition, *, arrives: bool) -> None:
    """Half open: nothing arrives. One-way: the question arrives, its answer does not, also not after the fault."""
    async with wire() as (proxy, reader, writer, heard):
        proxy.suffer(condition)
        writer.write(b"lost")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.3)
        proxy.heal()
        writer.write(b"later")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.3)
        assert (b"".join(heard) == b"firstlostlater") is arrives


async def test_garbage_is_not_what_was_sent() -> None:
    """Bytes come that nobody sent."""
    async with wire() as (proxy, reader, writer, _):
        proxy.suffer(Condition.GARBAGE)
        writer.write(b"word")
        assert await asyncio.wait_for(reader.readexactly(4), 10) != b"word"


async def test_a_slow_wire_loses_nothing() -> None:
    """What comes late comes whole."""
    async with wire() as (proxy, reader, writer, _):
        proxy.delay_seconds = 0.05
        proxy.suffer(Condition.SLOW)
        writer.write(b"patience")
        assert await asyncio.wait_for(reader.readexactly(8), 10) == b"patience"
