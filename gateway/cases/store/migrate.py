"""Numbered migrations: each file runs once, in order, in a transaction of its own."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection, errors, sql

from gateway.cases.store.partitions import attach_ahead
from gateway.clock import utc_now

_FOLDER = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class MigrationError(Exception):
    """The database's schema is not one this version can work with."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text: an applied migration must never change."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations(folder: Path = _FOLDER) -> tuple[Migration, ...]:
    """Return all migrations in order; numbers run from 1 without gaps. Raises MigrationError."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named NNNN_name.sql")
        found.append(Migration(int(match[1]), path.stem, path.read_text("utf-8")))
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise MigrationError("migration numbers have gaps or repeat")
    return tuple(found)


async def migrate(connection: AsyncConnection) -> list[str]:
    """Apply what is missing; return the names applied. Several processes may call it at the same time.

    Raises:
        MigrationError: the database was migrated by a newer version, or an applied migration has changed since.
    """
    applied: list[str] = []
    await connection.set_autocommit(True)
    await _create_ledger(connection)
    for one in migrations():
        async with connection.transaction():
            await connection.execute("LOCK TABLE schema_migrations IN EXCLUSIVE MODE")
            if await _is_applied(connection, one):
                continue
            # psycopg takes only literal text as a query; the text is our own file.
            await connection.execute(sql.SQL(one.text))
            await connection.execute(
                "INSERT INTO schema_migrations VALUES (%s, %s, %s, now())", (one.number, one.name, one.checksum)
            )
            applied.append(one.name)
    await check(connection)
    await attach_ahead(connection, utc_now())
    return applied


async def check(connection: AsyncConnection) -> None:
    """Raise MigrationError unless exactly this version's migrations are applied."""
    known = migrations()
    ledger = await (await connection.execute("SELECT to_regclass('schema_migrations')")).fetchone()
    if ledger is None or ledger[0] is None:
        raise MigrationError("the database is empty: run `qaqpa migrate`")
    for one in known:
        if not await _is_applied(connection, one):
            raise MigrationError(f"migration {one.name} is missing: run `qaqpa migrate`")
    row = await (await connection.execute("SELECT max(number) FROM schema_migrations")).fetchone()
    newest = row[0] if row and row[0] else 0
    if newest > len(known):
        raise MigrationError(f"the database is at migration {newest}, this version knows {len(known)}: upgrade Qaqpa")


_LEDGER = (
    "CREATE TABLE IF NOT EXISTS schema_migrations "
    "(number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)"
)


async def _create_ledger(connection: AsyncConnection) -> None:
    try:
        await connection.execute(_LEDGER)
    except (errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateObject):
        # Two first starts at the same moment: the other one has made the table.
        await connection.execute(_LEDGER)


async def _is_applied(connection: AsyncConnection, one: Migration) -> bool:
    cursor = await connection.execute("SELECT checksum FROM schema_migrations WHERE number = %s", (one.number,))
    row = await cursor.fetchone()
    if row is None:
        return False
    if row[0] != one.checksum:
        raise MigrationError(f"migration {one.name} was applied with another content")
    return True
