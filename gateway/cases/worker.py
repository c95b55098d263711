"""The worker: claims due tasks, runs one step each, and never lets a failing one disturb the others.

Any number of workers share one database. A worker that dies loses nothing: its leases run out and others go on.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Self

import structlog
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from tenacity import RetryCallState, Retrying, wait_random_exponential

from gateway.cases.calls import HANDLING, CallFailed, Handling
from gateway.cases.destinations import Destinations
from gateway.cases.model import Claim, TaskKind
from gateway.cases.observer import Observer
from gateway.cases.store.tasks import Tasks
from gateway.faults import GatewayFault
from gateway.settings import Worker as WorkerSettings
from gateway.telemetry import logs

Step = Callable[[Claim], Awaitable[None]]
"""Does the task and commits what comes of it, fenced by the claim."""

_SIGNS_OF_LIFE = 4
"""In one lease: so many may be lost, less one, before others take over."""

_OURS = Handling(counts=True)
"""A failure of our own side, or one that a person should look at."""

_log = structlog.get_logger(__name__)


class StepFailed(Exception):  # noqa: N818  says what happened
    """A step could not be done now. The code is short and holds no personal data."""

    def __init__(self, code: str, handling: Handling = _OURS, retry_after: float = 0.0) -> None:
        """Say why.

        Args:
            code: short, without personal data.
            handling: what this kind of failure asks for.
            retry_after: seconds, when whoever was asked said when to come again.
        """
        super().__init__(code)
        self.code = code
        self.handling = handling
        self.retry_after = retry_after

    @classmethod
    def by(cls, error: CallFailed, code: str) -> Self:
        """Return what a failed call of another system makes of a step; `code` says whose."""
        return cls(f"{code}: {error}", HANDLING[error.failure], error.retry_after)

    @classmethod
    def for_good(cls, code: str) -> Self:
        """Say that repeating will not help."""
        return cls(code, Handling(final=True))


def backoff_seconds(
    attempt: int, settings: WorkerSettings, *, patience: float = 1.0, retry_after: float = 0.0
) -> float:
    """Return how long to wait after the `attempt`-th failure: exponential, with full jitter, capped.

    Args:
        attempt: counts from 1.
        settings: first and longest wait.
        patience: by how much the waits are longer than usual.
        retry_after: not before these seconds; the jitter comes on top, or all would come back at the same moment.
    """
    first = min(settings.backoff_initial_seconds * patience, settings.backoff_max_seconds)
    wait = wait_random_exponential(multiplier=first, max=settings.backoff_max_seconds, min=first)
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    return min(retry_after, settings.backoff_max_seconds) + wait(state)


def patience_seconds(waited: timedelta, settings: WorkerSettings) -> float:
    """Return when to ask again about something that is not wrong, only not there yet: the longer, the less often."""
    return min(settings.backoff_max_seconds, max(settings.backoff_initial_seconds, waited.total_seconds() / 4))


class Worker:
    """Runs steps, up to `concurrency` at a time."""

    def __init__(  # noqa: PLR0913  what it works with, and its two limits
        self,
        tasks: Tasks,
        steps: Mapping[TaskKind, Step],
        settings: WorkerSettings,
        destinations: Destinations,
        observer: Observer,
        *,
        rests: Callable[[], bool] = lambda: False,
        finish_seconds: float = 20.0,
    ) -> None:
        """Take the step of every kind of task.

        Args:
            tasks: where they lie.
            steps: what is done for each kind.
            settings: limits.
            destinations: who may be called how often.
            observer: takes counts and times.
            rests: whether no step is to begin now (maintenance).
            finish_seconds: how long steps under way may take to end when the worker is stopped.
        """
        self._destinations = destinations
        self._tasks = tasks
        self._steps = steps
        self._settings = settings
        self._observer = observer
        self._rests = rests
        self._finish_seconds = finish_seconds
        self._wakeup = asyncio.Event()
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._stopping = False

    def wake(self) -> None:
        """There may be something to do: do not wait for the next poll."""
        self._wakeup.set()

    async def run(self) -> None:
        """Work until `stop` is called, then let the steps under way end; what does not end in time is handed back."""
        keeping = asyncio.create_task(self._keep_leases(), name="leases")
        try:
            while not self._stopping:
                self._wakeup.clear()
                claims = await self._claim()
                for claim in claims:
                    self._start(claim)
                if not claims or self._free() == 0:
                    await self._wait()
            await self._finish()
        finally:
            keeping.cancel()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the steps under way are done or handed back."""
        self._stopping = True
        self._wakeup.set()

    async def _finish(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=self._finish_seconds)
        left = dict(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            _log.info("worker.handed_back", tasks=len(left))
            try:
                await self._tasks.hand_back(list(left.values()))
            except (DatabaseError, PoolTimeout) as error:  # then their leases give them back
                self._observer.store_failed(type(error).__name__)

    def _free(self) -> int:
        return self._settings.concurrency - len(self._running)

    async def _claim(self) -> list[Claim]:
        if self._free() <= 0 or self._rests():
            return []
        try:
            places = self._destinations.places(Counter(claim.lane for claim in self._running.values()))
            return await self._tasks.claim(self._free(), self._settings.lease_seconds, places)
        except Exception as error:  # noqa: BLE001  whatever it is, the next poll tries again; a worker must not end of it
            self._observer.store_failed(type(error).__name__)
            _log.warning("worker.claim_failed", error=type(error).__name__)
            return []

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wakeup.wait(), self._settings.poll_seconds)

    async def _keep_leases(self) -> None:
        """Renew the leases of the steps under way, for ever. Where that fails a step may run twice: it commits once."""
        while True:
            await asyncio.sleep(self._settings.lease_seconds / _SIGNS_OF_LIFE)
            try:
                if held := list(self._running.values()):
                    await self._tasks.renew(held, self._settings.lease_seconds)
            except (DatabaseError, PoolTimeout) as error:
                self._observer.store_failed(type(error).__name__)

    def _start(self, claim: Claim) -> None:
        task = asyncio.create_task(self._traced(claim))
        self._running[task] = claim
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._wakeup.set()

    async def _traced(self, claim: Claim) -> None:
        with structlog.contextvars.bound_contextvars(case=str(claim.case_id), task=claim.kind.value):
            await self._run(claim)

    async def _run(self, claim: Claim) -> None:
        started = time.perf_counter()
        outcome = "done"
        try:
            if claim.attempt > self._settings.max_attempts:
                # Claims count even when the process died in the step: a task that kills its worker ends here.
                raise StepFailed.for_good("gateway.too_many_attempts")  # noqa: TRY301  same handling as a step's
            async with asyncio.timeout(self._settings.step_seconds):
                await self._steps[claim.kind](claim)
        except StepFailed as error:
            outcome = await self._failed(claim, error)
        except GatewayFault as fault:  # e.g. the service was taken out of the settings
            outcome = await self._failed(claim, StepFailed(fault.detail.code))
        except TimeoutError:
            outcome = await self._failed(claim, StepFailed("gateway.step_timeout"))
        except (DatabaseError, PoolTimeout) as error:
            # The lease gives the task back; there is no database to write to.
            self._observer.store_failed(type(error).__name__)
            outcome = "retry"
        except Exception as error:  # noqa: BLE001  a defect in one step must not stop the worker; it is logged and retried
            _log.error("worker.step_crashed", error=type(error).__name__, where=logs.frames(error))
            outcome = await self._failed(claim, StepFailed("gateway.internal"))
        self._observer.task(claim.kind.value, outcome, time.perf_counter() - started)

    async def _failed(self, claim: Claim, error: StepFailed) -> str:
        handling = error.handling
        final = handling.final or (handling.counts and claim.attempt >= self._settings.max_attempts)
        _log.warning(
            "worker.step_failed",
            attempt=claim.attempt,
            error=error.code,
            dead=final,
        )
        try:
            if final:
                await self._tasks.kill(claim, error.code)
                return "dead"
            attempts = claim.attempt if handling.counts else min(claim.attempt, self._settings.max_attempts // 2)
            delay = backoff_seconds(
                claim.attempt, self._settings, patience=handling.patience, retry_after=error.retry_after
            )
            await self._tasks.retry(claim, delay, error.code, attempts=attempts)
        except (DatabaseError, PoolTimeout) as failure:
            self._observer.store_failed(type(failure).__name__)
        return "retry"
