"""The store on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from gateway.cases import machine
from gateway.cases.evidence import first_broken
from gateway.cases.exhibit import Exhibit
from gateway.cases.model import Case, Claim, State, TaskKind
from gateway.cases.provider import Decision, Outcome
from gateway.cases.store.doctor import diagnose
from gateway.cases.store.inbox import Inbox
from gateway.cases.store.ledger import Commit, Ledger
from gateway.cases.store.migrate import migrate
from gateway.cases.store.outbox import Outbox
from gateway.cases.store.tasks import Tasks
from gateway.cases.vault import Vault
from gateway.catalogue.cabinet_message import read as read_message
from tests.support.cases import AT, RAW, new_message, registered

VAULT = Vault(bytes(32))
DOCUMENT = b"<result>Ivanov</result>"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncConnectionPool]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await migrate(connection)
    async with AsyncConnectionPool(database_url, min_size=2, max_size=6, kwargs={"autocommit": True}) as pool:
        yield pool


async def opened(pool: AsyncConnectionPool, message_id: str = "1", serial: int = 1) -> Case:
    change = registered(serial)
    assert await Inbox(pool, VAULT).accept(new_message(message_id), change)
    return change.case


async def count(pool: AsyncConnectionPool, table: str) -> int:
    async with pool.connection() as connection:
        row = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
    assert row is not None
    return int(row[0])


async def claim(pool: AsyncConnectionPool, kind: TaskKind) -> Claim:
    return next(one for one in await Tasks(pool).claim(10, 60) if one.kind is kind)


async def test_accepting_writes_everything_at_once(pool: AsyncConnectionPool) -> None:
    """Message, case, event, tasks and delivery stand after one commit, and the message opens as it came."""
    case = await opened(pool)
    ledger = Ledger(pool, VAULT)
    assert await ledger.case(case.id) == case
    assert (await ledger.message_in_force(case.id)).raw == RAW
    assert first_broken(await ledger.events(case.id)) is None
    assert {one.kind for one in await Tasks(pool).claim(10, 60)} == {TaskKind.SUBMIT, TaskKind.DELIVER}
    delivery = await Outbox(pool, VAULT).next_pending(case.id)
    assert delivery is not None
    assert read_message(delivery.payload).header.at == AT


async def test_personal_data_is_not_readable_in_the_tables(pool: AsyncConnectionPool) -> None:
    """What lies in the database does not show what the citizen wrote."""
    await opened(pool)
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT raw FROM messages")).fetchone()
    assert row is not None
    assert b"personal" not in row[0]


async def test_a_repeat_inserts_nothing(pool: AsyncConnectionPool) -> None:
    """A message that is known leaves no second case, event, task or delivery."""
    await opened(pool)
    assert not await Inbox(pool, VAULT).accept(new_message("1"), registered(2))
    assert [await count(pool, table) for table in ("messages", "cases", "events", "tasks", "deliveries")] == [
        1,
        1,
        1,
        3,
        1,
    ]


async def test_copies_at_the_same_moment_make_one_case(pool: AsyncConnectionPool) -> None:
    """Of many copies on several replicas exactly one is accepted."""
    inboxes = [Inbox(pool, VAULT) for _ in range(4)]
    taken = await asyncio.gather(
        *(inboxes[index % 4].accept(new_message(str(index // 8)), registered(index)) for index in range(80))
    )
    assert sum(taken) == 10
    assert await count(pool, "cases") == 10


async def test_one_bad_row_does_not_take_others_with_it(pool: AsyncConnectionPool) -> None:
    """A row the database refuses fails alone; its neighbours of the same tick are accepted."""
    inbox = Inbox(pool, VAULT)
    results = await asyncio.gather(
        inbox.accept(new_message("1"), registered(1)),
        inbox.accept(new_message("2"), registered(1)),
        inbox.accept(new_message("3"), registered(3)),
        return_exceptions=True,
    )
    assert [result for result in results if result is True] == [True, True]
    assert sum(isinstance(result, psycopg.errors.UniqueViolation) for result in results) == 1


async def test_serials_never_repeat(pool: AsyncConnectionPool) -> None:
    """Two replicas never give the same number."""
    inboxes = [Inbox(pool, VAULT), Inbox(pool, VAULT)]
    serials = await asyncio.gather(*(inboxes[index % 2].serial() for index in range(200)))
    assert len(set(serials)) == 200


async def test_a_claimed_task_is_nobody_elses_until_its_lease_ends(pool: AsyncConnectionPool) -> None:
    """Two workers never hold the same task; an abandoned one comes back with its attempts counted."""
    await opened(pool)
    first = await Tasks(pool).claim(10, 60)
    assert len(first) == 2
    assert await Tasks(pool).claim(10, 60) == []
    async with pool.connection() as connection:
        await connection.execute("UPDATE tasks SET due_at = now() WHERE claim IS NOT NULL")
    assert {one.attempt for one in await Tasks(pool).claim(10, 60)} == {2}


async def test_a_renewed_lease_keeps_what_is_still_held(pool: AsyncConnectionPool) -> None:
    """A sign of life keeps others away; for a claim that another worker has taken over it changes nothing."""
    await opened(pool)
    tasks = Tasks(pool)
    held = await tasks.claim(10, 0)
    await tasks.renew(held, 60)
    assert await tasks.claim(10, 60) == []
    async with pool.connection() as connection:
        await connection.execute("UPDATE tasks SET due_at = now()")
    taken_over = {one.kind for one in await tasks.claim(10, 0)}
    await tasks.renew(held, 60)
    assert taken_over >= {one.kind for one in held}
    assert {one.kind for one in await tasks.claim(10, 60)} == taken_over


async def test_a_lost_claim_writes_nothing(pool: AsyncConnectionPool) -> None:
    """A worker that was too slow cannot overwrite what another one did."""
    case = await opened(pool)
    slow = await claim(pool, TaskKind.DELIVER)
    async with pool.connection() as connection:
        await connection.execute("UPDATE tasks SET due_at = now()")
    await claim(pool, TaskKind.DELIVER)
    event = machine.Sent(AT, final=False)
    ledger = Ledger(pool, VAULT)
    assert await ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, event)), slow) is None
    assert len(await ledger.events(case.id)) == 1


async def test_a_decision_is_kept_and_its_answer_waits_behind_earlier_messages(pool: AsyncConnectionPool) -> None:
    """The result document opens as it came; the answer is sent after the notification."""
    case = await opened(pool)
    ledger, outbox = Ledger(pool, VAULT), Outbox(pool, VAULT)
    decision = Decision(Outcome.POSITIVE, AT, DOCUMENT, "result.xml")
    event = machine.Decided(AT, decision)
    after = await ledger.commit(
        case.id,
        lambda locked: Commit(machine.advance(locked, event), decision=decision),
        await claim(pool, TaskKind.SUBMIT),
    )
    assert after is not None
    assert after.state is State.DECIDED
    answer = await outbox.answer(case.id)
    first = await outbox.next_pending(case.id)
    assert answer is not None
    assert first is not None
    assert (first.seq, answer.seq) == (1, 2)
    assert answer.document is not None
    assert await ledger.document(case.id, answer.document) == Exhibit(
        f"result-{case.number}.xml", DOCUMENT, "application/xml"
    )


async def test_the_deliver_task_stays_while_messages_wait(pool: AsyncConnectionPool) -> None:
    """Sending one message does not end the task when another has been added meanwhile."""
    case = await opened(pool)
    ledger, outbox = Ledger(pool, VAULT), Outbox(pool, VAULT)
    sending = await claim(pool, TaskKind.DELIVER)
    delivery = await outbox.next_pending(case.id)
    assert delivery is not None
    decided = machine.Decided(AT, Decision(Outcome.POSITIVE, AT, DOCUMENT, "result.xml"))
    await ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, decided)))
    sent = machine.Sent(AT, final=False)
    await ledger.commit(
        case.id, lambda locked: Commit(machine.advance(locked, sent), sent=(delivery, AT, "254750124")), sending
    )
    again = await claim(pool, TaskKind.DELIVER)
    assert again.case_id == case.id
    following = await outbox.next_pending(case.id)
    assert following is not None
    assert following.seq == 2
    found = await outbox.by_id("254750124")
    assert found is not None
    assert found.id == delivery.id


async def test_what_was_sealed_in_one_row_does_not_open_in_another(pool: AsyncConnectionPool) -> None:
    """Exchanging two sealed messages in the table is noticed."""
    one, two = await opened(pool, "1", 1), await opened(pool, "2", 2)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE messages m SET raw = other.raw FROM messages other WHERE m.case_id <> other.case_id"
        )
    for case in (one, two):
        with pytest.raises(Exception, match="does not open"):
            await Ledger(pool, VAULT).message_in_force(case.id)


DAMAGE = {
    "a message belongs to a case": "DELETE FROM cases",
    "a case has the message it began with": "DELETE FROM messages",
    "a finished case knows when it was closed": "UPDATE cases SET closed_at = now()",
    "a known message has its content, or its case is archived": "DELETE FROM messages",
    "a case's number was given out to it": "DELETE FROM registrations",
    "a case without an ending holds its matter, and no other case does": "UPDATE cases SET matter_key = 'x'",
    "a case that is not finished has a next step": "DELETE FROM tasks",
    "a message that waits for the cabinet has its task": "DELETE FROM tasks WHERE kind = 'deliver'",
    "a case has at most one answer": (
        "UPDATE deliveries SET kind = 'RESPONSE'; INSERT INTO deliveries "
        "SELECT case_id, 99, bucket, gen_random_uuid(), sender_id, shep_service_id, kind, state, created_at, "
        "null, null, null, 1, payload FROM deliveries"
    ),
    "a finished case says how it ended": "UPDATE cases SET state = 'confirmed'",
    "a finished case has no tasks": "UPDATE cases SET state = 'confirmed'",
    "a registered case has number and deadline": "UPDATE cases SET deadline = null",
    "the case's state is the one of its last event": "UPDATE cases SET head = 'x'",
    "a task belongs to a case": "DELETE FROM cases",
    "the evidence of a case is a whole chain": "UPDATE events SET data = '{}'",
}


async def test_a_healthy_database_keeps_all_promises(pool: AsyncConnectionPool) -> None:
    """The checker finds nothing where nothing is wrong."""
    for serial in range(1, 4):
        await opened(pool, str(serial), serial)
    found = await diagnose(pool)
    assert (found.cases, found.events, found.broken) == (3, 3, {})


@pytest.mark.parametrize("promise", DAMAGE)
async def test_every_kind_of_damage_is_found(pool: AsyncConnectionPool, promise: str) -> None:
    """Whatever is taken away or changed behind the product's back, the checker names the promise and the case."""
    case = await opened(pool)
    async with pool.connection() as connection:
        await connection.execute(DAMAGE[promise])
    assert set((await diagnose(pool)).broken[promise]) == {case.id}


async def test_the_state_of_the_queue(pool: AsyncConnectionPool) -> None:
    """Operators see how many tasks wait, how many are dead, and how old the oldest is."""
    await opened(pool)
    await Tasks(pool).kill(replace(await claim(pool, TaskKind.SUBMIT)), "x")
    backlog = {one.kind: one for one in await Tasks(pool).backlog()}
    assert (backlog[TaskKind.SUBMIT].waiting, backlog[TaskKind.SUBMIT].dead) == (0, 1)
    assert (backlog[TaskKind.DELIVER].waiting, backlog[TaskKind.DELIVER].dead) == (1, 0)


async def test_a_restarted_server_is_not_noticed_by_who_is_accepted(
    pool: AsyncConnectionPool, database_url: str
) -> None:
    """Connections that the server closed while they lay idle cost no acceptance."""
    await opened(pool)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await Inbox(pool, VAULT).accept(new_message("2"), registered(2))
    assert await count(pool, "cases") == 2
