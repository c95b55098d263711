"""The consistency checker: does a live database keep the promises?

Every query looks at one moment (one statement, one snapshot), so that work under way is no finding.
"""

from dataclasses import dataclass
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from gateway.cases.evidence import Entry, first_broken

_BATCH = 500

_INVARIANTS = {
    "a message belongs to a case": (
        "SELECT m.case_id FROM messages m LEFT JOIN cases c ON c.id = m.case_id WHERE c.id IS NULL"
    ),
    "a case has the message it began with": (
        "SELECT c.id FROM cases c WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.case_id = c.id)"
    ),
    "a known message has its content, or its case is archived": (
        "SELECT i.case_id FROM inbox i LEFT JOIN messages m ON m.case_id = i.case_id AND m.id = i.id "
        "WHERE m.id IS NULL AND NOT EXISTS (SELECT 1 FROM archived_cases a WHERE a.case_id = i.case_id)"
    ),
    "a case's number was given out to it": (
        "SELECT c.id FROM cases c LEFT JOIN registrations r ON r.number = c.number "
        "WHERE c.number IS NOT NULL AND r.case_id IS DISTINCT FROM c.id"
    ),
    "a case without an ending holds its matter, and no other case does": (
        "SELECT coalesce(c.id, w.case_id) FROM (SELECT * FROM cases WHERE matter_key IS NOT NULL AND ending IS NULL) c "
        "FULL JOIN matters w ON w.case_id = c.id WHERE w.matter_key IS DISTINCT FROM c.matter_key"
    ),
    "a case that is not finished has a next step": (
        "SELECT c.id FROM cases c WHERE c.state <> 'confirmed' "
        "AND NOT (c.mode = 'counter' AND c.state = 'decided') "  # waits for the applicant to come
        "AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.case_id = c.id)"
    ),
    "a message that waits for the cabinet has its task": (
        "SELECT d.case_id FROM deliveries d JOIN cases c ON c.id = d.case_id "
        "WHERE d.state = 'pending' AND c.state <> 'confirmed' "
        "AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.case_id = d.case_id AND t.kind = 'deliver')"
    ),
    "a case has at most one answer": (
        "SELECT case_id FROM deliveries WHERE kind = 'RESPONSE' GROUP BY case_id HAVING count(*) > 1"
    ),
    "a finished case says how it ended": "SELECT id FROM cases WHERE state = 'confirmed' AND ending IS NULL",
    "a registered case has number and deadline": (
        "SELECT id FROM cases WHERE (number IS NULL) <> (deadline IS NULL) "
        "OR (number IS NULL AND state NOT IN ('awaiting_verification', 'rejected', 'issued', 'confirmed'))"
    ),
    "the case's state is the one of its last event": (
        "SELECT c.id FROM cases c LEFT JOIN events e ON e.case_id = c.id AND e.seq = c.seq "
        "WHERE e.hash IS DISTINCT FROM c.head"
    ),
    "a grant that is followed has its duty": "SELECT id FROM cases WHERE state = 'followed' AND duty IS NULL",
    "a term that stands still was suspended": (
        "SELECT id FROM cases WHERE state = 'suspended' AND cardinality(pauses) % 2 = 0"
    ),
    "a task belongs to a case": (
        "SELECT t.case_id FROM tasks t LEFT JOIN cases c ON c.id = t.case_id WHERE c.id IS NULL"
    ),
    "a finished case knows when it was closed": (
        "SELECT id FROM cases WHERE (state = 'confirmed') <> (closed_at IS NOT NULL)"
    ),
    "a finished case has no tasks": (
        "SELECT t.case_id FROM tasks t JOIN cases c ON c.id = t.case_id "
        "WHERE c.state = 'confirmed' AND t.kind <> 'deliver'"  # messages that ShEP has not taken yet are still sent
    ),
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found. `broken` names, for each promise that does not hold, some of the cases (at most ten)."""

    cases: int
    events: int
    dead: int
    broken: dict[str, list[UUID]]


async def diagnose(pool: AsyncConnectionPool) -> Diagnosis:
    """Check every invariant and every case's evidence; reads only."""
    broken: dict[str, list[UUID]] = {}
    async with pool.connection() as connection:
        for name, query in _INVARIANTS.items():
            cursor = await connection.execute(query + " LIMIT 10")
            if found := [row[0] for row in await cursor.fetchall()]:
                broken[name] = found
        cursor = await connection.execute(
            "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM events), "
            "(SELECT count(*) FROM tasks WHERE dead_at IS NOT NULL)"
        )
        cases, events, dead = await cursor.fetchone() or (0, 0, 0)
    if torn := await _torn(pool):
        broken["the evidence of a case is a whole chain"] = torn[:10]
    return Diagnosis(cases, events, dead, broken)


async def _torn(pool: AsyncConnectionPool) -> list[UUID]:
    torn: list[UUID] = []
    after = UUID(int=0)
    while True:
        async with pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT e.case_id, e.seq, e.at, e.kind, e.data, e.hash FROM events e WHERE e.case_id IN "
                "(SELECT id FROM cases WHERE id > %s ORDER BY id LIMIT %s) ORDER BY e.case_id, e.seq",
                (after, _BATCH),
            )
            rows = [Entry(*row) for row in await cursor.fetchall()]
        if not rows:
            return torn
        chains: dict[UUID, list[Entry]] = {}
        for entry in rows:
            chains.setdefault(entry.case_id, []).append(entry)
        torn += [case_id for case_id, chain in chains.items() if first_broken(chain) is not None]
        after = rows[-1].case_id
