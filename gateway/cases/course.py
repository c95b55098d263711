"""A case's way through the act's procedure at the provider: the events of it, and what each changes. Pure.

Whether the act allows what the provider's system says, and by when a step or the term ends then, is found out before
(`gateway.cases.reports`): the events here carry the answers.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.cases.change import Change, Facts, Transitions, changed, delivered, require
from gateway.cases.evidence import digest
from gateway.cases.inbound import Mode
from gateway.cases.model import OPEN, Case, Ending, Lateness, NewTask, State, StepStand, TaskKind
from gateway.cases.notice import Notice, Status
from gateway.cases.provider import ProviderStatus, Stage
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class ProviderAnswered:
    """The provider's system said how far the case is."""

    at: datetime
    status: ProviderStatus
    ask_again_seconds: float = 0.0
    step: StepStand | None = None
    """Where the status puts the case in the act's procedure."""
    achieved: Text | None = field(default=None, repr=False)
    """What the step before it has achieved, in the act's words; None: no step was done."""
    grounds: tuple[Text, ...] = field(default=(), repr=False)
    """The act's words for the grounds that the status names."""
    facts: Facts = field(default_factory=dict)
    heard: bool = True
    """The provider's system said it; False: a clerk recorded it, and the system's last word stays what it was."""


@dataclass(frozen=True, slots=True)
class Extended:
    """The term became the longer one that the act allows."""

    at: datetime
    deadline: datetime
    reason: Text = field(repr=False)
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resumed:
    """The term runs again."""

    at: datetime
    deadline: datetime
    step_due: datetime | None
    """By when the step under way must be done now."""
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportRefused:
    """What the provider's system said cannot be by the act; the case goes on as if it had not been said."""

    at: datetime
    status: ProviderStatus
    code: str
    ask_again_seconds: float = 0.0
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepEnding:
    """The time of the step under way is nearly over, or is over."""

    at: datetime
    lateness: Lateness


@dataclass(frozen=True, slots=True)
class EndedOrally:
    """The service ended in oral information, without a document, as the act has it."""

    at: datetime
    facts: Facts = field(default_factory=dict)


CourseEvent = ProviderAnswered | Extended | Resumed | ReportRefused | StepEnding | EndedOrally


_STATES = {
    Stage.REGISTERED: State.IN_PROCESS,
    Stage.IN_PROGRESS: State.IN_PROCESS,
    Stage.DOCUMENTS_NEEDED: State.AWAITING_DOCUMENTS,
    Stage.RETURNED: State.AWAITING_DOCUMENTS,
    Stage.SUSPENDED: State.SUSPENDED,
    # The decision itself is fetched and verified by the next poll; until then only the stage is known.
    Stage.DECIDED: State.IN_PROCESS,
}


def _provider_answered(case: Case, event: ProviderAnswered) -> Change | None:
    status, stage = event.status, said(event.status) if event.heard else case.stage
    if case.state not in OPEN or (event.heard and case.stage == stage):
        return None
    if status.stage not in _STATES:
        raise ValueError(f"{status.stage.value} has an event of its own")
    progress = replace(case.progress, step=event.step or case.progress.step)
    if status.stage is Stage.SUSPENDED and not progress.is_paused:
        progress = replace(progress, pauses=(*progress.pauses, event.at))
    moved = replace(case, state=_STATES[status.stage], stage=stage, progress=progress)
    if moved == case:
        return None
    facts = {**event.facts, "stage": status.stage.value, **_step_facts(event.step)}
    if status.stage is Stage.DECIDED:
        return changed(moved, event, facts, tasks=(NewTask(TaskKind.POLL),))
    notice = None if _told_before(case, event) else _notice(moved, event)
    tasks = (*(delivered() if notice is not None else ()), NewTask(TaskKind.POLL, event.ask_again_seconds))
    if moved.progress.is_paused:
        return changed(moved, event, facts, tasks=tasks, done=(TaskKind.WATCH,), notice=notice)
    watch = (NewTask(TaskKind.WATCH),) if event.step is not None else ()
    return changed(moved, event, facts, tasks=(*tasks, *watch), notice=notice)


def said(status: ProviderStatus) -> str:
    """Return the stage with a digest of what was said with it: another list of documents is another answer."""
    documents = [str(document) for document in status.documents]
    step = (status.step.course.value, status.step.no) if status.step is not None else None
    said_too = (status.note, documents, status.until, step, status.grounds, status.extension, status.duty_met)
    return f"{status.stage.value}:{digest(repr(said_too).encode())[:16]}"


def _step_facts(step: StepStand | None) -> Facts:
    if step is None:
        return {}
    return {"step": step.no, "course": step.course.value, "unit": step.unit, "step_due": step.due.isoformat()}


_STATUSES = {
    Stage.REGISTERED: Status.IN_PROGRESS,
    Stage.IN_PROGRESS: Status.IN_PROGRESS,
    Stage.DOCUMENTS_NEEDED: Status.DOCUMENTS_NEEDED,
    Stage.RETURNED: Status.RETURNED,
    Stage.SUSPENDED: Status.SUSPENDED,
}


def _told_before(case: Case, event: ProviderAnswered) -> bool:
    """Tell whether all that the citizen would read is that the application is being looked at, as the last time."""
    nothing_new = _STATUSES[event.status.stage] is Status.IN_PROGRESS and event.achieved is None
    return nothing_new and case.state is State.IN_PROCESS and case.stage is not None


def _notice(case: Case, event: ProviderAnswered) -> Notice:
    status, told = event.status, _STATUSES[event.status.stage]
    deadline = None if case.progress.is_paused else case.deadline
    if told is Status.IN_PROGRESS and event.achieved is not None:
        return Notice(Status.STEP_DONE, event.at, deadline, note=event.achieved)
    reasons = event.grounds or status.documents
    note = reasons[0] if told is Status.SUSPENDED else status.note
    return Notice(told, event.at, deadline, note=note, documents=reasons, until=status.until)


def _extended(case: Case, event: Extended) -> Change | None:
    if case.state not in OPEN or case.progress.extended or case.progress.is_paused:
        return None  # a term that stands still is extended when it runs again
    progress = replace(case.progress, extended=True)
    moved = replace(case, deadline=event.deadline, lateness=None, progress=progress)
    notice = Notice(Status.EXTENDED, event.at, event.deadline, note=event.reason)
    facts = {**event.facts, "deadline": event.deadline.isoformat()}
    # The rest of what the provider's system said is taken by the next poll.
    return changed(moved, event, facts, tasks=delivered(TaskKind.POLL, TaskKind.WATCH), notice=notice)


def _resumed(case: Case, event: Resumed) -> Change | None:
    if case.state not in OPEN or not case.progress.is_paused:
        return None
    step = case.progress.step
    if step is not None and event.step_due is not None:
        step = replace(step, due=event.step_due, lateness=None)
    progress = replace(case.progress, step=step, pauses=(*case.progress.pauses, event.at))
    moved = replace(case, state=State.IN_PROCESS, stage=None, deadline=event.deadline, lateness=None, progress=progress)
    notice = Notice(Status.RESUMED, event.at, event.deadline)
    facts = {**event.facts, "deadline": event.deadline.isoformat()}
    return changed(moved, event, facts, tasks=delivered(TaskKind.POLL, TaskKind.WATCH), notice=notice)


def _report_refused(case: Case, event: ReportRefused) -> Change | None:
    stage = f"refused:{said(event.status)}"
    if case.state not in OPEN | {State.FOLLOWED} or case.stage == stage:
        return None
    facts = {**event.facts, "stage": event.status.stage.value, "code": event.code}
    poll = NewTask(TaskKind.POLL, event.ask_again_seconds)
    return changed(replace(case, stage=stage), event, facts, tasks=(poll,))


def _step_ending(case: Case, event: StepEnding) -> Change | None:
    step = case.progress.step
    if case.state not in OPEN or step is None or step.lateness in {event.lateness, Lateness.LATE}:
        return None
    moved = replace(case, progress=replace(case.progress, step=replace(step, lateness=event.lateness)))
    # For operators: the citizen has been promised the whole term, not the steps.
    return changed(moved, event, {"lateness": event.lateness.value, **_step_facts(step)})


def _ended_orally(case: Case, event: EndedOrally) -> Change | None:
    if case.ending is Ending.ORAL:
        return None
    require(case, OPEN, event)
    # Whoever applied at a counter has just been told there; there is nothing to hand over.
    state = State.CONFIRMED if case.mode is Mode.COUNTER else State.DECIDED
    done = tuple(kind for kind in TaskKind if kind is not TaskKind.DELIVER)
    notice = Notice(Status.DECIDED_ORALLY, event.at, case.deadline, Ending.ORAL)
    moved = replace(case, state=state, ending=Ending.ORAL)
    return changed(moved, event, event.facts, tasks=delivered(), done=done, notice=notice)


TRANSITIONS: Transitions = {
    ProviderAnswered: _provider_answered,
    Extended: _extended,
    Resumed: _resumed,
    ReportRefused: _report_refused,
    StepEnding: _step_ending,
    EndedOrally: _ended_orally,
}
