"""A store with very many cases in it, made by PostgreSQL itself: for tests and benchmarks of growth.

Nothing in it is signed or sealed: such cases are found, counted and listed, never opened.
"""

from datetime import datetime
from typing import Final

from psycopg import AsyncConnection

from gateway.cases.store.partitions import Month, attach

MONTHS: Final = 12
"""So many months, the running one the last, hold the cases."""
OPEN_SHARE: Final = 0.02
"""Of the cases, the newest: they are still open, each with a task."""
_CHUNKS: Final = 10

# The id as gateway.cases.identity makes it; the random part from the number, so that every table finds it again.
_CASE = """
CREATE FUNCTION pg_temp.case_at(i bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS
    $$ SELECT timestamptz '{first}' + (timestamptz '{last}' - timestamptz '{first}') * (i / {cases}::float8) $$;
CREATE FUNCTION pg_temp.case_id(i bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
    $$ SELECT (lpad(to_hex((extract(epoch FROM pg_temp.case_at(i)) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(i::text), 1, 3) || 'a' || substr(md5(i::text), 4, 15))::uuid $$;
"""
_FILL = (
    """
    INSERT INTO cases (id, bucket, service_id, shep_service_id, sender_id, channel, mode, correlation_id,
        request_number, language, applicant_key, signer_key, state, received_at, number, registered_at, deadline,
        ending, seq, head, closed_at)
    SELECT pg_temp.case_id(i), i % 64, 'kostanay.housing-assistance', 'HOUSING', 'pep', 'portal', 'async',
        'chain-' || i, 'request-' || i, 'kk', decode(md5(i::text), 'hex'), decode(md5(i::text), 'hex'),
        CASE WHEN i < {closed} THEN 'confirmed' ELSE 'in_process' END, pg_temp.case_at(i), 'number-' || i,
        pg_temp.case_at(i), pg_temp.case_at(i) + interval '15 days', CASE WHEN i < {closed} THEN 'positive' END, 5,
        decode(md5(i::text), 'hex'), CASE WHEN i < {closed} THEN pg_temp.case_at(i) + interval '5 days' END
    """,
    """
    INSERT INTO inbox SELECT 'pep', 'message-' || i, 'REQUEST', i % 64, pg_temp.case_id(i), gen_random_uuid(),
        decode(md5(i::text), 'hex')
    """,
    """
    INSERT INTO registrations SELECT 'number-' || i, i % 64, pg_temp.case_id(i), 'pep', 'kostanay.housing-assistance',
        'request-' || i
    """,
    """
    INSERT INTO messages SELECT pg_temp.case_id(i), gen_random_uuid(), i % 64, 'REQUEST', '', 0, 1,
        pg_temp.case_at(i), '', ''
    """,
    """
    INSERT INTO events SELECT pg_temp.case_id(i), 1, i % 64, pg_temp.case_at(i), 'Registered', '{{}}', ''
    """,
    """
    INSERT INTO deliveries SELECT pg_temp.case_id(i), 2, i % 64, gen_random_uuid(), 'pep', 'HOUSING', 'RESPONSE',
        'sent', pg_temp.case_at(i), pg_temp.case_at(i), CASE WHEN i < {closed} THEN pg_temp.case_at(i) END,
        'shep-' || i, 1, ''
    """,
    "INSERT INTO shep_ids SELECT 'shep-' || i, pg_temp.case_id(i), 2, i % 64",
    """
    INSERT INTO documents SELECT pg_temp.case_id(i), md5(i::text), i % 64, 'result.xml', 'application/xml',
        pg_temp.case_at(i), null, ''
    """,
)
_TASKS = """
INSERT INTO tasks (case_id, kind, bucket, due_at, lane)
SELECT pg_temp.case_id(i), 'poll', i % 64, now() + interval '1 hour', 'provider:akimat'
FROM generate_series({closed}::bigint, {cases} - 1) AS i
"""


async def fill(connection: AsyncConnection, cases: int, now: datetime) -> None:
    """Put so many cases into a migrated store, evenly over the last year, and let PostgreSQL know its tables.

    Without waiting for the disk: what is made here is made again by calling it again.
    """
    running = Month.of(now)
    for back in range(MONTHS):
        await attach(connection, running.later(-back))
    values = {
        "first": running.later(1 - MONTHS).first.isoformat(),
        "last": now.isoformat(),
        "cases": cases,
        "closed": int(cases * (1 - OPEN_SHARE)),
    }
    await connection.execute("SET synchronous_commit = off")
    await connection.execute(_CASE.format(**values))
    for chunk in range(_CHUNKS):
        first, last = cases * chunk // _CHUNKS, cases * (chunk + 1) // _CHUNKS - 1
        for statement in _FILL:
            rows = f" FROM generate_series({first}::bigint, {last}) AS i"
            await connection.execute(statement.format(**values) + rows)
    await connection.execute(_TASKS.format(**values))
    await connection.execute("VACUUM (ANALYZE)")
