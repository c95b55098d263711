"""What the wire tells whoever measures it; implemented in `gateway.telemetry`."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Protocol


class Observer(Protocol):
    """Takes counts and times. Every label comes from a fixed set."""

    def received(self, operation: str) -> None:
        """Take that a message came; `operation` is a name of `contract.Operation` or `unknown`."""

    def answered(self, operation: str, code: str, seconds: float) -> None:
        """Take that it was answered: `OK` or the outward fault code, and how long the whole exchange took."""

    def step(self, name: str, seconds: float) -> None:
        """Take how long a step took: `parse`, `transport_verify` or `receipt_sign`."""


@contextmanager
def timed(observer: Observer, name: str) -> Iterator[None]:
    """Tell the observer how long the block took, also when it fails."""
    started = perf_counter()
    try:
        yield
    finally:
        observer.step(name, perf_counter() - started)
