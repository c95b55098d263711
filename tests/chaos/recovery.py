"""How long it takes until everything goes on after everything was killed."""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

import psycopg

_STEP_SECONDS = 0.05
_LIMIT_SECONDS = 120.0
_LEASES = "SELECT DISTINCT claim FROM tasks WHERE claim IS NOT NULL AND due_at > now()"


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from the kill on; None where nothing was there to be seen."""

    accepting: float | None
    """Until an application was accepted that was not accepted before."""
    moving: float | None
    """Until a case moved."""
    abandoned: float | None
    """Until the dead withheld nothing more: every task that they held was done, due or in other hands."""


@dataclass(frozen=True, slots=True)
class _Seen:
    cases: int
    steps: int
    claims: frozenset[UUID]


async def watch(database_url: str, killed_at: float, *, load_goes_on: bool) -> Recovery:
    """Look at the database, past everything that fails, until it is at work again.

    Args:
        database_url: of a server that may still be starting.
        killed_at: `time.monotonic()` at the kill.
        load_goes_on: whether there are applications to be accepted.

    Raises:
        TimeoutError: it does not recover.
    """
    async with asyncio.timeout(_LIMIT_SECONDS):
        before = await _look(database_url)
        accepting = moving = abandoned = None
        while (load_goes_on and accepting is None) or moving is None or abandoned is None:
            now = await _look(database_url)
            passed = time.monotonic() - killed_at
            if accepting is None and now.cases > before.cases:
                accepting = passed
            if moving is None and now.steps > before.steps:
                moving = passed
            if abandoned is None and not before.claims & now.claims:
                abandoned = passed
            if not load_goes_on and not now.claims and moving is None:
                break  # nothing was left to do
            await asyncio.sleep(_STEP_SECONDS)
    return Recovery(accepting, moving, abandoned)


async def _look(database_url: str) -> _Seen:
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
                counts = await connection.execute("SELECT count(*), coalesce(sum(seq - 1), 0)::bigint FROM cases")
                cases, steps = await counts.fetchone() or (0, 0)
                cursor = await connection.execute(
                    "SELECT DISTINCT claim FROM tasks WHERE due_at > now() AND claim IS NOT NULL"
                )
                claims = frozenset(one[0] for one in await cursor.fetchall())
        except psycopg.OperationalError:
            await asyncio.sleep(_STEP_SECONDS)
            continue
        return _Seen(cases, steps, claims)
