"""What the sweep looks for: cases whose work is known and whose task is gone, and tasks that nobody takes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from gateway.cases.model import State
from gateway.cases.store.invariants import OF_UNFINISHED, of_these

_BATCH = 500
_UNFINISHED = tuple(state.value for state in State if state is not State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Idle:
    """A case that breaks a promise which its own state can mend."""

    case_id: UUID
    seq: int
    """Number of its last event at that moment: what has happened since may have mended it."""
    promise: str


class Search:
    """Reads; every query goes by an index, and looks at some hundred cases at a time."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        """Use connections of `pool`."""
        self._pool = pool

    async def idle(self) -> AsyncIterator[Idle]:
        """Yield the unfinished cases that lack a task."""
        for state in _UNFINISHED:
            after = UUID(int=0)
            while ids := await self._ids(state, after):
                for promise, query in OF_UNFINISHED.items():
                    for case_id, seq in await self._found(query, ids):
                        yield Idle(case_id, seq, promise)
                after = ids[-1]

    async def orphans(self) -> int:
        """Return how many tasks have no case: for a person, for nobody knows what they were about."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT count(*) FROM tasks t WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = t.case_id)"
            )
            (count,) = await cursor.fetchone() or (0,)
        return int(count)

    async def abandoned(self, seconds: float) -> int:
        """Return how many leases ended that long ago with nobody taking the task up."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT count(*) FROM tasks WHERE dead_at IS NULL AND claim IS NOT NULL "
                "AND due_at < now() - make_interval(secs => %s)",
                (seconds,),
            )
            (count,) = await cursor.fetchone() or (0,)
        return int(count)

    async def _ids(self, state: str, after: UUID) -> list[UUID]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT id FROM cases WHERE state = %s AND state <> 'confirmed' AND id > %s ORDER BY id LIMIT %s",
                (state, after, _BATCH),
            )
            return [row[0] for row in await cursor.fetchall()]

    async def _found(self, query: str, ids: list[UUID]) -> list[tuple[UUID, int]]:
        found = of_these(query, "{} = ANY(%(ids)s)".format)
        async with self._pool.connection() as connection:
            # one statement, one moment: the number is the one with which the case was found
            cursor = await connection.execute(
                f"SELECT id, seq FROM cases WHERE id = ANY(%(ids)s) AND id IN ({found})", {"ids": ids}
            )
            return [(row[0], row[1]) for row in await cursor.fetchall()]
