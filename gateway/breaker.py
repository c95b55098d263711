"""A circuit breaker: who failed often in a row is left alone for a while. Pure; the time is the caller's.

The one breaker of the house: OCSP responders, NCANode, ShEP and providers' systems.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaker:
    """Closed: calls pass. Open: none passes. After the pause one passes, and its outcome decides."""

    threshold: int
    """So many failures in a row open it."""
    pause_seconds: float
    """The first pause. One blink of a network fails all calls under way at once: it must not cost a long rest."""
    longest_pause_seconds: float = 0.0
    """Each trial that fails doubles the pause, up to this; default: pauses do not grow."""
    failures: int = 0
    rests_until: float | None = None
    """On the caller's monotonic clock; None while it is closed."""
    _pause: float = field(init=False)
    _on_trial: bool = False

    def __post_init__(self) -> None:
        """Begin with the first pause."""
        self._pause = self.pause_seconds

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
            self._on_trial = True
            self.rests_until = now + self._pause  # the others wait for the outcome of this one
        return True

    def succeeded(self) -> None:
        """Record an answer."""
        self.failures = 0
        self.rests_until = None
        self._pause = self.pause_seconds
        self._on_trial = False

    def failed(self, now: float, retry_after: float = 0.0) -> None:
        """Record a failure at `now`; who says itself when to come again (seconds) is left alone at once.

        A call that was begun before it opened and fails while it rests tells nothing new.
        """
        self.failures += 1
        if self._on_trial or (self.is_open and not self.rests(now)):
            self._pause = max(self._pause, min(2 * self._pause, self.longest_pause_seconds))
            self.rests_until = now + self._pause
        elif not self.is_open and self.failures >= self.threshold:
            self.rests_until = now + self._pause
        self._on_trial = False
        if retry_after:
            self.rests_until = max(self.rests_until or 0.0, now + max(self._pause, retry_after))
