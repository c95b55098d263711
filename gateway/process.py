"""The parts of a process, and how they are joined. Nothing but this and `app` wires things."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from enum import Flag, auto

import aiohttp
from aiohttp import web

from adapters.callback import callback_routes
from adapters.soap import SoapProvider
from gateway import clock, upkeep
from gateway.background import background
from gateway.cases.delivery import DeliverySteps
from gateway.cases.destinations import Destinations
from gateway.cases.files import FileSteps
from gateway.cases.gate import Gate
from gateway.cases.inquiries import Inquiries
from gateway.cases.intake import Intake
from gateway.cases.mailbox import Mailbox
from gateway.cases.model import TaskKind
from gateway.cases.provider import ProviderSystem
from gateway.cases.registrar import Registrar
from gateway.cases.retention import Retention
from gateway.cases.services import Services
from gateway.cases.steps import Parts, ProviderSteps
from gateway.cases.store.search import Search
from gateway.cases.store.store import Store
from gateway.cases.sweep import Sweep
from gateway.cases.unavailable import asking_the_store
from gateway.cases.worker import Worker
from gateway.catalogue.calendar import WorkingCalendar
from gateway.eds.verifier import Verifier
from gateway.eds.xml import Limits
from gateway.material import Material
from gateway.serving import Doors, HttpServer
from gateway.settings import LARGEST_MESSAGE, Settings, Shutdown
from gateway.shep.cabinet import ShepCabinet
from gateway.shep.client import ShepClient
from gateway.shep.messages import Sender
from gateway.shep.operations import Operations
from gateway.shep.pull import Puller, Source
from gateway.shep.reader import read_taken
from gateway.shep.server import routes
from gateway.shep.storage import ShepStorage
from gateway.shep.temp_files import Credentials
from gateway.telemetry.health import Health, health_routes
from gateway.telemetry.metrics import Metrics
from gateway.vitals import Vitals

_DISK_FULL_SECONDS = 15.0


class Role(Flag):
    """What a process does; any number of processes share one database."""

    SERVE = auto()
    """Answers ShEP."""
    WORK = auto()
    """Takes cases further."""


def retention(settings: Settings, opened: Store) -> Retention:
    """Return what archives and erases the closed cases of an installation."""
    folder = settings.retention.archive_dir or settings.data_dir / "archive"
    return Retention(opened, settings.retention, folder, clock.utc_now)


class Process:
    """The parts of one process over one store."""

    def __init__(  # noqa: PLR0913, PLR0917  what a process has
        self,
        settings: Settings,
        material: Material,
        opened: Store,
        metrics: Metrics,
        verifier: Verifier,
        vitals: Vitals,
    ) -> None:
        self.gate = Gate()
        self._settings = settings
        self._vitals = vitals
        self._material = material
        self._store = opened
        self._metrics = metrics
        self._services = Services(material.catalogue, settings)
        self._verifier = verifier
        self._registrar = Registrar(opened.inbox, WorkingCalendar(settings.holidays))
        self._destinations = Destinations.of(settings, metrics)

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Run the worker as soon as the gate is open; at the end its steps are finished or handed back."""
        settings, opened = self._settings, self._store
        async with contextlib.AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            providers = {name: await stack.enter_async_context(self._provider(name)) for name in settings.providers}
            parts = self._parts(providers)
            steps = ProviderSteps(parts).table() | self._files(parts, session).table()
            steps |= DeliverySteps(
                opened.ledger,
                opened.outbox,
                self._cabinet(session),
                self._destinations,
                settings.worker,
                clock.utc_now,
                self._metrics,
            ).table()
            worker = Worker(
                opened.tasks,
                steps,
                settings.worker,
                self._destinations,
                self._metrics,
                rests=lambda: self.gate.work_rests,
                finish_seconds=settings.shutdown.finish_seconds,
            )
            task = asyncio.create_task(self._work(worker), name="worker")
            task.add_done_callback(self._vitals.ends_with("worker"))
            try:
                async with self._pulling(session, worker.wake):
                    yield worker
            finally:
                worker.stop()
                if not self.gate.is_open:  # it waits for what will not come any more
                    task.cancel()
                await asyncio.wait({task})

    async def _work(self, worker: Worker) -> None:
        await self.gate.opened()
        await worker.run()

    @contextlib.asynccontextmanager
    async def _pulling(self, session: aiohttp.ClientSession, wake: Callable[[], None]) -> AsyncIterator[None]:
        """Fetch messages from ShEP meanwhile, where it does not bring them."""
        shep = self._settings.shep
        if shep.pull is None:
            yield
            return
        puller = Puller(
            source=Source(
                client=self._shep(session, shep.timeout_seconds),
                url=shep.async_url,
                own=Sender(shep.sender_id, shep.password.get_secret_value()),
                services=tuple(self._services.shep_id(service.id) for service in self._services.offered),
            ),
            settings=shep.pull,
            operations=self._operations(wake),
            senders=self._material.senders,
            verifier=self._verifier,
            destinations=self._destinations,
            admit=self.gate.check,
            clock=clock.utc_now,
            observer=self._metrics,
        )
        async with background(puller.run(), self._vitals.ends_with("pull")):
            yield

    def _parts(self, providers: dict[str, ProviderSystem]) -> Parts:
        return Parts(
            ledger=self._store.ledger,
            services=self._services,
            verifier=self._verifier,
            registrar=self._registrar,
            providers=providers,
            destinations=self._destinations,
            provider_settings=self._settings.providers,
            settings=self._settings.worker,
            readings=_readings,
            search_key=self._material.vault.search_key,
            clock=clock.utc_now,
            observer=self._metrics,
        )

    def _files(self, parts: Parts, session: aiohttp.ClientSession) -> FileSteps:
        storage, shep = self._settings.storage, self._settings.shep
        if storage is None:
            return FileSteps(parts, None, 0)
        reached = ShepStorage(
            self._shep(session, storage.timeout_seconds),
            url=storage.url,
            service_id=storage.service_id,
            sender=Sender(shep.sender_id, shep.password.get_secret_value()),
            credentials=Credentials(storage.sender_id, storage.password.get_secret_value()),
            clock=clock.utc_now,
        )
        return FileSteps(parts, reached, storage.max_total_mb * 10**6)

    def _cabinet(self, session: aiohttp.ClientSession) -> ShepCabinet:
        shep = self._settings.shep
        return ShepCabinet(
            self._shep(session, shep.timeout_seconds),
            url=shep.async_url,
            sender_id=shep.sender_id,
            password=shep.password.get_secret_value(),
            clock=clock.utc_now,
        )

    def _shep(self, session: aiohttp.ClientSession, timeout_seconds: float) -> ShepClient:
        return ShepClient(
            session,
            key=self._material.key,
            verifier=self._verifier,
            certificates=self._material.shep_certificates,
            clock=clock.utc_now,
            timeout_seconds=timeout_seconds,
        )

    @contextlib.asynccontextmanager
    async def _provider(self, name: str) -> AsyncIterator[ProviderSystem]:
        system = SoapProvider(self._settings.providers[name])
        try:
            yield system
        finally:
            await system.close()

    def servers(self, roles: Role, doors: Doors, wake: Callable[[], None]) -> list[HttpServer]:
        """Return the HTTP servers, the wire first. Every process hears call-backs and tells metrics and health."""
        http, shutdown = self._settings.http, self._settings.shutdown
        admin = health_routes(self._metrics, self._health(lambda: servers[0].draining))
        wire = self._wire(wake) if Role.SERVE in roles else []
        wire += callback_routes(self._settings.providers, self._nudge)
        wire += admin if doors.admin is None else doors.relayed
        servers = [HttpServer(wire, doors.wire, shutdown, max_bytes=http.max_message_bytes)]
        if doors.admin is not None:
            servers.append(HttpServer(admin, doors.admin, Shutdown(notice_seconds=0)))
        return servers

    def _operations(self, wake: Callable[[], None]) -> Operations:
        return Operations(
            intake=self._intake(wake),
            inquiries=self._inquiries(),
            mailbox=Mailbox(self._store.ledger, self._store.outbox, clock.utc_now, self._metrics),
            key=self._material.key,
            observer=self._metrics,
            own_sender_id=self._settings.shep.sender_id,
        )

    def _intake(self, wake: Callable[[], None]) -> Intake:
        return Intake(
            services=self._services,
            verifier=self._verifier,
            inbox=self._store.inbox,
            ledger=self._store.ledger,
            vault=self._material.vault,
            registrar=self._registrar,
            clock=clock.utc_now,
            observer=self._metrics,
            wake=wake,
        )

    def _inquiries(self) -> Inquiries:
        return Inquiries(
            services=self._services,
            ledger=self._store.ledger,
            vault=self._material.vault,
            settings=self._settings,
            observer=self._metrics,
        )

    def _wire(self, wake: Callable[[], None]) -> list[web.RouteDef]:
        http = self._settings.http
        return routes(
            operations=self._operations(wake),
            senders=self._material.senders,
            verifier=self._verifier,
            key=self._material.key,
            clock=clock.utc_now,
            observer=self._metrics,
            public_url=http.public_url or f"http://{http.host}:{http.port}",
            max_message_bytes=http.max_message_bytes,
            max_in_flight=http.max_in_flight,
            max_receiving_bytes=http.max_receiving_mb * 2**20,
            admit=self.gate.check,
        )

    async def _nudge(self, provider: str, number: str) -> bool:
        """A provider says that a case has changed: ask about it now."""
        with asking_the_store(self._metrics):
            case = await self._store.ledger.case_by_number(number)
            if case is None or self._services.of(case).provider != provider:
                return False
            return await self._store.tasks.wake_case(case.id, (TaskKind.POLL,))

    def _sweep(self) -> Sweep:
        return Sweep(Search(self._store.pool), self._store.ledger, clock.utc_now, self._metrics)

    def _health(self, draining: Callable[[], bool]) -> Health:
        return Health(
            database=self._database_complaint,
            anchors=self._material.anchors,
            key=self._material.key,
            data_dir=self._settings.data_dir,
            min_free_disk_mb=self._settings.min_free_disk_mb,
            clock=clock.utc_now,
            intake=lambda: (False, "draining") if draining() else self.gate.standing(),
        )

    async def _database_complaint(self) -> str:
        # A server with a full disk answers every question; only writing shows it.
        full = self._metrics.since_store_failure("DiskFull") < _DISK_FULL_SECONDS
        return await self._store.complaint() or ("its disk is full" if full else "")

    def upkeep(self, roles: Role) -> dict[str, Coroutine[None, None, None]]:
        """Return what goes on beside messages and steps, for ever."""
        always = {
            "maintenance": upkeep.watch_maintenance(self._store, self.gate, self._metrics),
            "gauges": upkeep.keep_gauges(
                self._store, self.gate, self._metrics, self._settings.worker.undelivered_hours
            ),
            "key": self._material.key.keep(self._metrics, clock.utc_now, self._settings.keys.check_seconds),
        }
        if Role.WORK not in roles:
            return always
        return always | {
            "sweep": upkeep.keep_swept(self._sweep(), self.gate, self._settings.worker.sweep_seconds),
            "partitions": upkeep.keep_partitions(self._store, self.gate),
            "retention": upkeep.keep_retention(retention(self._settings, self._store), self.gate),
        }


def _readings(raw: bytes) -> tuple[bytes, ...]:
    """Read the business data of a message that was taken: within the largest limits that a door may have had."""
    return read_taken(raw, Limits(max_bytes=LARGEST_MESSAGE)).readings
