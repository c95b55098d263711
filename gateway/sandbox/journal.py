"""What the sandbox's ShEP remembers: every message with its numbers, on SQLite, so that a kill loses nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from gateway.shep.messages import MessageState, MessageType

_SCHEMA = """
CREATE TABLE IF NOT EXISTS correlation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, service TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL, sender_id TEXT, digest TEXT NOT NULL,
    receiver TEXT NOT NULL, service TEXT NOT NULL, type TEXT NOT NULL, route TEXT, data BLOB NOT NULL,
    correlation INTEGER NOT NULL REFERENCES correlation(id),
    state TEXT NOT NULL, fault TEXT, receipt TEXT, received_at TEXT NOT NULL, closed_at TEXT,
    repeats INTEGER NOT NULL DEFAULT 0, reported INTEGER NOT NULL DEFAULT 0,
    UNIQUE (sender, sender_id));
CREATE INDEX IF NOT EXISTS message_open ON message (id) WHERE state = 'ON_DELIVERY';
"""
_FIRST = {"correlation": 3_380_000, "message": 254_750_000}  # the size of real ShEP's numbers
_COLUMNS = (
    "id, sender, sender_id, digest, receiver, service, type, route, data, correlation,"
    " state, fault, receipt, received_at"
)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A message as its sender gave it."""

    sender: str
    sender_id: str | None
    """The sender's own id of it: by this repeats are told."""
    receiver: str
    service: str
    type: MessageType
    route: str | None
    data: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """What makes two messages under one id the same message."""
        content = b"\0".join([self.service.encode(), self.type.encode(), (self.route or "").encode(), self.data])
        return sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as ShEP keeps it."""

    id: int
    sender: str
    sender_id: str | None
    digest: str
    receiver: str
    service: str
    type: MessageType
    route: str | None
    data: bytes = field(repr=False)
    correlation: int
    state: MessageState
    fault: str | None
    """Why it was not delivered: the receiver's fault, see `courier.to_json`."""
    receipt: str | None
    """The id that the receiver gave in its receipt."""
    received_at: datetime


class Conflict(Exception):  # noqa: N818  it is one
    """The sender used one id for two different messages."""


class Journal:
    """ShEP's messages. One process uses it; every method is one short transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the journal, making it when missing.

        Raises:
            sqlite3.Error: it cannot be opened or is not a journal.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        for table, first in _FIRST.items():
            connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT ?, ? "
                "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)",
                (table, first, table),
            )
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def owner(self, correlation: int) -> tuple[str, str] | None:
        """Return who opened a correlation and for which service; None if nobody did."""
        row = self._connection.execute("SELECT owner, service FROM correlation WHERE id = ?", (correlation,)).fetchone()
        return None if row is None else (row[0], row[1])

    def take(self, message: Submitted, correlation: int | None, at: datetime) -> tuple[Entry, bool]:
        """Keep a message and number it; a repeat gets the entry of the first.

        Args:
            message: what came.
            correlation: the correlation it belongs to; None opens a new one.
            at: now.

        Returns:
            The entry, and whether it is new.

        Raises:
            Conflict: the sender's id stands for another message already.
        """
        with self._transaction() as connection:
            known = self._known(message)
            if known is not None:
                connection.execute("UPDATE message SET repeats = repeats + 1 WHERE id = ?", (known.id,))
                if known.digest != message.digest:
                    raise Conflict
                return known, False
            if correlation is None:
                cursor = connection.execute(
                    "INSERT INTO correlation (owner, service) VALUES (?, ?)", (message.sender, message.service)
                )
                correlation = cursor.lastrowid
            cursor = connection.execute(
                "INSERT INTO message (sender, sender_id, digest, receiver, service, type, route, data, correlation,"
                " state, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    message.sender, message.sender_id, message.digest, message.receiver, message.service, message.type,
                    message.route, message.data, correlation, MessageState.ON_DELIVERY, at.isoformat(),
                ),
            )  # fmt: skip
            return self._entry(f"SELECT {_COLUMNS} FROM message WHERE id = ?", cursor.lastrowid), True

    def find(self, message_id: int) -> Entry | None:
        """Return a message by ShEP's id."""
        found = self._entries(f"SELECT {_COLUMNS} FROM message WHERE id = ?", message_id)
        return found[0] if found else None

    def repeats(self, message_id: int) -> int:
        """Return how often a message came again."""
        row = self._connection.execute("SELECT repeats FROM message WHERE id = ?", (message_id,)).fetchone()
        return int(row[0])

    def undelivered(self) -> list[Entry]:
        """Return the messages that are still to be delivered, oldest first."""
        return self._entries(f"SELECT {_COLUMNS} FROM message WHERE state = 'ON_DELIVERY' ORDER BY id")

    def unreported(self) -> list[Entry]:
        """Return the messages whose fate the sender has not been told, oldest first."""
        return self._entries(
            f"SELECT {_COLUMNS} FROM message WHERE state <> 'ON_DELIVERY' AND reported = 0 ORDER BY id"
        )

    def waiting(
        self, receiver: str, service: str, amount: int, *, message_id: int | None = None, correlation: int | None = None
    ) -> list[Entry]:
        """Return up to `amount` undelivered messages for a receiver that comes to fetch them."""
        return self._entries(
            f"SELECT {_COLUMNS} FROM message WHERE state = 'ON_DELIVERY' AND receiver = ?1 AND service = ?2"
            " AND (?3 IS NULL OR id = ?3) AND (?4 IS NULL OR correlation = ?4) ORDER BY id LIMIT ?5",
            receiver,
            service,
            message_id,
            correlation,
            amount,
        )

    def conclude(
        self,
        message_id: int,
        state: MessageState,
        at: datetime,
        *,
        fault: str | None = None,
        receipt: str | None = None,
    ) -> Entry:
        """Record that a message was delivered or never will be; the first conclusion stands."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE message SET state = ?, fault = ?, receipt = ?, closed_at = ?"
                " WHERE id = ? AND state = 'ON_DELIVERY'",
                (state, fault, receipt, at.isoformat(), message_id),
            )
            return self._entry(f"SELECT {_COLUMNS} FROM message WHERE id = ?", message_id)

    def reported(self, message_id: int) -> None:
        """Record that the sender knows the message's fate, or is not to be told."""
        self._connection.execute("UPDATE message SET reported = 1 WHERE id = ?", (message_id,))

    def counts(self) -> dict[str, int]:
        """Return the number of messages by type and state, and of repeats."""
        rows = self._connection.execute("SELECT type || '.' || state, count(*) FROM message GROUP BY 1").fetchall()
        repeats = self._connection.execute("SELECT coalesce(sum(repeats), 0) FROM message").fetchone()
        return {**{name: int(count) for name, count in rows}, "repeats": int(repeats[0])}

    def _known(self, message: Submitted) -> Entry | None:
        if message.sender_id is None:
            return None
        query = f"SELECT {_COLUMNS} FROM message WHERE sender = ? AND sender_id = ?"
        found = self._entries(query, message.sender, message.sender_id)
        return found[0] if found else None

    def _entry(self, query: str, *values: object) -> Entry:
        return self._entries(query, *values)[0]

    def _entries(self, query: str, *values: object) -> list[Entry]:
        with closing(self._connection.execute(query, values)) as cursor:
            return [_read(row) for row in cursor]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except Conflict:
            self._connection.execute("COMMIT")  # that it came again is to be remembered all the same
            raise
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _read(row: tuple[Any, ...]) -> Entry:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["type"] = MessageType(values["type"])
    values["state"] = MessageState(values["state"])
    values["received_at"] = datetime.fromisoformat(values["received_at"])
    return Entry(**values)
