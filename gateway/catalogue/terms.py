"""All time limits of a service in a channel: the whole, the steps, the waiting, the extension."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.channel import Channel
from gateway.catalogue.deadline import deadline, end_of
from gateway.catalogue.party import Party
from gateway.catalogue.passport import Deadline
from gateway.catalogue.procedure import Step, procedure
from gateway.catalogue.schedule import OFFICE_HOURS, PSC_HOURS, WorkingHours
from gateway.catalogue.service import Service
from gateway.catalogue.term import Origin, Term, longer_reading, shorter_reading, total_term
from gateway.clock import local
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit of the act beside the whole term."""

    what: str
    """The passport's word for it: `queue_wait`, `intake`, `issue`, `extended`, `return_to_psc`, …"""
    term: Term
    condition: Text | None
    """When it applies; None: always."""
    per_person: bool = False
    """It is counted for each person in the queue."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The time limits of a service in a channel."""

    total: Term
    steps: tuple[Step, ...]
    """The main course, each with its own time."""
    waiting: Limit | None
    """In the queue before the documents are taken."""
    intake: Limit | None
    """For serving the applicant on the day of application."""
    issue: Limit | None
    """For handing over the result."""
    extended: Limit | None
    """Instead of the total, where its condition is met; counted from the application as the total is."""
    excludes_intake_day: bool
    """The act says that the day of intake does not count (it never does: Civil Code, article 173)."""
    excludes_issue_day: bool
    """The act says that the day of issue does not count: the result is there by the end of the term, and is handed
    over on the next working day at the latest."""
    others: tuple[Limit, ...]
    """Every other limit of the act that concerns the channel, the applicant's own duties included."""


@dataclass(frozen=True, slots=True)
class StepDeadline:
    """By when a step must be done if every step before it took all of its time."""

    step: Step
    due: datetime
    """UTC; never after the whole term."""


def terms(service: Service, channel: Channel, override: int | None = None) -> Terms:
    """Return the time limits of an application through a channel.

    Args:
        service: the service.
        channel: through which the application comes.
        override: the installation's total in working days, if it sets one.

    Raises:
        ValueError: the setting is longer than the act allows.
    """
    limits = list(_limits(service, channel))
    named = {limit.what: limit for limit in reversed(limits)}
    excluded = any(_excludes_days(entry) for entry in _entries(service, channel) if entry.what == "total")
    return Terms(
        total=total_term(service, channel, override),
        steps=procedure(service, channel),
        waiting=named.get("queue_wait"),
        intake=named.get("intake"),
        issue=named.get("issue"),
        extended=named.get("extended"),
        excludes_intake_day=excluded,
        excludes_issue_day=excluded,
        others=tuple(limit for limit in limits if limit.what not in _OWN_PLACE),
    )


def hours_of(party: Party) -> WorkingHours:
    """Return the working hours in which the minutes and hours of an actor's step run."""
    return PSC_HOURS if party is Party.PSC else OFFICE_HOURS


def step_deadlines(
    steps: tuple[Step, ...], started_at: datetime, total: datetime, calendar: WorkingCalendar
) -> tuple[StepDeadline, ...]:
    """Return by when each step must be done: the steps one after another, none later than the whole.

    In eleven acts the steps' times add up to more than the whole term; the citizen is promised the whole (decision
    0027), so the last steps share its end. A step without a time of its own is due with the one before it.
    """
    due, result = started_at, []
    for step in steps:
        if step.span is not None:
            term = Term(step.span.value, step.span.unit, Origin.ACT, step.action)
            due = min(total, deadline(term, due, calendar, hours=hours_of(step.party)))
        result.append(StepDeadline(step, due))
    return tuple(result)


def issue_by(terms_: Terms, total: datetime, calendar: WorkingCalendar) -> datetime:
    """Return by when the result must be in the applicant's hands, `total` being the end of the whole term."""
    if not terms_.excludes_issue_day:
        return total
    return end_of(calendar.add_working_days(local(total).date(), 1))


_APPLICANTS_DUTIES = frozenset({"change_notice_by_applicant", "applicant_reports_changes", "check_in_period"})
"""Here the longer reading is the better one for the citizen."""
_OWN_PLACE = frozenset({"total", "queue_wait", "intake", "issue", "extended"})


def _limits(service: Service, channel: Channel) -> Iterator[Limit]:
    for entry in _entries(service, channel):
        length = longer_reading(entry) if entry.what in _APPLICANTS_DUTIES else shorter_reading(entry)
        if entry.what == "total" or length is None:
            continue
        term = Term(*length, Origin.ACT, service.text(entry.text), entry.clause)
        condition = service.text(entry.condition) if entry.condition is not None else None
        yield Limit(entry.what, term, condition, per_person=entry.per is not None)


def _entries(service: Service, channel: Channel) -> Iterator[Deadline]:
    """Yield the act's limits that concern a channel."""
    for entry in service.passport.deadlines:
        if entry.channel is not None:
            concerned = entry.channel in {channel, "any"}
        else:
            concerned = service.passport.region != "kostanay" or _heading(entry) in {None, channel}
        if concerned:
            yield entry


def _heading(entry: Deadline) -> Channel | None:
    """Return the channel under whose heading a limit of the Kostanay act stands.

    Without a heading it stands in clause 5, which is the provider's; the extension of the term is for all.
    """
    condition = (entry.condition.kk or "").casefold() if entry.condition is not None else ""
    if condition.startswith("хқко"):
        return Channel.PSC
    if condition.startswith("әкім"):
        return Channel.AKIM
    return None if entry.what == "extended" else Channel.PROVIDER


def _excludes_days(entry: Deadline) -> bool:
    words = (entry.condition, entry.excludes, entry.text)
    return entry.excludes is not None or any("не входит" in (word.ru or "") for word in words if word is not None)
