"""Time: aware, stored in UTC, shown and counted in Asia/Almaty (UTC+5 in the whole country since 2024-03-01)."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the current instant, aware, in UTC. Injected, never read inside a rule."""


def _almaty() -> ZoneInfo:
    # The system's zone files may predate the change of 2024; the tzdata package is pinned and does not.
    with files("tzdata.zoneinfo.Asia").joinpath("Almaty").open("rb") as file:
        return ZoneInfo.from_file(file, key="Asia/Almaty")


ALMATY = _almaty()


def utc_now() -> datetime:
    """Return the current instant in UTC."""
    return datetime.now(UTC)


def local(instant: datetime) -> datetime:
    """Return `instant` on the clock of Kazakhstan."""
    return instant.astimezone(ALMATY)
