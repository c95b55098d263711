"""The composition root: opens what a process needs, starts and stops it in order. Its parts are joined in `process`."""

import asyncio
import contextlib
import gc
from collections.abc import Callable

import structlog

from gateway import clock
from gateway.background import background, done, give_up
from gateway.cases.destinations import lanes
from gateway.cases.store.store import Store, connecting_store
from gateway.cases.vault import Vault
from gateway.database import database, until_usable
from gateway.eds.ncanode.opinion import second_opinion
from gateway.eds.revocation import RevocationSource
from gateway.eds.revocation_setup import revocation_source
from gateway.eds.verifier import Verifier
from gateway.material import Material
from gateway.process import Process, Role
from gateway.serving import Doors
from gateway.settings import Settings
from gateway.telemetry.metrics import Metrics
from gateway.vitals import Vitals

_log = structlog.get_logger(__name__)

_UNSEEN_SECONDS = 2.0
"""How long the database is waited for before senders are told."""


async def run(
    settings: Settings, roles: Role, *, stop: asyncio.Event, ready: Callable[[str], None], doors: Doors | None = None
) -> None:
    """Run a gateway process until `stop` is set; `ready` is told the HTTP server's URL when it accepts messages.

    While the database cannot be used, messages are answered SCE909 and the database is waited for.

    Args:
        settings: of the installation.
        roles: what the process does.
        stop: told to end: messages under way are answered, steps under way finished or handed back.
        ready: told the URL.
        doors: where connections come from; default: the ports of the settings.

    Raises:
        PartFailed: a part ended that must not.
        DatabaseUnusable: the database answers, and this version cannot work with it.
        As `Material.load` and `database`.
    """
    material, metrics, vitals = Material.load(settings), Metrics(), Vitals(stop)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(database(settings, lambda: vitals.lost("database")))
        opened = await stack.enter_async_context(_store(settings, url, material.vault))
        revocation = await stack.enter_async_context(_revocation(settings, material, opened, metrics))
        second = await stack.enter_async_context(second_opinion(settings.ncanode, metrics))
        verifier = Verifier(material.anchors, revocation, second)
        process = Process(settings, material, opened, metrics, verifier, vitals)
        worker = await stack.enter_async_context(process.worker()) if Role.WORK in roles else None
        servers = process.servers(roles, doors or Doors.of(settings.http), worker.wake if worker else lambda: None)
        for server in reversed(servers):
            stack.push_async_callback(server.drain)
        usable = asyncio.create_task(until_usable(url, material.vault))
        stack.push_async_callback(give_up, usable)
        # Nobody is answered SCE909 by an ordinary start, nor by one that ends because this version cannot work here.
        await done(usable, unless=stop, within=_UNSEEN_SECONDS)
        served = [await server.start() for server in servers]
        for part, work in process.upkeep(roles).items():
            await stack.enter_async_context(background(work, vitals.ends_with(part)))
        if await done(usable, unless=stop):
            process.gate.open()
            _settle_garbage_collector()
            ready(served[0])
            await stop.wait()
        _log.info("gateway.stopping")
        if worker:
            worker.stop()
        for server in servers:  # the last one is where operators look: it answers until the end
            await server.drain()
    vitals.check()


def _store(settings: Settings, url: str, vault: Vault) -> contextlib.AbstractAsyncContextManager[Store]:
    limits = settings.database
    return connecting_store(url, vault, limits.pool_size, lanes(settings.services), limits.statement_seconds)


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
