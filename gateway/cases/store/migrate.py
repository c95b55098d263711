"""Bringing a database to this version's schema, in two phases, and seeing whether this version may work on one."""

from psycopg import AsyncConnection, errors, sql
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from gateway.cases.store.errors import MigrationError
from gateway.cases.store.partitions import attach_ahead
from gateway.cases.store.schema import Migration, Phase, Schema, schema
from gateway.clock import utc_now

APPLICATION = "qaqpa/"
"""What connections call themselves, followed by the number of the schema that their process knows."""

_ATTEMPTS = 60

_LEDGER = (
    "CREATE TABLE IF NOT EXISTS schema_migrations (number integer NOT NULL, phase text NOT NULL, name text NOT NULL, "
    "checksum text NOT NULL, applied_at timestamptz NOT NULL, PRIMARY KEY (number, phase))"
)

_OLDER = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND substring(application_name FROM '^qaqpa/(\\d+)$')::integer < %s
"""


async def migrate(connection: AsyncConnection, phase: Phase = Phase.BEFORE, known: Schema | None = None) -> list[str]:
    """Apply what is missing until `phase` is over; return what was applied. Several processes may do it at once.

    Args:
        connection: to the database.
        phase: BEFORE leaves a schema on which the version before runs as well; AFTER ends that.
        known: what is applied; default: what this version knows.

    Raises:
        MigrationError: the database was migrated by a newer version, an applied migration has changed since, or AFTER
            was asked for while processes of the version before are connected.
        psycopg.errors.LockNotAvailable: somebody reads or writes for minutes on end; nothing of the migration is left.
    """
    known = known or schema()
    await connection.set_autocommit(True)
    await _create_ledger(connection)
    _refuse_newer(known, await _applied(connection))
    # Who waits for a lock lets everybody wait behind him: a migration gives up soon, and tries again.
    patiently = AsyncRetrying(
        retry=retry_if_exception_type(errors.LockNotAvailable),
        wait=wait_random(0.2, 1.0),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    wanted = known.until(phase)
    applied = [str(one) for one in wanted if await patiently(_apply, connection, one)]
    await check(connection, known)
    await attach_ahead(connection, utc_now())
    return applied


async def check(connection: AsyncConnection, known: Schema | None = None) -> None:
    """Raise MigrationError unless this version can work on the database.

    It can on its own schema, whether or not its second phase is over, and on the next one's first phase.
    """
    known = known or schema()
    ledger = await (await connection.execute("SELECT to_regclass('schema_migrations')")).fetchone()
    if ledger is None or ledger[0] is None:
        raise MigrationError("the database is empty: run `qaqpa migrate`")
    applied = await _applied(connection)
    for one in known.until(Phase.AFTER):
        _refuse_changed(one, applied)
    for one in known.until(Phase.BEFORE):
        if one.key not in applied:
            raise MigrationError(f"the database is behind, migration {one} is missing: run `qaqpa migrate`")
    _refuse_newer(known, applied)


async def _applied(connection: AsyncConnection) -> dict[tuple[int, str], str]:
    cursor = await connection.execute("SELECT number, phase, checksum FROM schema_migrations")
    return {(number, phase): checksum for number, phase, checksum in await cursor.fetchall()}


def _refuse_newer(known: Schema, applied: dict[tuple[int, str], str]) -> None:
    beside = (known.number + 1, Phase.BEFORE)
    ahead = sorted(key for key in applied if key[0] > known.number and key != beside)
    if ahead:
        number, phase = ahead[-1]
        raise MigrationError(
            f"the database is ahead, at migration {number:04} ({phase}); this version knows {known.number:04} and runs "
            f"beside {beside[0]:04} ({beside[1]}) at most: upgrade Qaqpa"
        )


def _refuse_changed(one: Migration, applied: dict[tuple[int, str], str]) -> None:
    if applied.get(one.key, one.checksum) != one.checksum:
        raise MigrationError(f"migration {one} was applied with another content: this is not the release it came with")


async def _apply(connection: AsyncConnection, one: Migration) -> bool:
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        await connection.execute("LOCK TABLE schema_migrations IN EXCLUSIVE MODE")
        applied = await _applied(connection)
        _refuse_changed(one, applied)
        if one.key in applied:
            return False
        if one.phase is Phase.AFTER:
            await _refuse_older_processes(connection, one.number)
        # psycopg takes only literal text as a query; the text is our own file.
        await connection.execute(sql.SQL(one.text))
        await connection.execute(
            "INSERT INTO schema_migrations (number, phase, name, checksum, applied_at) VALUES (%s, %s, %s, %s, now())",
            (one.number, one.phase, one.name, one.checksum),
        )
        return True


async def _refuse_older_processes(connection: AsyncConnection, number: int) -> None:
    row = await (await connection.execute(_OLDER, (number,))).fetchone()
    if row is not None and row[0]:
        raise MigrationError(
            f"{row[0]} connections of an older version are open: stop its processes before the second phase"
        )


async def _create_ledger(connection: AsyncConnection) -> None:
    try:
        await connection.execute(_LEDGER)
    except (errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateObject):
        # Two first starts at the same moment: the other one has made the table.
        await connection.execute(_LEDGER)
