"""The state machine of a case: pure. An event in, the changed case out, with what must be done next.

The seven portal steps of the Kostanay act (`channel_procedures.portal` of its passports): steps 1 to 3 are the
citizen's; step 4 (check and register) is `Registered` or `Rejected`; step 5 (status and term to the cabinet) its
notice; step 6 (result with the provider's EDS) `Decided` and `Sent`; step 7 (received in the cabinet) `Confirmed`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.cases.evidence import Entry, digest, entry
from gateway.cases.inbound import Mode
from gateway.cases.model import OPEN, Case, Ending, Lateness, NewTask, State, TaskKind
from gateway.cases.notice import Notice, Status
from gateway.cases.provider import Decision, Outcome, ProviderStatus, Stage
from gateway.catalogue.findings import Finding

Facts = Mapping[str, object]
"""What goes into the evidence beside the event itself: digests, verdicts, no personal data."""


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


@dataclass(frozen=True, slots=True)
class Rejected:
    """The application cannot be registered."""

    at: datetime
    findings: tuple[Finding, ...]
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProviderAnswered:
    """The provider's system said how far the case is."""

    at: datetime
    status: ProviderStatus
    ask_again_seconds: float = 0.0


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


@dataclass(frozen=True, slots=True)
class TermEnding:
    """The deadline is near, or has passed, and the case is not decided."""

    at: datetime
    lateness: Lateness


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
    | ProviderAnswered
    | Supplemented
    | SupplementRejected
    | Decided
    | TermEnding
    | Sent
    | Returned
    | Confirmed
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a case: its new state, the entry that proves it, and what follows."""

    case: Case
    entry: Entry
    tasks: tuple[NewTask, ...] = ()
    done: tuple[TaskKind, ...] = ()
    """Tasks that have lost their purpose."""
    notice: Notice | None = None
    """What the cabinet is told; becomes the delivery with the entry's number."""


class IllegalTransition(Exception):  # noqa: N818  says what happened
    """The event cannot happen in the case's state: a bug or a lying peer, never repaired silently."""


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
        change = _change(case, event, event.facts, tasks=_deliver(TaskKind.VERIFY), notice=told(event))
    elif isinstance(event, FilesAwaited):
        change = _change(case, event, event.facts, tasks=_deliver(TaskKind.FETCH), notice=told(event))
    else:
        change = _checked(case, event)
    return change if case.mode is Mode.ASYNC else _told_in_reply(change)


def told(event: Opening) -> Notice:
    """Return what the cabinet is told of a new application."""
    match event:
        case VerificationDelayed() | FilesAwaited():
            return Notice(Status.BEING_CHECKED, event.at)
        case Registered():
            return Notice(Status.REGISTERED, event.at)
        case Rejected():
            return Notice(Status.REJECTED, event.at, findings=event.findings)


def _told_in_reply(change: Change) -> Change:
    state = State.CONFIRMED if change.case.state is State.REJECTED else change.case.state
    tasks = tuple(task for task in change.tasks if task.kind is not TaskKind.DELIVER)
    return replace(change, case=replace(change.case, state=state), tasks=tasks, notice=None)


def advance(case: Case, event: Event) -> Change | None:
    """Return the change that `event` makes, or None if it changes nothing (a repeat).

    Raises:
        IllegalTransition: the event cannot happen in this state.
    """
    change = _TRANSITIONS[type(event)](case, event)
    return _told_at_the_counter(change) if change is not None and case.mode is Mode.COUNTER else change


def _told_at_the_counter(change: Change) -> Change:
    """Leave the sending out: whoever applied at a counter has no personal cabinet and is told there."""
    tasks = tuple(task for task in change.tasks if task.kind is not TaskKind.DELIVER)
    return replace(change, tasks=tasks, notice=None)


def _verification_delayed(_case: Case, _event: VerificationDelayed) -> Change | None:
    raise IllegalTransition("a case waits for verification only from its beginning")


def _files_awaited(case: Case, event: FilesAwaited) -> Change:
    """Go on with fetching: the citizen has been told that the application is being checked, or that more is needed."""
    _require(case, _UNDECIDED | OPEN, event)
    return _change(case, event, event.facts, tasks=(NewTask(TaskKind.FETCH),))


def _file_kept(case: Case, event: FileKept) -> Change:
    _require(case, _UNDECIDED | OPEN, event)
    return _change(case, event, event.facts)


def _verified(case: Case, event: Registered | Rejected) -> Change:
    _require(case, _UNDECIDED, event)
    return _checked(case, event)


def _checked(case: Case, event: Registered | Rejected) -> Change:
    if isinstance(event, Rejected):
        moved = replace(case, state=State.REJECTED, ending=Ending.REJECTED)
        facts = _with_findings(event.facts, event.findings)
        return _change(moved, event, facts, tasks=_deliver(), notice=told(event))
    moved = replace(case, state=State.REGISTERED, number=event.number, registered_at=event.at, deadline=event.deadline)
    facts = {**event.facts, "number": event.number, "deadline": event.deadline.isoformat()}
    watch = NewTask(TaskKind.WATCH, max(0.0, (event.deadline - event.at - WARNING).total_seconds()))
    return _change(moved, event, facts, tasks=(*_deliver(TaskKind.SUBMIT), watch), notice=told(event))


WARNING = timedelta(days=1)
"""How long before its deadline a case counts as nearly overdue."""


_STATES = {
    Stage.REGISTERED: State.IN_PROCESS,
    Stage.IN_PROGRESS: State.IN_PROCESS,
    Stage.DOCUMENTS_NEEDED: State.AWAITING_DOCUMENTS,
}


def _supplemented(case: Case, event: Supplemented) -> Change:
    _require(case, OPEN, event)
    moved = replace(case, state=State.IN_PROCESS, stage=None)
    # Until the provider has the addition, its answers would only repeat what it asked for before.
    return _change(moved, event, event.facts, tasks=(NewTask(TaskKind.SUPPLEMENT),), done=(TaskKind.POLL,))


def _supplement_rejected(case: Case, event: SupplementRejected) -> Change:
    _require(case, OPEN, event)
    notice = Notice(Status.SUPPLEMENT_REJECTED, event.at, findings=event.findings)
    return _change(case, event, _with_findings(event.facts, event.findings), tasks=_deliver(), notice=notice)


def _provider_answered(case: Case, event: ProviderAnswered) -> Change | None:
    status = event.status
    stage = _stage(status)
    if case.state not in OPEN or case.stage == stage:
        return None
    if status.stage is Stage.DECIDED:
        # The decision itself is fetched and verified by the next poll; until then only the stage is known.
        facts = _said(status)
        moved = replace(case, state=State.IN_PROCESS, stage=stage)
        return _change(moved, event, facts, tasks=(NewTask(TaskKind.POLL),))
    moved = replace(case, state=_STATES[status.stage], stage=stage)
    notice = Notice(_STATUSES[status.stage], event.at, note=status.note, documents=status.documents, until=status.until)
    tasks = (NewTask(TaskKind.DELIVER), NewTask(TaskKind.POLL, event.ask_again_seconds))
    return _change(moved, event, _said(status), tasks=tasks, notice=notice)


def _said(status: ProviderStatus) -> Facts:
    return {"stage": status.stage.value, **_answer(status.answer)}


def _answer(raw: bytes) -> dict[str, object]:
    return {"answer": digest(raw)} if raw else {}


def _stage(status: ProviderStatus) -> str:
    """Return the stage with a digest of what was said with it: another list of documents is another answer."""
    said = repr((status.note, [str(document) for document in status.documents], status.until))
    return f"{status.stage.value}:{digest(said.encode())[:16]}"


_STATUSES = {
    Stage.REGISTERED: Status.IN_PROGRESS,
    Stage.IN_PROGRESS: Status.IN_PROGRESS,
    Stage.DOCUMENTS_NEEDED: Status.DOCUMENTS_NEEDED,
}


def _decided(case: Case, event: Decided) -> Change | None:
    if case.state in {State.DECIDED, State.ISSUED, State.CONFIRMED}:
        return None
    _require(case, OPEN, event)
    decision = event.decision
    ending = Ending.POSITIVE if decision.outcome is Outcome.POSITIVE else Ending.REFUSED
    moved = replace(case, state=State.DECIDED, ending=ending)
    name = digest(decision.document)
    notice = Notice(Status.DECIDED, event.at, ground=decision.ground, document=name)
    facts = {**event.facts, **_answer(decision.answer), "ending": ending.value, "document": name}
    done = (TaskKind.POLL, TaskKind.FETCH, TaskKind.SUBMIT, TaskKind.SUPPLEMENT, TaskKind.WATCH)
    return _change(moved, event, facts, tasks=_deliver(), done=done, notice=notice)


def _term_ending(case: Case, event: TermEnding) -> Change | None:
    if case.state not in OPEN or case.lateness in {event.lateness, Lateness.LATE}:
        return None
    moved = replace(case, lateness=event.lateness)
    facts = {"lateness": event.lateness.value}
    if event.lateness is Lateness.NEAR:  # for operators and the provider; the citizen has been promised nothing else
        return _change(moved, event, facts)
    return _change(moved, event, facts, tasks=_deliver(), notice=Notice(Status.OVERDUE, event.at))


def _sent(case: Case, event: Sent) -> Change | None:
    if not event.final:
        return _change(case, event, event.facts)
    if case.state is State.CONFIRMED:
        return None
    _require(case, _ANSWERED | {State.ISSUED}, event)
    moved = replace(case, state=State.ISSUED)
    return _change(moved, event, event.facts, tasks=(NewTask(TaskKind.CONFIRM, _CONFIRM_AFTER_SECONDS),))


_CONFIRM_AFTER_SECONDS = 5.0
"""ShEP usually reports the delivery itself (changeMassageStatusNotification) before we ask."""


def _confirmed(case: Case, event: Confirmed) -> Change | None:
    if case.state is State.CONFIRMED:
        return None
    _require(case, _ANSWERED | {State.ISSUED}, event)
    # Earlier messages that have not been taken yet are still sent.
    done = tuple(kind for kind in TaskKind if kind is not TaskKind.DELIVER)
    return _change(replace(case, state=State.CONFIRMED), event, event.facts, done=done)


def _returned(case: Case, event: Returned) -> Change | None:
    if case.state is State.CONFIRMED:
        return None
    return _change(case, event, event.facts, tasks=(NewTask(TaskKind.DELIVER, _SEND_AGAIN_AFTER_SECONDS),))


_SEND_AGAIN_AFTER_SECONDS = 30.0
"""ShEP has just said that it could not bring the message: give it time."""


_TRANSITIONS: Mapping[type[Event], Callable[[Case, Any], Change | None]] = {
    VerificationDelayed: _verification_delayed,
    FilesAwaited: _files_awaited,
    FileKept: _file_kept,
    Registered: _verified,
    Rejected: _verified,
    ProviderAnswered: _provider_answered,
    Supplemented: _supplemented,
    SupplementRejected: _supplement_rejected,
    Decided: _decided,
    TermEnding: _term_ending,
    Sent: _sent,
    Returned: _returned,
    Confirmed: _confirmed,
}


def _deliver(*others: TaskKind) -> tuple[NewTask, ...]:
    return (*(NewTask(kind) for kind in others), NewTask(TaskKind.DELIVER))


def _with_findings(facts: Facts, findings: tuple[Finding, ...]) -> Facts:
    return {**facts, "findings": [[finding.code, finding.where] for finding in findings]}


def _require(case: Case, states: frozenset[State], event: Event) -> None:
    if case.state not in states:
        raise IllegalTransition(f"{type(event).__name__} cannot happen to a case that is {case.state.value}")


def _change(  # noqa: PLR0913  the parts of a change
    case: Case,
    event: Event,
    facts: Facts,
    *,
    tasks: tuple[NewTask, ...] = (),
    done: tuple[TaskKind, ...] = (),
    notice: Notice | None = None,
) -> Change:
    one = entry(case.id, case.seq + 1, event.at, type(event).__name__, facts, case.head)
    return Change(replace(case, seq=one.seq, head=one.hash), one, tasks, done, notice)
