"""The deadline: the instant by which an application must be answered, or a step done."""

import calendar as gregorian
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.schedule import OFFICE_HOURS, Pause, WorkingHours, add_working_time
from gateway.catalogue.term import Term
from gateway.catalogue.wording import Unit
from gateway.clock import ALMATY, local

_LAST_SECOND = time(23, 59, 59)
_MONTHS = {Unit.MONTHS: 1, Unit.QUARTERS: 3}
_SHORT = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1)}


def deadline(
    term: Term, registered_at: datetime, calendar: WorkingCalendar, *, hours: WorkingHours = OFFICE_HOURS
) -> datetime:
    """Return the last instant of a term that nothing interrupts, in UTC.

    Terms of days and longer end at 23:59:59 of their last day in Kazakhstan. The day of application is not counted,
    whatever the hour and whether or not people work on it: the count begins on the day after it, for working days on
    the next working day (Civil Code, article 173). A term of calendar days or months that ends on a day off ends on
    the next working day (article 175). `days` without a kind are calendar days, which is better for the citizen.
    Minutes and hours run in working hours only (docs/decisions/0028).

    Raises:
        OutsideCalendarError: the years are beyond what the calendar knows.
        ValueError: `registered_at` is not aware.
    """
    return _end(term, registered_at, calendar, hours, ())


def suspended_deadline(
    term: Term,
    registered_at: datetime,
    calendar: WorkingCalendar,
    pauses: tuple[Pause, ...],
    *,
    hours: WorkingHours = OFFICE_HOURS,
) -> datetime | None:
    """Return the last instant of a term that was suspended, in UTC; None while it is suspended.

    Suspended time does not count: of a term in days, each day at whose end the term was suspended; of minutes and
    hours, the suspended time itself.

    Raises:
        OutsideCalendarError: the years are beyond what the calendar knows.
        ValueError: an instant is not aware.
    """
    if any(pause.until is None for pause in pauses):
        return None
    return _end(term, registered_at, calendar, hours, pauses)


def _end(
    term: Term, start: datetime, calendar: WorkingCalendar, hours: WorkingHours, pauses: tuple[Pause, ...]
) -> datetime:
    if start.tzinfo is None:
        raise ValueError("registered_at must be aware")
    if term.unit in _SHORT:
        length = term.value * _SHORT[term.unit]
        return add_working_time(start, length, calendar, hours, pauses).astimezone(UTC)

    def suspended(day: date) -> bool:
        return any(pause.covers(end_of(day)) for pause in pauses)

    return end_of(_last_day(term, local(start).date(), calendar, suspended))


def end_of(day: date) -> datetime:
    """Return the last second of a day in Kazakhstan, in UTC."""
    return datetime.combine(day, _LAST_SECOND, ALMATY).astimezone(UTC)


def _last_day(term: Term, start: date, calendar: WorkingCalendar, suspended: Callable[[date], bool]) -> date:
    if term.unit in _MONTHS:
        end = _add_months(start, term.value * _MONTHS[term.unit])
        return calendar.on_or_after(_prolonged(start, end, suspended))

    def counts(day: date) -> bool:
        worked = term.unit is not Unit.WORKING_DAYS or calendar.is_working_day(day)
        return worked and not suspended(day)

    return calendar.on_or_after(_nth(start, term.value, counts))


def _nth(start: date, number: int, counts: Callable[[date], bool]) -> date:
    """Return the `number`-th day after `start` that counts."""
    day = start
    while number > 0:
        day += timedelta(days=1)
        number -= counts(day)
    return day


def _prolonged(start: date, end: date, suspended: Callable[[date], bool]) -> date:
    """Return `end`, later by each suspended day after `start`."""
    day = start
    while day < end:
        day += timedelta(days=1)
        end += timedelta(days=suspended(day))
    return end


def _add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))
