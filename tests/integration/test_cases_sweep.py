"""The sweep and the checker over a real database: what nobody would take up is found, mended once, and told."""

import asyncio
import json

import pytest

from gateway.cases import machine
from gateway.cases.course import ProviderAnswered
from gateway.cases.evidence import first_broken
from gateway.cases.model import Case, TaskKind
from gateway.cases.provider import Decision, Outcome, ProviderStatus, Stage
from gateway.cases.store import doctor, search
from gateway.cases.store.doctor import diagnose
from gateway.cases.store.invariants import OF_CASES
from gateway.cases.store.ledger import Commit
from gateway.cases.store.search import Search
from gateway.cases.store.store import Store
from gateway.cases.sweep import Sweep
from tests.support.cases import AT, new_message, registered
from tests.support.gateway import Recorder

DECISION = Decision(Outcome.POSITIVE, AT, b"<result/>", "result.xml")
LIFE: dict[str, tuple[list[machine.Event], set[str]]] = {
    "registered": ([], {"submit", "watch", "deliver"}),
    "in process": (
        [ProviderAnswered(AT, ProviderStatus(Stage.IN_PROGRESS, AT))],
        {"poll", "watch", "deliver"},
    ),
    "completed by the citizen": ([machine.Supplemented(AT)], {"supplement", "watch", "deliver"}),
    "decided": ([machine.Decided(AT, DECISION)], {"deliver"}),
    "issued": ([machine.Decided(AT, DECISION), machine.Sent(AT, final=True)], {"confirm", "deliver"}),
}


def sweep(store: Store, recorder: Recorder | None = None) -> Sweep:
    return Sweep(Search(store.pool), store.ledger, lambda: AT, recorder or Recorder())


async def case(store: Store, serial: int = 1, events: list[machine.Event] | None = None) -> Case:
    """Open a case and let some things happen to it."""
    change = registered(serial)
    await store.inbox.accept(new_message(str(serial)), change)
    after: Case | None = change.case
    for event in events or []:
        decision = event.decision if isinstance(event, machine.Decided) else None
        after = await store.ledger.commit(
            change.case.id,
            lambda locked, event=event, decision=decision: Commit(  # type: ignore[misc]  # bound now
                machine.advance(locked, event), decision=decision
            ),
        )
    assert after is not None
    return after


async def execute(store: Store, statement: str) -> None:
    async with store.pool.connection() as connection:
        await connection.execute(statement)


@pytest.mark.parametrize("stand", LIFE)
async def test_a_case_without_a_next_step_gets_it_again(store: Store, stand: str) -> None:
    """Whatever its state, what is to be done is due again; the evidence says so, and all promises hold."""
    events, expected = LIFE[stand]
    found = await case(store, events=events)
    await execute(store, "DELETE FROM tasks")
    assert (await diagnose(store.pool)).broken.keys() >= {"a case that is not finished has a next step"}
    recorder = Recorder()
    await sweep(store, recorder).run()
    assert {task.kind for task in await store.tasks.of_case(found.id)} == expected
    assert (await diagnose(store.pool)).broken == {}
    log = await store.ledger.events(found.id)
    assert first_broken(log) is None
    assert log[-1].kind == "Mended"
    assert "promise" in json.loads(log[-1].data)
    assert recorder.found["idle"] > 0
    assert recorder.found["mended"] > 0
    assert (await sweep(store).run()).total() == 0


async def test_work_under_way_is_no_finding(store: Store) -> None:
    """Claimed, waiting and dead tasks are tasks: a sound database is left as it is."""
    found = await case(store)
    claim, *_ = await store.tasks.claim(10, 60)
    await store.tasks.kill(claim, "provider.rejected")
    assert (await sweep(store).run()).total() == 0
    assert len(await store.ledger.events(found.id)) == 1


async def test_two_sweeps_mend_once(store: Store) -> None:
    """Every worker sweeps; what one has mended the other finds changed."""
    cases = [await case(store, serial) for serial in range(1, 6)]
    await execute(store, "DELETE FROM tasks")
    await asyncio.gather(*(sweep(store).run() for _ in range(4)))
    for one in cases:
        mended = [event for event in await store.ledger.events(one.id) if event.kind == "Mended"]
        assert {json.loads(event.data)["promise"] for event in mended} <= set(OF_CASES)
        assert len(mended) <= len({json.loads(event.data)["promise"] for event in mended})
        assert mended
    assert (await diagnose(store.pool)).broken == {}


async def test_what_cannot_be_mended_is_raised(store: Store) -> None:
    """Tasks without a case, and leases that ended long ago: counted, left alone, for a person."""
    await case(store)
    claims = await store.tasks.claim(10, 60)
    assert TaskKind.SUBMIT in {claim.kind for claim in claims}
    await execute(store, "UPDATE tasks SET due_at = now() - interval '1 hour'")
    await execute(
        store, "INSERT INTO tasks (case_id, kind, bucket, due_at) VALUES (gen_random_uuid(), 'poll', 0, now())"
    )
    recorder = Recorder()
    await sweep(store, recorder).run()
    assert recorder.found == {"idle": 0, "mended": 0, "orphaned": 1, "abandoned": len(claims)}
    assert set((await diagnose(store.pool)).broken) == {"a task belongs to a case"}


@pytest.mark.parametrize("damaged", range(7))
async def test_no_case_lies_between_two_parts(store: Store, damaged: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Database and sweep are walked in parts; whichever case is damaged, it is found, and no other."""
    monkeypatch.setattr(doctor, "_BATCH", 3)
    monkeypatch.setattr(search, "_BATCH", 3)
    cases = sorted([await case(store, serial) for serial in range(1, 8)], key=lambda one: one.id)
    assert (await diagnose(store.pool)).broken == {}
    one = cases[damaged].id
    async with store.pool.connection() as connection:
        await connection.execute("DELETE FROM messages WHERE case_id = %s", (one,))
        await connection.execute("DELETE FROM tasks WHERE case_id = %s", (one,))
        await connection.execute("UPDATE events SET data = '{}' WHERE case_id = %s", (one,))
    broken = (await diagnose(store.pool)).broken
    assert {found for cases_found in broken.values() for found in cases_found} == {one}
    assert len(broken) == 5
    await sweep(store).run()
    assert {task.kind for task in await store.tasks.of_case(one)} == {"submit", "watch", "deliver"}


async def test_the_checker_changes_nothing(store: Store) -> None:
    """It reads in read-only transactions: the server itself would refuse a change."""
    await case(store)
    await execute(store, "DELETE FROM tasks")
    before = await store.ledger.cases()
    await diagnose(store.pool)
    assert await store.ledger.cases() == before
    assert await store.tasks.of_case(before[0].id) == []
