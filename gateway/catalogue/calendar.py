"""Working days of Kazakhstan.

The rules are those of the library `holidays` (Law on holidays of 2001-12-13 No. 267-II; Labour Code, articles 84 and
85): Saturday and Sunday are days off, a holiday that falls on one of them moves to the next working day, Christmas
(7 January) and the first day of Kurban-ait are days off that do not move. The library also knows the government's
transferred days up to its release; later ones, and the day of Kurban-ait where the library only estimates it, come from
the overrides.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

import holidays

FIRST_YEAR = 2002
"""The rule that a holiday on a weekend moves is in force since this year."""
LAST_YEAR = 2100
"""The library's table of Kurban-ait ends here."""
MAX_WORKING_DAYS = 1000
"""More than three years: no act has such a term, so it is a mistake."""

_SATURDAY = 5
_NONE: Mapping[date, bool] = MappingProxyType({})


class OutsideCalendarError(ValueError):
    """A day outside the years that the calendar knows."""

    def __init__(self, day: date) -> None:
        """Take the day."""
        super().__init__(f"{day.isoformat()}: the calendar knows the years {FIRST_YEAR} to {LAST_YEAR}")


class WorkingCalendar:
    """The working days of a five-day week, with the installation's overrides."""

    def __init__(self, overrides: Mapping[date, bool] = _NONE) -> None:
        """Take the transferred days: True is a day off, False a working day."""
        self._overrides = dict(overrides)

    def is_working_day(self, day: date) -> bool:
        """Tell whether people work on `day`.

        Raises:
            OutsideCalendarError: the year is not known.
        """
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise OutsideCalendarError(day)
        override = self._overrides.get(day)
        if override is not None:
            return not override
        off, worked_weekends = _year(day.year)
        if day.weekday() >= _SATURDAY:
            return day in worked_weekends
        return day not in off

    def on_or_after(self, day: date) -> date:
        """Return `day` if it is a working day, else the next one."""
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def add_working_days(self, start: date, n: int) -> date:
        """Return the `n`-th working day after `start`; `start` itself is not counted, and is returned for 0.

        Raises:
            OutsideCalendarError: the way leads out of the years that are known.
            ValueError: `n` is negative or more than MAX_WORKING_DAYS.
        """
        if not 0 <= n <= MAX_WORKING_DAYS:
            raise ValueError(f"{n} working days: expected 0 to {MAX_WORKING_DAYS}")
        day = start
        for _ in range(n):
            day = self.on_or_after(day + timedelta(days=1))
        return day


@lru_cache(maxsize=LAST_YEAR - FIRST_YEAR + 1)
def _year(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Return the holidays of a year and its Saturdays and Sundays that are worked."""
    calendar = holidays.country_holidays("KZ", years=year)
    return frozenset(calendar), frozenset(calendar.weekend_workdays)
