"""Metrics and health of several processes in one place.

Every sample says in the label `replica` whose it is. Nothing is added up here: Prometheus does that, and knows a
counter that began anew with its process from one that went on. What a dead replica had is gone with it.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from gateway.supervisor.replica import Replica
from gateway.telemetry.metrics import CONTENT_TYPE

_PATHS = ("/metrics", "/health/live", "/health/ready")
_ASK_LIMIT = ClientTimeout(total=5)
_LABEL = "replica"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    content_type: str


async def _ask(path: Path, page: str) -> _Answer | None:
    """Ask over a Unix socket; None if nobody answers."""
    with suppress(ClientError, TimeoutError, OSError):
        async with (
            ClientSession(connector=UnixConnector(str(path)), timeout=_ASK_LIMIT) as session,
            session.get(f"http://replica{page}") as response,
        ):
            return _Answer(response.status, await response.read(), response.headers["Content-Type"])
    return None


def relay_routes(path: Path) -> list[web.RouteDef]:
    """Return the routes by which a replica, asked for metrics or health, answers for all of them."""

    async def relay(request: web.Request) -> web.Response:
        answer = await _ask(path, request.path)
        if answer is None:
            return web.json_response({"status": "not ready", "failing": ["supervisor"]}, status=503)
        return web.Response(status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type})

    return [web.get(page, relay) for page in _PATHS]


def admin_routes(replicas: Sequence[Replica], draining: Callable[[], bool]) -> list[web.RouteDef]:
    """Return `/metrics`, `/health/live` and `/health/ready` for all replicas together.

    Ready means: at least one takes connections, and all that do are ready. One that is being started anew gets none.
    """

    async def metrics(_: web.Request) -> web.Response:
        answers = await asyncio.gather(*(_ask(one.admin, "/metrics") for one in replicas))
        texts = {str(one.number): answer.body.decode() for one, answer in zip(replicas, answers, strict=True) if answer}
        return web.Response(body=merged(texts, own_metrics(replicas)), headers={"Content-Type": CONTENT_TYPE})

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        asked = [one for one in replicas if one.takes]
        answers = await asyncio.gather(*(_ask(one.admin, "/health/ready") for one in asked))
        states = [_state(one, answer) for one, answer in zip(asked, answers, strict=True)]
        failing = sorted({name for state in states for name in state["failing"]})
        if not asked or draining():
            failing.append("draining" if draining() else "replicas")
        body = {"status": "not ready" if failing else "ready", "failing": failing, "replicas": states}
        return web.json_response(body, status=503 if failing else 200)

    return [web.get(path, page) for path, page in zip(_PATHS, (metrics, live, ready), strict=True)]


def _state(replica: Replica, answer: _Answer | None) -> dict[str, Any]:
    if answer is None:
        return {_LABEL: replica.number, "status": "not ready", "failing": ["no answer"]}
    said: dict[str, Any] = json.loads(answer.body)
    return {_LABEL: replica.number, **said}


def merged(texts: dict[str, str], own: Iterable[Metric] = ()) -> bytes:
    """Return one exposition of several: every sample with the label that says whose it is."""
    families: dict[str, Metric] = {metric.name: metric for metric in own}
    for owner, text in texts.items():
        for family in text_string_to_metric_families(text):
            into = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            into.samples += [one._replace(labels={**one.labels, _LABEL: owner}) for one in family.samples]
    registry = CollectorRegistry()
    registry.register(_Collected(families.values()))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def own_metrics(replicas: Sequence[Replica]) -> Iterable[Metric]:
    """Return what the supervisor itself counts."""
    taking = GaugeMetricFamily("qaqpa_replicas", "Processes that take connections.")
    taking.add_metric([], sum(one.takes for one in replicas))
    restarts = CounterMetricFamily(
        "qaqpa_replica_restarts", "Processes that died and were started anew.", labels=[_LABEL]
    )
    for one in replicas:
        restarts.add_metric([str(one.number)], one.restarts)
    return [taking, restarts]
