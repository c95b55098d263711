"""The composition root: builds the parts, starts and stops them in order. Nothing else wires things."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from enum import Flag, auto
from typing import Self

import aiohttp
import psycopg
import structlog
from aiohttp import web
from psycopg_pool import PoolTimeout

from adapters.callback import callback_routes
from adapters.soap import SoapProvider
from gateway import clock, resources
from gateway.cases.delivery import DeliverySteps
from gateway.cases.destinations import Destinations, lanes
from gateway.cases.files import FileSteps
from gateway.cases.inquiries import Inquiries
from gateway.cases.intake import Intake
from gateway.cases.mailbox import Mailbox
from gateway.cases.model import TaskKind
from gateway.cases.provider import ProviderSystem
from gateway.cases.registrar import Registrar
from gateway.cases.retention import NotArchived, Retention
from gateway.cases.services import Services
from gateway.cases.steps import Parts, ProviderSteps
from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.cases.worker import Worker
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.catalogue import Catalogue
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.keystore.reloading import ReloadingKey, transport_key
from gateway.eds.ncanode.opinion import second_opinion
from gateway.eds.revocation import RevocationSource
from gateway.eds.revocation_memory import AnswersUnavailable
from gateway.eds.revocation_setup import revocation_source
from gateway.eds.verifier import Verifier
from gateway.eds.xml import Limits
from gateway.embedded import EmbeddedPostgres, EmbeddedUnusable
from gateway.settings import LARGEST_MESSAGE, Settings
from gateway.shep.cabinet import ShepCabinet
from gateway.shep.client import ShepClient
from gateway.shep.messages import AsyncMessage, Sender, SyncRequest
from gateway.shep.reader import read_request
from gateway.shep.senders import Senders
from gateway.shep.server import routes
from gateway.shep.storage import ShepStorage
from gateway.shep.temp_files import Credentials
from gateway.telemetry.health import Health, health_routes
from gateway.telemetry.metrics import Metrics

_log = structlog.get_logger(__name__)

_GAUGES_SECONDS = 5.0
_DRAIN_SECONDS = 20.0
_PARTITIONS_SECONDS = 3600.0
_RETENTION_SECONDS = 3600.0


class Role(Flag):
    """What a process does; any number of processes share one database."""

    SERVE = auto()
    """Answers ShEP."""
    WORK = auto()
    """Takes cases further."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is read from files once at start, before anything runs."""

    catalogue: Catalogue
    anchors: Anchors
    key: ReloadingKey
    vault: Vault
    senders: Senders
    shep_certificates: tuple[Certificate, ...]

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Read everything the settings name.

        Raises:
            CatalogueError, AnchorsUnusable, KeyUnusable, CertificateUnreadable, VaultUnusable, OSError: what cannot
                be used, and why.
        """
        return cls(
            catalogue=Catalogue.load(resources.schemas()),
            anchors=Anchors.load(settings.anchors_dir),
            key=transport_key(settings.keys),
            vault=Vault.load(settings.keys.vault_key),
            senders=Senders.load(settings.senders, settings.shep.certificates),
            shep_certificates=tuple(Certificate.from_pem(path.read_bytes()) for path in settings.shep.certificates),
        )


@contextlib.asynccontextmanager
async def database(settings: Settings, lost: Callable[[], None] = lambda: None) -> AsyncIterator[str]:
    """Give the URL of the database; an embedded server is run here unless another process runs it already.

    `lost` is called when the embedded server died and could not be restarted.

    Raises:
        EmbeddedUnusable: the embedded server cannot run; the text says why.
    """
    if settings.database.url is not None:
        yield settings.database.url.get_secret_value()
        return
    folder = settings.data_dir / "postgres"
    running = EmbeddedPostgres.running(folder)
    if running is not None:
        yield running
        return
    server = EmbeddedPostgres(folder, settings.database.bin_dir)
    url = await server.start()
    try:
        async with _background(_watch(server, lost)):
            yield url
    finally:
        await server.stop()


async def _watch(server: EmbeddedPostgres, lost: Callable[[], None]) -> None:
    try:
        await server.wait()
    except EmbeddedUnusable as error:
        _log.critical("database.lost", error=str(error))
        lost()


@contextlib.asynccontextmanager
async def store(
    settings: Settings, vault: Vault, *, with_migrations: bool = True, lost: Callable[[], None] = lambda: None
) -> AsyncIterator[Store]:
    """Give the store, migrated; `lost` as for `database`.

    Raises:
        EmbeddedUnusable, MigrationError, psycopg.Error: why there is none.
    """
    async with database(settings, lost) as url:
        if with_migrations:
            async with await psycopg.AsyncConnection.connect(url) as connection:
                applied = await migrate(connection)
            if applied:
                _log.info("database.migrated", applied=applied)
        async with open_store(url, vault, settings.database.pool_size, lanes(settings.services)) as opened:
            yield opened


async def run(settings: Settings, roles: Role, *, stop: asyncio.Event, ready: Callable[[str], None]) -> None:
    """Run a gateway process until `stop` is set; `ready` is told the HTTP server's URL when it accepts messages.

    Raises:
        As `Material.load` and `store`.
    """
    material = Material.load(settings)
    metrics = Metrics()
    async with contextlib.AsyncExitStack() as stack:
        # Without a database there is nothing to serve: the process ends, and whoever supervises it starts a new one.
        opened = await stack.enter_async_context(store(settings, material.vault, lost=stop.set))
        revocation = await stack.enter_async_context(_revocation(settings, material, opened, metrics))
        second = await stack.enter_async_context(second_opinion(settings.ncanode, metrics))
        process = _Process(settings, material, opened, metrics, Verifier(material.anchors, revocation, second), stop)
        worker = await stack.enter_async_context(process.worker()) if Role.WORK in roles else None
        url = await stack.enter_async_context(process.http(roles, wake=worker.wake if worker else lambda: None))
        await stack.enter_async_context(_background(process.keep_gauges(), ended=_ends_the_process("gauges", stop)))
        if Role.WORK in roles:
            for name, upkeep in (("partitions", process.keep_partitions()), ("retention", process.keep_retention())):
                await stack.enter_async_context(_background(upkeep, ended=_ends_the_process(name, stop)))
        watch = material.key.keep(metrics, clock.utc_now, settings.keys.check_seconds)
        await stack.enter_async_context(_background(watch, ended=_ends_the_process("key", stop)))
        _settle_garbage_collector()
        ready(url)
        await stop.wait()
        _log.info("gateway.stopping")


def _revocation(
    settings: Settings, material: Material, opened: Store, metrics: Metrics
) -> contextlib.AbstractAsyncContextManager[RevocationSource | None]:
    return revocation_source(
        settings.revocation,
        folder=settings.data_dir / "revocation",
        anchors=material.anchors,
        shared=opened.revocations,
        clock=clock.utc_now,
        observer=metrics,
    )


def _settle_garbage_collector() -> None:
    """Take what was built at start out of every later collection, and collect less often.

    A message leaves little that reference counting does not free; the default threshold would walk the whole heap,
    schemas and catalogue included, several times a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def retention(settings: Settings, opened: Store) -> Retention:
    """Return what archives and erases the closed cases of an installation."""
    folder = settings.retention.archive_dir or settings.data_dir / "archive"
    return Retention(opened, settings.retention, folder, clock.utc_now)


class _Process:
    """The parts of one process over one store."""

    def __init__(  # noqa: PLR0913, PLR0917  what a process has
        self,
        settings: Settings,
        material: Material,
        opened: Store,
        metrics: Metrics,
        verifier: Verifier,
        stop: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._material = material
        self._store = opened
        self._metrics = metrics
        self._services = Services(material.catalogue, settings)
        self._verifier = verifier
        self._registrar = Registrar(opened.inbox, WorkingCalendar(settings.holidays))

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Run the worker; at the end the steps under way are finished, within a limit."""
        settings, opened = self._settings, self._store
        async with contextlib.AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            providers = {name: await stack.enter_async_context(self._provider(name)) for name in settings.providers}
            destinations = Destinations.of(settings, self._metrics)
            parts = self._parts(providers, destinations)
            steps = ProviderSteps(parts).table() | self._files(parts, session).table()
            steps |= DeliverySteps(
                opened.ledger,
                opened.outbox,
                self._cabinet(session),
                destinations,
                settings.worker,
                clock.utc_now,
                self._metrics,
            ).table()
            worker = Worker(opened.tasks, steps, settings.worker, destinations, self._metrics)
            task = asyncio.create_task(worker.run(), name="worker")
            task.add_done_callback(_ends_the_process("worker", self._stop))
            try:
                yield worker
            finally:
                worker.stop()
                await _finish(task)

    def _parts(self, providers: dict[str, ProviderSystem], destinations: Destinations) -> Parts:
        return Parts(
            ledger=self._store.ledger,
            services=self._services,
            verifier=self._verifier,
            registrar=self._registrar,
            providers=providers,
            destinations=destinations,
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

    @contextlib.asynccontextmanager
    async def http(self, roles: Role, *, wake: Callable[[], None]) -> AsyncIterator[str]:
        """Serve HTTP; gives the URL. Every process has metrics and health, SERVE adds the wire."""
        app = web.Application(client_max_size=self._settings.http.max_message_bytes)
        app.add_routes(health_routes(self._metrics, self._health()))
        if Role.SERVE in roles:
            app.add_routes(self._wire(wake))
        if Role.WORK in roles:
            app.add_routes(callback_routes(self._settings.providers, self._nudge))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_DRAIN_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._settings.http.host, self._settings.http.port)
            await site.start()
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()

    def _wire(self, wake: Callable[[], None]) -> list[web.RouteDef]:
        settings, opened = self._settings, self._store
        intake = Intake(
            services=self._services,
            verifier=self._verifier,
            inbox=opened.inbox,
            ledger=opened.ledger,
            vault=self._material.vault,
            registrar=self._registrar,
            clock=clock.utc_now,
            observer=self._metrics,
            wake=wake,
        )
        inquiries = Inquiries(
            services=self._services,
            ledger=opened.ledger,
            vault=self._material.vault,
            settings=settings,
            observer=self._metrics,
        )
        mailbox = Mailbox(opened.ledger, opened.outbox, clock.utc_now, self._metrics)
        http = settings.http
        return routes(
            intake=intake,
            inquiries=inquiries,
            mailbox=mailbox,
            senders=self._material.senders,
            verifier=self._verifier,
            key=self._material.key,
            clock=clock.utc_now,
            observer=self._metrics,
            public_url=http.public_url or f"http://{http.host}:{http.port}",
            own_sender_id=settings.shep.sender_id,
            max_message_bytes=http.max_message_bytes,
            max_in_flight=http.max_in_flight,
        )

    async def _nudge(self, provider: str, number: str) -> bool:
        """A provider says that a case has changed: ask about it now."""
        case = await self._store.ledger.case_by_number(number)
        if case is None or self._services.of(case).provider != provider:
            return False
        return await self._store.tasks.wake_case(case.id, (TaskKind.POLL,))

    def _health(self) -> Health:
        return Health(
            database=self._store.ping,
            anchors=self._material.anchors,
            key=self._material.key,
            data_dir=self._settings.data_dir,
            min_free_disk_mb=self._settings.min_free_disk_mb,
            clock=clock.utc_now,
        )

    async def keep_gauges(self) -> None:
        """Refresh what is counted in the database, for ever."""
        while True:
            try:
                self._metrics.set_cases(await self._store.ledger.count_by_state())
                self._metrics.set_late(await self._store.ledger.count_late())
                self._metrics.set_backlog(
                    (one.kind, one.waiting, one.dead, one.oldest_seconds) for one in await self._store.tasks.backlog()
                )
            except (psycopg.Error, PoolTimeout) as error:
                self._metrics.store_failed(type(error).__name__)
            await asyncio.sleep(_GAUGES_SECONDS)

    async def keep_partitions(self) -> None:
        """Attach the months to come, for ever."""
        while True:
            try:
                await self._store.partitions.attach_ahead(clock.utc_now())
            except (psycopg.Error, PoolTimeout) as error:
                # Nothing is lost: what has no month lies in the default partition until the next time.
                _log.warning("partitions.not_attached", error=type(error).__name__)
            await asyncio.sleep(_PARTITIONS_SECONDS)

    async def keep_retention(self) -> None:
        """Archive and erase what is due, for ever."""
        work = retention(self._settings, self._store)
        while True:
            try:
                await work.run()
            except (psycopg.Error, PoolTimeout, AnswersUnavailable, OSError, NotArchived) as error:
                _log.error("retention.failed", error=type(error).__name__)
            await asyncio.sleep(_RETENTION_SECONDS)


def _readings(raw: bytes) -> tuple[bytes, ...]:
    """Read the business data of a message that was taken: within the largest limits that a door may have had."""
    message = read_request(raw, Limits(max_bytes=LARGEST_MESSAGE)).message
    return message.data.readings if isinstance(message, SyncRequest | AsyncMessage) else ()


def _ends_the_process(name: str, stop: asyncio.Event) -> Callable[[asyncio.Task[None]], None]:
    """Return what is called when a part ends that must not: half a process is worse than none."""

    def ended(task: asyncio.Task[None]) -> None:
        if stop.is_set() or task.cancelled():
            return
        error = task.exception()
        _log.critical("gateway.part_ended", part=name, error=type(error).__name__ if error else None)
        stop.set()

    return ended


async def _finish(task: asyncio.Task[None]) -> None:
    """Wait for the worker's last steps; what does not end in time comes back when its lease ends."""
    done, _ = await asyncio.wait({task}, timeout=_DRAIN_SECONDS)
    if not done:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def _background(
    work: Coroutine[None, None, None], ended: Callable[[asyncio.Task[None]], None] = lambda _: None
) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    task.add_done_callback(ended)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
