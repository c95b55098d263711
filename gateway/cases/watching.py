"""What the clock does to a case: terms, steps and duties that are about to end, or have ended. Pure."""

from datetime import datetime

from gateway.cases.course import StepEnding
from gateway.cases.followup import DutyMissed, DutyNear
from gateway.cases.machine import TermEnding
from gateway.cases.model import OPEN, Case, Lateness, State
from gateway.cases.provider import Outcome
from gateway.cases.rulebook import Rulebook, remind_at

Ticked = TermEnding | StepEnding | DutyNear | DutyMissed


def look(case: Case, book: Rulebook, now: datetime) -> tuple[Ticked | None, datetime | None]:
    """Return what the time has made of a case, and when to look next; None: nothing more is to be watched.

    Of several things that have come about, the first is returned; the next look, due at once, brings the others.
    """
    if case.state is State.FOLLOWED:
        return _duty(case, book, now)
    if case.state not in OPEN or case.progress.is_paused:
        return None, None
    events: list[Ticked] = []
    moments: list[datetime] = []
    term = _standing(case.lateness, _term_near(case, book), case.deadline, now)
    if isinstance(term, Lateness):
        events.append(TermEnding(now, term, book.promise(now) if term is Lateness.LATE else None))
    elif term is not None:
        moments.append(term)
    if (step := case.progress.step) is not None:
        stands = _standing(step.lateness, book.near_at(step.since, step.due), step.due, now)
        if isinstance(stands, Lateness):
            events.append(StepEnding(now, stands))
        elif stands is not None:
            moments.append(stands)
    return (events[0], now) if events else (None, min(moments, default=None))


def _term_near(case: Case, book: Rulebook) -> datetime | None:
    if case.registered_at is None or case.deadline is None:
        return None
    return book.near_at(case.registered_at, case.deadline)


def _standing(
    known: Lateness | None, near: datetime | None, due: datetime | None, now: datetime
) -> Lateness | datetime | None:
    """Return what is new of a term, or when there will be something, or None: all is known. Its last instant counts."""
    if due is None or near is None or known is Lateness.LATE:
        return None
    if now > due:
        return Lateness.LATE
    if known is None:
        return Lateness.NEAR if now >= near else near
    return due


def _duty(case: Case, book: Rulebook, now: datetime) -> tuple[Ticked | None, datetime | None]:
    duty = case.duty
    if duty is None:
        return None, None
    if now > duty.due:
        following = book.duty(Outcome.POSITIVE, duty.due)
        return (DutyMissed(now, following), now) if following is not None else (None, None)
    if not duty.reminded:
        reminder = remind_at(duty)
        return (DutyNear(now), now) if now >= reminder else (None, reminder)
    return None, duty.due
