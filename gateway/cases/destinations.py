"""Where the work of a case goes: who is asked how often at the same time, and who is left alone for a while.

Every task stands in the lane of the system that it calls. The worker takes no more tasks of a lane than its system is
to get calls, and none while its breaker is open: a system that is away holds up its own cases and nobody else's.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self

from gateway.breaker import Breaker
from gateway.cases.calls import HANDLING, CallFailed
from gateway.cases.model import TaskKind
from gateway.cases.observer import Observer
from gateway.settings import Service, Settings

OWN: Final = "own"
"""The lane of tasks that call nobody whom a worker should spare."""
SHEP: Final = "shep"
STORAGE: Final = "storage"

_FIRST_PAUSE_SECONDS: Final = 1.0

LaneOf = Callable[[str, TaskKind], str]
"""Returns the lane of a task, by the service of its case and its kind."""

_AT_SHEP = frozenset({TaskKind.DELIVER, TaskKind.CONFIRM})
_AT_PROVIDER = frozenset({TaskKind.SUBMIT, TaskKind.SUPPLEMENT, TaskKind.POLL})


def provider_lane(provider: str) -> str:
    """Return the lane of a provider, by its name in the settings."""
    return f"provider:{provider}"


def lanes(services: Mapping[str, Service]) -> LaneOf:
    """Return how lanes follow from the settings. A task whose service is no longer set goes into the own lane."""

    def lane(service_id: str, kind: TaskKind) -> str:
        if kind in _AT_SHEP:
            return SHEP
        if kind is TaskKind.FETCH:
            return STORAGE
        if kind in _AT_PROVIDER and service_id in services:
            return provider_lane(services[service_id].provider)
        return OWN

    return lane


ONE_LANE: Final = lanes({})
"""For who has no settings."""


@dataclass(slots=True)
class Destination:
    """One system that is called."""

    limit: int
    breaker: Breaker

    def places(self, running: int, now: float) -> int:
        """Return how many more calls it may get; a system that rested gets one, whose outcome decides."""
        if self.breaker.rests(now):
            return 0
        return max(0, (1 if self.breaker.is_open else self.limit) - running)


@dataclass(slots=True)
class Destinations:
    """All systems that this process calls, by lane."""

    by_lane: dict[str, Destination]
    observer: Observer
    longest_rest_seconds: float = 900.0
    """Whatever a system, or a proxy before it, asks for."""
    monotonic: Callable[[], float] = field(default=time.monotonic)

    @classmethod
    def of(cls, settings: Settings, observer: Observer) -> Self:
        """Make them by the settings."""
        worker = settings.worker
        limits = {SHEP: settings.shep.concurrency, STORAGE: settings.shep.concurrency}
        limits |= {provider_lane(name): one.concurrency for name, one in settings.providers.items()}

        def breaker() -> Breaker:
            longest = worker.breaker_pause_seconds
            return Breaker(worker.breaker_failures, min(_FIRST_PAUSE_SECONDS, longest), longest)

        by_lane = {lane: Destination(limit, breaker()) for lane, limit in limits.items()}
        made = cls(by_lane, observer, worker.backoff_max_seconds)
        for lane in limits:
            observer.destination(lane, is_open=False)
        return made

    def places(self, running: Mapping[str, int]) -> dict[str, int]:
        """Return how many tasks may be taken of each lane; a lane that is not named is not limited."""
        now = self.monotonic()
        return {lane: one.places(running.get(lane, 0), now) for lane, one in self.by_lane.items()}

    def rests(self, lane: str) -> bool:
        """Whether a system is to be left alone now."""
        return self.by_lane[lane].breaker.rests(self.monotonic())

    @contextmanager
    def call(self, lane: str) -> Iterator[None]:
        """Watch a call: its failure may open the breaker, anything that is an answer closes it."""
        try:
            yield
        except CallFailed as error:
            self.observer.call_failed(lane, error.failure.value)
            self._record(lane, error)
            raise
        else:
            self._record(lane, None)

    def _record(self, lane: str, error: CallFailed | None) -> None:
        breaker = self.by_lane[lane].breaker
        if error is not None and HANDLING[error.failure].trips:
            breaker.failed(self.monotonic(), min(error.retry_after, self.longest_rest_seconds))
        else:
            breaker.succeeded()
        self.observer.destination(lane, is_open=breaker.is_open)
