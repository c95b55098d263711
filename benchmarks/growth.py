"""What growth costs: acceptance and whole lives in a store of 10 thousand and of a million cases, and with a backlog.

The store alone, on the embedded PostgreSQL with fsync on: signatures, SOAP and HTTP cost the same however many cases
are stored, and would hide what the database adds. Each figure is measured in rounds, one condition after the other in
turn, and the median is compared. On a machine with other work compare CPU, not rates.

A life is an acceptance, the provider's decision, two messages to the cabinet and the confirmation: five commits, each
task claimed and fenced as the worker does it. The last line is one JSON object.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import psutil
import psycopg
import uvloop
from psycopg import conninfo, sql
from rich.console import Console

from benchmarks import usage
from gateway.cases import machine
from gateway.cases.cabinet import MessageKind
from gateway.cases.identity import case_id
from gateway.cases.model import Claim, State, TaskKind
from gateway.cases.provider import Decision, Outcome
from gateway.cases.store.inbox import NewMessage
from gateway.cases.store.ledger import Commit
from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.clock import utc_now
from gateway.embedded import EmbeddedPostgres
from tests.support.cases import new_case, registered
from tests.support.filled import fill

_RAW = os.urandom(6000)
_REPLY = os.urandom(4000)
_RESULT = os.urandom(8000)
_IN_FLIGHT: Final = 32
_BACKLOG: Final = 100_000
_console = Console(stderr=True)


@dataclass(frozen=True)
class Measured:
    """One round: how many per second, the slowest of a hundred, and what each cost this process and PostgreSQL."""

    per_second: float
    p99_ms: float
    cpu_ms: float


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of the server's: it says less of the machine's other work than a rate."""
    return usage.cpu_seconds([psutil.Process(), *psutil.Process().children(recursive=True)])


@asynccontextmanager
async def _store(server: str, cases: int) -> AsyncIterator[Store]:
    """Make a database with so many cases."""
    name = f"growth_{uuid4().hex[:8]}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = conninfo.make_conninfo(server, dbname=name)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await migrate(connection)
        started = time.perf_counter()
        await fill(connection, cases, utc_now())
        await connection.execute("CHECKPOINT")
        _console.print(f"filled with {cases} cases in {time.perf_counter() - started:.0f} s")
    async with open_store(url, Vault(bytes(32)), 8) as store:
        yield store


async def accepting(store: Store, count: int) -> Measured:
    """Accept so many new applications."""
    latencies: list[float] = []
    await _settle(store)
    changes = iter([registered(await store.inbox.serial(), new_case(case_id(utc_now()))) for _ in range(count)])

    async def one_line() -> None:
        for change in changes:
            started = time.perf_counter()
            name = uuid4().hex
            message = NewMessage(uuid4(), "pep", name, "REQUEST", name.encode(), 0, utc_now(), _RAW, _REPLY)
            if not await store.inbox.accept(message, change):
                raise SystemExit("a new message was taken for a repeat")
            latencies.append(time.perf_counter() - started)

    started, cpu = time.perf_counter(), _cpu_seconds()
    await asyncio.gather(*(one_line() for _ in range(_IN_FLIGHT)))
    seconds, cpu = time.perf_counter() - started, _cpu_seconds() - cpu
    return Measured(count / seconds, statistics.quantiles(latencies, n=100)[98] * 1000, cpu / count * 1000)


async def _settle(store: Store) -> None:
    """Let PostgreSQL write out what the rounds before have left, so that no round pays for another."""
    async with store.pool.connection() as connection:
        await connection.execute("CHECKPOINT")


async def living(store: Store, count: int) -> float:
    """Take so many applications through their whole life; return how many a second."""
    async with store.pool.connection() as connection:
        await connection.execute("DELETE FROM tasks")
    started = time.perf_counter()
    await accepting(store, count)
    ended = 0
    while ended < count:
        claims = await store.tasks.claim(_IN_FLIGHT, 60)
        if not claims:
            raise SystemExit(f"{count - ended} cases have no next step")
        ended += sum(await asyncio.gather(*(_step(store, claim) for claim in claims)))
    return count / (time.perf_counter() - started)


async def _step(store: Store, claim: Claim) -> bool:
    """Do a claimed task; tell whether the case has ended by it."""
    now = utc_now()
    if claim.kind is TaskKind.SUBMIT:
        decision = Decision(Outcome.POSITIVE, now, _RESULT, "result.xml")
        event = machine.Decided(now, decision)
        await store.ledger.commit(
            claim.case_id, lambda case: Commit(machine.advance(case, event), decision=decision), claim
        )
    elif claim.kind is TaskKind.DELIVER:
        delivery = await store.outbox.next_pending(claim.case_id)
        if delivery is None:
            await store.ledger.commit(claim.case_id, lambda _: Commit(), claim)
            return False
        sent = machine.Sent(now, delivery.kind is MessageKind.RESPONSE)
        await store.ledger.commit(
            claim.case_id, lambda case: Commit(machine.advance(case, sent), sent=(delivery, now, uuid4().hex)), claim
        )
        if delivery.kind is MessageKind.RESPONSE:
            confirmed = machine.Confirmed(now, {})
            after = await store.ledger.commit(
                claim.case_id, lambda case: Commit(machine.advance(case, confirmed), confirmed=(delivery, now))
            )
            return after is not None and after.state is State.CONFIRMED
    return False


async def _fall_behind(store: Store) -> Store:
    """Put very many due tasks into the queue: those of a system that is away."""
    async with store.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO tasks (case_id, kind, bucket, due_at, lane) "
            "SELECT gen_random_uuid(), 'submit', i %% 64, now(), 'provider:away' FROM generate_series(1, %s) AS i",
            (_BACKLOG,),
        )
        await connection.execute("VACUUM (ANALYZE) tasks")
    return store


async def measure(server: str, small: int, large: int, count: int, rounds: int) -> dict[str, object]:
    """Measure all conditions in turn, so often, and return the medians."""
    accepted: dict[str, list[Measured]] = {"small": [], "large": [], "backlog": []}
    lives: dict[str, list[float]] = {"small": [], "large": []}
    async with AsyncExitStack() as stack:
        stores = {
            "small": await stack.enter_async_context(_store(server, small)),
            "large": await stack.enter_async_context(_store(server, large)),
            "backlog": await _fall_behind(await stack.enter_async_context(_store(server, small))),
        }
        for one in stores.values():
            await accepting(one, count // 4)  # warm up
        for _ in range(rounds):
            for name, one in stores.items():
                accepted[name].append(await accepting(one, count))
            for name, found in lives.items():
                found.append(await living(stores[name], count // 5))
    return _report(small, large, accepted, lives)


def _report(
    small: int, large: int, accepted: dict[str, list[Measured]], lives: dict[str, list[float]]
) -> dict[str, object]:
    rate = {name: statistics.median(one.per_second for one in found) for name, found in accepted.items()}
    p99 = {name: statistics.median(one.p99_ms for one in found) for name, found in accepted.items()}
    cpu = {name: statistics.median(one.cpu_ms for one in found) for name, found in accepted.items()}
    life = {name: statistics.median(found) for name, found in lives.items()}
    names = {
        "small": f"{small} stored",
        "large": f"{large} stored",
        "backlog": f"{_BACKLOG} tasks due",
    }
    for name, text in names.items():
        per_life = f", {life[name]:.0f} whole lives/s" if name in life else ""
        _console.print(
            f"{text:20} {rate[name]:8.0f} accepted/s, p99 {p99[name]:6.1f} ms, CPU {cpu[name]:.2f} ms{per_life}"
        )
    ratios = {
        "cpu_large_to_small": cpu["large"] / cpu["small"],
        "cpu_backlog_to_none": cpu["backlog"] / cpu["small"],
        "accepted_large_to_small": rate["large"] / rate["small"],
        "lives_large_to_small": life["large"] / life["small"],
        "accepted_backlog_to_none": rate["backlog"] / rate["small"],
    }
    for text, ratio in ratios.items():
        _console.print(f"{text:28} {ratio:.2f}")
    return {
        "accepted_per_s": rate,
        "p99_ms": p99,
        "cpu_ms": cpu,
        "lives_per_s": life,
        "ratios": ratios,
        "cores": os.cpu_count(),
    }


async def _run(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="qaqpa-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = await server.start()
        try:
            found = await measure(url, arguments.small, arguments.large, arguments.count, arguments.rounds)
        finally:
            await server.stop()
    print(json.dumps(found))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--count", type=int, default=5000, help="applications in a round")
    parser.add_argument("--rounds", type=int, default=5)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
