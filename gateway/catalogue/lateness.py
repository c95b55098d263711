"""Whether a case or a step is late, or soon will be. Pure: the present instant is given."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.deadline import end_of
from gateway.clock import ALMATY, local

DEFAULT_PROMISE_WORKING_DAYS = 3
"""Ours, not law: the new day that an apology names, where the provider names none."""

_ONE_DAY = timedelta(days=1)
_LAST_PART = 5
"""A term shorter than a day is nearly over in its last fifth."""


class Standing(StrEnum):
    """How a term stands."""

    RUNNING = "running"
    NEAR = "near"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"


def near_at(started: datetime, due: datetime, calendar: WorkingCalendar) -> datetime:
    """Return the instant from which a term is nearly over.

    A term of a day or more: midnight before the working day that precedes the last one, but not before its start. A
    shorter one: when a fifth of it is left.
    """
    if due - started < _ONE_DAY:
        return due - (due - started) / _LAST_PART
    day = local(due).date() - _ONE_DAY
    while not calendar.is_working_day(day):
        day -= _ONE_DAY
    return max(started, datetime.combine(day, time.min, ALMATY).astimezone(UTC))


def standing(started: datetime, due: datetime | None, now: datetime, calendar: WorkingCalendar) -> Standing:
    """Return how a term stands at `now`; `due` None: it is suspended. The last instant still is in time."""
    if due is None:
        return Standing.SUSPENDED
    if now > due:
        return Standing.OVERDUE
    return Standing.NEAR if now >= near_at(started, due, calendar) else Standing.RUNNING


def new_promise(now: datetime, calendar: WorkingCalendar, days: int = DEFAULT_PROMISE_WORKING_DAYS) -> datetime:
    """Return the new deadline to name in the apology for an answer that is late."""
    return end_of(calendar.add_working_days(local(now).date(), days))
