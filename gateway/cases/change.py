"""One change of a case, and how it is made: what the transitions of `machine`, `course` and `followup` share. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from gateway.cases.evidence import Entry, digest, entry
from gateway.cases.model import Case, NewTask, State, TaskKind
from gateway.cases.notice import Notice
from gateway.catalogue.findings import Finding

Facts = Mapping[str, object]
"""What goes into the evidence beside the event itself: digests, verdicts, no personal data."""


class Happening(Protocol):
    """What every event has."""

    @property
    def at(self) -> datetime:
        """When it happened."""


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


Transitions = Mapping[type[Any], Callable[[Case, Any], Change | None]]
"""What each kind of event changes in a case; None: nothing, it is a repeat."""


def changed(  # noqa: PLR0913  the parts of a change
    case: Case,
    event: Happening,
    facts: Facts,
    *,
    tasks: tuple[NewTask, ...] = (),
    done: tuple[TaskKind, ...] = (),
    notice: Notice | None = None,
) -> Change:
    """Return the change that leaves `case` behind, with the event as the next entry of its evidence."""
    one = entry(case.id, case.seq + 1, event.at, type(event).__name__, facts, case.head)
    return Change(replace(case, seq=one.seq, head=one.hash), one, tasks, done, notice)


def delivered(*others: TaskKind) -> tuple[NewTask, ...]:
    """Return the tasks of these kinds, due at once, and the one that sends the notice."""
    return (*(NewTask(kind) for kind in others), NewTask(TaskKind.DELIVER))


def with_findings(facts: Facts, findings: tuple[Finding, ...]) -> Facts:
    """Return the facts with the codes and places of findings, not with their words."""
    return {**facts, "findings": [[finding.code, finding.where] for finding in findings]}


def quoted(answer: bytes) -> Facts:
    """Return the fact that names the bytes of a provider's answer; they are kept beside the evidence."""
    return {"answer": digest(answer)} if answer else {}


def require(case: Case, states: frozenset[State], event: Happening) -> None:
    """Let the event pass only in these states.

    Raises:
        IllegalTransition: the case is in another one.
    """
    if case.state not in states:
        raise IllegalTransition(f"{type(event).__name__} cannot happen to a case that is {case.state.value}")
