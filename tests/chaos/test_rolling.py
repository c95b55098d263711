"""Processes are exchanged one by one under load: nobody notices more than a connection that must be made anew."""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import aiohttp
import psycopg
import pytest

from gateway.cases.store.schema import FOLDER, schema
from gateway.sandbox.nca import TestAuthority
from tests.support import next_version
from tests.support.installation import Installation, Running, send

_LINES = 6
_PAUSE_SECONDS = 0.02
NEXT = "tests.support.next_version"


@dataclass
class Load:
    """Senders that go on until they are told to stop; each message is sent until it is taken."""

    installation: Installation
    urls: list[str]
    errors: Counter[str] = field(default_factory=Counter)
    receipts: dict[bytes, bytes] = field(default_factory=dict, repr=False)

    async def line(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        urls = cycle(self.urls)
        while not stop.is_set():
            raw = self.installation.message()
            while raw not in self.receipts:
                await self._once(session, next(urls), raw)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _once(self, session: aiohttp.ClientSession, url: str, raw: bytes) -> None:
        try:
            answer = await send(session, url, raw)
        except aiohttp.ClientConnectorError:
            self.errors["refused"] += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            self.errors["closed"] += 1  # the request was not answered: it is sent again
        else:
            if answer.accepted:
                self.receipts[raw] = answer.body
            else:
                assert answer.retry_after, answer.body
                self.errors["come again"] += 1

    async def until_more(self, count: int) -> None:
        """Wait until so many more were taken."""
        goal = len(self.receipts) + count
        async with asyncio.timeout(60):
            while len(self.receipts) < goal:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def under_load(installation: Installation, *running: Running) -> AsyncIterator[Load]:
    load, stop = Load(installation, [one.url for one in running]), asyncio.Event()
    async with aiohttp.ClientSession() as session:
        lines = [asyncio.create_task(load.line(session, stop)) for _ in range(_LINES)]
        try:
            yield load
        finally:
            stop.set()
            await asyncio.gather(*lines)


@pytest.fixture
def installation(tmp_path: Path, authority: TestAuthority) -> Installation:
    return Installation(tmp_path, authority)


@pytest.fixture
async def pair(installation: Installation, database_url: str) -> AsyncIterator[tuple[Running, Running]]:
    """Two processes with workers, behind whatever spreads messages over them."""
    both = tuple(installation.process(name, database__url=database_url) for name in ("first", "second"))
    for one in both:
        await one.start()
    try:
        yield both[0], both[1]
    finally:
        for one in both:
            await one.process.stop()


async def assert_kept(load: Load, database_url: str, program: str = "gateway.cli", **environment: str) -> None:
    """Everything that was acknowledged is there once, and nothing else; no task is held by a process that has gone."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT correlation_id) FROM cases").fetchone()
    assert row == (len(load.receipts), len(load.receipts))
    code, output = await load.installation.qaqpa(
        "doctor", program=program, QAQPA_DATABASE__URL=database_url, **environment
    )
    assert code == 0, output


async def test_a_rolling_restart_goes_unnoticed(
    pair: tuple[Running, Running], installation: Installation, database_url: str
) -> None:
    """Two processes restarted one after the other: senders see refused or closed connections at most, lose nothing."""
    async with under_load(installation, *pair) as load:
        for one in pair:
            await load.until_more(30)
            assert await one.process.stop() == 0
            await load.until_more(30)
            await one.start()
        await load.until_more(30)
    assert load.errors.keys() <= {"refused", "closed"}
    await assert_kept(load, database_url)


async def test_what_a_stopped_process_held_is_due_at_once(
    pair: tuple[Running, Running], installation: Installation, database_url: str
) -> None:
    """After SIGTERM no task is left under a claim of the process that ended."""
    async with under_load(installation, *pair) as load:
        await load.until_more(30)
    for one in pair:
        assert await one.process.stop() == 0
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM tasks WHERE claim IS NOT NULL").fetchone()
    assert row == (0,)


@pytest.fixture
def next_migrations(tmp_path: Path) -> Iterator[Path]:
    """The migrations of the next release: two columns more, of which it needs one only beside this version."""
    folder, number = tmp_path / "migrations", schema().number + 1
    shutil.copytree(FOLDER, folder)
    before = (
        "ALTER TABLE cases ADD COLUMN next_a text, ADD COLUMN next_b text; CREATE INDEX cases_next ON cases (next_a)"
    )
    (folder / f"{number:04}_next.sql").write_text(before)
    (folder / f"{number:04}_next.after.sql").write_text("ALTER TABLE cases DROP COLUMN next_b")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.timeout(240)
async def test_a_rolling_upgrade_goes_unnoticed(
    pair: tuple[Running, Running], installation: Installation, database_url: str, next_migrations: Path
) -> None:
    """Old and new run together between the phases; the second waits for the last old one, and shuts old ones out."""
    after = {next_version.FOLDER: str(next_migrations), "QAQPA_DATABASE__URL": database_url}
    old, last = pair
    async with under_load(installation, *pair) as load:
        await load.until_more(30)
        assert await old.process.stop() == 0
        become_next(old, next_migrations)
        await old.start()  # applies the first phase while the other one serves
        await load.until_more(60)

        code, said = await installation.qaqpa("migrate", "--phase", "after", program=NEXT, **after)
        assert (code, "older version" in said) == (os.EX_CONFIG, True)

        assert await last.process.stop() == 0
        code, said = await installation.qaqpa("migrate", "--phase", "after", program=NEXT, **after)
        assert (code, "_next (after)" in said) == (0, True), said
        await load.until_more(30)
        with pytest.raises(AssertionError, match="the database is ahead"):
            await last.start()
        become_next(last, next_migrations)
        await last.start()
        await load.until_more(30)
    assert load.errors.keys() <= {"refused", "closed"}
    await assert_kept(load, database_url, NEXT, **{next_version.FOLDER: str(next_migrations)})


def become_next(running: Running, migrations: Path) -> None:
    """Let the process be of the next release from its next start on."""
    running.process.program = NEXT
    running.process.environment[next_version.FOLDER] = str(migrations)


async def test_copies_at_both_processes_get_one_reply(
    pair: tuple[Running, Running], installation: Installation, database_url: str
) -> None:
    """Copies at the same moment, while the first is being committed, and after a restart: one case, one reply."""
    raws = [installation.message() for _ in range(8)]
    async with aiohttp.ClientSession() as session, await psycopg.AsyncConnection.connect(database_url) as holding:
        await holding.execute("LOCK TABLE inbox IN SHARE MODE")  # nobody can commit yet
        copies = [asyncio.create_task(send(session, one.url, raw)) for raw in raws for one in (*pair, *reversed(pair))]
        await waiting_for_lock(database_url)
        await holding.rollback()
        answers = [answer.body for answer in await asyncio.gather(*copies)]
        replies = [set(answers[index : index + 4]) for index in range(0, len(answers), 4)]
        assert all(len(one) == 1 for one in replies)

        assert await pair[0].process.stop() == 0
        await pair[0].start()
        again = [{(await send(session, one.url, raw)).body for one in pair} for raw in raws]
    assert again == replies
    assert all(b"sendMessageResponse" in body for one in replies for body in one)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM cases").fetchone() == (len(raws),)


async def waiting_for_lock(database_url: str) -> None:
    """Wait until both processes have a commit under way."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(30), await psycopg.AsyncConnection.connect(database_url, autocommit=True) as looking:
        while (await (await looking.execute(query)).fetchone() or (0,))[0] < 2:
            await asyncio.sleep(0.02)
