"""Months of the store, on a real PostgreSQL."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from gateway.cases import machine
from gateway.cases.identity import case_id
from gateway.cases.model import Case
from gateway.cases.provider import Decision, Outcome
from gateway.cases.store.doctor import diagnose
from gateway.cases.store.ledger import Commit
from gateway.cases.store.partitions import TABLES, Month
from gateway.cases.store.store import Store
from gateway.clock import utc_now
from tests.support.cases import AT, new_case, new_message, registered

FAR = datetime(2031, 7, 5, tzinfo=UTC)
"""A month that nobody has attached."""


async def accepted(store: Store, at: datetime, serial: int = 1) -> Case:
    change = registered(serial, new_case(case_id(at)))
    assert await store.inbox.accept(new_message(str(serial)), change)
    return change.case


async def decided(store: Store, case: Case) -> None:
    decision = Decision(Outcome.POSITIVE, AT, b"<result/>", "result.xml")
    event = machine.Decided(AT, decision)
    await store.ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, event), decision=decision))


async def where(store: Store, table: str) -> set[str]:
    """Return the partitions in which a table's rows lie."""
    async with store.pool.connection() as connection:
        cursor = await connection.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {table}")
        return {row[0] for row in await cursor.fetchall()}


async def test_a_case_lies_whole_in_its_month(store: Store) -> None:
    """Case, messages, events, deliveries and documents of a case lie in the partitions of the month it began in."""
    now = utc_now()
    await decided(store, await accepted(store, now))
    month = Month.of(now)
    assert [await where(store, table) for table in TABLES] == [{month.table(table)} for table in TABLES]


async def test_the_months_to_come_are_attached(store: Store) -> None:
    """After a migration the running month and the next two stand; attaching again changes nothing."""
    running = Month.of(utc_now())
    expected = [running, running.later(1), running.later(2)]
    assert await store.partitions.months() == expected
    await asyncio.gather(*(store.partitions.attach_ahead(utc_now()) for _ in range(4)))
    assert await store.partitions.months() == expected


async def test_a_case_of_an_unattached_month_is_taken_and_moved_later(store: Store) -> None:
    """A clock that jumped loses nothing: the default partition takes the case, attaching its month moves it."""
    case = await accepted(store, FAR)
    await decided(store, case)
    assert [await where(store, table) for table in TABLES] == [{f"{table}_default"} for table in TABLES]
    await store.partitions.attach_ahead(FAR)
    assert [await where(store, table) for table in TABLES] == [{Month.of(FAR).table(table)} for table in TABLES]
    assert (await diagnose(store.pool)).broken == {}
    assert len(await store.ledger.events(case.id)) == 2


async def test_months_are_attached_while_applications_come(store: Store) -> None:
    """Attaching a month under traffic that falls into it refuses nobody and loses nothing."""

    async def apply() -> None:
        for serial in range(60):
            await accepted(store, FAR, serial + 1)

    await asyncio.gather(apply(), store.partitions.attach_ahead(FAR))
    assert await where(store, "cases") == {Month.of(FAR).table("cases")}
    found = await diagnose(store.pool)
    assert (found.cases, found.broken) == (60, {})


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM cases WHERE id = %s",
        "SELECT * FROM messages WHERE case_id = %s",
        "SELECT * FROM events WHERE case_id = %s",
    ],
)
async def test_a_look_up_by_id_reads_one_month(store: Store, query: str) -> None:
    """PostgreSQL leaves out all months but the case's own."""
    async with store.pool.connection() as connection:
        cursor = await connection.execute(f"EXPLAIN (FORMAT JSON) {query}", (case_id(utc_now()),))
        row = await cursor.fetchone()
    assert row is not None
    plan = json.dumps(row[0])
    assert Month.of(utc_now()).table("") in plan
    assert "_default" not in plan
