"""The deadline: the instant by which an application must be answered."""

import calendar as gregorian
from datetime import UTC, date, datetime, time, timedelta

from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.term import Term
from gateway.catalogue.wording import Unit
from gateway.clock import ALMATY, local

_LAST_SECOND = time(23, 59, 59)
_MONTHS = {Unit.MONTHS: 1, Unit.QUARTERS: 3}


def deadline(term: Term, registered_at: datetime, calendar: WorkingCalendar) -> datetime:
    """Return the last instant of the term, in UTC.

    Terms of days and longer end at 23:59:59 of their last day in Kazakhstan. The day of application is not counted,
    whatever the hour and whether or not people work on it: the count begins on the day after it, for working days on
    the next working day (Civil Code, article 173). A term of calendar days or months that ends on a day off ends on
    the next working day (article 175). `days` without a kind are calendar days, which is better for the citizen.
    Minutes and hours run from the instant of registration.

    Raises:
        OutsideCalendarError: the years are beyond what the calendar knows.
        ValueError: `registered_at` is not aware.
    """
    if registered_at.tzinfo is None:
        raise ValueError("registered_at must be aware")
    if term.unit is Unit.MINUTES:
        return (registered_at + timedelta(minutes=term.value)).astimezone(UTC)
    if term.unit is Unit.HOURS:
        return (registered_at + timedelta(hours=term.value)).astimezone(UTC)
    last = _last_day(term, local(registered_at).date(), calendar)
    return datetime.combine(last, _LAST_SECOND, ALMATY).astimezone(UTC)


def _last_day(term: Term, day: date, calendar: WorkingCalendar) -> date:
    if term.unit is Unit.WORKING_DAYS:
        return calendar.add_working_days(day, term.value)
    if term.unit in _MONTHS:
        return calendar.on_or_after(_add_months(day, term.value * _MONTHS[term.unit]))
    return calendar.on_or_after(day + timedelta(days=term.value))


def _add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))
