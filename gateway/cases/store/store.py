"""The store as one part: everything that works on one pool of connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection, Error
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gateway.cases.destinations import ONE_LANE, LaneOf
from gateway.cases.store.archives import Archives
from gateway.cases.store.connection import STATEMENT_SECONDS, BoundedConnection
from gateway.cases.store.dead_letters import DeadLetters
from gateway.cases.store.delivery_log import DeliveryLog
from gateway.cases.store.inbox import Inbox
from gateway.cases.store.ledger import Ledger
from gateway.cases.store.maintenance import MaintenanceNotice
from gateway.cases.store.migrate import check
from gateway.cases.store.outbox import Outbox
from gateway.cases.store.partitions import Partitions
from gateway.cases.store.revocations import RevocationAnswers
from gateway.cases.store.server import ailment, check_server, complaint
from gateway.cases.store.tasks import Tasks
from gateway.cases.vault import Vault, VaultUnusable

_POOL_WAIT_SECONDS = 5.0
_CANARY = b"qaqpa"

_RECONNECT_SECONDS = 5.0
"""How long the pool goes on trying, ever more rarely; who needs a connection then makes it begin anew at once."""


@dataclass(frozen=True, slots=True)
class Store:
    """The tables, by what they are for."""

    pool: AsyncConnectionPool
    inbox: Inbox
    ledger: Ledger
    outbox: Outbox
    tasks: Tasks
    dead_letters: DeadLetters
    delivery_log: DeliveryLog
    revocations: RevocationAnswers
    partitions: Partitions
    archives: Archives
    maintenance: MaintenanceNotice

    async def complaint(self) -> str:
        """Return what keeps the database from taking anything, or an empty text."""
        try:
            async with self.pool.connection(timeout=2.0) as connection:
                return await complaint(connection)
        except (Error, PoolTimeout) as error:
            return ailment(error)


async def connect(url: str) -> AsyncConnection:
    """Connect for what is done before the store is used, within the limits of every connection.

    Raises:
        psycopg.Error: the database cannot be reached.
    """
    return await BoundedConnection.connect(url)


async def check_usable(connection: AsyncConnection, vault: Vault) -> None:
    """See that this version can work on the database, and that its personal data can be read.

    Raises:
        DatabaseUnusable, VaultUnusable: it cannot; the text says why.
        psycopg.Error: the database cannot be asked.
    """
    await check_server(connection)
    await check(connection)
    await _check_vault(connection, vault)


@asynccontextmanager
async def open_store(url: str, vault: Vault, pool_size: int, lane: LaneOf = ONE_LANE) -> AsyncIterator[Store]:
    """Connect to a migrated database; tasks are put into their `lane`.

    Raises:
        DatabaseUnusable, VaultUnusable, psycopg.Error: as `check_usable`.
    """
    async with await connect(url) as connection:
        await check_usable(connection, vault)
    async with connecting_store(url, vault, pool_size, lane) as store:
        yield store


@asynccontextmanager
async def connecting_store(
    url: str,
    vault: Vault,
    pool_size: int,
    lane: LaneOf = ONE_LANE,
    statement_seconds: float = STATEMENT_SECONDS,
) -> AsyncIterator[Store]:
    """Give a store whose database may not be there yet: who needs it gets PoolTimeout or psycopg.Error.

    Args:
        url: of the database.
        vault: opens and seals what is personal.
        pool_size: connections at most.
        lane: where tasks are put.
        statement_seconds: how long a statement may take.
    """
    bounded: type[AsyncConnection] = BoundedConnection
    pool = AsyncConnectionPool(
        url,
        min_size=2,
        max_size=pool_size,
        timeout=_POOL_WAIT_SECONDS,
        reconnect_timeout=_RECONNECT_SECONDS,
        connection_class=bounded,
        kwargs={"statement_seconds": statement_seconds},
        open=False,
    )
    async with pool:
        yield Store(
            pool=pool,
            inbox=Inbox(pool, vault, lane),
            ledger=Ledger(pool, vault, lane),
            outbox=Outbox(pool, vault),
            tasks=Tasks(pool),
            dead_letters=DeadLetters(pool),
            delivery_log=DeliveryLog(pool),
            revocations=RevocationAnswers(pool),
            partitions=Partitions(pool),
            archives=Archives(pool, vault),
            maintenance=MaintenanceNotice(pool),
        )


async def _check_vault(connection: AsyncConnection, vault: Vault) -> None:
    """Raise VaultUnusable unless the vault's key is the one this database was begun with."""
    found = "SELECT sealed FROM vault_canary"
    row = await (await connection.execute(found)).fetchone()
    if row is None:
        await connection.execute(
            "INSERT INTO vault_canary (sealed) VALUES (%s) ON CONFLICT DO NOTHING", (vault.seal(_CANARY, b"canary"),)
        )
        row = await (await connection.execute(found)).fetchone()
    if row is None or vault.open(row[0], b"canary") != _CANARY:
        raise VaultUnusable("the vault key does not belong to this database")
