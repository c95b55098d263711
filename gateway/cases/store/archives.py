"""Closed cases leave the database: chosen and locked, removed when their archive is on the disk, erased on schedule."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gateway.cases.model import BUCKETS, Case
from gateway.cases.store.partitions import TABLES, Month
from gateway.cases.store.rows import COLUMNS, case_from
from gateway.cases.vault import Vault

_COUNTED: Final = 100_000
"""So many due cases are counted; that there are more is enough to know."""

# All of one batch ended in one month: what is personal in it is erased together.
_TAKE = f"""
SELECT {COLUMNS} FROM cases
WHERE closed_at >= %(first)s AND closed_at < %(next)s AND closed_at < %(before)s AND id <> ALL(%(but)s)
AND NOT EXISTS (SELECT 1 FROM tasks WHERE case_id = id)
ORDER BY closed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_OLDEST = """
SELECT closed_at FROM cases
WHERE closed_at < %s AND id <> ALL(%s) AND NOT EXISTS (SELECT 1 FROM tasks WHERE case_id = id)
ORDER BY closed_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class Archived:
    """An archive file. `bytes` is its size; it is `readable` until its key is destroyed."""

    id: UUID
    month: Month
    cases: int
    bytes: int
    sha256: str
    archived_at: datetime
    readable: bool

    @property
    def name(self) -> str:
        """Of the file, below the archive folder."""
        return f"{self.month}/{self.id}.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Taking:
    """Cases that ended in one month and are locked until the end of the transaction."""

    connection: AsyncConnection
    month: Month
    cases: Sequence[Case]


class Archives:
    """The tables of archives, and what leaves the others for them."""

    def __init__(self, pool: AsyncConnectionPool, vault: Vault) -> None:
        """Use connections of `pool`; keep archives' keys sealed with `vault`."""
        self._pool = pool
        self._vault = vault

    async def due(self, before: datetime) -> int:
        """Return how many cases ended before then; at most 100,000 are counted."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM cases WHERE closed_at < %s LIMIT %s) AS due", (before, _COUNTED)
            )
            row = await cursor.fetchone()
        return row[0] if row else 0

    @asynccontextmanager
    async def taking(self, before: datetime, limit: int, but: Sequence[UUID]) -> AsyncIterator[Taking | None]:
        """Lock up to `limit` cases of one month that ended before then, `but` some; None if there are none to be had.

        What `remove` does within is committed at the end, all or nothing.
        """
        async with self._pool.connection() as connection, connection.transaction():
            row = await (await connection.execute(_OLDEST, (before, list(but)))).fetchone()
            if row is None:
                yield None
                return
            month = Month.of(row[0])
            values = {
                "first": month.first,
                "next": month.later(1).first,
                "before": before,
                "limit": limit,
                "but": list(but),
            }
            cursor = await connection.execute(_TAKE, values)
            yield Taking(connection, month, [case_from(found) for found in await cursor.fetchall()])

    async def remove(self, taken: Taking, cases: Sequence[Case], archive: Archived, key: bytes) -> None:
        """Record an archive that is on the disk and remove its cases, in the transaction of `taking`."""
        ids = [case.id for case in cases]
        await taken.connection.execute(
            "INSERT INTO archives (id, month, cases, bytes, sha256, archived_at, key) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (
                *(archive.id, archive.month.first.date(), archive.cases, archive.bytes, archive.sha256),
                *(archive.archived_at, self._vault.seal(key, _key_context(archive.id))),
            ),
        )
        await taken.connection.execute(
            "INSERT INTO archived_cases (case_id, bucket, archive) SELECT id, bucket, %s "
            "FROM unnest(%s::uuid[], %s::smallint[]) AS case_(id, bucket)",
            (archive.id, ids, [one.int % BUCKETS for one in ids]),
        )
        await taken.connection.execute("DELETE FROM shep_ids WHERE case_id = ANY(%s)", (ids,))
        for table, column in TABLES.items():
            await taken.connection.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", (ids,))

    async def oldest_case(self) -> UUID | None:
        """Return the oldest case that is in the database."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute("SELECT id FROM cases ORDER BY id LIMIT 1")).fetchone()
        return row[0] if row else None

    async def erase(self, until: Month, now: datetime) -> int:
        """Destroy the keys of archives of cases that ended in `until` or before; return of how many."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "UPDATE archives SET key = NULL, erased_at = %s WHERE key IS NOT NULL AND month <= %s",
                (now, until.first.date()),
            )
            return cursor.rowcount

    async def key(self, archive_id: UUID) -> bytes | None:
        """Return what opens an archive's exhibits; None if it was destroyed, or there is no such archive."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT key FROM archives WHERE id = %s", (archive_id,))
            row = await cursor.fetchone()
        return self._vault.open(row[0], _key_context(archive_id)) if row and row[0] is not None else None

    async def of(self, case_id: UUID) -> Archived | None:
        """Return the archive that holds a case."""
        found = await self._select("JOIN archived_cases c ON c.archive = a.id WHERE c.case_id = %s", (case_id,))
        return found[0] if found else None

    async def of_number(self, number: str) -> Archived | None:
        """Return the archive that holds the case of a registration number."""
        found = await self._select(
            "JOIN archived_cases c ON c.archive = a.id JOIN registrations r ON r.case_id = c.case_id "
            "WHERE r.number = %s",
            (number,),
        )
        return found[0] if found else None

    async def newest(self, limit: int = 100) -> list[Archived]:
        """Return the newest archives."""
        return await self._select("ORDER BY a.id DESC LIMIT %s", (limit,))

    async def _select(self, rest: str, values: tuple[object, ...]) -> list[Archived]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT a.id, a.month, a.cases, a.bytes, a.sha256, a.archived_at, a.key IS NOT NULL "
                f"FROM archives a {rest}",
                values,
            )
            return [_archived(row) for row in await cursor.fetchall()]


def _archived(row: tuple[UUID, date, int, int, str, datetime, bool]) -> Archived:
    return Archived(row[0], Month(row[1].year, row[1].month), *row[2:])


def _key_context(archive_id: UUID) -> bytes:
    return b"archive:" + archive_id.bytes
