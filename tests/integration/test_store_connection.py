"""Connections to a database that says nothing any more."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg import OperationalError, conninfo
from psycopg.errors import QueryCanceled

from gateway.cases.store.connection import BoundedConnection
from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import Store, connecting_store
from gateway.cases.vault import Vault
from tests.support.faulty_proxy import Condition, FaultyProxy, Upstream, faulty_proxy


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[FaultyProxy]:
    where = conninfo.conninfo_to_dict(database_url)
    async with faulty_proxy(Upstream(socket=Path(str(where["host"])) / f".s.PGSQL.{where['port']}")) as proxy:
        yield proxy


@pytest.fixture
async def store(wire: FaultyProxy, database_url: str) -> AsyncIterator[Store]:
    async with await BoundedConnection.connect(database_url) as connection:
        await migrate(connection)
    by_wire = conninfo.make_conninfo(database_url, host="127.0.0.1", port=wire.port)
    async with connecting_store(by_wire, Vault(bytes(32)), 4, statement_seconds=0.5) as opened:
        yield opened


@pytest.mark.parametrize("condition", [Condition.HALF_OPEN, Condition.ONE_WAY])
async def test_a_silent_database_is_given_up(
    store: Store, wire: FaultyProxy, condition: Condition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement whose answer never comes ends as that of a lost connection, and the next one finds another."""
    monkeypatch.setattr("gateway.cases.store.connection._GRACE_SECONDS", 0.1)
    assert await store.tasks.claim(1, 60, {}) == []
    wire.suffer(condition)
    async with asyncio.timeout(60):
        with pytest.raises(OperationalError):
            await store.tasks.claim(1, 60, {})
        wire.heal()
        while (await store.complaint()) != "":
            await asyncio.sleep(0.05)
        assert await store.tasks.claim(1, 60, {}) == []


async def test_a_long_statement_is_ended_by_the_server(store: Store) -> None:
    """A database that is alive ends a statement itself, and the connection stays."""
    async with store.pool.connection() as connection:
        with pytest.raises(QueryCanceled):
            await connection.execute("SELECT pg_sleep(30)")
        assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
