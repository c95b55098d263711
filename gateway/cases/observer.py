"""What the life of a case tells whoever counts it; `gateway.telemetry` implements it. No personal data passes here."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Observer(Protocol):
    """Counts and times."""

    def step(self, name: str, seconds: float) -> None:
        """Record that a step of handling a message or a task took `seconds`."""

    def verdict(self, indication: str, reasons: Sequence[str] = ()) -> None:
        """Count a verdict on an applicant's signature, with its reasons."""

    def opened(self, state: str, findings: Sequence[str]) -> None:
        """Count a new case by its first state, and the codes of what was found against it."""

    def store_failed(self, error: str) -> None:
        """Count a failure of the database by the name of its kind."""

    def task(self, kind: str, outcome: str, seconds: float) -> None:
        """Count a run of a task: `done`, `lost`, `retry` or `dead`."""

    def delivery(self, kind: str, state: str) -> None:
        """Count a message to the cabinet that was `sent` or `confirmed`."""

    def call_failed(self, destination: str, failure: str) -> None:
        """Count a failed call of another system by its kind (`gateway.cases.calls.Failure`)."""

    def destination(self, name: str, *, is_open: bool) -> None:
        """Show whether a system is left alone for a while."""

    def swept(self, found: Mapping[str, int]) -> None:
        """Show what a sweep found: cases that were idle, how many were mended, tasks without a case, ended leases."""

    def adapter(self, provider: str, operation: str, outcome: str, seconds: float) -> None:
        """Count a call of a provider's system: `ok`, `unavailable` or `rejected`."""

    def lateness(self, service: str, unit: str, what: str, how: str) -> None:
        """Count a term, step or duty (`what`) that is nearly over (`near`) or over (`late`), by who should act."""

    def report_refused(self, provider: str, code: str) -> None:
        """Count something a provider's system said that could not be taken, by code."""
