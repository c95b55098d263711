"""What a long backlog behind one dead system costs those who claim other work, and what sweep and checker cost.

`python -m benchmarks.lanes [CASES]`
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from gateway.cases.store.doctor import diagnose
from gateway.cases.store.migrate import migrate
from gateway.cases.store.search import Search
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.clock import utc_now
from tests.support.filled import fill
from tests.support.postgres import fresh_database, serving

_BACKLOG, _ALIVE, _CLAIMS = 100_000, 5_000, 100
_QUEUE = (
    "INSERT INTO tasks (case_id, kind, bucket, lane, due_at) "
    "SELECT gen_random_uuid(), 'submit', 0, %s, now() FROM generate_series(1, %s)"
)


async def _claims(store: Store, places: dict[str, int]) -> str:
    times = []
    for _ in range(_CLAIMS):
        started = time.perf_counter()
        assert len(await store.tasks.claim(16, 60, places)) == 16  # noqa: PLR2004  a worker's places
        times.append(1000 * (time.perf_counter() - started))
    return f"median {statistics.median(times):.2f} ms, 95 % under {statistics.quantiles(times, n=20)[-1]:.2f} ms"


async def _measure(url: str, cases: int) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await migrate(connection)
        await fill(connection, cases, utc_now())
    async with open_store(url, Vault(bytes(32)), 4) as store:
        started = time.perf_counter()
        async for _ in Search(store.pool).idle():
            pass
        print(f"sweep over {cases} cases: {time.perf_counter() - started:.2f} s")
        started = time.perf_counter()
        await diagnose(store.pool, rest=0.0)
        print(f"doctor over {cases} cases, without rests: {time.perf_counter() - started:.1f} s")
        async with store.pool.connection() as connection:
            await connection.execute(_QUEUE, ("provider:alive", _ALIVE))
            await connection.execute("ANALYZE tasks")
        print(f"claim of 16, no backlog: {await _claims(store, {})}")
        async with store.pool.connection() as connection:
            await connection.execute(_QUEUE, ("provider:dead", _BACKLOG))
            await connection.execute("ANALYZE tasks")
        print(f"claim of 16 past {_BACKLOG} of a dead system: {await _claims(store, {'provider:dead': 0})}")


def main() -> None:
    """Measure on a server of its own."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server, fresh_database(server) as url:
        asyncio.run(_measure(url, cases))


if __name__ == "__main__":
    main()
