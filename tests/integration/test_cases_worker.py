"""The worker over a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from gateway.cases.calls import Failure
from gateway.cases.destinations import Destinations
from gateway.cases.model import Case, Claim, TaskKind
from gateway.cases.provider import ProviderUnavailable
from gateway.cases.store.ledger import Commit
from gateway.cases.store.store import Store
from gateway.cases.worker import StepFailed, Worker, backoff_seconds
from gateway.settings import Worker as WorkerSettings
from tests.support.cases import new_message, registered
from tests.support.gateway import Recorder

FAST = WorkerSettings(poll_seconds=0.02, backoff_initial_seconds=0.01, backoff_max_seconds=0.05, max_attempts=3)
Step = Callable[[Claim], Awaitable[None]]


async def opened(store: Store, serial: int = 1) -> Case:
    change = registered(serial)
    await store.inbox.accept(new_message(str(serial)), change)
    return change.case


def finish(store: Store) -> Step:
    async def step(claim: Claim) -> None:
        await store.ledger.commit(claim.case_id, lambda _: Commit(), claim)

    return step


@asynccontextmanager
async def working(
    store: Store, submit: Step, settings: WorkerSettings = FAST, **limits: Any
) -> AsyncIterator[tuple[Worker, Recorder]]:
    recorder = Recorder()

    async def later(claim: Claim) -> None:
        await store.ledger.commit(claim.case_id, lambda _: Commit(again_seconds=60), claim)

    steps = dict.fromkeys(TaskKind, later) | {TaskKind.SUBMIT: submit}
    worker = Worker(store.tasks, steps, settings, Destinations({}, recorder), recorder, **limits)
    task = asyncio.create_task(worker.run())
    try:
        yield worker, recorder
    finally:
        worker.stop()
        await asyncio.wait_for(task, 10)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.01)


async def nothing_to_submit(store: Store) -> bool:
    return all(one.waiting == 0 for one in await store.tasks.backlog() if one.kind == TaskKind.SUBMIT)


async def test_a_failing_step_is_tried_again(store: Store) -> None:
    """A step that fails twice and then succeeds is done, and the others are not held up."""
    case, attempts = await opened(store), list[int]()

    async def flaky(claim: Claim) -> None:
        attempts.append(claim.attempt)
        if claim.attempt < 3:
            raise StepFailed("provider.unavailable")
        await finish(store)(claim)

    async with working(store, flaky) as (_, recorder):
        await until(lambda: nothing_to_submit(store))
    assert attempts == [1, 2, 3]
    assert await store.dead_letters.find() == []
    assert sorted(outcome for kind, outcome in recorder.tasks if kind == "submit") == ["done", "retry", "retry"]
    assert case.number is not None


@pytest.mark.parametrize("failure", [StepFailed("provider.unavailable"), ZeroDivisionError("a defect")])
async def test_what_keeps_failing_becomes_a_dead_letter(store: Store, failure: Exception) -> None:
    """After the limit a person is asked; a defect in a step ends there as well and does not stop the worker."""
    await opened(store)

    async def broken(_: Claim) -> None:
        raise failure

    async with working(store, broken):
        await until(lambda: nothing_to_submit(store))
    (letter,) = await store.dead_letters.find()
    assert (letter.kind, letter.attempts) == (TaskKind.SUBMIT, 3)


async def test_a_final_failure_is_not_repeated(store: Store) -> None:
    """What repeating cannot help is a dead letter at once."""
    await opened(store)

    async def refused(_: Claim) -> None:
        raise StepFailed.for_good("provider.rejected")

    async with working(store, refused):
        await until(lambda: nothing_to_submit(store))
    assert [letter.attempts for letter in await store.dead_letters.find()] == [1]


async def test_a_task_that_kills_its_worker_ends_as_a_dead_letter(store: Store) -> None:
    """Claims count even when the process dies in the step, so a poisonous task does not go round for ever."""
    await opened(store)
    for _ in range(3):
        assert await store.tasks.claim(10, 60)
        async with store.pool.connection() as connection:
            await connection.execute("UPDATE tasks SET due_at = now()")

    async def unreachable(_: Claim) -> None:
        raise AssertionError("the step must not run again")

    async with working(store, unreachable):
        await until(lambda: nothing_to_submit(store))
    letters = {letter.kind: letter.cause for letter in await store.dead_letters.find()}
    assert letters[TaskKind.SUBMIT] == "gateway.too_many_attempts"


async def test_what_does_not_end_in_time_is_handed_back(store: Store) -> None:
    """A step that outlasts the stop is broken off; the next worker begins it at once, and no attempt was lost."""
    await opened(store)
    begun = list[int]()

    async def endless(claim: Claim) -> None:
        begun.append(claim.attempt)
        await asyncio.Event().wait()

    long = FAST.model_copy(update={"lease_seconds": 3600.0})
    async with working(store, endless, long, finish_seconds=0.1):
        await until(lambda: happened(begun))

    async def second(claim: Claim) -> None:
        begun.append(claim.attempt)
        await finish(store)(claim)

    async with working(store, second, long):
        await until(lambda: nothing_to_submit(store))
    assert begun == [1, 1]


async def happened(what: Sequence[object]) -> bool:
    return bool(what)


async def test_a_resting_worker_begins_nothing(store: Store) -> None:
    """During maintenance that lets workers rest no step begins; afterwards what waited is done."""
    await opened(store)
    rests, begun = [True], list[int]()

    async def counted(claim: Claim) -> None:
        begun.append(claim.attempt)
        await finish(store)(claim)

    async with working(store, counted, rests=lambda: rests[0]):
        await asyncio.sleep(FAST.poll_seconds * 5)
        assert begun == []
        rests[0] = False
        await until(lambda: nothing_to_submit(store))


async def test_stopping_finishes_what_is_under_way(store: Store) -> None:
    """A worker that is stopped claims nothing more but ends its steps."""
    await opened(store)
    started, release = asyncio.Event(), asyncio.Event()

    async def slow(claim: Claim) -> None:
        started.set()
        await release.wait()
        await finish(store)(claim)

    async with working(store, slow) as (worker, _):
        await asyncio.wait_for(started.wait(), 10)
        worker.stop()
        release.set()
    assert await nothing_to_submit(store)


async def test_a_long_step_stays_with_its_worker(store: Store) -> None:
    """However long a step takes beyond its lease, no other worker begins it while the first one lives."""
    await opened(store)
    begun, settings = list[int](), FAST.model_copy(update={"lease_seconds": 0.2})

    async def slow(claim: Claim) -> None:
        begun.append(claim.attempt)
        await asyncio.sleep(1)
        await finish(store)(claim)

    async with working(store, slow, settings), working(store, slow, settings):
        await until(lambda: nothing_to_submit(store))
    assert begun == [1]


async def test_a_step_without_end_is_broken_off(store: Store) -> None:
    """A step that hangs is given up at its limit and tried again."""
    await opened(store)
    begun = list[int]()

    async def hanging(claim: Claim) -> None:
        begun.append(claim.attempt)
        if claim.attempt == 1:
            await asyncio.Event().wait()
        await finish(store)(claim)

    async with working(store, hanging, FAST.model_copy(update={"step_seconds": 0.1})):
        await until(lambda: nothing_to_submit(store))
    assert begun == [1, 2]


async def test_no_more_steps_at_once_than_allowed(store: Store) -> None:
    """The limit of concurrency holds, and everything is done in the end."""
    for serial in range(1, 31):
        await opened(store, serial)
    running, most = 0, 0

    async def counted(claim: Claim) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1
        await finish(store)(claim)

    async with working(store, counted, FAST.model_copy(update={"concurrency": 4})):
        await until(lambda: nothing_to_submit(store))
    assert 1 < most <= 4


def test_the_back_off_grows_and_is_bounded() -> None:
    """Waits lie between the initial and the greatest, and later ones may be longer."""
    settings = WorkerSettings(backoff_initial_seconds=1, backoff_max_seconds=60)
    waits = {attempt: [backoff_seconds(attempt, settings) for _ in range(200)] for attempt in (1, 4, 20)}
    assert all(1 <= wait <= 60 for some in waits.values() for wait in some)
    assert max(waits[4]) > max(waits[1])
    assert len(set(waits[20])) > 100


async def test_a_task_of_a_newer_version_is_left_alone(store: Store) -> None:
    """A kind of task that this version does not know stops nobody; others are done, and it waits for who knows it."""
    await opened(store)
    async with store.pool.connection() as connection:
        await connection.execute("INSERT INTO tasks SELECT id, 'future', bucket, now() FROM cases")
    async with working(store, finish(store)):
        await until(lambda: nothing_to_submit(store))
    assert [(one.kind, one.waiting) for one in await store.tasks.backlog() if one.kind == "future"] == [("future", 1)]


async def test_an_outage_of_others_leaves_no_dead_letters(store: Store) -> None:
    """That somebody else is away does not count: however often it is tried, no person has to put it back to work."""
    await opened(store)
    tries = 0

    async def away(claim: Claim) -> None:
        nonlocal tries
        tries += 1
        if tries < 12:
            raise StepFailed.by(ProviderUnavailable("away", Failure.UNREACHABLE), "provider.unavailable")
        await finish(store)(claim)

    async with working(store, away):
        await until(lambda: nothing_to_submit(store))
    assert await store.dead_letters.find() == []


async def test_a_crash_is_logged_without_what_it_was_about(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """The text of an unexpected exception may hold personal data: only its kind and its place are logged."""
    await opened(store)

    async def broken(_: Claim) -> None:
        raise ValueError("Сейітова Айгүл")

    with structlog.testing.capture_logs() as lines:
        async with working(store, broken):
            await until(lambda: nothing_to_submit(store))
    crashes = [line for line in lines if line["event"] == "worker.step_crashed"]
    assert crashes
    assert "Сейітова" not in repr(lines) + caplog.text
