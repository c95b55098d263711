"""Migrations in two phases, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import AsyncConnection

from gateway.cases.store.errors import MigrationError
from gateway.cases.store.migrate import APPLICATION, check, migrate
from gateway.cases.store.schema import Migration, Phase, Schema, schema

OWN = schema()


def later(schema: Schema) -> Schema:
    """The schema of the release after: a column beside another, which goes in the second phase."""
    number = schema.number + 1
    before = Migration(number, Phase.BEFORE, "next", f"CREATE TABLE next_{number} (old int, new int)")
    after = Migration(number, Phase.AFTER, "next", f"ALTER TABLE next_{number} DROP COLUMN old")
    return Schema((*schema.migrations, before, after))


NEXT = later(OWN)
AFTER_NEXT = later(NEXT)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database_url) as connection:
        yield connection


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    """Two processes that start at the same moment migrate once; a later start has nothing to do."""

    async def once() -> list[str]:
        async with await AsyncConnection.connect(database_url) as connection:
            return await migrate(connection)

    applied = await asyncio.gather(once(), once())
    assert sorted(applied[0] + applied[1]) == [str(one) for one in OWN.until(Phase.BEFORE)]
    assert await once() == []


async def test_the_version_before_runs_until_the_second_phase(connection: AsyncConnection) -> None:
    """Between the phases both versions may start; after the second only the new one, which never needed it."""
    await migrate(connection)
    with pytest.raises(MigrationError, match="behind"):
        await check(connection, NEXT)

    await migrate(connection, known=NEXT)
    await check(connection, OWN)
    await check(connection, NEXT)

    assert await migrate(connection, Phase.AFTER, NEXT) == [f"{NEXT.number:04}_next (after)"]
    await check(connection, NEXT)
    with pytest.raises(MigrationError, match="ahead"):
        await check(connection, OWN)
    with pytest.raises(MigrationError, match="ahead"):
        await migrate(connection, known=OWN)


async def test_a_release_is_not_skipped(connection: AsyncConnection) -> None:
    """The first phase of a release ends the second one of the release before: two releases back nothing runs."""
    await migrate(connection, known=NEXT)
    await migrate(connection, known=AFTER_NEXT)
    await check(connection, NEXT)
    await check(connection, AFTER_NEXT)
    with pytest.raises(MigrationError, match="ahead"):
        await check(connection, OWN)


async def test_the_second_phase_waits_for_the_last_old_process(connection: AsyncConnection, database_url: str) -> None:
    """While a process of the version before is connected, nothing that it needs is taken away."""
    await migrate(connection, known=NEXT)
    name = f"{APPLICATION}{OWN.number}"
    async with await AsyncConnection.connect(database_url, application_name=name):
        with pytest.raises(MigrationError, match="older version"):
            await migrate(connection, Phase.AFTER, NEXT)
    await asyncio.wait_for(_gone(connection, name), 10)
    assert await migrate(connection, Phase.AFTER, NEXT)


async def _gone(connection: AsyncConnection, name: str) -> None:
    """The server notices the end of a connection on its own time."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    while (await (await connection.execute(query, (name,))).fetchone()) != (0,):
        await asyncio.sleep(0.02)


async def test_a_migration_waits_without_blocking_others(connection: AsyncConnection, database_url: str) -> None:
    """A table that is in use for long is altered when it is free; meanwhile others go on reading it."""
    await migrate(connection, known=NEXT)
    async with (
        await AsyncConnection.connect(database_url) as reader,
        await AsyncConnection.connect(database_url) as other,
    ):
        await reader.execute(f"SELECT * FROM next_{NEXT.number}")  # its transaction stays open
        altering = asyncio.create_task(migrate(connection, Phase.AFTER, NEXT))
        await asyncio.sleep(0.3)
        await asyncio.wait_for(other.execute(f"SELECT * FROM next_{NEXT.number}"), 30)
        await other.commit()
        await reader.commit()
        assert len(await asyncio.wait_for(altering, 60)) == 1


async def test_a_foreign_schema_is_refused(connection: AsyncConnection) -> None:
    """A database that is empty, behind, or migrated with another content is named, not used."""
    await migrate(connection)
    await connection.execute("UPDATE schema_migrations SET checksum = 'other' WHERE number = 1")
    for refused in (check, migrate):
        with pytest.raises(MigrationError, match="another content"):
            await refused(connection)
    await connection.execute("DELETE FROM schema_migrations")
    with pytest.raises(MigrationError, match="behind"):
        await check(connection)
    await connection.execute("DROP TABLE schema_migrations")
    with pytest.raises(MigrationError, match="empty"):
        await check(connection)


async def test_a_migration_that_fails_leaves_nothing(connection: AsyncConnection) -> None:
    """A migration is applied whole or not at all, and is tried again by the next start."""
    broken = replace(NEXT.migrations[-2], text="CREATE TABLE half (a int); SELECT 1/0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(connection, known=Schema((*OWN.migrations, broken)))
    row = await (await connection.execute("SELECT to_regclass('half')")).fetchone()
    assert row == (None,)
    assert len(await migrate(connection, known=NEXT)) == 1
