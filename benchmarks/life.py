"""How many whole lives a second, what each costs, and what memory the gateway's processes hold on the way.

A life: the portal sends a signed application through ShEP, the gateway takes and registers it, its worker hands it to
the provider, tells the cabinet, fetches and verifies the signed result, and sends it to the cabinet, until ShEP says
that it has arrived. Real are `qaqpa serve --no-worker`, `qaqpa worker`, the embedded PostgreSQL with fsync on, and the
sandbox's ShEP and provider, each in a process of its own. The portal is this process: it sends, signs its receipts and
counts answers. Revocation is off: no NCA is asked. Everybody shares the machine.

The last line is one JSON object.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import uvloop
from aiohttp import ClientSession, web
from rich.console import Console

from benchmarks import usage
from benchmarks.load import Load, signed
from gateway.children import Child
from gateway.clock import utc_now
from gateway.sandbox.courier import session_id
from gateway.sandbox.gateway_config import Variant, write_gateway_config
from gateway.sandbox.keeper import environment, python, until_answers
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.portal_routes import PUSH_PATH
from gateway.sandbox.server import serve
from gateway.sandbox.wire import endpoint, post_bytes
from gateway.sandbox.world import Options, Part, World
from gateway.shep.messages import AsyncMessage, AsyncReceipt, MessageType, Response, StatusChangeReceipt
from gateway.shep.reader import Envelope
from tests.chaos.government import asked_at, program

_STOP_SECONDS = 30.0
_PARTS = 10
"""The run is told of, and memory looked at, in so many parts."""
_STUCK_SECONDS = 120.0
_console = Console(stderr=True)


@dataclass
class Portal:
    """The cabinet's side: a receipt for everything, and a note of every application that was answered."""

    room: asyncio.Semaphore
    """For so many applications at a time."""
    answered: set[str] = field(default_factory=set)
    """Correlations."""

    async def answer(self, envelope: Envelope) -> Response:
        """Take a push of ShEP's."""
        match envelope.message:
            case AsyncMessage(message_type=kind, message_id=own, correlation_id=correlation):
                if kind is MessageType.RESPONSE and correlation and correlation not in self.answered:
                    self.answered.add(correlation)
                    self.room.release()
                return AsyncReceipt(f"in-{own}", correlation, utc_now(), session_id())
            case _:
                return StatusChangeReceipt(utc_now(), session_id())


@dataclass
class Government:
    """Everybody, started."""

    shep_url: str
    settings: Path
    authority: TestAuthority
    password: str
    portal: Portal
    programs: dict[str, Child]

    def cpu_seconds(self) -> dict[str, float]:
        """Return everybody's CPU time; PostgreSQL's, a child of the process that serves, is that of its living ones."""
        processes = {name: [psutil.Process(child.pid)] for name, child in self.programs.items()}
        processes["postgres"] = processes["serve"][0].children(recursive=True)
        processes["portal"] = [psutil.Process()]
        return {name: usage.cpu_seconds(those) for name, those in processes.items()}

    def memory_mb(self) -> dict[str, float]:
        """Return the resident memory of the gateway's processes."""
        return {name: usage.rss_mb([psutil.Process(self.programs[name].pid)]) for name in ("serve", "worker")}

    def database_url(self) -> str:
        """Return where the embedded database is."""
        return usage.database_url(self.settings.parent / "data")


@asynccontextmanager
async def government(folder: Path, in_flight: int) -> AsyncIterator[Government]:
    """Start everybody on an empty folder, and stop them."""
    async with AsyncExitStack() as stack:
        world = await World.start(folder, options=Options(parts=frozenset()))
        stack.push_async_callback(world.stop)
        plan, key = world.plan, world.authority.system("portal").key
        settings = write_gateway_config(folder / "gateway", plan, world.authority, Variant(revocation="off"))
        portal = Portal(asyncio.Semaphore(in_flight))
        runner = await serve([web.post(PUSH_PATH, endpoint(portal.answer, key, utc_now))], plan.host, plan.ports.portal)
        stack.push_async_callback(runner.cleanup)
        session = await stack.enter_async_context(ClientSession())
        commands = {
            "shep": program(Part.SHEP, folder, plan.gateway_url),
            "provider": program(Part.PROVIDER, folder, plan.gateway_url),
            "serve": python("-m", "gateway.cli", "serve", "--no-worker", "--settings", settings),
            "worker": python("-m", "gateway.cli", "worker", "--settings", settings),
        }
        ready = {
            "shep": asked_at(Part.SHEP, plan),
            "provider": asked_at(Part.PROVIDER, plan),
            "serve": f"{plan.gateway_url}/health/ready",
        }
        programs = {}
        for name, command in commands.items():
            port = {"QAQPA_HTTP__PORT": "0"} if name == "worker" else {}
            child = await Child.start(name, command, folder / f"{name}.log", {**environment(), **port})
            stack.push_async_callback(child.stop, _STOP_SECONDS)
            programs[name] = child
            if name in ready:
                await until_answers(session, ready[name], child)
        yield Government(plan.shep_url, settings, world.authority, plan.passwords["portal"], portal, programs)


async def live(started: Government, session: ClientSession, messages: Iterator[bytes], count: int) -> None:
    """Send so many applications, as fast as room comes free: with each one an earlier one has been answered."""
    url = f"{started.shep_url}/bip-async"
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            async with asyncio.timeout(_STUCK_SECONDS):
                await started.portal.room.acquire()
            group.create_task(post_bytes(session, url, next(messages), timeout=_STUCK_SECONDS))


async def until_confirmed(database_url: str, count: int) -> None:
    """Wait until every case has ended: each application is one case, each case has one answer that arrived."""
    async with asyncio.timeout(_STUCK_SECONDS), await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.set_autocommit(True)
        while True:
            cursor = await connection.execute("SELECT count(*), count(*) FILTER (WHERE state = 'confirmed') FROM cases")
            if (found := await cursor.fetchone()) == (count, count):
                return
            if found and found[0] > count:
                raise SystemExit(f"{found[0]} cases of {count} applications")
            await asyncio.sleep(0.1)


async def run(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Warm up, measure part by part, and return the figures."""
    async with government(folder, arguments.in_flight) as started, ClientSession() as session:
        total = arguments.warmup + arguments.applications
        load = Load(started.shep_url, started.password, total, arguments.in_flight, arguments.bytes)
        messages = signed(load, started.authority, "portal")
        await live(started, session, messages, arguments.warmup)
        before, begun, memory = started.cpu_seconds(), time.perf_counter(), []
        for part in range(_PARTS):
            at, count = time.perf_counter(), arguments.applications // _PARTS
            await live(started, session, messages, count)
            memory.append(started.memory_mb())
            rate = count / (time.perf_counter() - at)
            _console.print(f"{(part + 1) * count:8} lived, {rate:5.1f}/s, resident MB {memory[-1]}")
        seconds, lived = time.perf_counter() - begun, arguments.applications // _PARTS * _PARTS
        cpu = {name: round((after - before[name]) / lived * 1000, 1) for name, after in started.cpu_seconds().items()}
        await until_confirmed(started.database_url(), lived + arguments.warmup)
    return {
        "lives_per_s": round(lived / seconds, 1),
        "cpu_ms": cpu,
        "memory_mb": memory,
        "applications": lived,
        "in_flight": arguments.in_flight,
        "cores": os.cpu_count(),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--applications", type=int, default=2000)
    parser.add_argument("--warmup", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=64, help="applications without an answer at a time")
    parser.add_argument("--bytes", type=int, default=6000)
    with (
        tempfile.TemporaryDirectory(prefix="qaqpa-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        found = runner.run(run(parser.parse_args(), Path(folder)))
    _console.print(f"{found['lives_per_s']} whole lives/s; CPU ms each: {found['cpu_ms']}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
