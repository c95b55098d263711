"""A circuit breaker: who failed often in a row is left alone for a while. Pure; the time is the caller's.

The one breaker of the house: OCSP responders, NCANode, ShEP and providers' systems.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Closed: calls pass. Open: none passes. After the pause one passes, and its outcome decides."""

    threshold: int
    """So many failures in a row open it."""
    pause_seconds: float
    failures: int = 0
    rests_until: float | None = None
    """On the caller's monotonic clock; None while it is closed."""

    @property
    def is_open(self) -> bool:
        """Whether it failed lately and has not answered since."""
        return self.rests_until is not None

    def rests(self, now: float) -> bool:
        """Whether it is to be left alone at `now`."""
        return self.rests_until is not None and now < self.rests_until

    def lets_pass(self, now: float) -> bool:
        """Whether a call may be tried at `now`; while open, one caller in each pause may."""
        if self.rests(now):
            return False
        if self.is_open:
            self.rests_until = now + self.pause_seconds  # the others wait for the outcome of this one
        return True

    def succeeded(self) -> None:
        """Record an answer."""
        self.failures = 0
        self.rests_until = None

    def failed(self, now: float, retry_after: float = 0.0) -> None:
        """Record a failure at `now`; who says itself when to come again (seconds) is left alone at once."""
        self.failures += 1
        if retry_after or self.failures >= self.threshold:
            self.rests_until = now + max(self.pause_seconds, retry_after)
