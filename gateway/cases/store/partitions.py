"""Months: what grows with every case lies in one partition per month of the case's id (docs/decisions/0060).

Partitions are attached ahead of time, by every migration and by the workers. A case of a month that has none, because a
clock jumped or no worker ran for long, goes to the default partition and is moved when its month is attached.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, LiteralString

from psycopg import AsyncConnection, sql
from psycopg.errors import LockNotAvailable
from psycopg_pool import AsyncConnectionPool
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from gateway.cases.identity import lower_bound

TABLES: Final = {
    "cases": "id",
    "messages": "case_id",
    "events": "case_id",
    "deliveries": "case_id",
    "documents": "case_id",
}
"""The partitioned tables, each with the column that holds the case's id."""

_AHEAD = 2
"""Months attached beside the running one: as long may all workers be away."""
_ATTEMPTS = 40
_NAME = re.compile(r"cases_(\d{4})_(\d{2})")


# A table made beside and attached leaves readers and writers of other months alone; one made in place would not.
_ATTACH: Final[tuple[LiteralString, ...]] = (
    "CREATE TABLE {month} (LIKE {table} INCLUDING ALL)",
    """
    WITH moved AS (DELETE FROM {rest} WHERE {key} >= {first} AND {key} < {next} RETURNING *)
    INSERT INTO {month} SELECT * FROM moved
    """,
    "ALTER TABLE {table} ATTACH PARTITION {month} FOR VALUES FROM ({first}) TO ({next})",
)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC; `number` counts from 1."""

    year: int
    number: int

    @classmethod
    def of(cls, at: datetime) -> "Month":
        """Return the month in which `at` lies."""
        day = at.astimezone(UTC)
        return cls(day.year, day.month)

    @property
    def first(self) -> datetime:
        """The instant it begins."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    def later(self, months: int) -> "Month":
        """Return the month that is so many months later."""
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def __str__(self) -> str:
        """Return e.g. `2026-11`."""
        return f"{self.first:%Y-%m}"

    def table(self, parent: str) -> str:
        """Return the name of this month's partition of a table."""
        return f"{parent}_{self.first:%Y_%m}"


class Partitions:
    """The months of the store."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        """Use connections of `pool`."""
        self._pool = pool

    async def attach_ahead(self, now: datetime) -> None:
        """Attach the running month and the next ones; what is attached already stays.

        Raises:
            psycopg.errors.LockNotAvailable: somebody reads or writes for long; the next call tries again.
        """
        async with self._pool.connection() as connection:
            await attach_ahead(connection, now)

    async def drop_empty(self, until: Month) -> list[Month]:
        """Drop the partitions of months up to `until` from which everything has gone; return these months.

        One that somebody uses right now stays until the next time.
        """
        dropped = []
        for month in [one for one in await self.months() if one <= until]:
            async with self._pool.connection() as connection:
                with suppress(LockNotAvailable):
                    if await _drop_if_empty(connection, month):
                        dropped.append(month)
        return dropped

    async def months(self) -> list[Month]:
        """Return the months that are attached, oldest first."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
                "WHERE i.inhparent = 'cases'::regclass"
            )
            names = [_NAME.fullmatch(row[0]) for row in await cursor.fetchall()]
        return sorted(Month(int(name[1]), int(name[2])) for name in names if name)


async def attach_ahead(connection: AsyncConnection, now: datetime) -> None:
    """Attach the running month and the next ones, on one connection. Several processes may do it at the same time."""
    for ahead in range(_AHEAD + 1):
        await attach(connection, Month.of(now).later(ahead))


async def attach(connection: AsyncConnection, month: Month) -> None:
    """Attach a month unless it is attached. Raises LockNotAvailable if others do not let go of the tables."""
    patiently = AsyncRetrying(
        retry=retry_if_exception_type(LockNotAvailable),
        wait=wait_random(0.05, 0.3),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    if not await _is_attached(connection, month):
        await patiently(_attach, connection, month)


async def _is_attached(connection: AsyncConnection, month: Month) -> bool:
    cursor = await connection.execute(
        "SELECT count(*) FROM pg_inherits WHERE inhrelid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) AS name)",
        ([month.table(table) for table in TABLES],),
    )
    row = await cursor.fetchone()
    return row is not None and row[0] == len(TABLES)


async def _attach(connection: AsyncConnection, month: Month) -> None:
    """Make a month's partitions, move what the default ones hold of it, attach them: all tables at once, or none."""
    async with connection.transaction():
        # Nobody may write to a default partition between the move and the attachment. Who writes may hold one of them
        # and wait for another: giving up sooner than PostgreSQL looks for deadlocks (1 s) lets the writer win.
        await connection.execute("SET LOCAL lock_timeout = '300ms'")
        await connection.execute(f"LOCK TABLE {', '.join(f'{table}_default' for table in TABLES)}")
        if await _is_attached(connection, month):
            return
        for table, key in TABLES.items():
            for statement in _ATTACH:
                await connection.execute(_filled_in(statement, table, key, month))


async def _drop_if_empty(connection: AsyncConnection, month: Month) -> bool:
    names = [sql.Identifier(month.table(table)) for table in TABLES]
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '300ms'")
        for name in names:
            if await (await connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(name))).fetchone():
                return False
        # Seen again under lock: a case may have come between. Parents first, as everybody else takes them.
        await connection.execute(f"LOCK TABLE {', '.join(f'ONLY {table}' for table in TABLES)}")
        for name in names:
            if await (await connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(name))).fetchone():
                return False
        await connection.execute(sql.SQL("DROP TABLE {}").format(sql.SQL(", ").join(names)))
    return True


def _filled_in(statement: LiteralString, table: str, key: str, month: Month) -> sql.Composed:
    return sql.SQL(statement).format(
        table=sql.Identifier(table),
        key=sql.Identifier(key),
        month=sql.Identifier(month.table(table)),
        rest=sql.Identifier(f"{table}_default"),
        first=sql.Literal(str(lower_bound(month.first))),
        next=sql.Literal(str(lower_bound(month.later(1).first))),
    )
