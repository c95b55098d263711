"""What a process does beside messages and steps, for ever; each outlives a database that is away."""

import asyncio
import random
import time

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from gateway import clock
from gateway.cases.gate import Gate
from gateway.cases.retention import NotArchived, Retention
from gateway.cases.store.store import Store
from gateway.cases.sweep import Sweep
from gateway.eds.revocation_memory import AnswersUnavailable
from gateway.telemetry.metrics import Metrics

_GAUGES_SECONDS = 5.0
_GAUGES_REST = 20.0
"""Times as long as counting took: with very many open cases it costs a twentieth of one connection."""
_PARTITIONS_SECONDS = 3600.0
_RETENTION_SECONDS = 3600.0
_MAINTENANCE_SECONDS = 1.0

_log = structlog.get_logger(__name__)


async def keep_gauges(store: Store, gate: Gate, metrics: Metrics, undelivered_hours: float) -> None:
    """Refresh what is counted in the database; a count that takes long is made less often."""
    await gate.opened()
    while True:
        started = time.monotonic()
        try:
            metrics.set_cases(await store.ledger.count_by_state())
            metrics.set_late(await store.ledger.count_late())
            metrics.set_backlog(
                (one.kind, one.waiting, one.dead, one.oldest_seconds) for one in await store.tasks.backlog()
            )
            overdue = await store.delivery_log.count_overdue(undelivered_hours * 3600)
            metrics.set_overdue((one.kind, one.state, one.count, one.oldest_seconds) for one in overdue)
        except (psycopg.Error, PoolTimeout) as error:
            metrics.store_failed(type(error).__name__)
        await asyncio.sleep(max(_GAUGES_SECONDS, _GAUGES_REST * (time.monotonic() - started)))


async def keep_partitions(store: Store, gate: Gate) -> None:
    """Attach the months to come."""
    await gate.opened()
    while True:
        try:
            await store.partitions.attach_ahead(clock.utc_now())
        except (psycopg.Error, PoolTimeout) as error:
            # Nothing is lost: what has no month lies in the default partition until the next time.
            _log.warning("partitions.not_attached", error=type(error).__name__)
        await asyncio.sleep(_PARTITIONS_SECONDS)


async def keep_swept(sweep: Sweep, gate: Gate, seconds: float) -> None:
    """Find what no worker will take up, and mend it."""
    await gate.opened()
    while True:
        # Not all workers at the same moment.
        await asyncio.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311  no secret
        try:
            await sweep.run()
        except (psycopg.Error, PoolTimeout) as error:
            _log.warning("sweep.failed", error=type(error).__name__)


async def keep_retention(retention: Retention, gate: Gate) -> None:
    """Archive and erase what is due."""
    await gate.opened()
    while True:
        try:
            await retention.run()
        except (psycopg.Error, PoolTimeout, AnswersUnavailable, OSError, NotArchived) as error:
            _log.error("retention.failed", error=type(error).__name__)
        await asyncio.sleep(_RETENTION_SECONDS)


async def watch_maintenance(store: Store, gate: Gate, metrics: Metrics) -> None:
    """See whether maintenance was announced or ended. While the database is away the last word stands."""
    await gate.opened()
    while True:
        try:
            announced = await store.maintenance.read()
        except (psycopg.Error, PoolTimeout) as error:
            metrics.store_failed(type(error).__name__)
        else:
            if (announced is None) is not (gate.maintenance is None):
                _log.warning("maintenance.begun" if announced else "maintenance.ended")
            gate.announce(announced)
            metrics.set_maintenance(announced is not None)
        await asyncio.sleep(_MAINTENANCE_SECONDS)
