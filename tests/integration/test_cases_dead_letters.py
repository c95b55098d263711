"""Dead letters, found by what they have in common and put back to work by a named person, over a real database."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.cases import machine
from gateway.cases.evidence import first_broken
from gateway.cases.model import Case, Claim, State, TaskKind
from gateway.cases.provider import Decision, Outcome
from gateway.cases.replay import Replay
from gateway.cases.store.dead_letters import DeadLetter, Wanted
from gateway.cases.store.ledger import Commit
from gateway.cases.store.store import Store
from tests.support.cases import AT, new_case, new_message, registered

REFUSED = "provider.rejected: service.unknown"


async def dead(store: Store, serial: int, kind: TaskKind, cause: str, service: str = "a.service") -> Case:
    """Open a case and give one of its tasks up."""
    change = registered(serial, replace(new_case(), service_id=service))
    await store.inbox.accept(new_message(str(serial)), change)
    claims = {(one.case_id, one.kind): one for one in await store.tasks.claim(100, 60)}
    for key, one in claims.items():
        if key == (change.case.id, kind):
            await store.tasks.kill(one, cause)
    return change.case


def by_alice(store: Store) -> Replay:
    return Replay(store.dead_letters, store.ledger, lambda: AT, "alice", "the provider has registered the service")


async def claimed(store: Store, case: Case) -> list[Claim]:
    return [one for one in await store.tasks.claim(100, 60) if one.case_id == case.id]


async def test_a_replay_says_who_when_and_why(store: Store) -> None:
    """The step that failed is due from its first attempt, and the evidence names the person, the reason, the cause."""
    case = await dead(store, 1, TaskKind.SUBMIT, REFUSED)
    (letter,) = await store.dead_letters.find()
    assert (letter.number, letter.kind, letter.cause, letter.last) == (case.number, "submit", REFUSED, "Registered")
    assert await claimed(store, case) == []
    assert await by_alice(store).replay(letter)
    (claim,) = await claimed(store, case)
    assert (claim.kind, claim.attempt) == (TaskKind.SUBMIT, 1)
    events = await store.ledger.events(case.id)
    assert first_broken(events) is None
    assert events[-1].kind == "Replayed"
    assert json.loads(events[-1].data) == {
        "task": "submit",
        "by": "alice",
        "why": "the provider has registered the service",
        "cause": REFUSED,
        "attempts": 1,
    }


async def test_two_people_replay_once(store: Store) -> None:
    """What has been put back to work is not dead any more: the second person changes nothing."""
    case = await dead(store, 1, TaskKind.SUBMIT, REFUSED)
    (letter,) = await store.dead_letters.find()
    assert await by_alice(store).replay(letter)
    assert not await by_alice(store).replay(letter)
    assert [event.kind for event in await store.ledger.events(case.id)] == ["Registered", "Replayed"]


async def test_who_dies_in_the_middle_of_a_replay_has_changed_nothing(store: Store) -> None:
    """A letter that was taken and not replayed is still dead, and can be replayed."""
    await dead(store, 1, TaskKind.SUBMIT, REFUSED)
    (letter,) = await store.dead_letters.find()
    assert await store.dead_letters.take(letter) is not None
    assert await store.dead_letters.find() == [letter]
    assert await by_alice(store).replay(letter)
    assert await store.dead_letters.find() == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), {1, 2, 3}),
        (Wanted(service_id="b.service"), {2}),
        (Wanted(cause="provider.rejected"), {1, 2}),
        (Wanted(cause="rejected"), set()),
        (Wanted(kind="deliver"), {3}),
        (Wanted(service_id="a.service", kind="submit"), {1}),
        (Wanted(since=AT + timedelta(days=36500)), set()),
        (Wanted(since=AT - timedelta(days=1)), {1, 2, 3}),
    ],
)
async def test_letters_are_found_by_what_they_have_in_common(store: Store, wanted: Wanted, expected: set[int]) -> None:
    """Service, beginning of the cause, step and time, alone and together."""
    cases = [
        await dead(store, 1, TaskKind.SUBMIT, REFUSED),
        await dead(store, 2, TaskKind.SUBMIT, REFUSED, "b.service"),
        await dead(store, 3, TaskKind.DELIVER, "shep.unavailable: shep.fault: SCE001"),
    ]
    serials = {case.id: serial for serial, case in enumerate(cases, 1)}
    assert {serials[one.case_id] for one in await store.dead_letters.find(wanted)} == expected
    one = await store.dead_letters.find(replace(wanted, case_id=cases[0].id))
    assert {serials[letter.case_id] for letter in one} == expected & {1}


async def test_what_the_cabinet_does_not_have_is_counted(store: Store) -> None:
    """A message that ShEP has not taken, and an answer that nobody has confirmed; a notification that was taken is
    all that can be known of it."""
    case = await dead(store, 1, TaskKind.SUBMIT, REFUSED)
    assert [(one.kind, one.state, one.count) for one in await store.delivery_log.count_overdue(0)] == [
        ("NOTIFICATION", "pending", 1)
    ]
    notification = await store.outbox.next_pending(case.id)
    assert notification is not None
    await sent(store, case, 1)
    assert await store.delivery_log.count_overdue(0) == []
    decision = Decision(Outcome.POSITIVE, AT, b"<result/>", "result.xml")
    event = machine.Decided(AT, decision)
    await store.ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, event), decision=decision))
    await sent(store, case, 2)
    assert [(one.kind, one.state, one.sends) for one in await store.delivery_log.overdue(0)] == [
        ("RESPONSE", "sent", 1)
    ]
    assert await store.delivery_log.overdue(10**10) == []
    answer = await store.outbox.answer(case.id)
    assert answer is not None
    confirmed = machine.Confirmed(AT)
    after = await store.ledger.commit(
        case.id, lambda locked: Commit(machine.advance(locked, confirmed), confirmed=(answer, AT))
    )
    assert after is not None
    assert after.state is State.CONFIRMED
    assert await store.delivery_log.overdue(0) == []


async def sent(store: Store, case: Case, seq: int) -> None:
    """Record that ShEP took the case's oldest message."""
    delivery = await store.outbox.next_pending(case.id)
    assert delivery is not None
    event = machine.Sent(AT, final=seq > 1)
    await store.ledger.commit(
        case.id, lambda locked: Commit(machine.advance(locked, event), sent=(delivery, AT, str(seq)))
    )


async def test_a_letter_shows_the_last_event_and_the_next_step(store: Store) -> None:
    """An operator sees how far the case had come, and where a replay begins."""
    case = await dead(store, 1, TaskKind.SUBMIT, REFUSED)
    (letter,) = await store.dead_letters.find()
    assert letter == DeadLetter(
        case.id, case.number, "a.service", "submit", 1, REFUSED, letter.dead_at, "Registered", AT
    )
    tasks = {task.kind: task for task in await store.tasks.of_case(case.id)}
    assert tasks["submit"].dead_at == letter.dead_at
    assert tasks["deliver"].dead_at is None
