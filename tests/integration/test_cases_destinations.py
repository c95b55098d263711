"""A system that is away holds up its own cases and nobody else's: real worker, store, sockets and SOAP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest
from aiohttp import web

from adapters.soap import SoapProvider
from gateway.breaker import Breaker
from gateway.cases.calls import CallFailed, Failure
from gateway.cases.destinations import Destination, Destinations, lanes, provider_lane
from gateway.cases.model import Case, Claim, TaskKind
from gateway.cases.store.ledger import Commit
from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.cases.worker import StepFailed, Worker
from gateway.settings import Provider, Service
from gateway.settings import Worker as WorkerSettings
from tests.support.cases import new_case, new_message, registered
from tests.support.gateway import Recorder, gateway_settings
from tests.support.provider_server import ProviderServer, provider_server

DEAD, ALIVE = "dead.service", "alive.service"
SERVICES = {DEAD: Service(provider="dead"), ALIVE: Service(provider="alive")}
SETTINGS = WorkerSettings(
    concurrency=6,
    poll_seconds=0.02,
    backoff_initial_seconds=0.01,
    backoff_max_seconds=0.05,
    breaker_failures=4,
    breaker_pause_seconds=0.3,
)


@dataclass
class Office:
    """Two providers' systems behind one worker, which submits cases to them."""

    store: Store
    servers: dict[str, ProviderServer]
    systems: dict[str, SoapProvider]
    destinations: Destinations
    recorder: Recorder
    done: list[str] = field(default_factory=list)
    serial: int = 0

    async def cases(self, service: str, number: int) -> list[Case]:
        """Open cases of a service."""
        opened = []
        for _ in range(number):
            self.serial += 1
            change = registered(self.serial, replace(new_case(), service_id=service))
            await self.store.inbox.accept(new_message(str(self.serial)), change)
            opened.append(change.case)
        return opened

    async def submit(self, claim: Claim) -> None:
        """Ask the provider's system, as the real step does."""
        case = await self.store.ledger.case(claim.case_id)
        assert case is not None
        name = SERVICES[case.service_id].provider
        try:
            with self.destinations.call(provider_lane(name)):
                await self.systems[name].status(case.number or "")
        except CallFailed as error:
            raise StepFailed.by(error, "provider.unavailable") from error
        await self.store.ledger.commit(case.id, lambda _: Commit(), claim)
        self.done.append(case.service_id)


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await migrate(connection)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(database_url, Vault(bytes(32)), 6, lanes(SERVICES)))
        servers = {name: await stack.enter_async_context(provider_server()) for name in ("dead", "alive")}
        settings = {
            name: Provider(adapter="soap", url=one.url, timeout_seconds=0.5, concurrency=3, bin="990140000000")
            for name, one in servers.items()
        }
        systems = {name: SoapProvider(one) for name, one in settings.items()}
        for system in systems.values():
            stack.push_async_callback(system.close)
        recorder = Recorder()
        configured = gateway_settings(tmp_path).model_copy(update={"providers": settings, "worker": SETTINGS})
        destinations = Destinations.of(configured, recorder)
        yield Office(store, servers, systems, destinations, recorder)


@pytest.fixture
async def working(office: Office) -> AsyncIterator[Worker]:
    async def later(claim: Claim) -> None:
        await office.store.ledger.commit(claim.case_id, lambda _: Commit(again_seconds=600), claim)

    steps = dict.fromkeys(TaskKind, later) | {TaskKind.SUBMIT: office.submit}
    worker = Worker(office.store.tasks, steps, SETTINGS, office.destinations, office.recorder)
    task = asyncio.create_task(worker.run())
    yield worker
    worker.stop()
    await asyncio.wait_for(task, 20)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def silent(server: ProviderServer) -> tuple[list[str], Callable[[], None]]:
    """Make a system take every call and answer none; return the calls, and what brings it back."""
    calls: list[str] = []
    back = asyncio.Event()

    async def respond(operation: str) -> web.Response:
        calls.append(operation)
        await back.wait()
        return await server.registered(operation)

    server.respond = respond
    return calls, back.set


@pytest.mark.usefixtures("working")
async def test_a_silent_provider_does_not_hold_up_the_other(office: Office) -> None:
    """Twice as many cases of the silent system as the worker has places: the other's are all done, and it gets no more
    calls at once than its limit; when it answers again, its own are done without anybody's help."""
    calls, back = silent(office.servers["dead"])
    await office.cases(DEAD, 2 * SETTINGS.concurrency)
    await until(lambda: len(calls) >= 3)
    await office.cases(ALIVE, 30)
    await until(lambda: office.done.count(ALIVE) == 30)
    assert office.done.count(DEAD) == 0
    assert office.servers["dead"].most_at_once <= 3
    await until(lambda: office.recorder.open[provider_lane("dead")])
    assert office.recorder.open[provider_lane("alive")] is False
    back()
    await until(lambda: office.done.count(DEAD) == 2 * SETTINGS.concurrency)
    assert office.recorder.open[provider_lane("dead")] is False
    assert await office.store.dead_letters.find() == []


async def test_a_system_at_its_limit_leaves_places_for_others(office: Office) -> None:
    """Of a lane only so many tasks are claimed as it has places, however many are due; none while it rests."""
    await office.cases(DEAD, 10)
    await office.cases(ALIVE, 2)
    dead, alive = provider_lane("dead"), provider_lane("alive")
    others = {"shep": 0, "own": 0}
    claims = await office.store.tasks.claim(20, 60, {dead: 3} | others)
    assert sorted(claim.lane for claim in claims) == [alive] * 2 + [dead] * 3
    assert await office.store.tasks.claim(20, 60, {dead: 0} | others) == []


async def test_within_a_lane_the_longest_due_comes_first(office: Office) -> None:
    """Lanes take turns; in each the order is the one in which tasks became due."""
    cases = await office.cases(DEAD, 5)
    claims = await office.store.tasks.claim(2, 60, {"shep": 0, "own": 0})
    assert {claim.case_id for claim in claims} == {case.id for case in cases[:2]}


@pytest.mark.parametrize("failures", [1, SETTINGS.breaker_failures])
async def test_nobody_is_left_alone_for_longer_than_the_longest_wait(failures: int) -> None:
    """Whatever `Retry-After` an answer holds, the system is tried again after the longest wait."""
    now = [0.0]
    breaker = Breaker(SETTINGS.breaker_failures, SETTINGS.breaker_pause_seconds)
    lane = {"lane": Destination(2, breaker)}
    destinations = Destinations(lane, Recorder(), SETTINGS.backoff_max_seconds, lambda: now[0])
    for _ in range(failures):
        with pytest.raises(CallFailed), destinations.call("lane"):
            raise CallFailed("busy: HTTP 503", Failure.BUSY, 999_999_999.0)
    assert destinations.rests("lane")
    now[0] = max(SETTINGS.backoff_max_seconds, SETTINGS.breaker_pause_seconds)
    assert not destinations.rests("lane")
