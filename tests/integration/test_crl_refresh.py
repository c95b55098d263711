"""Lists over real HTTP and from a folder: fetched, kept, and replaced only by better ones."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.eds.crl.lists import Lists
from gateway.eds.crl.refresh import Origins, Refresher
from gateway.eds.crl.shelf import Shelf
from gateway.eds.fetch import HttpFetch, user_agent
from gateway.eds.revocation import NoAnswer
from tests.support.crl import ListTemplate, Revoked, revocation_list
from tests.support.eds import AT, citizen, nca

FULL = revocation_list(nca(), [Revoked(citizen().certificate.serial_number)], ListTemplate(number=10))
EMPTY = revocation_list(nca(), (), ListTemplate(number=11))
OLDER = revocation_list(nca(), (), ListTemplate(number=9))
MODIFIED = "Sun, 01 Mar 2026 00:00:00 GMT"


@dataclass
class Site:
    """A server of lists."""

    url: str = ""
    content: bytes = FULL
    status: int = 200
    modified: str = MODIFIED
    seen: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.seen.append(dict(request.headers))
        if request.headers.get("If-Modified-Since") == self.modified:
            return web.Response(status=304)
        headers = {"Last-Modified": self.modified} | ({"Location": "/other"} if self.status == 302 else {})
        return web.Response(body=self.content, status=self.status, headers=headers)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    running = Site()
    app = web.Application()
    app.router.add_get("/nca.crl", running.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        running.url = f"http://127.0.0.1:{runner.addresses[0][1]}/nca.crl"
        yield running
    finally:
        await runner.cleanup()


class Seen:
    """An observer of lists."""

    def __init__(self) -> None:
        self.refreshes: list[tuple[str, str]] = []

    def revocation_list(self, origin: str, outcome: str, next_update: datetime | None) -> None:
        assert next_update is None or next_update > AT
        self.refreshes.append((origin, outcome))


class Keeper:
    """A shelf with what refreshes it."""

    def __init__(self, place: Path, session: aiohttp.ClientSession, **origins: object) -> None:
        self.now = AT
        self.seen = Seen()
        self.shelf = Shelf(place / "shelf", [nca().certificate], max_bytes=20_000)
        fetch = HttpFetch(session)
        self.refresher = Refresher(
            self.shelf,
            Origins(**origins),  # type: ignore[arg-type]
            fetch,
            lambda: self.now,
            self.seen,
        )

    async def revoked(self) -> bool:
        answer = await Lists(self.shelf, lambda: self.now).ask(citizen().certificate, nca().certificate)
        return answer.withdrawal is not None


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_a_list_is_downloaded_and_asked_for_again_only_if_it_changed(
    site: Site, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """The second time the server is told what we have, also after a restart; it says who asks."""
    keeper = Keeper(tmp_path, session, urls=[site.url])
    assert await keeper.refresher.refresh()
    assert await keeper.revoked()
    assert await keeper.refresher.refresh()
    again = Keeper(tmp_path, session, urls=[site.url])
    assert await again.revoked()
    assert await again.refresher.refresh()
    assert [one.get("If-Modified-Since") for one in site.seen] == [None, MODIFIED, MODIFIED]
    assert {one["User-Agent"] for one in site.seen} == {user_agent()}
    assert keeper.seen.refreshes == [("nca.crl", "new"), ("nca.crl", "unchanged")]


async def test_a_new_list_takes_its_place(site: Site, session: aiohttp.ClientSession, tmp_path: Path) -> None:
    """A changed list is fetched, verified and asked from then on."""
    keeper = Keeper(tmp_path, session, urls=[site.url])
    await keeper.refresher.refresh()
    site.content, site.modified = EMPTY, "Sun, 01 Mar 2026 01:00:00 GMT"
    assert await keeper.refresher.refresh()
    assert not await keeper.revoked()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (OLDER, 200),
        (EMPTY[:-1], 200),
        (b"<html>login</html>", 200),
        (b"\x30" * 30_000, 200),
        (EMPTY, 302),
        (EMPTY, 404),
        (EMPTY, 500),
    ],
)
async def test_a_bad_download_changes_nothing(
    site: Site, session: aiohttp.ClientSession, tmp_path: Path, content: bytes, status: int
) -> None:
    """Replayed, cut off, not a list, too large, redirected or missing: the list that stands goes on."""
    keeper = Keeper(tmp_path, session, urls=[site.url])
    await keeper.refresher.refresh()
    site.content, site.status, site.modified = content, status, "another day"
    assert await keeper.refresher.refresh(), "the list that stands is still good"
    assert await keeper.revoked()
    assert keeper.seen.refreshes[-1] == ("nca.crl", "failed")
    keeper.now = AT + timedelta(days=3)
    keeper.seen.refreshes.clear()
    assert not await keeper.refresher.refresh(), "it has expired meanwhile"
    with pytest.raises(NoAnswer, match="expired"):
        await keeper.revoked()


async def test_a_server_that_is_away(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    """Without a list there is no answer, and it is known that one is missing."""
    keeper = Keeper(tmp_path, session, urls=["http://127.0.0.1:9/nca.crl"])
    assert not await keeper.refresher.refresh()
    with pytest.raises(NoAnswer, match="no list"):
        await keeper.revoked()


async def test_lists_that_an_operator_puts_down(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    """Where nothing is downloaded, files in a folder do as well; a broken one disturbs nobody."""
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "nca.crl").write_bytes(FULL)
    (folder / "broken.crl").write_bytes(FULL[:100])
    (folder / "README").write_text("not a list")
    keeper = Keeper(tmp_path, session, folder=folder)
    assert not await keeper.refresher.refresh()
    assert await keeper.revoked()
    assert sorted(keeper.seen.refreshes) == [("broken.crl", "failed"), ("nca.crl", "new")]
    (folder / "broken.crl").unlink()
    (folder / "nca.crl").write_bytes(EMPTY)
    assert await keeper.refresher.refresh()
    assert not await keeper.revoked()


async def test_a_folder_that_cannot_be_written(site: Site, session: aiohttp.ClientSession, tmp_path: Path) -> None:
    """A full or vanished disk fails the refresh, not the process; what is open goes on answering."""
    keeper = Keeper(tmp_path, session, urls=[site.url])
    await keeper.refresher.refresh()
    (tmp_path / "shelf").rename(tmp_path / "elsewhere")
    site.content, site.modified = EMPTY, "another day"
    assert await keeper.refresher.refresh()
    assert keeper.seen.refreshes[-1] == ("nca.crl", "failed")
    assert await keeper.revoked()
    assert os.listdir(tmp_path / "elsewhere")  # noqa: PTH208  a name is enough
