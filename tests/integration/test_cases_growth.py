"""What a store full of cases costs: every statement of it finds its rows by an index, however many are stored."""

import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection, AsyncCursor

from gateway.cases import machine
from gateway.cases.identity import case_id
from gateway.cases.maintenance import Maintenance
from gateway.cases.model import Case, State, TaskKind
from gateway.cases.provider import Decision, Outcome
from gateway.cases.store.archives import Archived
from gateway.cases.store.dead_letters import DeadLetter, Wanted
from gateway.cases.store.ledger import Commit
from gateway.cases.store.migrate import migrate
from gateway.cases.store.partitions import Month
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.clock import utc_now
from gateway.eds.revocation import Answer, Proof, Source
from gateway.texts import Text
from tests.support.cases import AT, new_case, new_message, registered
from tests.support.filled import fill
from tests.support.postgres import fresh_database

CASES = int(os.environ.get("QAQPA_TEST_CASES", "100000"))
"""A million takes some minutes: QAQPA_TEST_CASES=1000000."""
SMALL = 5000
"""Rows; PostgreSQL rightly reads a smaller table, or an empty month, from one end to the other."""

pytestmark = pytest.mark.timeout(120 + CASES // 2000)


@pytest.fixture(scope="module")
def full(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as url:
        yield url


@dataclass
class Statements:
    """What was really asked of the database, with parameters of the first time."""

    seen: dict[str, Any] = field(default_factory=dict)

    def cursor(self) -> type[AsyncCursor[Any]]:
        """Return a cursor that notes what it executes."""
        seen = self.seen

        class Noting(AsyncCursor[Any]):
            async def execute(self, query: Any, params: Any = None, **options: Any) -> "Noting":
                seen.setdefault(query if isinstance(query, str) else query.as_string(), params)
                return await super().execute(query, params, **options)

            async def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
                rows = list(params_seq)
                seen.setdefault(query, rows[0])
                await super().executemany(query, rows, **options)

        return Noting


@pytest.fixture
async def opened(full: str) -> AsyncIterator[tuple[Store, Statements]]:
    async with await psycopg.AsyncConnection.connect(full, autocommit=True) as connection:
        await migrate(connection)
        row = await (await connection.execute("SELECT count(*) FROM cases")).fetchone()
        if row == (0,):
            await fill(connection, CASES, utc_now())
    statements = Statements()
    async with open_store(full, Vault(bytes(32)), 2) as store:
        async with store.pool.connection() as one, store.pool.connection() as other:
            for connection in (one, other):
                connection.cursor_factory = statements.cursor()
        yield store, statements


async def toured(store: Store) -> set[str]:
    """Do once everything that a store can do; return the names of what was done."""
    tour = Tour(store)
    await tour.walk()
    return tour.done


@dataclass
class Tour:
    store: Store
    done: set[str] = field(default_factory=set)

    async def do(self, method: Callable[..., Awaitable[Any]], *values: Any, **named: Any) -> Any:
        self.done.add(method.__qualname__)
        return await method(*values, **named)

    async def walk(self) -> None:
        case = await self._life()
        await self._look(case)
        await self._tend(case)

    async def _life(self) -> Case:
        ledger, inbox, outbox, tasks = self.store.ledger, self.store.inbox, self.store.outbox, self.store.tasks
        change = registered(await self.do(inbox.serial), new_case(case_id(utc_now())))
        message = new_message(uuid4().hex)
        assert await self.do(inbox.accept, message, change)
        await self.do(inbox.find, message.sender_id, message.message_id, message.message_type)
        claims = await self.do(tasks.claim, 10, 60)
        await self.do(tasks.renew, claims, 60)
        await self.do(tasks.hand_back, [])
        await self.do(tasks.retry, claims[0], 1.0, "x", attempts=1)
        await self.do(tasks.kill, claims[1], "x")
        decision = Decision(Outcome.POSITIVE, AT, b"<result/>", "result.xml")
        await self._commit(change.case.id, machine.Decided(AT, decision), decision=decision)
        for delivery in await self.do(outbox.of, change.case.id):
            await self._commit(change.case.id, machine.Sent(AT, delivery.seq > 1), sent=(delivery, AT, uuid4().hex))
            await self._commit(change.case.id, None, returned=delivery)
        answer = await self.do(outbox.answer, change.case.id)
        update = new_message(uuid4().hex)
        await self._commit(change.case.id, None, message=update)
        await self.do(ledger.commit, change.case.id, lambda _: Commit(), claims[0])
        after = await self._commit(change.case.id, machine.Confirmed(AT, {}), confirmed=(answer, AT))
        assert after.state is State.CONFIRMED
        return after

    async def _commit(self, case: UUID, event: machine.Event | None, **what: Any) -> Case:
        def decide(locked: Case) -> Commit:
            return Commit(machine.advance(locked, event) if event is not None else None, **what)

        after = await self.do(self.store.ledger.commit, case, decide)
        assert isinstance(after, Case)
        return after

    async def _look(self, case: Case) -> None:
        ledger, outbox = self.store.ledger, self.store.outbox
        for method in (ledger.case, ledger.first_message, ledger.message_in_force, ledger.events, ledger.received):
            await self.do(method, case.id)
        for document in await self.do(ledger.held, case.id):
            await self.do(ledger.document, case.id, document)
        await self.do(ledger.documents, case.id)
        await self.do(ledger.has_task, case.id, TaskKind.POLL)
        await self.do(ledger.registered_request, "pep", "kostanay.housing-assistance", "request-77")
        await self.do(ledger.running, b"key")
        await self.do(ledger.case_by_number, "number-77")
        await self.do(ledger.case_by_chain, "pep", "chain-77")
        for state in (None, "in_process", "confirmed"):
            await self.do(ledger.cases, state=state)
        await self.do(ledger.count_by_state)
        await self.do(ledger.count_late)
        await self.do(ledger.late)
        await self.do(outbox.next_pending, case.id)
        delivery = await self.do(outbox.answer, case.id)
        for message in (str(delivery.id), delivery.shep_message_id or ""):
            await self.do(outbox.by_id, message)
            await self.do(outbox.inbound_state, "pep", message)
        for message_id, chain in ((None, None), (delivery.id, None), (None, "chain-77")):
            await self.do(
                outbox.unconfirmed, "nobody", "HOUSING", message_id=message_id, correlation_id=chain, limit=10
            )

    async def _tend(self, case: Case) -> None:
        store, tasks, now = self.store, self.store.tasks, utc_now()
        await self.do(tasks.wake_case, case.id, (TaskKind.POLL,))
        await self.do(tasks.of_case, case.id)
        await self.do(tasks.backlog)
        await self.do(store.dead_letters.find)
        await self.do(store.dead_letters.find, Wanted(case_id=case.id, service_id="x", cause="x", kind="x", since=now))
        await self.do(store.dead_letters.take, DeadLetter(case.id, None, "x", "deliver", 1, "x", now, "x", now))
        await self.do(store.delivery_log.of_case, case.id)
        await self.do(store.delivery_log.overdue, 60.0)
        await self.do(store.delivery_log.count_overdue, 60.0)
        await self.do(store.partitions.months)
        await self.do(store.partitions.attach_ahead, now)
        await self.do(store.partitions.drop_empty, Month(2000, 1))
        await self.do(store.maintenance.begin, Maintenance(now, Text(kk="kk", ru="ru"), 60, work_goes_on=True))
        await self.do(store.maintenance.read)
        await self.do(store.maintenance.end)
        await self.do(store.archives.due, now - timedelta(days=3000))
        await self.do(store.archives.of, case.id)
        await self.do(store.archives.of_number, "number-77")
        await self.do(store.archives.newest)
        await self.do(store.archives.key, case.id)
        await self.do(store.archives.erase, Month(2000, 1), now)
        await self.do(store.archives.oldest_case)
        answer = Answer(Source.OCSP, now, now, (Proof(Source.OCSP, "ab" * 32, b"proof"),), None)
        await self.do(store.revocations.keep, "cd" * 32, answer)
        await self.do(store.revocations.find, "cd" * 32)
        await self.do(store.revocations.prove, answer.proofs)
        await self.do(store.revocations.proof, "ab" * 32)
        await self.do(store.revocations.forget, now - timedelta(days=3000))


COUNTS_ALL = "SELECT kind, count(*) FILTER"
"""Tasks.backlog reads every task, as it counts them: there are tasks of live cases only."""
OTHERWISE = {"Archives.taking", "Archives.remove"}
"""Seen in a test of their own, as one is only within the other."""


async def test_every_statement_finds_its_rows_by_an_index(opened: tuple[Store, Statements]) -> None:
    """No statement of the store reads a table that grows from one end to the other; all of the store is walked."""
    store, statements = opened
    done = await toured(store)
    parts = [getattr(store, part.name) for part in fields(store) if part.name != "pool"]
    assert done | OTHERWISE >= {name for part in parts for name in _methods(part)}
    assert await _offences(store, statements) == {}


async def test_archiving_finds_what_is_due_by_an_index(opened: tuple[Store, Statements]) -> None:
    """Choosing cases to archive, and removing them, reads only these cases."""
    store, statements = opened
    now = utc_now()
    async with store.archives.taking(now - timedelta(days=300), 20, []) as taken:
        assert taken is not None
        assert len(taken.cases) == 20
        archive = Archived(uuid4(), taken.month, 20, 1, "", now, readable=True)
        await store.archives.remove(taken, taken.cases, archive, b"key")
    assert await _offences(store, statements) == {}


def _methods(part: object) -> Iterator[str]:
    for _, method in inspect.getmembers(type(part), inspect.isfunction):
        if not method.__name__.startswith("_"):
            yield method.__qualname__


async def _offences(store: Store, statements: Statements) -> dict[str, list[str]]:
    """Return statements that read a large table whole, with these tables."""
    async with store.pool.connection() as connection:
        connection.cursor_factory = AsyncCursor
        cursor = await connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s "
            "AND relnamespace = 'public'::regnamespace",
            (SMALL,),
        )
        large = {row[0] for row in await cursor.fetchall()}
        assert len(large) > 20
        found = {}
        for query, values in statements.seen.items():
            if query.split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
                whole = [table for table in await _read_whole(connection, query, values) if table in large]
                if whole and not (query.startswith(COUNTS_ALL) and whole == ["tasks"]):
                    found[query] = whole
        return found


async def _read_whole(connection: AsyncConnection, query: str, values: Any) -> list[str]:
    row = await (await connection.execute(f"EXPLAIN (FORMAT JSON) {query}", values)).fetchone()
    assert row is not None
    return list(_sequential(row[0][0]["Plan"]))


def _sequential(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for inner in plan.get("Plans", ()):
        yield from _sequential(inner)
