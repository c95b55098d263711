"""One embedded PostgreSQL for the whole test session, a fresh database for each test that asks for one."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import conninfo, sql

from gateway.embedded import EmbeddedPostgres


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run an embedded server in `folder`, on an event loop of its own; yields its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = EmbeddedPostgres(folder)
    try:
        yield asyncio.run_coroutine_threadsafe(server.start(), loop).result(120)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(90)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Make an empty database on the server; yields its conninfo. It is dropped afterwards, with who is connected."""
    name = sql.Identifier(f"test_{uuid4().hex}")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    try:
        yield conninfo.make_conninfo(server_url, dbname=name.as_string().strip('"'))
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as url:
        yield url
