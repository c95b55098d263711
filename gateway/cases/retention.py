"""Retention: closed cases go to archives when their term is over, and what is personal there is erased on schedule.

Nothing leaves the database before its archive is on the disk, was read back and found whole. Every step may be cut off
anywhere and done again; several workers share the cases between them (docs/decisions/0061-retention.md).
"""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from gateway.cases import archive, identity
from gateway.cases.archive import ArchiveFile, NoArchive
from gateway.cases.delivery import outgoing
from gateway.cases.evidence import digest, first_broken
from gateway.cases.exhibit import Exhibit
from gateway.cases.model import Case
from gateway.cases.store.archives import Archived, Taking
from gateway.cases.store.partitions import Month
from gateway.cases.store.store import Store
from gateway.cases.vault import Vault, VaultUnusable
from gateway.clock import Clock
from gateway.settings import Retention as RetentionSettings

_BATCH: Final = 2000
_BATCH_BYTES: Final = 64 * 2**20
"""Of an archive before compression: the cases of one archive are locked while it is written."""
_PROOF_MONTHS: Final = 12
"""No authority's answer is good for longer: a proof this much older than the oldest case was not kept for it."""
_DAY_SECONDS: Final = 86_400

_log = structlog.get_logger(__name__)


class NotArchived(Exception):  # noqa: N818  says what happened
    """An archive that was just written cannot be read back whole: nothing was removed."""


@dataclass(slots=True)
class Outcome:
    """What one run did. `kept` are cases that could not be archived, with the reason: they stay in the database."""

    archived: int = 0
    archives: int = 0
    erased: int = 0
    dropped: list[Month] = field(default_factory=list)
    proofs: int = 0
    kept: dict[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retention:
    """Works on one store by the settings of an installation."""

    store: Store
    settings: RetentionSettings
    folder: Path
    clock: Clock

    @property
    def ended_before(self) -> datetime | None:
        """Cases that ended before then are to be archived; None: archiving is off."""
        months = self.settings.archive_months
        return _months_before(self.clock(), months) if months is not None else None

    async def run(self) -> Outcome:
        """Archive what is due, erase what is due, drop months from which everything has gone, forget old proofs.

        Raises:
            NotArchived, OSError: the archive folder does not keep what is written to it.
            psycopg.Error: the database is away. What was archived until then stays archived.
        """
        outcome, before = Outcome(), self.ended_before
        if before is None:
            return outcome
        _remove_leftovers(self.folder, self.clock())
        while await self._archive_batch(before, outcome):
            pass
        if self.settings.erase_months is not None:
            last = Month.of(_months_before(self.clock(), self.settings.erase_months)).later(-1)
            outcome.erased = await self.store.archives.erase(last, self.clock())
        outcome.dropped = await self.store.partitions.drop_empty(Month.of(before).later(-1))
        oldest = await self.store.archives.oldest_case()
        begun = identity.began(oldest) if oldest is not None else self.clock()
        outcome.proofs = await self.store.revocations.forget(_months_before(begun, _PROOF_MONTHS))
        return outcome

    async def _archive_batch(self, before: datetime, outcome: Outcome) -> bool:
        """Archive some cases of one month; False when there are none left."""
        async with self.store.archives.taking(before, _BATCH, list(outcome.kept)) as taken:
            if taken is None or not taken.cases:
                return False
            archive_id, key = identity.case_id(self.clock()), os.urandom(32)
            path = self.folder / f"{taken.month}/{archive_id}.jsonl.gz"
            file = ArchiveFile(path, archive_id, str(taken.month))
            try:
                done = await self._write(file, taken, Vault(key), outcome)
            except BaseException:
                file.abandon()
                raise
            if not done:
                file.abandon()
                return True
            await asyncio.to_thread(file.finish)
            made = Archived(
                id=archive_id,
                month=taken.month,
                cases=len(done),
                bytes=path.stat().st_size,
                sha256=await asyncio.to_thread(_verified, path, Vault(key), len(done)),
                archived_at=self.clock(),
                readable=True,
            )
            await self.store.archives.remove(taken, done, made, key)
        outcome.archived += len(done)
        outcome.archives += 1
        _log.info("retention.archived", archive=str(archive_id), cases=len(done))
        return True

    async def _write(self, file: ArchiveFile, taken: Taking, vault: Vault, outcome: Outcome) -> list[Case]:
        done = []
        for case in taken.cases:
            if file.written > _BATCH_BYTES:
                break
            try:
                record = await self._record(case, vault)
            except (VaultUnusable, LookupError) as error:  # damaged: it stays where a person can look at it
                outcome.kept[case.id] = type(error).__name__
                _log.error("retention.not_archived", case=str(case.id), error=type(error).__name__)
                continue
            await asyncio.to_thread(file.add, record)
            done.append(case)
        return done

    async def _record(self, case: Case, vault: Vault) -> dict[str, object]:
        store = self.store
        events = await store.ledger.events(case.id)
        if first_broken(events) is not None or not events or events[-1].hash != case.head:
            raise LookupError("the log is not whole")
        sent = [(await outgoing(store.ledger, case, one)).payload for one in await store.outbox.of(case.id)]
        exhibits = [
            *await store.ledger.received(case.id),
            *await store.ledger.documents(case.id),
            *(Exhibit("sent.xml", payload) for payload in sent),
        ]
        record = archive.case_record(case, events)
        await self._keep_proofs(archive.proofs_of(record))
        return {**record, "exhibits": archive.sealed_exhibits(case.id, exhibits, vault)}

    async def _keep_proofs(self, names: Iterable[str]) -> None:
        """Write proofs beside the archives, each once."""
        folder = self.folder / archive.PROOFS
        for name in names:
            if (folder / name).is_file():
                continue
            content = await self.store.revocations.proof(name)
            if content is None:
                raise LookupError("a proof is not there")
            await asyncio.to_thread(archive.write_proof, folder / name, content)


def _remove_leftovers(folder: Path, now: datetime) -> None:
    """Remove what a killed process had begun to write; nobody writes for a day."""
    for part in folder.glob("*/*.part"):
        if part.stat().st_mtime < now.timestamp() - _DAY_SECONDS:
            part.unlink(missing_ok=True)


def _verified(path: Path, vault: Vault, cases: int) -> str:
    """Read an archive back and return its SHA-256; nothing is removed for one that is not whole."""
    try:
        found = archive.check(path, vault)
    except NoArchive as error:
        raise NotArchived(str(error)) from error
    if found.broken or found.cases != cases or found.opened != found.exhibits:
        raise NotArchived(f"{path}: {'; '.join(found.broken[:3]) or 'not whole'}")
    return digest(path.read_bytes())


def _months_before(at: datetime, months: int) -> datetime:
    """Return the same time of day so many months earlier; the last day of a shorter month."""
    month = Month.of(at).later(-months)
    last = (month.later(1).first - month.first).days
    return at.replace(year=month.year, month=month.number, day=min(at.day, last))
