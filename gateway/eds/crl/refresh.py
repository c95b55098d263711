"""Keeping the shelf current: downloads, files an operator puts down, and how it all went."""

import asyncio
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import structlog

from gateway.clock import Clock
from gateway.eds.crl.list_file import ListUnusable
from gateway.eds.crl.shelf import RevocationList, Shelf
from gateway.eds.fetch import Fetch, FetchFailed

_log = structlog.get_logger(__name__)
_SUFFIX: Final = ".crl"
_SOON_SECONDS: Final = 10.0
"""While a list is missing, it is tried again after so long."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Where lists come from, and how often they are fetched."""

    urls: Sequence[str] = ()
    """Full lists and deltas alike."""
    folder: Path | None = None
    """Files named `*.crl`, DER, put there by an operator."""
    refresh_seconds: float = 900.0
    timeout_seconds: float = 120.0


class ListObserver(Protocol):
    """Learns how the lists stand; `gateway.telemetry` implements it."""

    def revocation_list(self, origin: str, outcome: str, next_update: datetime | None) -> None:
        """Record a refresh: `new`, `unchanged` or `failed`, and until when the list is good now.

        `origin` is the name of its file.
        """


class Refresher:
    """Refreshes a shelf from its origins."""

    def __init__(self, shelf: Shelf, origins: Origins, fetch: Fetch, clock: Clock, observer: ListObserver) -> None:
        """Refresh `shelf` from `origins`, through `fetch`."""
        self._shelf = shelf
        self._origins = origins
        self._fetch = fetch
        self._clock = clock
        self._observer = observer
        self.tried = asyncio.Event()
        """Set when every list has been tried once."""

    async def keep(self) -> None:
        """Refresh for ever."""
        while True:
            complete = await self.refresh()
            await asyncio.sleep(
                self._origins.refresh_seconds if complete else min(_SOON_SECONDS, self._origins.refresh_seconds)
            )

    async def refresh(self) -> bool:
        """Refresh all lists once; return whether a current one stands for each origin."""
        try:
            await asyncio.to_thread(self._shelf.reopen)
            await asyncio.to_thread(self._shelf.sweep)
        except OSError as error:
            _log.warning("revocation.folder_failed", error=type(error).__name__)
        origins: list[str | Path] = [*self._origins.urls, *self._files()]
        done = [await self._one(origin) for origin in origins]
        self.tried.set()
        return all(done)

    def _files(self) -> Iterable[Path]:
        folder = self._origins.folder
        return sorted(folder.glob(f"*{_SUFFIX}")) if folder is not None else ()

    async def _one(self, origin: str | Path) -> bool:
        name = str(origin)
        before = self._shelf.of(name)
        try:
            after = await (self._read(origin) if isinstance(origin, Path) else self._download(origin))
        except (FetchFailed, ListUnusable, OSError) as error:
            _log.warning("revocation.list_failed", origin=name, error=str(error))
            self._observer.revocation_list(_short(name), "failed", None if before is None else before.label.next_update)
            return before is not None and before.label.next_update > self._clock()
        changed = before is None or after.label.sha256 != before.label.sha256
        if changed:
            label = after.label
            _log.info(
                "revocation.list_new",
                origin=name,
                number=label.number,
                entries=label.entries,
                delta=label.base_number is not None,
            )
        self._observer.revocation_list(_short(name), "new" if changed else "unchanged", after.label.next_update)
        return after.label.next_update > self._clock()

    async def _read(self, path: Path) -> RevocationList:
        return await asyncio.to_thread(self._shelf.add, path, str(path), self._clock())

    async def _download(self, url: str) -> RevocationList:
        before = self._shelf.of(url)
        with tempfile.NamedTemporaryFile() as file:
            downloaded = await self._fetch.download(
                url,
                file,
                since=None if before is None else before.label.last_modified,
                max_bytes=self._shelf.max_bytes,
                seconds=self._origins.timeout_seconds,
            )
            if downloaded is None and before is not None:
                return before
            file.flush()
            last_modified = None if downloaded is None else downloaded.last_modified
            return await asyncio.to_thread(self._shelf.add, Path(file.name), url, self._clock(), last_modified)


def _short(origin: str) -> str:
    return origin.rsplit("/", 1)[-1]
