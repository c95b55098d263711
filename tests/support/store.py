"""A migrated store on a database of its own."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await migrate(connection)
    async with open_store(database_url, Vault(bytes(32)), 6) as opened:
        yield opened
