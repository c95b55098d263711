"""The evidence of a case: an append-only log in which every event names the hash of the one before.

The hash of an event is SHA-256 over the previous hash and the event's bytes; the first event's previous hash is empty.
Whoever knows the last hash can check the whole log offline. Outside the store a log is a record: JSON, as
`qaqpa case show --json` prints it and as archives hold it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as stored. `data` holds no personal data; documents are named by their SHA-256."""

    case_id: UUID
    seq: int
    at: datetime
    kind: str
    data: str
    """JSON with sorted keys."""
    hash: bytes


def entry(  # noqa: PLR0913, PLR0917  the six are the entry
    case_id: UUID, seq: int, at: datetime, kind: str, data: Mapping[str, object], previous: bytes
) -> Entry:
    """Make the entry that follows the one whose hash is `previous`."""
    text = _text(data)
    return Entry(case_id, seq, at, kind, text, _hash(previous, case_id, seq, at, kind, text))


def record(entries: Iterable[Entry]) -> list[dict[str, object]]:
    """Return the events as they stand in a record."""
    return [
        {
            "seq": one.seq,
            "at": one.at.isoformat(),
            "kind": one.kind,
            "data": json.loads(one.data),
            "hash": one.hash.hex(),
        }
        for one in entries
    ]


def recorded(case_id: UUID, events: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Undo `record`: the same entries again. Raises KeyError, TypeError or ValueError if it is no record."""
    return [
        Entry(
            case_id,
            one["seq"],
            datetime.fromisoformat(one["at"]),
            one["kind"],
            _text(one["data"]),
            bytes.fromhex(one["hash"]),
        )
        for one in events
    ]


def first_broken(entries: Iterable[Entry]) -> int | None:
    """Return the number of the first entry that does not follow from the one before, or None if all do."""
    previous, expected = b"", 1
    for one in entries:
        if one.seq != expected or one.hash != _hash(previous, one.case_id, one.seq, one.at, one.kind, one.data):
            return expected
        previous, expected = one.hash, expected + 1
    return None


def digest(data: bytes) -> str:
    """Return the SHA-256 of a document, hex: its name in the log."""
    return hashlib.sha256(data).hexdigest()


def _text(data: Mapping[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hash(  # noqa: PLR0913, PLR0917  the entry's parts
    previous: bytes, case_id: UUID, seq: int, at: datetime, kind: str, data: str
) -> bytes:
    head = f"{case_id}\n{seq}\n{at.timestamp():.6f}\n{kind}\n".encode()
    return hashlib.sha256(previous + head + data.encode()).digest()
