"""One run: start everybody, let load and storm loose, wait for quiet, judge."""

import asyncio
import random
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.chaos import evidence
from tests.chaos.faults import Storm
from tests.chaos.load import Load
from tests.chaos.progress import Progress
from tests.chaos.report import Report
from tests.chaos.verdict import Story, Verdict, judge
from tests.chaos.world import ChaosWorld, chaos_world

_QUIET_LIMIT_SECONDS = 300.0
_TOLD_EVERY_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done."""

    applications: int
    kills: int
    seed: int
    pause_seconds: float = 2.5
    """Between two kills, on the average."""


async def run(plan: Plan, folder: Path) -> Report:
    """Carry the plan out on an empty folder.

    Raises:
        TimeoutError: somebody did not come back.
    """
    async with chaos_world(folder) as world:
        progress = Progress(plan.applications, plan.kills)
        load = Load(world.portal.portal, world.copies, progress, _chance(plan, "load"))
        storm = Storm(world, progress, _chance(plan, "storm"), plan.pause_seconds)
        started = time.monotonic()
        try:
            await _rage(load, storm, progress)
            raged = time.monotonic()
            await quiet(world, load)
        finally:
            await load.stop()
        stories, verdict = await judged(world, load)
        return Report(plan.seed, verdict, stories, storm, load, raged - started, time.monotonic() - raged)


async def quiet(world: ChaosWorld, load: Load) -> None:
    """End all faults and wait until nothing is left to do, or for too long: then the verdict says what is stuck.

    Raises:
        TimeoutError: somebody did not come back.
    """
    world.relieve()
    await world.ready()
    with suppress(TimeoutError):
        async with asyncio.timeout(_QUIET_LIMIT_SECONDS):
            await load.settled()
            while load.unfinished() or await _open_cases(world):
                await asyncio.sleep(0.2)


async def judged(world: ChaosWorld, load: Load) -> tuple[list[Story], Verdict]:
    """Put together what everybody remembers, and judge it."""
    database = world.database.url
    stories = evidence.stories(world.folder, database, load.expected, load.receipts)
    found = [*evidence.orphans(world.folder, database), *await _doctor(world)]
    return stories, judge(stories, found)


def _chance(plan: Plan, what: str) -> random.Random:
    return random.Random(f"{plan.seed} {what}")  # noqa: S311  to be repeated, not to be secret


async def _rage(load: Load, storm: Storm, progress: Progress) -> None:
    telling = asyncio.create_task(_tell(load, progress))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run())
            group.create_task(storm.run())
    finally:
        telling.cancel()


async def _tell(load: Load, progress: Progress) -> None:
    while True:
        await asyncio.sleep(_TOLD_EVERY_SECONDS)
        sys.stderr.write(f"{progress.sent} sent, {load.unfinished()} unfinished, {progress.killed} kills\n")


async def _open_cases(world: ChaosWorld) -> int:
    async with await psycopg.AsyncConnection.connect(world.database.url) as connection:
        cursor = await connection.execute("SELECT count(*) FROM cases WHERE state <> 'confirmed'")
        return int((await cursor.fetchone() or (0,))[0])


async def _doctor(world: ChaosWorld) -> Iterable[str]:
    """Ask `qaqpa doctor`; return the lines in which it names what is broken."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", "doctor", "--settings", str(world.settings)),
        env=world.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await program.communicate())[0].decode().strip()
    if program.returncode == 0:
        return []
    return [line for line in said.splitlines() if line.startswith("broken")] or [said]
