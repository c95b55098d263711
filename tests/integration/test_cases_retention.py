"""Closed cases leave the database for archives, and what is personal there is erased, on a real PostgreSQL."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import typer

from gateway.cases import archive, machine
from gateway.cases.archive import NoArchive
from gateway.cases.cabinet import MessageKind
from gateway.cases.evidence import digest
from gateway.cases.identity import case_id
from gateway.cases.inbound import Mode
from gateway.cases.model import Case, State
from gateway.cases.provider import Decision, Outcome
from gateway.cases.retention import NotArchived, Retention
from gateway.cases.store.doctor import diagnose
from gateway.cases.store.ledger import Commit
from gateway.cases.store.migrate import migrate
from gateway.cases.store.partitions import Month
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.cli_store import find_case
from gateway.faults import GatewayFault
from gateway.sandbox.nca import TestAuthority
from gateway.settings import Retention as RetentionSettings
from tests.support.cases import RAW, new_case, new_message, registered
from tests.support.gateway import NOW as TODAY
from tests.support.gateway import desk, reply

ENDED = datetime(2026, 3, 20, 9, tzinfo=UTC)
NOW = datetime(2027, 4, 1, tzinfo=UTC)
TERMS = RetentionSettings(archive_months=12, erase_months=60)
RESULT = b"<result>Ivanov</result>"


@dataclass
class Installation:
    store: Store
    folder: Path
    now: datetime = NOW
    terms: RetentionSettings = TERMS

    @property
    def retention(self) -> Retention:
        return Retention(self.store, self.terms, self.folder, lambda: self.now)

    async def ended(self, serial: int, at: datetime = ENDED) -> Case:
        """Take a case through its life; it ends at `at`."""
        begun = at - timedelta(days=5)
        change = registered(serial, new_case(case_id(begun)))
        case = change.case
        assert await self.store.inbox.accept(new_message(str(serial)), change)
        decision = Decision(Outcome.POSITIVE, begun, RESULT, "result.xml")
        await self._commit(case, machine.Decided(begun, decision), decision)
        for delivery in await self.store.outbox.of(case.id):
            await self._commit(case, machine.Sent(begun, delivery.kind is MessageKind.RESPONSE))
        after = await self._commit(case, machine.Confirmed(at, {}))
        assert after.state is State.CONFIRMED
        async with self.store.pool.connection() as connection:
            await connection.execute("DELETE FROM tasks WHERE case_id = %s", (case.id,))
        return case

    async def _commit(self, case: Case, event: machine.Event, decision: Decision | None = None) -> Case:
        after = await self.store.ledger.commit(
            case.id, lambda locked: Commit(machine.advance(locked, event), decision=decision)
        )
        assert after is not None
        return after

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*/*.jsonl.gz"))

    async def rows(self, *tables: str) -> list[int]:
        counts = []
        async with self.store.pool.connection() as connection:
            for table in tables:
                row = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
                assert row is not None
                counts.append(int(row[0]))
        return counts


@pytest.fixture
async def at(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await migrate(connection)
    async with open_store(database_url, Vault(bytes(32)), 6) as opened:
        yield Installation(opened, tmp_path / "archive")


CONTENT = ("cases", "messages", "events", "deliveries", "documents", "shep_ids", "tasks")


async def test_a_case_leaves_when_its_term_is_over(at: Installation) -> None:
    """What ended longer ago than the term goes, whole, to an archive; what ended later stays; the promises hold."""
    old, young = await at.ended(1), await at.ended(2, NOW - timedelta(days=300))
    done = await at.retention.run()
    assert (done.archived, done.archives, done.kept) == (1, 1, {})
    assert [case.id for case in await at.store.ledger.cases()] == [young.id]
    (file,) = at.files()
    found = await at.store.archives.of_number(old.number or "")
    assert found is not None
    assert (file, found.cases) == (at.folder / found.name, 1)
    assert (await diagnose(at.store.pool)).broken == {}


async def test_a_command_that_is_asked_for_an_archived_case_says_where_it_lies(at: Installation) -> None:
    """By number or id, the operator is told the archive's file; of a case that never was, that there is none."""
    case = await at.ended(1)
    await at.retention.run()
    (file,) = at.files()
    for name in (case.number or "", str(case.id)):
        with pytest.raises(typer.BadParameter, match=f"archived on .* {file.relative_to(at.folder)} of the archive"):
            await find_case(at.store, name)
    with pytest.raises(typer.BadParameter, match="there is no case"):
        await find_case(at.store, "2026-99999999-0")


async def test_an_archive_proves_without_the_database(at: Installation) -> None:
    """The file alone shows that every log is whole and complete; with its key, that every exhibit is what it was."""
    case = await at.ended(1)
    await at.retention.run()
    (file,) = at.files()
    assert (archive.check(file).broken, archive.check(file).opened) == ([], 0)
    found = await at.store.archives.of(case.id)
    assert found is not None
    key = await at.store.archives.key(found.id)
    assert key is not None
    opened = archive.check(file, Vault(key))
    assert (opened.broken, opened.exhibits) == ([], opened.opened)
    names = {one["sha256"] for one in _record(file)["exhibits"]}
    assert {digest(RAW), digest(RESULT)} <= names


async def test_nothing_personal_is_readable_in_an_archive(at: Installation) -> None:
    """Neither what the citizen wrote nor the result stands in the file in the clear."""
    await at.ended(1)
    await at.retention.run()
    text = gzip.decompress(at.files()[0].read_bytes())
    assert b"personal" not in text
    assert b"Ivanov" not in text


async def test_erasing_makes_an_archive_unreadable_for_ever_and_leaves_it_whole(at: Installation) -> None:
    """After the second term nobody can open the exhibits; the chain of evidence still verifies."""
    case = await at.ended(1)
    await at.retention.run()
    at.now = NOW.replace(year=2031)
    assert (await at.retention.run()).erased == 1
    found = await at.store.archives.of(case.id)
    assert found is not None
    assert not found.readable
    assert await at.store.archives.key(found.id) is None
    assert archive.check(at.files()[0]).broken == []


async def test_a_second_run_changes_nothing(at: Installation) -> None:
    """Retention is idempotent."""
    await at.ended(1)
    await at.retention.run()
    done = await at.retention.run()
    assert (done.archived, len(at.files())) == (0, 1)


async def test_without_a_term_nothing_leaves(at: Installation) -> None:
    """Retention is off until the installation sets its term."""
    await at.ended(1)
    at.terms = RetentionSettings()
    assert (await at.retention.run()).archived == 0
    assert await at.rows("cases") == [1]


async def test_several_workers_archive_each_case_once(at: Installation) -> None:
    """Workers that run at the same moment share the cases; none is in two archives."""
    for serial in range(1, 13):
        await at.ended(serial)
    await asyncio.gather(*(at.retention.run() for _ in range(3)))
    await at.retention.run()
    archived = [line["case"] for file in at.files() for line in _records(file)]
    assert (len(archived), len(set(archived))) == (12, 12)
    assert await at.rows(*CONTENT) == [0] * len(CONTENT)


async def test_cases_of_different_months_go_to_different_archives(at: Installation) -> None:
    """An archive holds cases that ended in one month: they are erased together."""
    await at.ended(1)
    await at.ended(2, ENDED - timedelta(days=60))
    await at.retention.run()
    assert [file.parent.name for file in at.files()] == ["2026-01", "2026-03"]


async def test_what_cannot_be_written_stays(at: Installation) -> None:
    """An archive folder that does not take files costs nothing but the archiving."""
    await at.ended(1)
    at.folder.write_text("a file is in the way")
    with pytest.raises(OSError, match=r"exist|directory"):
        await at.retention.run()
    assert await at.rows("cases", "archives") == [1, 0]


async def test_a_disk_that_forgets_is_noticed_before_anything_is_removed(
    at: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that reads back otherwise than it was written removes nothing."""
    await at.ended(1)
    finish = archive.ArchiveFile.finish

    def forgetful(file: archive.ArchiveFile) -> None:
        finish(file)
        file.path.write_bytes(file.path.read_bytes()[:-20])

    monkeypatch.setattr(archive.ArchiveFile, "finish", forgetful)
    with pytest.raises(NotArchived):
        await at.retention.run()
    assert await at.rows("cases", "archives") == [1, 0]


async def test_a_damaged_case_stays_and_does_not_hold_up_the_others(at: Installation) -> None:
    """What is not whole is named and kept for a person; the rest is archived."""
    damaged, _ = await at.ended(1), await at.ended(2)
    async with at.store.pool.connection() as connection:
        await connection.execute("UPDATE events SET data = '{}' WHERE case_id = %s AND seq = 2", (damaged.id,))
    done = await at.retention.run()
    assert (done.archived, set(done.kept)) == (1, {damaged.id})
    assert [case.id for case in await at.store.ledger.cases()] == [damaged.id]


@pytest.mark.parametrize("damage", ["event", "exhibit", "end"])
async def test_a_changed_archive_is_noticed(at: Installation, damage: str) -> None:
    """Changing an event, taking an exhibit away or cutting the log off is found offline."""
    await at.ended(1)
    await at.retention.run()
    (file,) = at.files()
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    if damage == "event":
        lines[1]["events"][0]["data"]["number"] = "2026-00000009-9"
    elif damage == "end":
        lines[1]["events"].pop()
    else:
        lines[1]["exhibits"] = []
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    assert archive.check(file).broken


async def test_a_cut_archive_is_no_archive(at: Installation) -> None:
    """A file that ends too early is refused, not found whole."""
    await at.ended(1)
    await at.retention.run()
    (file,) = at.files()
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(NoArchive):
        archive.check(file)


async def test_an_empty_month_is_dropped(at: Installation) -> None:
    """Partitions from which every case has gone disappear; a month with a case left stays."""
    for at_ in (ENDED, ENDED - timedelta(days=60)):
        await at.store.partitions.attach_ahead(at_)
    await at.ended(1)
    open_case = registered(2, new_case(case_id(ENDED - timedelta(days=60))))
    await at.store.inbox.accept(new_message("2"), open_case)
    done = await at.retention.run()
    assert Month(2026, 3) in done.dropped
    assert Month(2026, 1) not in done.dropped
    assert Month(2026, 1) in await at.store.partitions.months()
    assert await at.rows("cases") == [1]


async def test_proofs_go_when_no_case_is_left_that_could_rest_on_them(at: Installation) -> None:
    """A revocation proof stays as long as a case of its time, or an answer, may name it."""
    async with at.store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO revocation_proofs VALUES ('old', 0, 1, 'ocsp', '2020-01-01', ''), "
            "('new', 0, 1, 'ocsp', '2026-09-01', ''), ('used', 0, 1, 'ocsp', '2020-01-01', '')"
        )
        await connection.execute(
            "INSERT INTO revocation_answers VALUES "
            "('c', 1, 'ocsp', '2020-01-01', '2020-01-02', '{used}', false, null, '', false)"
        )
    await at.ended(1, NOW - timedelta(days=20))
    assert (await at.retention.run()).proofs == 1
    assert await at.rows("revocation_proofs") == [2]


async def test_a_message_that_comes_again_after_years_is_recognised(
    database_url: str, authority: TestAuthority, tmp_path: Path
) -> None:
    """The copy of an archived message is not taken again; another content under its id is refused as ever."""
    async with desk(database_url, authority, tmp_path) as office:
        message = office.message(office.document(consent=False), mode=Mode.SYNC)
        await office.intake.accept(message, reply)
        later = Retention(office.store, TERMS, tmp_path / "archive", lambda: TODAY + timedelta(days=800))
        assert (await later.run()).archived == 1
        with pytest.raises(GatewayFault) as caught:
            await office.intake.accept(message, reply)
        assert caught.value.detail.code == "client.archived"
        other = office.message(office.document(), mode=Mode.SYNC)
        with pytest.raises(GatewayFault) as caught:
            await office.intake.accept(other, reply)
        assert caught.value.detail.code == "client.duplicate_message_id"


def _records(file: Path) -> list[dict[str, list[dict[str, str]]]]:
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()[1:]]


def _record(file: Path) -> dict[str, list[dict[str, str]]]:
    return _records(file)[0]
