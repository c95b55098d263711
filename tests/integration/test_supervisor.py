"""`qaqpa serve --workers`: several processes on one port, as an operator runs them."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import psutil
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.sandbox.nca import TestAuthority
from tests.support.installation import Installation, Running, ready, send

_SECONDS = 40


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Every request on a connection of its own."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


@pytest.fixture
def installation(tmp_path: Path, authority: TestAuthority) -> Installation:
    return Installation(tmp_path, authority)


@pytest.fixture
async def two(installation: Installation, database_url: str) -> AsyncIterator[Running]:
    running = installation.process("two", "--workers", "2", "--no-worker", database__url=database_url)
    await running.start()
    await both_ready(running)
    try:
        yield running
    finally:
        await running.process.stop()


async def both_ready(running: Running) -> None:
    async with asyncio.timeout(_SECONDS), aiohttp.ClientSession() as session:
        while len((await ready(session, running.url))["replicas"]) < 2:
            await asyncio.sleep(0.05)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_SECONDS):
        while not condition():
            await asyncio.sleep(0.05)


async def samples(session: aiohttp.ClientSession, url: str, name: str) -> Counter[str]:
    """Return the sum of a metric by replica."""
    async with session.get(f"{url}/metrics") as response:
        text = await response.text()
    found = Counter[str]()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                found[sample.labels.get("replica", "")] += int(sample.value)
    return found


def replicas(running: Running) -> list[psutil.Process]:
    assert running.process.process is not None
    return [one for one in psutil.Process(running.process.process.pid).children() if "replica" in one.cmdline()]


async def test_a_process_without_a_worker_hears_call_backs(two: Running, session: aiohttp.ClientSession) -> None:
    """A provider has one address to call: whoever hears it makes the task due, and some worker takes it up."""
    async with session.post(f"{two.url}/providers/kostanay/callback", data=b"") as answer:
        assert (answer.status, await answer.text()) == (401, "client.token")


async def test_connections_are_handed_out_in_turn(
    two: Running, installation: Installation, session: aiohttp.ClientSession
) -> None:
    """Each replica gets every second connection, whoever opens them; both are told apart in the metrics."""
    before = await samples(session, two.url, "qaqpa_messages_received_total")
    for _ in range(8):
        assert (await send(session, two.url, installation.message())).accepted
    received = await samples(session, two.url, "qaqpa_messages_received_total")
    assert received - before == Counter({"0": 4, "1": 4})


async def test_a_replica_that_dies_is_replaced(
    two: Running, installation: Installation, session: aiohttp.ClientSession
) -> None:
    """After kill -9 of a replica the other one answers at once, and soon there are two again, each ready."""
    dead, alive = replicas(two)
    dead.kill()
    assert (await send(session, two.url, installation.message())).accepted
    await until(lambda: len(replicas(two)) == 2)
    await both_ready(two)
    assert alive in replicas(two)
    assert sum((await samples(session, two.url, "qaqpa_replica_restarts_total")).values()) == 1


async def test_replicas_end_with_their_supervisor(two: Running, session: aiohttp.ClientSession) -> None:
    """After kill -9 of the supervisor its replicas end by themselves, and the port is free for the next one."""
    left = replicas(two)
    await two.process.kill()
    await until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in left))
    await two.start()
    assert (await ready(session, two.url))["status"] == "ready"


async def test_health_tells_of_every_replica(
    installation: Installation, session: aiohttp.ClientSession, database_url: str
) -> None:
    """The answer is about both; one that hangs, and would be handed messages, makes the whole not ready."""
    admin = installation.process("admin")
    port = {"database__url": database_url, "http__admin_port": admin.url.rpartition(":")[2]}
    running = installation.process("hanging", "--workers", "2", "--no-worker", **port)
    await running.process.start(admin.url)
    try:
        await both_ready(admin)
        hanging = replicas(running)[0]
        hanging.suspend()
        said = await ready(session, admin.url)
        hanging.resume()
    finally:
        await running.process.stop()
    assert said["failing"] == ["no answer"]
    assert sorted(one["status"] for one in said["replicas"]) == ["not ready", "ready"]


async def test_a_stopped_process_ends_in_order(
    two: Running, installation: Installation, session: aiohttp.ClientSession
) -> None:
    """SIGTERM ends supervisor and replicas with 0, and leaves nothing behind."""
    assert (await send(session, two.url, installation.message())).accepted
    left = replicas(two)
    assert await two.process.stop() == 0
    assert not any(one.is_running() for one in left)
    with pytest.raises(aiohttp.ClientConnectorError):
        await send(session, two.url, installation.message())


async def test_what_a_restart_does_not_mend_ends_everything(installation: Installation, database_url: str) -> None:
    """A database of a newer version ends all processes with EX_CONFIG and a line that says what to do."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE schema_migrations (number integer, phase text, name text, checksum text, "
            "applied_at timestamptz, PRIMARY KEY (number, phase))"
        )
        connection.execute("INSERT INTO schema_migrations VALUES (99, 'before', 'later', 'x', now())")
    for options in ((), ("--workers", "2")):
        running = installation.process(f"ahead{len(options)}", *options, database__url=database_url)
        with pytest.raises(AssertionError, match="the database is ahead, at migration 0099"):
            await running.start()
        assert running.process.process is not None
        assert running.process.process.returncode == os.EX_CONFIG


async def test_an_administrators_port_keeps_the_wires_port_for_messages(
    installation: Installation, database_url: str, session: aiohttp.ClientSession
) -> None:
    """With `http.admin_port` metrics and health are there and only there, of one process and of several."""
    for options in ((), ("--workers", "2")):
        admin = installation.process(f"admin{len(options)}")
        running = installation.process(
            f"wire{len(options)}",
            *options,
            database__url=database_url,
            http__admin_port=admin.url.rpartition(":")[2],
        )
        await running.process.start(admin.url)
        try:
            async with session.get(f"{running.url}/metrics") as response:
                assert response.status == 404
            async with session.get(f"{running.url}/health/ready") as response:
                assert response.status == 404
            assert await samples(session, admin.url, "qaqpa_build_info")
            assert (await send(session, running.url, installation.message())).accepted
        finally:
            assert await running.process.stop() == 0


async def test_maintenance_is_known_to_every_replica(
    two: Running, installation: Installation, session: aiohttp.ClientSession, database_url: str
) -> None:
    """While it is on, every replica answers SCE909 with reason and Retry-After; what was refused is taken later."""
    raw = installation.message()
    await maintain(
        installation, database_url, "on", "--reason-kk", "Жаңарту", "--reason-ru", "Обновление", "--retry-after", "77"
    )
    async with asyncio.timeout(_SECONDS):
        answers = [await send(session, two.url, raw) for _ in range(2)]
        while not all(one.refused("gateway.maintenance") for one in answers):
            answers = [await send(session, two.url, raw) for _ in range(2)]
            raw = installation.message()
    assert {one.retry_after for one in answers} == {77}
    assert all("Жаңарту".encode() in one.body and "Обновление".encode() in one.body for one in answers)
    assert "on since" in await maintain(installation, database_url, "status")

    assert "off" in await maintain(installation, database_url, "off")
    async with asyncio.timeout(_SECONDS):
        while not (await send(session, two.url, raw)).accepted:
            await asyncio.sleep(0.1)


async def maintain(installation: Installation, database_url: str, *words: str) -> str:
    """Run `qaqpa maintenance`; return what it prints."""
    code, output = await installation.qaqpa("maintenance", *words, QAQPA_DATABASE__URL=database_url)
    assert code == 0, output
    return output


async def test_a_signal_to_one_replica_loses_no_connection(
    two: Running, installation: Installation, session: aiohttp.ClientSession
) -> None:
    """A replica that is told to end finishes what it has; everybody else is served by the other one meanwhile."""
    os.kill(replicas(two)[0].pid, signal.SIGTERM)
    answers = [await send(session, two.url, installation.message()) for _ in range(10)]
    assert all(one.accepted for one in answers)


async def test_replicas_that_hang_do_not_hang_the_supervisor(
    installation: Installation, session: aiohttp.ClientSession, database_url: str
) -> None:
    """With more connections than hanging replicas are sent, it still answers, replaces them when they die, and ends."""
    admin = installation.process("admin")
    port = {"database__url": database_url, "http__admin_port": admin.url.rpartition(":")[2]}
    running = installation.process("full", "--workers", "2", "--no-worker", **port)
    await running.process.start(admin.url)
    opened: list[asyncio.StreamWriter] = []
    try:
        await both_ready(admin)
        for one in replicas(running):
            one.suspend()
        host, _, number = running.url.removeprefix("http://").rpartition(":")
        opened += [(await asyncio.open_connection(host, int(number)))[1] for _ in range(900)]
        async with session.get(f"{admin.url}/health/live") as response:
            assert response.status == 200
        for one in replicas(running):
            one.kill()
        await both_ready(admin)
        assert (await send(session, running.url, installation.message())).accepted
    finally:
        for writer in opened:
            writer.close()
        code = await running.process.stop()
    assert code == 0
