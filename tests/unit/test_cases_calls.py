"""How calls fail, and what follows."""

from datetime import UTC, datetime

import pytest

from gateway.cases.calls import HANDLING, CallFailed, Failure, retry_after
from gateway.cases.worker import StepFailed, backoff_seconds
from gateway.settings import Worker

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Mon, 02 Mar 2026 09:01:30 GMT", 90.0),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0.0),
        (None, 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("9" * 400, 999_999_999.0),
    ],
)
def test_retry_after_is_read(header: str | None, seconds: float) -> None:
    """Seconds or a date, and nothing for what is neither."""
    assert retry_after(header, NOW) == seconds


def test_a_wait_that_was_asked_for_comes_before_the_jitter() -> None:
    """Nobody comes back before the time, not all at the same moment, and nobody is sent away for ever."""
    settings = Worker(backoff_initial_seconds=1, backoff_max_seconds=100)
    waits = {backoff_seconds(3, settings, retry_after=40) for _ in range(50)}
    assert min(waits) >= 40
    assert len(waits) > 40
    assert max(backoff_seconds(3, settings, retry_after=10**9) for _ in range(50)) <= 200


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_its_handling(failure: Failure) -> None:
    """An outage of others makes no dead letters and opens the breaker; a fault about one call does neither or both."""
    handling = StepFailed.by(CallFailed("text", failure), "shep.unavailable").handling
    assert handling is HANDLING[failure]
    assert not (handling.trips and (handling.counts or handling.final))
