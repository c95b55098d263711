"""Dead letters: tasks that were given up and wait for a person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from psycopg_pool import AsyncConnectionPool

from gateway.cases.model import Claim, TaskKind


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A task that was given up."""

    case_id: UUID
    number: str | None
    service_id: str
    kind: str
    """The step that failed, and that a replay begins with."""
    attempts: int
    cause: str
    """Short, without personal data; begins with whose side failed."""
    dead_at: datetime
    last: str
    """The last event of the case."""
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters; what is None does not matter."""

    case_id: UUID | None = None
    service_id: str | None = None
    cause: str | None = None
    """How the cause begins, e.g. `provider.rejected`."""
    kind: str | None = None
    since: datetime | None = None
    """Given up at that time or later."""


_FIND = """
SELECT t.case_id, c.number, c.service_id, t.kind, t.attempts, coalesce(t.error, ''), t.dead_at, e.kind, e.at
FROM tasks t JOIN cases c ON c.id = t.case_id JOIN events e ON e.case_id = c.id AND e.seq = c.seq
WHERE t.dead_at IS NOT NULL
AND (%(case)s::uuid IS NULL OR t.case_id = %(case)s) AND (%(service)s::text IS NULL OR c.service_id = %(service)s)
AND (%(cause)s::text IS NULL OR starts_with(t.error, %(cause)s)) AND (%(kind)s::text IS NULL OR t.kind = %(kind)s)
AND (%(since)s::timestamptz IS NULL OR t.dead_at >= %(since)s)
ORDER BY t.dead_at DESC LIMIT %(limit)s
"""


class DeadLetters:
    """The dead part of the tasks table."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        """Use connections of `pool`."""
        self._pool = pool

    async def find(self, wanted: Wanted = Wanted(), limit: int = 100) -> list[DeadLetter]:
        """Return dead letters, the newest first."""
        asked = {
            "case": wanted.case_id,
            "service": wanted.service_id,
            "cause": wanted.cause,
            "kind": wanted.kind,
            "since": wanted.since,
            "limit": limit,
        }
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FIND, asked)
            return [DeadLetter(*row) for row in await cursor.fetchall()]

    async def take(self, letter: DeadLetter) -> Claim | None:
        """Claim a dead letter for one who will bring it back to life; None if it is not dead any more.

        It stays dead until then: who takes it and dies has changed nothing. A message that ShEP returned too often may
        be sent as often again.
        """
        async with self._pool.connection() as connection, connection.transaction():
            cursor = await connection.execute(
                "UPDATE tasks SET claim = %s WHERE case_id = %s AND kind = %s AND dead_at = %s RETURNING claim, lane",
                (uuid4(), letter.case_id, letter.kind, letter.dead_at),
            )
            row = await cursor.fetchone()
            if row is None:
                return None
            if letter.kind == TaskKind.DELIVER:
                await connection.execute(
                    "UPDATE deliveries SET sends = 0 WHERE case_id = %s AND state = 'pending'", (letter.case_id,)
                )
            return Claim(letter.case_id, TaskKind(letter.kind), row[1], row[0], letter.attempts)
