"""The parts that a process cannot do without: half a process is worse than none."""

import asyncio
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)


class PartFailed(Exception):  # noqa: N818  says what happened
    """A part of the process ended that must not; whoever runs the process starts a new one."""


class Vitals:
    """Ends the process when a part of it has ended."""

    def __init__(self, stop: asyncio.Event) -> None:
        """Set `stop` when that happens."""
        self._stop = stop
        self._lost: str | None = None

    def lost(self, part: str, error: BaseException | None = None) -> None:
        """Say that a part has ended."""
        if self._stop.is_set():
            return
        _log.critical("gateway.part_ended", part=part, error=type(error).__name__ if error else None)
        self._lost = part
        self._stop.set()

    def ends_with(self, part: str) -> Callable[[asyncio.Task[None]], None]:
        """Return what is to be called when a part's task is done."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled():
                self.lost(part, task.exception())

        return ended

    def check(self) -> None:
        """Raise PartFailed if a part was lost."""
        if self._lost is not None:
            raise PartFailed(f"a part of the process ended: {self._lost}; the log says why")
