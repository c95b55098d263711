"""What the database server must be, and what is wrong with it at the moment."""

from psycopg import AsyncConnection, Error, OperationalError
from psycopg.errors import DiskFull, ReadOnlySqlTransaction
from psycopg_pool import PoolTimeout

from gateway.cases.store.errors import DatabaseUnusable

OLDEST = 14
"""Major version of PostgreSQL."""


async def check_server(connection: AsyncConnection, oldest: int = OLDEST) -> None:
    """Raise DatabaseUnusable unless the server is new enough and keeps what it commits."""
    major = connection.info.server_version // 10_000
    if major < oldest:
        raise DatabaseUnusable(f"the server is PostgreSQL {major}, needed is {oldest} or newer: upgrade it")
    for name in ("fsync", "synchronous_commit"):
        # Asked with a default: an engine that is compatible with PostgreSQL may not know it.
        row = await (await connection.execute("SELECT current_setting(%s, true)", (name,))).fetchone()
        if row is not None and row[0] == "off":
            raise DatabaseUnusable(f"the server loses what it committed when it crashes ({name} = off): set it to on")


async def complaint(connection: AsyncConnection) -> str:
    """Return what keeps the database from taking anything, or an empty text."""
    row = await (
        await connection.execute("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')")
    ).fetchone()
    recovering, read_only = row or (False, "off")
    if recovering:
        return "read-only: it is a standby"
    return "read-only" if read_only == "on" else ""


def ailment(error: Error | PoolTimeout) -> str:
    """Name what is wrong with the database, for operators; no text of the server's, which may quote data."""
    match error:
        case PoolTimeout():
            return "no connection in time"
        case ReadOnlySqlTransaction():
            return "read-only"
        case DiskFull():
            return "its disk is full"
        case OperationalError():
            return "connection lost or refused"
    return type(error).__name__
