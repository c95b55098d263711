"""The gateway's Prometheus metrics. No label holds personal data or free text (see `labels`)."""

import platform
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from math import inf
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gateway.clock import Clock, utc_now
from gateway.faults import Code
from gateway.telemetry.labels import Bounded, Known

CONTENT_TYPE = CONTENT_TYPE_LATEST

# From 0.2 ms (a parse) to 60 s (the longest time limit of a step)
_SECONDS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

_OPERATIONS = Known(
    "SendMessage",
    "sendMessage",
    "sendDeliveryNotification",
    "getMessageStatus",
    "getMessages",
    "changeMassageStatusNotification",
    "pulled",
    "unknown",
)
_ANSWERS = Known("OK", *(code.value for code in Code))
_INDICATIONS = Known("VALID", "INVALID", "INDETERMINATE")
_REVOCATION_SOURCES = Known("ocsp", "crl")
_WATCHED = Known("term", "step", "duty")
_LATENESS = Known("near", "late")
_STANDS = Known("agrees", "disagrees", "none")
_REVOCATION_OUTCOMES = Known("good", "revoked", "unavailable", "unknown")


class Metrics:
    """All metrics of one gateway process, in a registry of its own.

    Implements the observers of `gateway.shep` and `gateway.cases`. Counters begin with the process; the gauges of
    cases and tasks describe the whole database and are the same in every process.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        """Make them; `clock` is asked how long certificates still hold."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._clock = clock
        self._store_failed_at: dict[str, float] = {}  # by the names of exceptions: few
        self._certificates: dict[str, datetime] = {}
        self._state, self._kind, self._step = Bounded(32), Bounded(32), Bounded(64)
        self._provider, self._operation, self._outcome = Bounded(64), Bounded(16), Bounded(16)
        self._reason, self._finding, self._error = Bounded(64), Bounded(64), Bounded(32)
        self._origin, self._service, self._unit = Bounded(16), Bounded(64), Bounded(16)
        self._failure = Bounded(16)
        self._wire_metrics()
        self._case_metrics()
        self._revocation_metrics()
        self._backlog_metrics()
        self._build_metrics()

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    # The wire

    def received(self, operation: str) -> None:
        """Count a message that came."""
        self._received.labels(_OPERATIONS(operation)).inc()

    def answered(self, operation: str, code: str, seconds: float) -> None:
        """Count the answer to it, and how long the exchange took."""
        known = _OPERATIONS(operation)
        self._answered.labels(known, _ANSWERS(code)).inc()
        self._exchange_seconds.labels(known).observe(seconds)

    def step(self, name: str, seconds: float) -> None:
        """Record how long a step of the work took."""
        self._step_seconds.labels(self._step(name)).observe(seconds)

    # The case

    def verdict(self, indication: str, reasons: Iterable[str] = ()) -> None:
        """Count a verdict on an applicant's signature, and each of its reasons."""
        known = _INDICATIONS(indication)
        self._verdicts.labels(known).inc()
        for reason in reasons:
            self._verdict_reasons.labels(known, self._reason(reason)).inc()

    def opened(self, state: str, findings: Iterable[str]) -> None:
        """Count a new case by its first state, and what was found against it."""
        self._opened.labels(self._state(state)).inc()
        for finding in findings:
            self._findings.labels(self._finding(finding)).inc()

    def store_failed(self, error: str) -> None:
        """Count a failure of the database."""
        self._store_failures.labels(self._error(error)).inc()
        self._store_failed_at[error] = monotonic()

    def since_store_failure(self, error: str) -> float:
        """Return how many seconds ago the database last failed so."""
        return monotonic() - self._store_failed_at.get(error, -inf)

    def task(self, kind: str, outcome: str, seconds: float) -> None:
        """Count a run of a task."""
        known = self._kind(kind)
        self._task_runs.labels(known, self._outcome(outcome)).inc()
        self._task_seconds.labels(known).observe(seconds)

    def delivery(self, kind: str, state: str) -> None:
        """Count a message to the cabinet that was sent or confirmed."""
        self._deliveries.labels(self._kind(kind), self._state(state)).inc()

    def call_failed(self, destination: str, failure: str) -> None:
        """Count a failed call of another system, by its kind."""
        self._calls_failed.labels(self._provider(destination), self._failure(failure)).inc()

    def destination(self, name: str, *, is_open: bool) -> None:
        """Show whether a system is left alone for a while."""
        self._destination_open.labels(self._provider(name)).set(is_open)

    def adapter(self, provider: str, operation: str, outcome: str, seconds: float) -> None:
        """Count a call of a provider's system."""
        name, call = self._provider(provider), self._operation(operation)
        self._adapter_calls.labels(name, call, self._outcome(outcome)).inc()
        self._adapter_seconds.labels(name, call).observe(seconds)

    def lateness(self, service: str, unit: str, what: str, how: str) -> None:
        """Count a term, step or duty that is nearly over (near) or over (late)."""
        self._lateness.labels(self._service(service), self._unit(unit), _WATCHED(what), _LATENESS(how)).inc()

    def report_refused(self, provider: str, code: str) -> None:
        """Count something a provider's system said that could not be taken."""
        self._refused_reports.labels(self._provider(provider), self._reason(code)).inc()

    # Revocation

    def revocation(self, source: str, outcome: str, seconds: float) -> None:
        """Count a question about a certificate, and how long the answer took."""
        known = _REVOCATION_SOURCES(source)
        self._revocation_asked.labels(known, _REVOCATION_OUTCOMES(outcome)).inc()
        self._revocation_seconds.labels(known).observe(seconds)

    def revocation_list(self, origin: str, outcome: str, next_update: datetime | None) -> None:
        """Count a refresh of a revocation list, and show until when it is good."""
        known = self._origin(origin)
        self._revocation_refreshes.labels(known, self._outcome(outcome)).inc()
        if next_update is not None:
            self._revocation_next_update.labels(known).set(next_update.timestamp())

    def second_opinion(self, stand: str, seconds: float) -> None:
        """Count what another verifier said of a signature (agrees, disagrees, none), and how long it took."""
        self._second_opinions.labels(_STANDS(stand)).inc()
        self._second_opinion_seconds.observe(seconds)

    # What is in the database

    def set_cases(self, by_state: Mapping[str, int]) -> None:
        """Set how many cases stand in each state; a state that is not named has none."""
        self._cases.clear()
        for state, count in by_state.items():
            self._cases.labels(self._state(state)).set(count)

    def set_late(self, late: Iterable[tuple[str, str, str, str, int]]) -> None:
        """Set how many undecided cases are nearly or really late: service, unit, what, how, and how many."""
        self._late.clear()
        for service, unit, what, how, count in late:
            self._late.labels(self._service(service), self._unit(unit), _WATCHED(what), _LATENESS(how)).set(count)

    def set_backlog(self, kinds: Iterable[tuple[str, int, int, float]]) -> None:
        """Set the state of the queue.

        Args:
            kinds: for each kind of task: its name, how many wait, how many are dead letters, and for how many seconds
                the oldest waiting one has been due.
        """
        self._tasks.clear()
        self._oldest.clear()
        for kind, waiting, dead, oldest in kinds:
            known = self._kind(kind)
            self._tasks.labels(known, "waiting").set(waiting)
            self._tasks.labels(known, "dead").set(dead)
            self._oldest.labels(known).set(oldest)

    def set_maintenance(self, on: bool) -> None:  # noqa: FBT001  a state to be shown
        """Show whether maintenance was announced."""
        self._maintenance.set(on)

    def set_overdue(self, messages: Iterable[tuple[str, str, int, float]]) -> None:
        """Set the messages that should be in the cabinet by now: kind, state, how many, age of the oldest (seconds)."""
        self._undelivered.clear()
        self._undelivered_oldest.clear()
        for kind, state, count, oldest in messages:
            labels = self._kind(kind), self._state(state)
            self._undelivered.labels(*labels).set(count)
            self._undelivered_oldest.labels(*labels).set(oldest)

    def swept(self, found: Mapping[str, int]) -> None:
        """Set what the last sweep found, and count what it mended."""
        for what, count in found.items():
            if what == "mended":
                self._mended.inc(count)
            else:
                self._swept.labels(self._kind(what)).set(count)

    # Certificates

    def watch_certificate(self, use: str, not_after: datetime) -> None:
        """Show how long a certificate still holds; of several for one use, the first that ends."""
        self._certificates[use] = min(not_after, self._certificates.get(use, not_after))
        self._certificate_left.labels(self._kind(use)).set_function(partial(self._left_seconds, use))

    def key_reload(self, outcome: str, not_after: datetime | None) -> None:
        """Count a changed transport key: taken up with a new end of its certificate, or refused (None)."""
        self._key_reloads.labels(self._outcome(outcome)).inc()
        self._key_outdated.set(not_after is None)
        if not_after is not None:
            self._certificates["transport"] = not_after

    def _left_seconds(self, use: str) -> float:
        return (self._certificates[use] - self._clock()).total_seconds()

    def _wire_metrics(self) -> None:
        self._received = self._counter("messages_received", "Messages that came, by operation.", "operation")
        self._answered = self._counter(
            "messages_answered", "Answers given: OK or the outward fault code.", "operation", "code"
        )
        self._exchange_seconds = self._histogram(
            "exchange_seconds", "From the first byte of a message to the answer.", "operation"
        )
        self._step_seconds = self._histogram("step_seconds", "Duration of one step of the work.", "step")

    def _case_metrics(self) -> None:
        self._verdicts = self._counter("verdicts", "Verdicts on applicants' signatures.", "indication")
        self._verdict_reasons = self._counter("verdict_reasons", "Reasons in verdicts.", "indication", "reason")
        self._opened = self._counter("cases_opened", "New cases, by their first state.", "state")
        self._findings = self._counter("findings", "What applications were rejected for.", "finding")
        self._store_failures = self._counter("store_failures", "Failures of the database, by kind.", "error")
        self._task_runs = self._counter("task_runs", "Runs of tasks: done, lost, retry or dead.", "kind", "outcome")
        self._task_seconds = self._histogram("task_seconds", "Duration of one run of a task.", "kind")
        self._deliveries = self._counter(
            "deliveries", "Messages to the cabinet, by what became of them.", "kind", "state"
        )
        self._adapter_calls = self._counter(
            "adapter_calls",
            "Calls of providers' systems: ok, unavailable or rejected.",
            "provider",
            "operation",
            "outcome",
        )
        self._lateness = self._counter(
            "lateness",
            "Terms, steps and duties that came near their end, or passed it.",
            "service",
            "unit",
            "what",
            "how",
        )
        self._refused_reports = self._counter(
            "refused_reports", "What providers' systems said and no act has.", "provider", "code"
        )
        self._calls_failed = self._counter(
            "calls_failed", "Failed calls of ShEP and providers' systems, by kind.", "destination", "failure"
        )
        self._destination_open = self._gauge(
            "destination_open", "1 while a system that failed is left alone (open breaker).", "destination"
        )
        self._adapter_seconds = self._histogram(
            "adapter_call_seconds", "Duration of a call of a provider's system.", "provider", "operation"
        )

    def _revocation_metrics(self) -> None:
        self._revocation_asked = self._counter(
            "revocation_asked", "Questions about certificates, by source and what came of them.", "source", "outcome"
        )
        self._revocation_seconds = self._histogram(
            "revocation_ask_seconds", "Duration of a question about a certificate.", "source"
        )
        self._second_opinions = self._counter(
            "second_opinions", "What NCANode said of signatures: agrees, disagrees or none.", "stand"
        )
        self._second_opinion_seconds = self._histogram("second_opinion_seconds", "Duration of a question to NCANode.")
        self._revocation_refreshes = self._counter(
            "revocation_list_refreshes", "Refreshes of revocation lists: new, unchanged or failed.", "origin", "outcome"
        )
        self._revocation_next_update = self._gauge(
            "revocation_list_next_update_timestamp_seconds",
            "Unix time at which a revocation list ceases to be usable.",
            "origin",
        )

    def _backlog_metrics(self) -> None:
        self._cases = self._gauge("cases", "Cases that are not finished, by state.", "state")
        self._late = self._gauge(
            "cases_late",
            "Undecided cases whose term or step is nearly over, or over, by the unit that has them.",
            *("service", "unit", "what", "how"),
        )
        self._tasks = self._gauge("tasks", "Tasks by kind: waiting, or dead (given up, replayable).", "kind", "state")
        self._maintenance = self._gauge("maintenance", "1 while maintenance was announced: no messages are taken.")
        self._swept = self._gauge(
            "sweep_found", "Found by the last sweep: cases idle, tasks orphaned, leases abandoned.", "what"
        )
        self._mended = self._counter("sweep_mended", "Idle cases that a sweep gave their next step again.")
        self._undelivered = self._gauge(
            "undelivered",
            "Messages older than worker.undelivered_hours, not in the cabinet.",
            "kind",
            "state",
        )
        self._undelivered_oldest = self._gauge(
            "undelivered_oldest_seconds", "Age of the oldest of them.", "kind", "state"
        )
        self._oldest = self._gauge("task_oldest_seconds", "How long the oldest waiting task has been due.", "kind")

    def _build_metrics(self) -> None:
        self._certificate_left = self._gauge(
            "certificate_left_seconds", "How long a certificate still holds, by use.", "use"
        )
        self._key_reloads = self._counter("key_reloads", "Changes of the transport key: new or failed.", "outcome")
        self._key_outdated = self._gauge(
            "key_outdated", "1 while the transport key's files cannot be used and an older key is in use."
        )
        build = self._gauge("build_info", "The running version.", "version", "python")
        build.labels(_version(), platform.python_version()).set(1)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"qaqpa_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"qaqpa_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"qaqpa_{name}", text, labels, registry=self.registry, buckets=_SECONDS)


def _version() -> str:
    try:
        return version("qaqpa")
    except PackageNotFoundError:
        return "unknown"  # run out of a folder without an installation
