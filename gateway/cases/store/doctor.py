"""The consistency checker: does a live database keep the promises?

It reads only, some hundred rows at a time through an index, and rests between as long as it has worked: a gateway under
load does not feel it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gateway.cases.evidence import Entry, first_broken
from gateway.cases.store.invariants import OF_CASES, OF_INBOX, OF_MATTERS, of_these

_BATCH = 500
_SHOWN = 10
_WHOLE = "the evidence of a case is a whole chain"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found. `broken` names, for each promise that does not hold, some of the cases (at most ten)."""

    cases: int
    events: int
    dead: int
    broken: dict[str, list[UUID]]


@dataclass(slots=True)
class _Findings:
    cases: int = 0
    events: int = 0
    broken: dict[str, list[UUID]] = field(default_factory=dict)

    def add(self, promise: str, case_ids: Sequence[UUID]) -> None:
        known = self.broken.get(promise, [])
        if new := [one for one in dict.fromkeys(case_ids) if one not in known]:
            self.broken[promise] = [*known, *new][:_SHOWN]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that is walked from one end to the other by its key."""

    name: str
    key: tuple[str, ...]
    invariants: Mapping[str, str]


_CASES = _Table("cases", ("id",), OF_CASES)
_TABLES = (
    _CASES,
    _Table("inbox", ("sender_id", "message_id", "message_type"), OF_INBOX),
    _Table("matters", ("matter_key",), OF_MATTERS),
)
_Bound = tuple[object, ...] | None


async def diagnose(pool: AsyncConnectionPool, rest: float = 1.0) -> Diagnosis:
    """Check every invariant and every case's evidence.

    Args:
        pool: connections.
        rest: how long it rests, as a share of the time that it worked.
    """
    found = _Findings()
    for table in _TABLES:
        async for low, high in _windows(pool, table):
            started = time.monotonic()
            async with pool.connection() as connection, connection.transaction():
                await connection.execute("SET TRANSACTION READ ONLY")
                await _look(connection, table, low, high, found)
            await asyncio.sleep(rest * (time.monotonic() - started))
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT count(*) FROM tasks WHERE dead_at IS NOT NULL")
        (dead,) = await cursor.fetchone() or (0,)
    return Diagnosis(found.cases, found.events, dead, found.broken)


async def _windows(pool: AsyncConnectionPool, table: _Table) -> AsyncIterator[tuple[_Bound, _Bound]]:
    """Yield the bounds of parts of a table: above the first, up to the second; None is the table's end.

    Together they cover all that a key can be: what belongs to no row of the table is found as well.
    """
    low: _Bound = None
    keys = ", ".join(table.key)
    while True:
        query, places = _bounded(f"SELECT {keys} FROM {table.name} WHERE ({keys}) {{these}}", low, None)
        backwards = ", ".join(f"{column} DESC" for column in table.key)
        last = f"SELECT * FROM ({query} ORDER BY {keys} LIMIT {_BATCH}) w ORDER BY {backwards} LIMIT 1"
        async with pool.connection() as connection:
            high = await (await connection.execute(last, places)).fetchone()
        yield low, high
        if high is None:
            return
        low = high


async def _look(connection: AsyncConnection, table: _Table, low: _Bound, high: _Bound, found: _Findings) -> None:
    for promise, query in table.invariants.items():
        cursor = await connection.execute(*_bounded(query, low, high))
        found.add(promise, [row[0] for row in await cursor.fetchall()])
    if table is _CASES:
        await _read_evidence(connection, low, high, found)


async def _read_evidence(connection: AsyncConnection, low: _Bound, high: _Bound, found: _Findings) -> None:
    query = "SELECT case_id, seq, at, kind, data, hash FROM events WHERE case_id {these} ORDER BY case_id, seq"
    cursor = await connection.execute(*_bounded(query, low, high))
    chains: dict[UUID, list[Entry]] = {}
    for row in await cursor.fetchall():
        chains.setdefault(row[0], []).append(Entry(*row))
    found.cases += len(chains)
    found.events += sum(map(len, chains.values()))
    found.add(_WHOLE, [case_id for case_id, chain in chains.items() if first_broken(chain) is not None])


def _bounded(query: str, low: _Bound, high: _Bound) -> tuple[str, dict[str, object]]:
    """Return a query about one part of a table, and its parameters."""
    places = {
        **{f"low{number}": value for number, value in enumerate(low or ())},
        **{f"high{number}": value for number, value in enumerate(high or ())},
    }

    def condition(key: str) -> str:
        limits = [f"{key} > {_places('low', low)}"] if low else []
        limits += [f"{key} <= {_places('high', high)}"] if high else []
        return " AND ".join(limits) or "true"

    return of_these(query, condition), places


def _places(name: str, bound: tuple[object, ...]) -> str:
    return f"({', '.join(f'%({name}{number})s' for number in range(len(bound)))})"
