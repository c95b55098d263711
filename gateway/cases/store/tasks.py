"""Tasks: claimed with a lease, tried again with back-off, dead when nothing helps (see `dead_letters`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID, uuid4

from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool

from gateway.cases.model import Case, Claim, TaskKind

# due_at moves forward by the lease, and again while the worker lives: by doing nothing a dead one makes its tasks due.
# Lanes are walked one by one, in random order, each by its own part of the index: the backlog of one is never read to
# get at another's. That not every lane comes first each time is fair enough.
_CLAIM = """
WITH RECURSIVE lanes AS (
    (SELECT lane FROM tasks WHERE dead_at IS NULL ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT t.lane FROM tasks t WHERE t.dead_at IS NULL AND t.lane > lanes.lane ORDER BY t.lane LIMIT 1)
    FROM lanes WHERE lanes.lane IS NOT NULL
), shuffled AS MATERIALIZED (
    SELECT lane, coalesce(places, %(limit)s) AS places
    FROM lanes LEFT JOIN unnest(%(lanes)s::text[], %(places)s::integer[]) AS narrow(lane, places) USING (lane)
    WHERE lane IS NOT NULL ORDER BY random()
), picked AS MATERIALIZED (
    SELECT due.case_id, due.kind FROM shuffled CROSS JOIN LATERAL (
        SELECT t.case_id, t.kind FROM tasks t
        WHERE t.lane = shuffled.lane AND t.dead_at IS NULL AND t.due_at <= now() AND t.kind = ANY(%(kinds)s)
        ORDER BY t.due_at LIMIT shuffled.places FOR UPDATE SKIP LOCKED
    ) due LIMIT %(limit)s
)
UPDATE tasks SET claim = %(token)s, attempts = attempts + 1, due_at = now() + make_interval(secs => %(lease)s)
FROM picked WHERE tasks.case_id = picked.case_id AND tasks.kind = picked.kind
RETURNING tasks.case_id, tasks.kind, tasks.lane, tasks.attempts
"""

# A row that is locked is being finished, by its worker or by one that the case got otherwise: waiting for it could
# deadlock with a step that changes several tasks of one case.
_RENEW = """
UPDATE tasks SET due_at = now() + make_interval(secs => %(lease)s)
WHERE (case_id, kind) IN (
    SELECT t.case_id, t.kind FROM tasks t
    JOIN unnest(%(cases)s::uuid[], %(kinds)s::text[], %(tokens)s::uuid[]) AS held(case_id, kind, claim)
    USING (case_id, kind, claim) FOR UPDATE OF t SKIP LOCKED
)
"""


_KINDS = [kind.value for kind in TaskKind]
"""A newer version may have tasks of kinds that this one does not know; it leaves them alone."""


@dataclass(frozen=True, slots=True)
class Due:
    """A task to be created: in which lane, and after how long."""

    kind: TaskKind
    lane: str
    delay_seconds: float


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it stands."""

    kind: str
    lane: str
    due_at: datetime
    attempts: int
    error: str | None
    """Why it failed last."""
    dead_at: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Tasks of one kind: how many wait, how many are dead, and how late the oldest due one is (seconds)."""

    kind: str
    waiting: int
    dead: int
    oldest_seconds: float


class Tasks:
    """The tasks table."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        """Use connections of `pool`."""
        self._pool = pool

    async def claim(
        self, limit: int, lease_seconds: float, places: Mapping[str, int] = MappingProxyType({})
    ) -> list[Claim]:
        """Take up to `limit` due tasks, of each lane the longest due first, and of some lanes only so many."""
        try:
            return await self._claim(limit, lease_seconds, places)
        except OperationalError:
            await self._pool.check()  # the server was restarted: replace the connections that died with it
            raise

    async def _claim(self, limit: int, lease_seconds: float, places: Mapping[str, int]) -> list[Claim]:
        token = uuid4()
        asked = {"token": token, "lease": lease_seconds, "limit": limit, "kinds": _KINDS}
        narrow = {"lanes": list(places), "places": list(places.values())}
        async with self._pool.connection() as connection, connection.transaction():
            # A claim that a crash loses is only a due task: no need to wait for the disk.
            await connection.execute("SET LOCAL synchronous_commit = off")
            cursor = await connection.execute(_CLAIM, asked | narrow)
            return [Claim(row[0], TaskKind(row[1]), row[2], token, row[3]) for row in await cursor.fetchall()]

    async def renew(self, claims: Sequence[Claim], lease_seconds: float) -> None:
        """Say that these are still being worked on; a claim that is lost already stays lost."""
        held = {
            "lease": lease_seconds,
            "cases": [claim.case_id for claim in claims],
            "kinds": [claim.kind.value for claim in claims],
            "tokens": [claim.token for claim in claims],
        }
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit = off")  # as for a claim
            await connection.execute(_RENEW, held)

    async def hand_back(self, claims: Sequence[Claim]) -> None:
        """Give tasks back that were not done, as if they had never been claimed: others take them up at once."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "UPDATE tasks SET claim = NULL, again = false, due_at = now(), attempts = greatest(attempts - 1, 0) "
                "FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) AS held(case_id, kind, claim) "
                "WHERE (tasks.case_id, tasks.kind, tasks.claim) = (held.case_id, held.kind, held.claim)",
                ([one.case_id for one in claims], [one.kind.value for one in claims], [one.token for one in claims]),
            )

    async def retry(self, claim: Claim, delay_seconds: float, error: str, *, attempts: int) -> None:
        """Give a task back, due again after `delay_seconds`.

        Args:
            claim: the task.
            delay_seconds: how long it rests.
            error: a short code without personal data.
            attempts: how many attempts count from now on.
        """
        await self._release(
            claim,
            "due_at = now() + make_interval(secs => %s), error = %s, attempts = %s",
            (delay_seconds, error, attempts),
        )

    async def kill(self, claim: Claim, error: str) -> None:
        """Make a task a dead letter."""
        await self._release(claim, "dead_at = now(), error = %s", (error,))

    async def _release(self, claim: Claim, assignments: str, values: tuple[object, ...]) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(
                f"UPDATE tasks SET claim = NULL, {assignments} WHERE case_id = %s AND kind = %s AND claim = %s",
                (*values, claim.case_id, claim.kind.value, claim.token),
            )

    async def wake_case(self, case_id: UUID, kinds: Sequence[TaskKind]) -> bool:
        """Make tasks of a case due now unless someone works on them or they are dead; False if there are none."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "UPDATE tasks SET due_at = least(due_at, now()) "
                "WHERE case_id = %s AND kind = ANY(%s) AND claim IS NULL AND dead_at IS NULL",
                (case_id, [kind.value for kind in kinds]),
            )
            return cursor.rowcount > 0

    async def of_case(self, case_id: UUID) -> list[Task]:
        """Return what is still to be done for a case."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT kind, lane, due_at, attempts, error, dead_at FROM tasks WHERE case_id = %s ORDER BY due_at",
                (case_id,),
            )
            return [Task(*row) for row in await cursor.fetchall()]

    async def backlog(self) -> list[Backlog]:
        """Return the state of the queue by kind; a task whose lease has not run out counts as waiting."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT kind, count(*) FILTER (WHERE dead_at IS NULL), count(*) FILTER (WHERE dead_at IS NOT NULL), "
                "coalesce(extract(epoch FROM now() - min(due_at) FILTER (WHERE dead_at IS NULL)), 0) "
                "FROM tasks GROUP BY kind"
            )
            return [Backlog(r[0], r[1], r[2], max(0.0, float(r[3]))) for r in await cursor.fetchall()]


async def schedule(connection: AsyncConnection, case: Case, due: Due, own: Claim | None) -> None:
    """Create a task, or bring the case's task of that kind forward, inside the caller's transaction.

    A task that another worker holds is only marked: it is due again when that worker ends its step.
    """
    await connection.execute(
        "INSERT INTO tasks (case_id, bucket, kind, lane, due_at) "
        "VALUES (%(case)s, %(bucket)s, %(kind)s, %(lane)s, now() + make_interval(secs => %(delay)s)) "
        "ON CONFLICT (case_id, kind) DO UPDATE SET lane = excluded.lane, "
        "again = tasks.claim IS NOT NULL AND tasks.claim IS DISTINCT FROM %(own)s, "
        "claim = CASE WHEN tasks.claim = %(own)s THEN NULL ELSE tasks.claim END, "
        "due_at = CASE WHEN tasks.claim IS NOT NULL AND tasks.claim IS DISTINCT FROM %(own)s THEN tasks.due_at "
        "WHEN tasks.again THEN now() ELSE excluded.due_at END, "
        "attempts = CASE WHEN tasks.claim IS NOT NULL AND tasks.claim IS DISTINCT FROM %(own)s THEN tasks.attempts "
        "ELSE 0 END, dead_at = NULL, error = NULL",
        {
            "case": case.id,
            "bucket": case.bucket,
            "kind": due.kind.value,
            "lane": due.lane,
            "delay": due.delay_seconds,
            "own": own.token if own else None,
        },
    )


async def hold(connection: AsyncConnection, claim: Claim) -> bool:
    """Tell whether the claim still holds, and keep it so until the caller's transaction ends."""
    cursor = await connection.execute(
        "SELECT 1 FROM tasks WHERE case_id = %s AND kind = %s AND claim = %s FOR UPDATE",
        (claim.case_id, claim.kind.value, claim.token),
    )
    return await cursor.fetchone() is not None


async def finish(connection: AsyncConnection, claim: Claim) -> None:
    """Remove the claimed task, or make it due if something new came up meanwhile, in the caller's transaction."""
    values = (claim.case_id, claim.kind.value, claim.token)
    cursor = await connection.execute(
        "UPDATE tasks SET claim = NULL, again = false, attempts = 0, due_at = now() "
        "WHERE case_id = %s AND kind = %s AND claim = %s AND again",
        values,
    )
    if cursor.rowcount == 0:
        await connection.execute("DELETE FROM tasks WHERE case_id = %s AND kind = %s AND claim = %s", values)
