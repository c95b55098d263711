"""Archive files: the evidence of closed cases, readable and verifiable for ever without the database.

An archive is gzipped JSON lines: first a header, then one record per case with its events and its exhibits (messages,
replies, results, what was sent, receipts). Events hold no personal data and are plain; exhibits are sealed under a key
of the archive's own, so that destroying that key erases what is personal and leaves the chain of evidence whole. Beside
the archives lie `proofs/<sha256>`: the revocation answers that verdicts rest on.
"""

import base64
import binascii
import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from gateway.cases.evidence import Entry, digest, first_broken, record, recorded
from gateway.cases.exhibit import Exhibit
from gateway.cases.model import Case
from gateway.cases.vault import Vault, VaultUnusable

FORMAT: Final = "qaqpa-archive-1"
PROOFS: Final = "proofs"
_NAMING = {"message", "document", "payload", "receipt", "report", "answer"}
"""Facts of an event that name an exhibit of the case by its SHA-256, or something else by an id that is no digest."""
_HEX_SHA256 = 64


class NoArchive(Exception):  # noqa: N818  says what the file is
    """The file cannot be read as an archive or as the record of a case."""


@dataclass(slots=True)
class Report:
    """What a check found. `broken` names cases and what is wrong with each."""

    cases: int = 0
    events: int = 0
    exhibits: int = 0
    opened: int = 0
    broken: list[str] = field(default_factory=list)


def case_record(case: Case, events: Iterable[Entry]) -> dict[str, object]:
    """Return the record of a case: what it is, and its whole log."""
    head = {"case": str(case.id), "number": case.number, "service": case.service_id, "state": case.state}
    return {**head, "ending": case.ending, "head": case.head.hex(), "events": record(events)}


def sealed_exhibits(case_id: UUID, exhibits: Iterable[Exhibit], vault: Vault) -> list[dict[str, str]]:
    """Return exhibits as they stand in a record, sealed with the archive's own vault."""
    lines = []
    for exhibit in exhibits:
        sealed = base64.b64encode(vault.seal(exhibit.content, _context(case_id, exhibit.sha256))).decode()
        lines.append({"name": exhibit.name, "mime": exhibit.mime, "sha256": exhibit.sha256, "sealed": sealed})
    return lines


def proofs_of(case: Mapping[str, object]) -> set[str]:
    """Return the names of the revocation proofs that a record's events rest on."""
    return set(_values(case["events"], {"proofs"}))


class ArchiveFile:
    """An archive being written; it gets its name when it is whole and on the disk."""

    def __init__(self, path: Path, archive_id: UUID, month: str) -> None:
        """Begin it beside `path`."""
        self.path = path
        self._part = path.with_suffix(".part")
        _make_folder(self._part.parent)
        # One file object under the compressor, to be flushed to the disk when it is done.
        self._raw = self._part.open("wb")
        self._text = gzip.GzipFile(fileobj=self._raw, mode="wb", mtime=0)
        self.add({"format": FORMAT, "archive": str(archive_id), "month": month})

    def add(self, line: Mapping[str, object]) -> None:
        """Append a record."""
        self._text.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    @property
    def written(self) -> int:
        """Bytes so far, before compression."""
        return int(self._text.tell())

    def finish(self) -> None:
        """Bring it to the disk under its name."""
        self._text.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()
        self._part.rename(self.path)
        sync_folder(self.path.parent)

    def abandon(self) -> None:
        """Remove what was written so far."""
        self._text.close()
        self._raw.close()
        self._part.unlink(missing_ok=True)


def write_proof(path: Path, content: bytes) -> None:
    """Bring a proof to the disk under its name, whole or not at all."""
    _make_folder(path.parent)
    part = path.with_suffix(f".{uuid4().hex}.part")  # workers in containers have the same process ids
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder, if it is not there, whose own name outlives a power cut too."""
    folder.mkdir(parents=True, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check(path: Path, vault: Vault | None = None) -> Report:
    """Check an archive, or the record of one case: chains, exhibits, proofs. With the archive's vault contents too.

    Raises:
        NoArchive: it is neither.
    """
    report = Report()
    try:
        for line in _records(path):
            _check_record(line, path.parent.parent / PROOFS, vault, report)
    except (OSError, EOFError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise NoArchive(f"{path}: not an archive, or cut short ({type(error).__name__})") from error
    return report


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if not packed:
        yield json.loads(path.read_bytes())
        return
    with gzip.open(path, "rb") as lines:
        header = json.loads(next(lines, b"{}"))
        if header.get("format") != FORMAT:
            raise ValueError("another format")
        for line in lines:
            yield json.loads(line)


def _check_record(line: dict[str, Any], proofs: Path, vault: Vault | None, report: Report) -> None:
    case_id = UUID(line["case"])
    entries = recorded(case_id, line["events"])
    report.cases += 1
    report.events += len(entries)
    wrong = list(_broken_log(entries, line["head"]))
    exhibits = line.get("exhibits")
    if exhibits is not None:  # else it is the record of a case alone
        wrong += _missing(line, proofs)
        report.exhibits += len(exhibits)
        if vault is not None:
            closed = [one["sha256"] for one in exhibits if not _opens(case_id, one, vault)]
            report.opened += len(exhibits) - len(closed)
            wrong += [f"{name} does not open, or is not what its name says" for name in closed]
    report.broken += [f"{case_id}: {what}" for what in wrong]


def _broken_log(entries: list[Entry], head: str) -> Iterator[str]:
    if (broken := first_broken(entries)) is not None:
        yield f"the log is broken at event {broken}"
    elif not entries or entries[-1].hash.hex() != head:
        yield "the log does not end where the case does"


def _missing(line: dict[str, Any], proofs: Path) -> Iterator[str]:
    """Give what the log names and is not there."""
    named = {name for name in _values(line["events"], _NAMING) if len(name) == _HEX_SHA256}
    for name in sorted(named - {exhibit["sha256"] for exhibit in line["exhibits"]}):
        yield f"{name} is named and not there"
    for name in sorted(proofs_of(line)):
        if not (proofs / name).is_file() or digest((proofs / name).read_bytes()) != name:
            yield f"the proof {name} is not there, or changed"


def _opens(case_id: UUID, exhibit: Mapping[str, str], vault: Vault) -> bool:
    name = exhibit["sha256"]
    try:
        return digest(vault.open(base64.b64decode(exhibit["sealed"], validate=True), _context(case_id, name))) == name
    except (VaultUnusable, binascii.Error):
        return False


def _values(data: object, keys: set[str]) -> Iterator[str]:
    """Give every text that stands under one of `keys`, alone or in a list, however deep."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key in keys:
                yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
            yield from _values(value, keys)
    elif isinstance(data, list):
        for value in data:
            yield from _values(value, keys)


def _context(case_id: UUID, name: str) -> bytes:
    return b"exhibit:" + case_id.bytes + name.encode()
