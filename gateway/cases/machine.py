"""The state machine of a case: pure. An event in, the changed case out, with what must be done next.

The seven portal steps of the Kostanay act (`channel_procedures.portal` of its passports): steps 1 to 3 are the
citizen's; step 4 (check and register) is `Registered` or `Rejected`; step 5 (status and term to the cabinet) its
notice; step 6 (result with the provider's EDS) `Decided` and `Sent`; step 7 (received in the cabinet) `Confirmed`.
What happens at the provider between 5 and 6 stands in `course`, what follows 7 in `followup`.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from gateway.cases import course, followup, mending
from gateway.cases.change import (
    Change,
    Facts,
    IllegalTransition,
    Transitions,
    changed,
    delivered,
    quoted,
    require,
    with_findings,
)
from gateway.cases.course import CourseEvent
from gateway.cases.evidence import digest
from gateway.cases.followup import FollowUpEvent
from gateway.cases.inbound import Mode
from gateway.cases.mending import Mended
from gateway.cases.model import ARRIVED, OPEN, Case, Duty, Ending, Lateness, NewTask, State, TaskKind
from gateway.cases.notice import Notice, Status
from gateway.cases.provider import Decision, Outcome
from gateway.catalogue.findings import Finding
from gateway.catalogue.receipt import Receipt


@dataclass(frozen=True, slots=True)
class VerificationDelayed:
    """The application was taken, but revocation could not be asked."""

    at: datetime
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FilesAwaited:
    """The application, or its completion, is good so far; files that it only names are still to be fetched."""

    at: datetime
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileKept:
    """One of the files was fetched, found to be what the applicant signed, and kept."""

    at: datetime
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registered:
    """The application was checked and registered."""

    at: datetime
    number: str
    deadline: datetime
    facts: Facts = field(default_factory=dict)
    near: datetime | None = None
    """From when the term counts as nearly over; None: nobody is warned."""
    receipt: Receipt | None = field(default=None, repr=False)
    """For the applicant, where a counter took the application and prints it (PSC)."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The application cannot be registered."""

    at: datetime
    findings: tuple[Finding, ...]
    facts: Facts = field(default_factory=dict)
    receipt: Receipt | None = field(default=None, repr=False)
    """As of `Registered`: that the papers were not taken, and why."""


@dataclass(frozen=True, slots=True)
class Supplemented:
    """The citizen sent the completed application."""

    at: datetime
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SupplementRejected:
    """The citizen's completed application has findings of its own; the case waits on."""

    at: datetime
    findings: tuple[Finding, ...]
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decided:
    """The provider decided, and its EDS on the document was verified."""

    at: datetime
    decision: Decision
    facts: Facts = field(default_factory=dict)
    duty: Duty | None = None
    """What the act asks of the citizen for as long as the grant lasts; None: nothing."""


@dataclass(frozen=True, slots=True)
class TermEnding:
    """The deadline is near, or has passed, and the case is not decided."""

    at: datetime
    lateness: Lateness
    promised: date | None = None
    """With LATE: the new day that the apology names."""


@dataclass(frozen=True, slots=True)
class Sent:
    """ShEP took a message of ours."""

    at: datetime
    final: bool
    """Whether it was the answer (RESPONSE)."""
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Returned:
    """A message of ours that ShEP took did not reach the cabinet: it is sent again."""

    at: datetime
    facts: Facts = field(default_factory=dict)
    sends: int = 1
    """How often ShEP has taken it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A person put a step that had been given up back to work."""

    at: datetime
    kind: TaskKind
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The answer is in the personal cabinet."""

    at: datetime
    facts: Facts = field(default_factory=dict)


Event = (
    VerificationDelayed
    | FilesAwaited
    | FileKept
    | Registered
    | Rejected
    | Supplemented
    | SupplementRejected
    | Decided
    | TermEnding
    | Sent
    | Returned
    | Replayed
    | Confirmed
    | CourseEvent
    | FollowUpEvent
    | Mended
)


Opening = VerificationDelayed | FilesAwaited | Registered | Rejected
"""What may come of a new application at first."""

_UNDECIDED = frozenset({State.AWAITING_VERIFICATION})
_ANSWERED = frozenset({State.DECIDED, State.REJECTED})


def open_case(case: Case, event: Opening) -> Change:
    """Return the first change of a new case (`case.seq` is 0).

    On SyncChannel, and at a counter, the reply itself tells what came of it: no notice follows, a rejection is final.
    """
    if case.seq != 0:
        raise IllegalTransition("the case is open already")
    if isinstance(event, VerificationDelayed):
        change = changed(case, event, event.facts, tasks=delivered(TaskKind.VERIFY), notice=told(event))
    elif isinstance(event, FilesAwaited):
        change = changed(case, event, event.facts, tasks=delivered(TaskKind.FETCH), notice=told(event))
    else:
        change = _checked(case, event)
    return change if case.mode is Mode.ASYNC else _told_in_reply(change)


def told(event: Opening) -> Notice:
    """Return what the cabinet is told of a new application."""
    match event:
        case VerificationDelayed() | FilesAwaited():
            return Notice(Status.BEING_CHECKED, event.at)
        case Registered():
            return Notice(Status.REGISTERED, event.at, event.deadline, receipt=event.receipt)
        case Rejected():
            return Notice(
                Status.REJECTED, event.at, ending=Ending.REJECTED, findings=event.findings, receipt=event.receipt
            )


def _told_in_reply(change: Change) -> Change:
    state = State.CONFIRMED if change.case.state is State.REJECTED else change.case.state
    return replace(_not_sent(change), case=replace(change.case, state=state))


def advance(case: Case, event: Event) -> Change | None:
    """Return the change that `event` makes, or None if it changes nothing (a repeat).

    Raises:
        IllegalTransition: the event cannot happen in this state.
    """
    change = _TRANSITIONS[type(event)](case, event)
    return _not_sent(change) if change is not None and case.mode is Mode.COUNTER else change


def _not_sent(change: Change) -> Change:
    """Leave the sending out: whoever applied at a counter, or asked on SyncChannel, is told there."""
    tasks = tuple(task for task in change.tasks if task.kind is not TaskKind.DELIVER)
    return replace(change, tasks=tasks, notice=None)


def _verification_delayed(_case: Case, _event: VerificationDelayed) -> Change | None:
    raise IllegalTransition("a case waits for verification only from its beginning")


def _files_awaited(case: Case, event: FilesAwaited) -> Change:
    """Go on with fetching: the citizen has been told that the application is being checked, or that more is needed."""
    require(case, _UNDECIDED | OPEN, event)
    return changed(case, event, event.facts, tasks=(NewTask(TaskKind.FETCH),))


def _file_kept(case: Case, event: FileKept) -> Change:
    require(case, _UNDECIDED | OPEN, event)
    return changed(case, event, event.facts)


def _verified(case: Case, event: Registered | Rejected) -> Change:
    require(case, _UNDECIDED, event)
    return _checked(case, event)


def _checked(case: Case, event: Registered | Rejected) -> Change:
    if isinstance(event, Rejected):
        moved = replace(case, state=State.REJECTED, ending=Ending.REJECTED)
        facts = with_findings(event.facts, event.findings)
        return changed(moved, event, facts, tasks=delivered(), notice=told(event))
    moved = replace(case, state=State.REGISTERED, number=event.number, registered_at=event.at, deadline=event.deadline)
    facts = {**event.facts, "number": event.number, "deadline": event.deadline.isoformat()}
    watch = NewTask(TaskKind.WATCH, max(0.0, ((event.near or event.deadline) - event.at).total_seconds()))
    return changed(moved, event, facts, tasks=(*delivered(TaskKind.SUBMIT), watch), notice=told(event))


def _supplemented(case: Case, event: Supplemented) -> Change:
    require(case, OPEN, event)
    # What is suspended goes on when the provider says so.
    state = State.SUSPENDED if case.progress.is_paused else State.IN_PROCESS
    moved = replace(case, state=state, stage=None)
    # Until the provider has the addition, its answers would only repeat what it asked for before.
    return changed(moved, event, event.facts, tasks=(NewTask(TaskKind.SUPPLEMENT),), done=(TaskKind.POLL,))


def _supplement_rejected(case: Case, event: SupplementRejected) -> Change:
    require(case, OPEN, event)
    notice = Notice(Status.SUPPLEMENT_REJECTED, event.at, _running(case), findings=event.findings)
    return changed(case, event, with_findings(event.facts, event.findings), tasks=delivered(), notice=notice)


def _running(case: Case) -> datetime | None:
    return None if case.progress.is_paused else case.deadline


def _decided(case: Case, event: Decided) -> Change | None:
    if case.state in {State.DECIDED, State.ISSUED} | ARRIVED:
        return None
    require(case, OPEN, event)
    decision = event.decision
    ending = Ending.POSITIVE if decision.outcome is Outcome.POSITIVE else Ending.REFUSED
    duty = event.duty if ending is Ending.POSITIVE else None
    moved = replace(case, state=State.DECIDED, ending=ending, duty=duty)
    name = digest(decision.document)
    notice = Notice(Status.DECIDED, event.at, case.deadline, ending, ground=decision.ground, document=name)
    facts = {**event.facts, **quoted(decision.answer), "ending": ending.value, "document": name}
    done = (TaskKind.POLL, TaskKind.FETCH, TaskKind.SUBMIT, TaskKind.SUPPLEMENT, TaskKind.WATCH)
    return changed(moved, event, facts, tasks=delivered(), done=done, notice=notice)


def _term_ending(case: Case, event: TermEnding) -> Change | None:
    if case.state not in OPEN or case.progress.is_paused or case.lateness in {event.lateness, Lateness.LATE}:
        return None
    moved = replace(case, lateness=event.lateness)
    facts = {"lateness": event.lateness.value}
    if event.lateness is Lateness.NEAR:  # for operators and the provider; the citizen has been promised nothing else
        return changed(moved, event, facts)
    if case.state is State.AWAITING_DOCUMENTS:  # a new day cannot be promised, and something is required of the citizen
        notice = Notice(Status.OVERDUE_INCOMPLETE, event.at, case.deadline)
    else:
        notice = Notice(Status.OVERDUE, event.at, case.deadline, until=event.promised)
    return changed(moved, event, facts, tasks=delivered(), notice=notice)


def _sent(case: Case, event: Sent) -> Change | None:
    if not event.final:
        return changed(case, event, event.facts)
    if case.state in ARRIVED:
        return None
    require(case, _ANSWERED | {State.ISSUED}, event)
    moved = replace(case, state=State.ISSUED)
    return changed(moved, event, event.facts, tasks=(NewTask(TaskKind.CONFIRM, _CONFIRM_AFTER_SECONDS),))


_CONFIRM_AFTER_SECONDS = 5.0
"""ShEP usually reports the delivery itself (changeMassageStatusNotification) before we ask."""


def _confirmed(case: Case, event: Confirmed) -> Change | None:
    if case.state in ARRIVED:
        return None
    require(case, _ANSWERED | {State.ISSUED}, event)
    # Earlier messages that have not been taken yet are still sent.
    done = tuple(kind for kind in TaskKind if kind is not TaskKind.DELIVER)
    state = State.CONFIRMED if case.duty is None else State.FOLLOWED
    return changed(replace(case, state=state), event, event.facts, tasks=followup.begin(case), done=done)


def _returned(case: Case, event: Returned) -> Change | None:
    if case.state is State.CONFIRMED and case.ending is not Ending.TERMINATED:
        return None
    wait = min(_LONGEST_SECONDS, _SEND_AGAIN_AFTER_SECONDS * 2.0 ** max(0, event.sends - 1))
    return changed(case, event, event.facts, tasks=(NewTask(TaskKind.DELIVER, wait),))


_SEND_AGAIN_AFTER_SECONDS = 30.0
"""ShEP has just said that it could not bring the message: give it time, and more each time."""
_LONGEST_SECONDS = 6 * 3600.0


def _replayed(case: Case, event: Replayed) -> Change:
    return changed(case, event, {**event.facts, "task": event.kind.value}, tasks=(NewTask(event.kind),))


_TRANSITIONS: Transitions = {
    VerificationDelayed: _verification_delayed,
    FilesAwaited: _files_awaited,
    FileKept: _file_kept,
    Registered: _verified,
    Rejected: _verified,
    Supplemented: _supplemented,
    SupplementRejected: _supplement_rejected,
    Decided: _decided,
    TermEnding: _term_ending,
    Sent: _sent,
    Returned: _returned,
    Replayed: _replayed,
    Confirmed: _confirmed,
    **course.TRANSITIONS,
    **followup.TRANSITIONS,
    **mending.TRANSITIONS,
}
