"""The provider's own register of cases, on SQLite: a repeat changes nothing, a kill loses nothing."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (
    number TEXT PRIMARY KEY, service TEXT NOT NULL, deadline TEXT NOT NULL, document BLOB NOT NULL,
    received_at TEXT NOT NULL, supplemented_at TEXT, submissions INTEGER NOT NULL DEFAULT 1,
    outcome TEXT, decided_at TEXT, decision BLOB, files TEXT NOT NULL, refused TEXT);
"""
_COLUMNS = (
    "number, service, deadline, document, files, received_at, supplemented_at, submissions, outcome, "
    "decided_at, decision, refused"
)


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """A case in the provider's register."""

    number: str
    service: str
    deadline: datetime
    document: bytes = field(repr=False)
    """The citizen's signed application."""
    received_at: datetime
    supplemented_at: datetime | None
    submissions: int
    """How often the gateway handed the case over."""
    outcome: str | None
    decided_at: datetime | None
    decision: bytes | None = field(repr=False)
    """The signed result document, once there is one."""
    refused: str | None
    """Code of what the gateway did not take last."""
    files: tuple[str, ...]
    """SHA-256 of the attachments, as the gateway handed them over."""


class CaseRegister:
    """All cases of one provider."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the register, making it when missing.

        Raises:
            sqlite3.Error: it cannot be opened or is not a register.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def submit(  # noqa: PLR0913, PLR0917  what the gateway hands over
        self, number: str, service: str, deadline: datetime, document: bytes, files: Sequence[str], at: datetime
    ) -> ProviderRecord:
        """Record a case; a known number stays as it is."""
        self._connection.execute(
            "INSERT INTO cases (number, service, deadline, document, files, received_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (number) DO UPDATE SET submissions = submissions + 1",
            (number, service, deadline.isoformat(), document, json.dumps(files), at.isoformat()),
        )
        return self.get(number)

    def supplement(self, number: str, document: bytes, files: Sequence[str], at: datetime) -> ProviderRecord:
        """Record the completed application; the same one again changes nothing.

        Raises:
            KeyError: there is no such case.
        """
        self._connection.execute(
            "UPDATE cases SET document = ?, files = ?, supplemented_at = ?"
            " WHERE number = ? AND document <> ? AND decision IS NULL",
            (document, json.dumps(files), at.isoformat(), number, document),
        )
        return self.get(number)

    def decide(self, number: str, outcome: str, at: datetime, decision: bytes) -> ProviderRecord:
        """Record the decision; the first one stands.

        Raises:
            KeyError: there is no such case.
        """
        self._connection.execute(
            "UPDATE cases SET outcome = ?, decided_at = ?, decision = ? WHERE number = ? AND decision IS NULL",
            (outcome, at.isoformat(), decision, number),
        )
        return self.get(number)

    def terminate(self, number: str, at: datetime, decision: bytes) -> None:
        """Record the decision that ends what was granted; it stands in the place of the first."""
        self._connection.execute(
            "UPDATE cases SET outcome = 'terminated', decided_at = ?, decision = ? WHERE number = ?",
            (at.isoformat(), decision, number),
        )

    def refuse(self, number: str, code: str) -> None:
        """Record that the gateway did not take what was said of a case."""
        self._connection.execute("UPDATE cases SET refused = ? WHERE number = ?", (code, number))

    def get(self, number: str) -> ProviderRecord:
        """Return a case.

        Raises:
            KeyError: there is none of that number.
        """
        found = self._records("WHERE number = ?", number)
        if not found:
            raise KeyError(number)
        return found[0]

    def undecided(self) -> list[ProviderRecord]:
        """Return the cases without a decision, oldest first."""
        return self._records("WHERE decision IS NULL ORDER BY received_at")

    def all(self) -> list[ProviderRecord]:
        """Return all cases, oldest first."""
        return self._records("ORDER BY received_at")

    def _records(self, condition: str, *values: object) -> list[ProviderRecord]:
        return list(_read(self._connection.execute(f"SELECT {_COLUMNS} FROM cases {condition}", values)))


def _read(rows: Iterable[tuple[Any, ...]]) -> Iterable[ProviderRecord]:
    for row in rows:
        values = dict(zip(_COLUMNS.split(", "), row, strict=True))
        for name in ("deadline", "received_at", "supplemented_at", "decided_at"):
            values[name] = datetime.fromisoformat(values[name]) if values[name] else None
        yield ProviderRecord(**(values | {"files": tuple(json.loads(values["files"]))}))
