"""The database's bad days: what senders, operators and health are told, and that nothing is lost."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp
import psycopg
import pytest
from psycopg import conninfo

from gateway.cases.store.errors import DatabaseUnusable
from gateway.cases.store.server import check_server
from gateway.sandbox.nca import TestAuthority
from tests.support.faulty_proxy import Condition, FaultyProxy, Upstream, faulty_proxy
from tests.support.installation import Answer, Installation, Running, ready, send
from tests.support.postgres import fresh_database, serving

_SECONDS = 60
_DISK_MB = 160
"""A new cluster takes about 40 MB; the rest fills up quickly, and recovery still has room."""

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def installation(tmp_path: Path, authority: TestAuthority) -> Installation:
    return Installation(tmp_path, authority)


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[FaultyProxy]:
    """A wire between gateway and database that can be made to fail."""
    parts = conninfo.conninfo_to_dict(database_url)
    path = Path(str(parts["host"])) / f".s.PGSQL.{parts['port']}"
    async with faulty_proxy(Upstream(socket=path)) as proxy:
        yield proxy


@asynccontextmanager
async def gateway(installation: Installation, url: str) -> AsyncIterator[Running]:
    running = installation.process("gateway", "--no-worker", database__url=url)
    try:
        yield running
    finally:
        await running.process.stop()


def over(proxy: FaultyProxy, database_url: str) -> str:
    """The database's URL by way of the proxy."""
    return conninfo.make_conninfo(database_url, host="127.0.0.1", port=str(proxy.port))


async def accepted(session: aiohttp.ClientSession, url: str, raw: bytes) -> Answer:
    """Send a message again and again, as ShEP does, until it is taken."""
    async with asyncio.timeout(_SECONDS):
        while not (answer := await send(session, url, raw)).accepted:
            assert b"SCE909" in answer.body
            await asyncio.sleep(0.2)
    return answer


async def failing(session: aiohttp.ClientSession, url: str, detail: str) -> None:
    """Wait until health names the database with this detail."""
    async with asyncio.timeout(_SECONDS):
        while True:
            said = await ready(session, url)
            if any(one["name"] == "database" and not one["ok"] and detail in one["detail"] for one in said["checks"]):
                return
            await asyncio.sleep(0.2)


def cases(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM cases").fetchone()
    assert row is not None
    return int(row[0])


async def test_not_reachable_at_start(
    installation: Installation, session: aiohttp.ClientSession, proxy: FaultyProxy, database_url: str
) -> None:
    """The process waits, answers SCE909, says in health and log what it waits for, and begins when it is there."""
    proxy.suffer(Condition.CUT)
    raw = installation.message()
    async with gateway(installation, over(proxy, database_url)) as running:
        starting = asyncio.create_task(running.start())
        async with asyncio.timeout(_SECONDS):
            while True:
                try:
                    answer = await send(session, running.url, raw)
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)
                else:
                    break
        assert answer.refused("gateway.starting")
        assert set((await ready(session, running.url))["failing"]) == {"intake", "database"}
        proxy.heal()
        await starting
        assert (await accepted(session, running.url, raw)).accepted
        assert "database.waited_for" in running.process.log.read_text()


async def test_told_to_end_while_it_waits(
    installation: Installation, proxy: FaultyProxy, database_url: str, session: aiohttp.ClientSession
) -> None:
    """A process that still waits for its database ends at once, and in order, when it is told to."""
    proxy.suffer(Condition.CUT)
    async with gateway(installation, over(proxy, database_url)) as running:
        starting = asyncio.create_task(running.start())
        async with asyncio.timeout(_SECONDS):
            while not running.process.log.exists() or "waited_for" not in running.process.log.read_text():
                await asyncio.sleep(0.1)
        starting.cancel()
        assert await running.process.stop() == 0
    assert not session.closed


@pytest.mark.parametrize("condition", [Condition.CUT, Condition.HALF_OPEN])
async def test_gone_in_the_middle(
    installation: Installation,
    session: aiohttp.ClientSession,
    proxy: FaultyProxy,
    database_url: str,
    condition: Condition,
) -> None:
    """Messages are answered SCE909 with Retry-After while it is away; afterwards the same ones are taken, once."""
    async with gateway(installation, over(proxy, database_url)) as running:
        await running.start()
        raws = [installation.message() for _ in range(3)]
        assert (await send(session, running.url, raws[0])).accepted
        proxy.suffer(condition)
        answers = await asyncio.gather(*(send(session, running.url, raw) for raw in raws[1:]))
        assert all(one.refused("gateway.store_unavailable") for one in answers)
        await failing(session, running.url, "")
        if condition is Condition.HALF_OPEN:
            proxy.suffer(Condition.CUT)  # what was silent stays silent until somebody's patience ends
        proxy.heal()
        for raw in raws:
            await accepted(session, running.url, raw)
    assert cases(database_url) == len(raws)


async def test_the_answer_to_a_commit_is_lost(
    installation: Installation, session: aiohttp.ClientSession, proxy: FaultyProxy, database_url: str
) -> None:
    """The server committed and nobody heard it: no receipt is guessed, the repeat gets the one that was stored."""
    async with gateway(installation, over(proxy, database_url)) as running:
        await running.start()
        raw = installation.message()
        assert (await send(session, running.url, installation.message())).accepted
        proxy.spring = (b"COMMIT", Condition.ONE_WAY)
        answer = await send(session, running.url, raw)
        assert answer.refused("gateway.store_unavailable")
        assert cases(database_url) == 2
        proxy.suffer(Condition.CUT)
        proxy.heal()
        first = await accepted(session, running.url, raw)
        assert (await accepted(session, running.url, raw)).body == first.body
    assert cases(database_url) == 2


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[str]:
    """A server whose settings a test may change."""
    with serving(tmp_path / "own") as url, fresh_database(url) as database:
        yield database


async def test_read_only(installation: Installation, session: aiohttp.ClientSession, own_server: str) -> None:
    """A database that takes no writes is named so; nothing is acknowledged until it does."""
    async with gateway(installation, own_server) as running:
        await running.start()
        raw = installation.message()
        alter(own_server, "ALTER SYSTEM SET default_transaction_read_only = on")
        async with asyncio.timeout(_SECONDS):
            while not (answer := await send(session, running.url, raw)).refused("gateway.store_unavailable"):
                assert answer.accepted  # the server takes up its settings on its own time
                raw = installation.message()
        await failing(session, running.url, "read-only")
        alter(own_server, "SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only")
        await accepted(session, running.url, raw)


def alter(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("SELECT pg_reload_conf()")


@only_root
async def test_full_disk(installation: Installation, session: aiohttp.ClientSession) -> None:
    """When the database's disk is full messages are refused and health says why; when there is room they are taken."""
    with small_disk() as folder, serving(folder / "own") as url, fresh_database(url) as database:
        async with gateway(installation, database) as running:
            await running.start()
            acknowledged = [installation.message()]
            assert (await send(session, running.url, acknowledged[0])).accepted
            ballast = folder / "ballast"
            fill(ballast)
            while (await send(session, running.url, raw := installation.message())).accepted:
                acknowledged.append(raw)  # what PostgreSQL has set aside already
            assert (await send(session, running.url, raw)).refused("gateway.store_unavailable")
            await failing(session, running.url, "its disk is full")
            ballast.unlink()
            for again in (raw, *acknowledged):
                await accepted(session, running.url, again)
        assert cases(database) == len(acknowledged) + 1


@contextmanager
def small_disk() -> Iterator[Path]:
    """Mount a disk of a few megabytes."""
    with tempfile.TemporaryDirectory(prefix="qaqpa-disk-") as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m,mode=755", "tmpfs", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def fill(ballast: Path) -> None:
    """Leave not a byte on the disk."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


@pytest.mark.parametrize(
    ("oldest", "statement", "told"),
    [
        (99, "SELECT 1", "needed is 99 or newer"),
        (14, "SET synchronous_commit = off", "synchronous_commit = off"),
    ],
)
async def test_a_server_that_cannot_keep_the_promises(
    database_url: str, oldest: int, statement: str, told: str
) -> None:
    """A server that is too old, or forgets what it committed, is refused with what to do about it."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await check_server(connection)
        await connection.execute(statement.encode())
        with pytest.raises(DatabaseUnusable, match=told):
            await check_server(connection, oldest)
