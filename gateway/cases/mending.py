"""A case whose task is gone gets it again: the state says what is to be done. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.cases.change import Change, Facts, Transitions, changed
from gateway.cases.inbound import Mode
from gateway.cases.model import OPEN, Case, NewTask, State, TaskKind


@dataclass(frozen=True, slots=True)
class Mended:
    """Somebody found that the case has no next step, or a message waits without its task."""

    at: datetime
    seen: int
    """Number of the last event when it was found: what has happened since may have mended it."""
    waiting: bool
    """Whether it is a message that waits for the cabinet."""
    facts: Facts = field(default_factory=dict)


_NEXT: Mapping[State, tuple[TaskKind, ...]] = {
    State.AWAITING_VERIFICATION: (TaskKind.VERIFY,),
    State.REGISTERED: (TaskKind.SUBMIT, TaskKind.WATCH),
    State.IN_PROCESS: (TaskKind.POLL, TaskKind.WATCH),
    State.AWAITING_DOCUMENTS: (TaskKind.POLL, TaskKind.WATCH),
    State.SUSPENDED: (TaskKind.POLL,),
    State.DECIDED: (TaskKind.DELIVER,),
    State.REJECTED: (TaskKind.DELIVER,),
    State.ISSUED: (TaskKind.CONFIRM,),
    State.FOLLOWED: (TaskKind.POLL, TaskKind.WATCH),
    State.CONFIRMED: (),
}
"""What a case in each state waits for. Every step may run twice, so one too many changes nothing."""


_HANDED_OVER: Mapping[State, tuple[TaskKind, ...]] = {
    State.IN_PROCESS: (TaskKind.SUPPLEMENT, TaskKind.WATCH),
    State.SUSPENDED: (TaskKind.SUPPLEMENT,),
}
"""As above, where the provider has said nothing since the last word of the citizen."""


def next_steps(case: Case) -> tuple[TaskKind, ...]:
    """Return the tasks that a case has in its state."""
    if case.state in _HANDED_OVER and case.stage is None:  # the citizen has completed it, the provider not got it
        return _HANDED_OVER[case.state]
    if case.mode is Mode.COUNTER and case.state not in OPEN:  # waits for the applicant to come
        return ()
    return _NEXT[case.state]


def _mended(case: Case, event: Mended) -> Change | None:
    kinds = (TaskKind.DELIVER,) if event.waiting else next_steps(case)
    if case.seq != event.seen or not kinds:
        return None
    facts = {**event.facts, "tasks": [kind.value for kind in kinds]}
    return changed(case, event, facts, tasks=tuple(NewTask(kind) for kind in kinds))


TRANSITIONS: Transitions = {Mended: _mended}
