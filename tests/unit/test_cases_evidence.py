"""The hash-chained log of a case."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from gateway.cases.evidence import Entry, entry, first_broken

CASE = UUID(int=7)
AT = datetime(2026, 1, 5, 6, 7, 8, 123456, UTC)


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for seq in range(1, length + 1):
        previous = entries[-1].hash if entries else b""
        entries.append(entry(CASE, seq, AT, "Sent", {"n": seq, "text": "Қ"}, previous))
    return entries


def test_a_whole_chain_stands() -> None:
    """An untouched log has no broken entry."""
    assert first_broken(chain(5)) is None
    assert first_broken([]) is None


@pytest.mark.parametrize(
    "change",
    [{"data": "{}"}, {"kind": "Decided"}, {"at": AT.replace(microsecond=0)}, {"case_id": UUID(int=8)}, {"hash": b"x"}],
)
def test_a_changed_entry_is_found(change: dict[str, object]) -> None:
    """Whatever is changed in an entry, the log breaks at it."""
    entries = chain(5)
    entries[2] = replace(entries[2], **change)  # type: ignore[arg-type]
    assert first_broken(entries) == 3


def test_a_missing_or_exchanged_entry_is_found() -> None:
    """Entries cannot be taken out, put in another order, or put in again."""
    entries = chain(5)
    assert first_broken(entries[:2] + entries[3:]) == 3
    assert first_broken([entries[1], entries[0], *entries[2:]]) == 1
    assert first_broken([*entries[:3], entries[2], *entries[3:]]) == 4
