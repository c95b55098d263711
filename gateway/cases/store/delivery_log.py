"""How far messages to the cabinet have come, without their content: for operators and alerts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg_pool import AsyncConnectionPool


@dataclass(frozen=True, slots=True)
class Posted:
    """How far one message has come."""

    case_id: UUID
    number: str | None
    seq: int
    kind: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    confirmed_at: datetime | None
    sends: int
    """How often ShEP took it; more than once if it came back."""
    shep_message_id: str | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """Messages of one kind and state that should be in the cabinet by now."""

    kind: str
    state: str
    count: int
    oldest_seconds: float


_COLUMNS = (
    "d.case_id, c.number, d.seq, d.kind, d.state, d.created_at, d.sent_at, d.confirmed_at, d.sends, d.shep_message_id"
)

# Nobody confirms a NOTIFICATION but who asks for it: that ShEP has taken it is all that can be known.
_OVERDUE = (
    "d.confirmed_at IS NULL AND (d.state = 'pending' OR d.kind = 'RESPONSE') "
    "AND d.created_at < now() - make_interval(secs => %s)"
)


class DeliveryLog:
    """Reads the deliveries table."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        """Use connections of `pool`."""
        self._pool = pool

    async def of_case(self, case_id: UUID) -> list[Posted]:
        """Return all messages of a case, in their order."""
        return await self._posted("d.case_id = %s ORDER BY d.seq", case_id)

    async def overdue(self, seconds: float, limit: int = 100) -> list[Posted]:
        """Return messages that are older than that and not known to be in the cabinet, the oldest first."""
        return await self._posted(f"{_OVERDUE} ORDER BY d.created_at LIMIT %s", seconds, limit)

    async def count_overdue(self, seconds: float) -> list[Overdue]:
        """Count them by kind and state."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT d.kind, d.state, count(*), extract(epoch FROM now() - min(d.created_at)) FROM deliveries d "
                f"WHERE {_OVERDUE} GROUP BY d.kind, d.state",
                (seconds,),
            )
            return [Overdue(row[0], row[1], row[2], float(row[3])) for row in await cursor.fetchall()]

    async def _posted(self, condition: str, *values: object) -> list[Posted]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                f"SELECT {_COLUMNS} FROM deliveries d JOIN cases c ON c.id = d.case_id WHERE {condition}", values
            )
            return [Posted(*row) for row in await cursor.fetchall()]
