"""A circuit breaker: who failed often in a row is left alone for a while. Pure; the time is the caller's."""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Closed: calls pass. Open: none passes. After the pause one passes, and its outcome decides."""

    threshold: int
    """So many failures in a row open it."""
    pause_seconds: float
    failures: int = 0
    opened_at: float | None = None
    """On the caller's monotonic clock."""

    def lets_pass(self, now: float) -> bool:
        """Whether a call may be tried at `now`; while open, one caller in each pause may."""
        if self.opened_at is None:
            return True
        if now - self.opened_at < self.pause_seconds:
            return False
        self.opened_at = now  # the others wait for the outcome of this one
        return True

    def succeeded(self) -> None:
        """Record an answer."""
        self.failures = 0
        self.opened_at = None

    def failed(self, now: float) -> None:
        """Record a failure at `now`."""
        self.failures += 1
        if self.failures >= self.threshold:
            self.opened_at = now
