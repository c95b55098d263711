"""The store as one part: everything that works on one pool of connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gateway.cases.destinations import ONE_LANE, LaneOf
from gateway.cases.store.archives import Archives
from gateway.cases.store.inbox import Inbox
from gateway.cases.store.ledger import Ledger
from gateway.cases.store.migrate import APPLICATION, check
from gateway.cases.store.outbox import Outbox
from gateway.cases.store.partitions import Partitions
from gateway.cases.store.revocations import RevocationAnswers
from gateway.cases.store.schema import schema
from gateway.cases.store.tasks import Tasks
from gateway.cases.vault import Vault, VaultUnusable

_POOL_WAIT_SECONDS = 5.0
_CANARY = b"qaqpa"

_LIMITS = {
    # A database that does not answer must not hold what waits for it for ever.
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
}


@dataclass(frozen=True, slots=True)
class Store:
    """The tables, by what they are for."""

    pool: AsyncConnectionPool
    inbox: Inbox
    ledger: Ledger
    outbox: Outbox
    tasks: Tasks
    revocations: RevocationAnswers
    partitions: Partitions
    archives: Archives

    async def ping(self) -> None:
        """Ask the database for a sign of life. Raises psycopg.Error or PoolTimeout."""
        async with self.pool.connection(timeout=2.0) as connection:
            await connection.execute("SELECT 1")


@asynccontextmanager
async def open_store(url: str, vault: Vault, pool_size: int, lane: LaneOf = ONE_LANE) -> AsyncIterator[Store]:
    """Connect to a migrated database; tasks are put into their `lane`.

    Raises:
        MigrationError: the schema is not this version's.
        psycopg.Error: the database cannot be reached.
    """
    pool = AsyncConnectionPool(
        url,
        min_size=2,
        max_size=pool_size,
        timeout=_POOL_WAIT_SECONDS,
        kwargs={"autocommit": True, "application_name": f"{APPLICATION}{schema().number}", **_LIMITS},
        open=False,
    )
    async with pool:
        await pool.wait(timeout=_POOL_WAIT_SECONDS * 2)
        async with pool.connection() as connection:
            await check(connection)
            await _check_vault(connection, vault)
        yield Store(
            pool=pool,
            inbox=Inbox(pool, vault, lane),
            ledger=Ledger(pool, vault, lane),
            outbox=Outbox(pool, vault),
            tasks=Tasks(pool),
            revocations=RevocationAnswers(pool),
            partitions=Partitions(pool),
            archives=Archives(pool, vault),
        )


async def _check_vault(connection: AsyncConnection, vault: Vault) -> None:
    """Raise VaultUnusable unless the vault's key is the one this database was begun with."""
    await connection.execute(
        "INSERT INTO vault_canary (sealed) VALUES (%s) ON CONFLICT DO NOTHING", (vault.seal(_CANARY, b"canary"),)
    )
    row = await (await connection.execute("SELECT sealed FROM vault_canary")).fetchone()
    if row is None or vault.open(row[0], b"canary") != _CANARY:
        raise VaultUnusable("the vault key does not belong to this database")
