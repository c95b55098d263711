"""The database of an installation: run here or reached, waited for, brought to this version's schema."""

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from gateway.background import background
from gateway.cases.destinations import lanes
from gateway.cases.store.migrate import migrate
from gateway.cases.store.server import check_server
from gateway.cases.store.store import Store, check_usable, connect, open_store
from gateway.cases.vault import Vault
from gateway.embedded import EmbeddedPostgres, EmbeddedUnusable
from gateway.settings import Settings

_log = structlog.get_logger(__name__)

_LONGEST_WAIT_SECONDS = 1.0
"""Of one pause: an attempt is cheap, and a database that is back is not to be kept waiting for."""

_TOLD_EVERY = 5
"""Attempts, after as many that are all told of: what waits for hours does not fill the log."""

AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, PoolTimeout)
"""What passes without anybody changing the installation: no connection, no write access for now."""


@contextlib.asynccontextmanager
async def database(settings: Settings, lost: Callable[[], None] = lambda: None) -> AsyncIterator[str]:
    """Give the URL of the database; an embedded server is run here unless another process runs it already.

    `lost` is called when the embedded server is gone for good: it could not be restarted, or the process that ran it
    has ended.

    Raises:
        EmbeddedUnusable: the embedded server cannot run; the text says why.
    """
    if settings.database.url is not None:
        yield settings.database.url.get_secret_value()
        return
    folder = settings.data_dir / "postgres"
    running = EmbeddedPostgres.running(folder)
    if running is not None:
        async with _watched(EmbeddedPostgres.until_abandoned(folder), lost):
            yield running
        return
    server = EmbeddedPostgres(folder, settings.database.bin_dir)
    url = await server.start()
    try:
        async with _watched(server.wait(), lost):
            yield url
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def _watched(end: Coroutine[None, None, None], lost: Callable[[], None]) -> AsyncIterator[None]:
    async def watch() -> None:
        try:
            await end
        except EmbeddedUnusable as error:
            _log.critical("database.lost", error=str(error))
            lost()

    async with background(watch()):
        yield


@contextlib.asynccontextmanager
async def store(settings: Settings, vault: Vault) -> AsyncIterator[Store]:
    """Give the store of an installation whose schema is this version's, for a command.

    Raises:
        EmbeddedUnusable, DatabaseUnusable, VaultUnusable, psycopg.Error: why there is none.
    """
    async with (
        database(settings) as url,
        open_store(url, vault, settings.database.pool_size, lanes(settings.services)) as opened,
    ):
        yield opened


async def until_usable(url: str, vault: Vault) -> None:
    """Wait for the database as long as it takes, migrate it (first phase), and see that it is ours.

    Raises:
        DatabaseUnusable, VaultUnusable: waiting does not help; the text says what does.
    """
    patiently = AsyncRetrying(
        retry=retry_if_exception_type(AWAY),
        wait=wait_random_exponential(multiplier=0.2, max=_LONGEST_WAIT_SECONDS),
        before_sleep=_tell,
    )
    await patiently(_prepare, url, vault)


async def _prepare(url: str, vault: Vault) -> None:
    async with await connect(url) as connection:
        await check_server(connection)
        if applied := await migrate(connection):
            _log.info("database.migrated", applied=applied)
        await check_usable(connection, vault)


def _tell(state: RetryCallState) -> None:
    if state.attempt_number > _TOLD_EVERY and state.attempt_number % _TOLD_EVERY:
        return
    error = state.outcome.exception() if state.outcome else None
    _log.warning("database.waited_for", attempt=state.attempt_number, error=" ".join(str(error).split()))
