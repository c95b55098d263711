"""The short storm of `make test`, and the proof that its referee sees what is wrong. The long one: `make chaos`."""

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from gateway.clock import utc_now
from gateway.sandbox.journal import Journal, Submitted
from gateway.shep.messages import MessageType
from tests.chaos.load import Load
from tests.chaos.progress import Progress
from tests.chaos.runner import Plan, judged, quiet, run
from tests.chaos.verdict import Wrong
from tests.chaos.world import ChaosWorld, chaos_world
from tests.support.world import HOUSING

_SEED = 20261123


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: only there the database's socket lies beside its data, at the same place after every restart."""
    with TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)


@pytest.mark.timeout(600)
async def test_nothing_is_lost_and_nothing_comes_twice(folder: Path) -> None:
    """Whoever is killed and whatever wire fails, every application ends as it must, once."""
    report = await run(Plan(applications=60, kills=8, seed=_SEED, pause_seconds=1.5), folder)
    assert report.verdict.clean, "\n".join(report.lines())
    assert report.storm.progress.killed >= 8


@pytest.mark.timeout(300)
async def test_the_referee_sees_what_was_lost_and_what_came_twice(folder: Path) -> None:
    """A case taken out of the database is reported lost, a second answer in ShEP double, by their numbers."""
    async with chaos_world(folder) as world:
        load = Load(world.portal.portal, world.copies, Progress(6, 0), random.Random(3))  # noqa: S311  no secret
        await load.run()
        await quiet(world, load)
        _, before = await judged(world, load)
        assert before.clean
        lost, double, *_ = [number for number, ending in load.expected.items() if ending == "positive"]
        _lose(world, lost)
        _answer_again(world, double)
        _, verdict = await judged(world, load)
    assert verdict.wrong[Wrong.LOST] == (lost,)
    assert verdict.wrong[Wrong.DOUBLE] == (double,)
    assert verdict.broken_promises
    assert verdict.line(0).startswith("6 applications, 0 kills: lost 1, double 1")


def _lose(world: ChaosWorld, number: str) -> None:
    correlation = world.portal.portal.cabinet.get(number).correlation
    with psycopg.connect(world.database.url) as connection:
        connection.execute("DELETE FROM cases WHERE correlation_id = %s", (correlation,))


def _answer_again(world: ChaosWorld, number: str) -> None:
    correlation = world.portal.portal.cabinet.get(number).correlation
    journal = Journal.open(world.folder / "shep" / "shep.db")
    try:
        answer = Submitted("gateway", "another id", "portal", HOUSING, MessageType.RESPONSE, None, b"<again/>")
        journal.take(answer, int(correlation or 0), utc_now())
    finally:
        journal.close()
