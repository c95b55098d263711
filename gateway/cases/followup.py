"""What follows a grant: duties that the act attaches to it, and its end before its time. Pure.

Three services of Astana have such a duty: the right is confirmed by a statement of income each quarter (child benefit,
targeted social assistance), the registered unemployed come and are noted every ten days.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.cases.change import Change, Facts, Transitions, changed, delivered, quoted, require
from gateway.cases.course import said
from gateway.cases.evidence import digest
from gateway.cases.model import Case, Duty, DutyKind, Ending, NewTask, State, TaskKind
from gateway.cases.notice import Notice, Status
from gateway.cases.provider import Decision, ProviderStatus
from gateway.clock import local

ASK_AFTER_SECONDS = 86_400.0
"""How often the provider's system is asked about a grant that is followed; a call-back has it asked at once."""


@dataclass(frozen=True, slots=True)
class DutyNear:
    """The day by which the duty must be met is near."""

    at: datetime


@dataclass(frozen=True, slots=True)
class DutyMet:
    """The citizen has done what the act asks; the next time counts from then."""

    at: datetime
    following: Duty
    status: ProviderStatus | None = None
    """What the provider's system said; None: a clerk did."""
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DutyMissed:
    """The day has passed and nobody has said that the duty was met. What comes of it the provider decides."""

    at: datetime
    following: Duty


@dataclass(frozen=True, slots=True)
class Terminated:
    """The provider ended what it had granted, and its EDS on the decision was verified."""

    at: datetime
    decision: Decision
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Completed:
    """What was granted has run its course, and the duty with it."""

    at: datetime
    facts: Facts = field(default_factory=dict)


FollowUpEvent = DutyNear | DutyMet | DutyMissed | Terminated | Completed

_FOLLOWED = frozenset({State.FOLLOWED})
_OVER = (TaskKind.POLL, TaskKind.WATCH)


def begin(case: Case) -> tuple[NewTask, ...]:
    """Return the tasks of a case whose answer has arrived and whose duty begins to run; none without a duty."""
    if case.duty is None:
        return ()
    return (NewTask(TaskKind.WATCH), NewTask(TaskKind.POLL, ASK_AFTER_SECONDS))


_NOTICES = {
    DutyKind.INCOME_CONFIRMATION: Status.INCOME_CONFIRMATION,
    DutyKind.CHECK_IN: Status.CHECK_IN,
}


def _duty_near(case: Case, event: DutyNear) -> Change | None:
    duty = case.duty
    if case.state is not State.FOLLOWED or duty is None or duty.reminded:
        return None
    until = local(duty.due).date()
    notice = Notice(_NOTICES[duty.kind], event.at, until=until)
    facts = {"duty": duty.kind.value, "until": until.isoformat()}
    moved = replace(case, duty=replace(duty, reminded=True))
    return changed(moved, event, facts, tasks=delivered(TaskKind.WATCH), notice=notice)


def _duty_met(case: Case, event: DutyMet) -> Change | None:
    require(case, _FOLLOWED, event)
    stage = said(event.status) if event.status is not None else case.stage
    if event.status is not None and case.stage == stage:
        return None
    moved = replace(case, duty=event.following, stage=stage)
    return changed(moved, event, {**event.facts, **_duty_facts(event.following)}, tasks=(NewTask(TaskKind.WATCH),))


def _duty_missed(case: Case, event: DutyMissed) -> Change | None:
    if case.state is not State.FOLLOWED or case.duty is None or case.duty.due >= event.at:
        return None
    moved = replace(case, duty=event.following)
    facts = {"missed": case.duty.due.isoformat(), **_duty_facts(event.following)}
    return changed(moved, event, facts, tasks=(NewTask(TaskKind.WATCH),))


def _duty_facts(duty: Duty) -> Facts:
    return {"duty": duty.kind.value, "due": duty.due.isoformat()}


def _terminated(case: Case, event: Terminated) -> Change | None:
    if case.ending is Ending.TERMINATED:
        return None
    require(case, _FOLLOWED, event)
    decision, name = event.decision, digest(event.decision.document)
    notice = Notice(Status.TERMINATED, event.at, ending=Ending.TERMINATED, ground=decision.ground, document=name)
    moved = replace(case, state=State.CONFIRMED, ending=Ending.TERMINATED, duty=None)
    facts = {**event.facts, **quoted(decision.answer), "ending": Ending.TERMINATED.value, "document": name}
    return changed(moved, event, facts, tasks=delivered(), done=_OVER, notice=notice)


def _completed(case: Case, event: Completed) -> Change | None:
    if case.state is State.CONFIRMED:
        return None
    require(case, _FOLLOWED, event)
    return changed(replace(case, state=State.CONFIRMED, duty=None), event, event.facts, done=_OVER)


TRANSITIONS: Transitions = {
    DutyNear: _duty_near,
    DutyMet: _duty_met,
    DutyMissed: _duty_missed,
    Terminated: _terminated,
    Completed: _completed,
}
