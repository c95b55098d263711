"""Calls of other systems: how they fail, and what each kind of failure asks for."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final


class Failure(StrEnum):
    """How a call failed."""

    UNREACHABLE = "unreachable"
    """No connection: nothing was sent."""
    NO_ANSWER = "no_answer"
    """No answer in time, or half of one: it may have been done."""
    BUSY = "busy"
    """HTTP 429, 502, 503 or 504, or a fault that says the same: it cannot now."""
    UNREADABLE = "unreadable"
    """An answer that is none of the contract's, or not signed as it must be."""
    NOT_NOW = "not_now"
    """A fault about this call alone that says it may be repeated."""
    FAULT = "fault"
    """A fault by code: repeating may help, but a person should look if it does not."""
    REJECTED = "rejected"
    """For good."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What a kind of failure asks for."""

    trips: bool = False
    """It says that the whole system is away: counts for its breaker."""
    counts: bool = False
    """Counts towards the dead letters. That somebody else is away does not: an outage of a day must not leave work for
    a person behind."""
    final: bool = False
    """Repeating will not help."""
    patience: float = 1.0
    """By how much the first wait is longer than after a failure of our own."""


HANDLING: Final = {
    Failure.UNREACHABLE: Handling(trips=True),
    Failure.NO_ANSWER: Handling(trips=True, patience=5.0),
    Failure.BUSY: Handling(trips=True, patience=5.0),
    Failure.UNREADABLE: Handling(trips=True, patience=5.0),
    Failure.NOT_NOW: Handling(patience=5.0),
    Failure.FAULT: Handling(counts=True, patience=5.0),
    Failure.REJECTED: Handling(final=True),
}

AWAY_STATUSES: Final = frozenset({429, 502, 503, 504})
"""HTTP statuses that say nothing about the call, only that it cannot be done now (RFC 9110 section 15, RFC 6585)."""


class CallFailed(Exception):  # noqa: N818  says what happened
    """Another system did not do what it was asked. The text holds no personal data."""

    def __init__(self, text: str, failure: Failure, retry_after: float = 0.0) -> None:
        """Take what happened, its kind, and after how many seconds the system itself wants to be asked again."""
        super().__init__(text)
        self.failure = failure
        self.retry_after = retry_after


def retry_after(header: str | None, now: datetime) -> float:
    """Return the seconds that a `Retry-After` header asks for (RFC 9110 section 10.2.3); 0 if it asks for nothing."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):  # no date, or one without a zone
        return 0.0
