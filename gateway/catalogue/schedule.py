"""Working hours: the time in which minutes and hours of a term run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.catalogue.calendar import MAX_WORKING_DAYS, WorkingCalendar
from gateway.clock import ALMATY, local


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When people work on a working day."""

    intervals: tuple[tuple[time, time], ...]
    """From and until, in order, on the clock of Kazakhstan."""

    def on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield the intervals of one day as instants."""
        for begin, end in self.intervals:
            yield datetime.combine(day, begin, ALMATY), datetime.combine(day, end, ALMATY)


OFFICE_HOURS = WorkingHours(((time(9), time(13)), (time(14), time(18))))
"""Every regulation of the Astana act states these for the provider (clause 8); for Kostanay, whose regulations state
none, they are ours."""
PSC_HOURS = WorkingHours(((time(9), time(20)),))
"""The Public Service Centre's (clause 8). It also works on days off of the provider, which is not counted here."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a term does not run."""

    since: datetime
    until: datetime | None = None
    """None: it still lasts."""

    def covers(self, instant: datetime) -> bool:
        """Tell whether the term is suspended at that instant."""
        return self.since <= instant and (self.until is None or instant < self.until)


def add_working_time(
    start: datetime,
    length: timedelta,
    calendar: WorkingCalendar,
    hours: WorkingHours = OFFICE_HOURS,
    pauses: tuple[Pause, ...] = (),
) -> datetime:
    """Return the instant at which `length` of working time has passed since `start`, pauses not counted.

    Raises:
        ValueError: there is no such instant within MAX_WORKING_DAYS, as while a pause lasts.
    """
    left, day = length, local(start).date()
    for _ in range(MAX_WORKING_DAYS):
        if calendar.is_working_day(day):
            for begin, end in _running(hours, day, start, pauses):
                if end - begin >= left:
                    return begin + left
                left -= end - begin
        day += timedelta(days=1)
    raise ValueError("the term does not end")


def _running(
    hours: WorkingHours, day: date, start: datetime, pauses: tuple[Pause, ...]
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a day's working hours in which the term runs."""
    pieces = [(max(begin, start), end) for begin, end in hours.on(day) if end > start]
    for pause in pauses:
        pieces = [piece for whole in pieces for piece in _without(whole, pause)]
    yield from pieces


def _without(piece: tuple[datetime, datetime], pause: Pause) -> Iterator[tuple[datetime, datetime]]:
    begin, end = piece
    until = pause.until if pause.until is not None else end
    if pause.since >= end or until <= begin:
        yield piece
        return
    if begin < pause.since:
        yield begin, pause.since
    if pause.until is not None and pause.until < end:
        yield pause.until, end
