"""The health and metrics pages over HTTP, with real certificates, a real key and a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.cases.store.server import complaint
from gateway.eds.anchors import Anchors
from gateway.telemetry.health import Health, health_routes
from gateway.telemetry.metrics import Metrics
from tests.support.eds import CA, Issued, Template, citizen, issue

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LONG_AGO, SOON = NOW - timedelta(days=800), NOW + timedelta(days=800)
Client = TestClient[web.Request, web.Application]


async def no_database() -> str:
    raise psycopg.OperationalError("connection to 10.0.0.1 refused")


async def sane_database() -> str:
    return ""


def root(not_before: datetime = LONG_AGO, not_after: datetime = SOON) -> Issued:
    return issue("ROOT", template=Template(**(vars(CA) | {"not_before": not_before, "not_after": not_after})))


def own(not_before: datetime = LONG_AGO, not_after: datetime = SOON) -> Issued:
    return issue("GATEWAY", root(), Template(not_before=not_before, not_after=not_after))


@asynccontextmanager
async def pages(**changes: Any) -> AsyncIterator[Client]:
    """The pages of a sane gateway, but for what the test changes."""
    sane: dict[str, Any] = {
        "database": sane_database,
        "anchors": Anchors.of([root().certificate]),
        "key": own().key,
        "data_dir": Path("/"),
        "min_free_disk_mb": 0,
        "clock": lambda: NOW,
    }
    app = web.Application()
    app.add_routes(health_routes(Metrics(lambda: NOW), Health(**(sane | changes))))
    async with TestClient(TestServer(app)) as client:
        yield client


async def ready(client: Client) -> tuple[int, dict[str, Any]]:
    async with client.get("/health/ready") as response:
        return response.status, await response.json()


async def test_ready(database_url: str) -> None:
    """With database, anchors, key and disk in order the gateway is ready, and says what it tested."""

    async def ping() -> str:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            return await complaint(connection)

    async with pages(database=ping) as client:
        status, body = await ready(client)
    assert status == 200
    assert body["status"] == "ready"
    assert body["failing"] == []
    assert [check["name"] for check in body["checks"]] == ["intake", "database", "anchors", "key", "disk"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("database", lambda: {"database": no_database}),
        ("anchors", lambda: {"anchors": Anchors.of([root(not_after=NOW - timedelta(days=1)).certificate])}),
        ("key", lambda: {"key": own(not_after=NOW - timedelta(days=1)).key}),
        ("key", lambda: {"key": own(not_before=NOW + timedelta(days=1)).key}),
        ("disk", lambda: {"min_free_disk_mb": 10**9}),
        ("disk", lambda: {"data_dir": Path("/does/not/exist")}),
    ],
)
async def test_not_ready(name: str, changes: Callable[[], dict[str, Any]]) -> None:
    """Each thing that fails alone makes the gateway not ready, is named, and has its reason told."""
    async with pages(**changes()) as client:
        status, body = await ready(client)
    assert status == 503
    assert body["failing"] == [name]
    (failed,) = [check for check in body["checks"] if not check["ok"]]
    assert failed["detail"]
    assert "10.0.0.1" not in failed["detail"]


async def test_one_anchor_that_holds_is_enough() -> None:
    """An expired CA beside a valid one, as during every change of CAs, does not stop the gateway."""
    expired = issue(
        "OLD", template=Template(**(vars(CA) | {"not_before": LONG_AGO, "not_after": NOW - timedelta(days=1)}))
    )
    async with pages(anchors=Anchors.of([expired.certificate, root().certificate])) as client:
        assert (await ready(client))[0] == 200


async def test_key_that_does_not_sign() -> None:
    """A key whose device fails makes the gateway not ready, whatever its certificate says."""

    class LostDevice:
        certificate = own().certificate

        def sign(self, data: bytes) -> bytes:
            raise OSError(len(data), "token removed")

    async with pages(key=LostDevice()) as client:
        status, body = await ready(client)
    assert (status, body["failing"]) == (503, ["key"])


async def test_asking_often_costs_little() -> None:
    """Many questions at once ask the database once."""
    asked: list[None] = []

    async def count() -> None:
        asked.append(None)
        await asyncio.sleep(0)

    async with pages(database=count) as client:
        await asyncio.gather(*(ready(client) for _ in range(20)))
    assert len(asked) == 1


def silent(forever: asyncio.Event) -> Callable[[], Awaitable[object]]:
    return forever.wait


async def test_alive_without_a_database() -> None:
    """A gateway whose database is silent lives, so that nobody restarts it for that; but it is not ready."""
    async with pages(database=silent(asyncio.Event())) as client:
        async with client.get("/health/live") as response:
            assert response.status == 200
        status, body = await ready(client)
    assert (status, body["failing"]) == (503, ["database"])


async def test_metrics_page() -> None:
    """The metrics page is served as Prometheus wants it and shows how long the certificates hold."""
    async with pages(key=citizen().key) as client, client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        text = await response.text()
    assert 'qaqpa_certificate_left_seconds{use="anchor"} 6.912e+07' in text  # 800 days
    assert 'qaqpa_certificate_left_seconds{use="transport"}' in text
