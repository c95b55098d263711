"""The act's procedure in a channel, as typed steps: who does what, in which time, and what comes next."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.catalogue.channel import Channel, governing
from gateway.catalogue.party import Party, party_of
from gateway.catalogue.process import ActionStep, ChannelStep
from gateway.catalogue.service import Service
from gateway.catalogue.term import length_text, shorter_reading
from gateway.catalogue.wording import Unit, Wording
from gateway.texts import Text

_UNIT_NUMBER = re.compile(r"\b(?:ҚФБ|СФЕ)\b")
"""How the Astana act abbreviates a structural-functional unit, with its number: `СФЕ-5`, `5-ҚФБ`."""


class Course(StrEnum):
    """Which course a case takes."""

    MAIN = "main"
    ALTERNATIVE = "alternative"  # to a refusal


@dataclass(frozen=True, slots=True)
class Span:
    """How long a step takes by the act."""

    value: int
    unit: Unit

    @property
    def text(self) -> Text:
        """The length in words."""
        return length_text(self.value, self.unit)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a procedure."""

    no: str
    """As the act numbers it."""
    party: Party
    actor: Text
    """Who acts, in the act's words."""
    unit: str | None
    """Code of the structural-functional unit; None where the act numbers none."""
    action: Text
    outcome: Text | None
    span: Span | None
    """None: the act gives the step no time."""
    next: str | None
    """Number of the next step of the same course."""

    @property
    def names_units(self) -> bool:
        """Whether its words speak of units by their numbers."""
        return any(_name_units(words) for words in (self.action, self.outcome) if words)

    @property
    def achieved(self) -> Text | None:
        """What a citizen reads when it is done; None: the act has no words for it but such as only the units know."""
        given = (words for words in (self.outcome, self.action) if words is not None)
        return next((words for words in given if not _name_units(words)), None)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a case stands in a procedure."""

    course: Course
    no: str


def procedure(service: Service, channel: Channel, course: Course = Course.MAIN) -> tuple[Step, ...]:
    """Return the steps of a channel, in order; empty where the act has no such channel, or describes no such course.

    Astana: the tables of clause 19, the use-case tables at the provider's counter and the PSC's own table. Kostanay:
    clause 5 at the provider's counter, the procedures of section 4 in the other channels, of which only the PSC's has
    an alternative: the refusal to take an incomplete package. A portal that a setting opens has the steps of
    the channel whose rules hold for it.
    """
    channel = governing(service, channel)
    if channel not in service.channels:
        return ()
    process = service.passport.process
    if channel is Channel.PROVIDER:
        return _units_table(service, course)
    if process.sfu_actions_psc and channel is Channel.PSC:
        return _actions(service, process.sfu_actions_psc, course)
    return _channel_steps(service, getattr(service.passport.channel_procedures, channel), course)


def at_provider(service: Service, channel: Channel, course: Course = Course.MAIN) -> tuple[Step, ...]:
    """Return the steps that an application goes through once the provider has it; empty where the act tells none.

    Where the channel's own procedure knows the provider only as a whole (the portal, and Kostanay's PSC and akim), they
    are those of the table of its units: what the procedure has before was done when the gateway handed the case over.
    """
    channel = governing(service, channel)
    own = procedure(service, channel, course)
    whole = channel is Channel.PORTAL or any(step.party is Party.PROVIDER for step in procedure(service, channel))
    if not whole or channel is Channel.PROVIDER:
        return own
    return _units_table(service, course)


def advance(service: Service, channel: Channel, position: Position, *, positive: bool = True) -> Position | None:
    """Return the position after a step; None after the last one.

    Args:
        service: the service.
        channel: the channel of the case.
        position: the step that was done.
        positive: False: its outcome is the way to a refusal, and the case goes on in the alternative course, where the
            act describes one that has this step; else the main course goes on, and the refusal is its result.

    Raises:
        KeyError: there is no such step.
    """
    course = position.course
    if not positive and course is Course.MAIN:
        alternative = _numbered(procedure(service, channel, Course.ALTERNATIVE))
        if position.no in alternative:
            course = Course.ALTERNATIVE
    following = _numbered(procedure(service, channel, course))[position.no].next
    return Position(course, following) if following is not None else None


def _name_units(words: Text) -> bool:
    return _UNIT_NUMBER.search(f"{words.kk} {words.ru}") is not None


def _numbered(steps: Iterable[Step]) -> dict[str, Step]:
    return {step.no: step for step in steps}


# The act names the chancellery for the first action of the PSC table of this service, but the action is the
# inspector's: the chancellery receives the documents from him in the next one (anomaly of the passport).
_UNIT_CORRECTED: Mapping[tuple[str, str, str], str] = {
    ("astana.surdo-tiflo-hygiene-aids", "Прием, регистрация документов от потребителя, направление их в СФЕ-3", "1"): (
        "SFU-2"
    )
}


def _units_table(service: Service, course: Course) -> tuple[Step, ...]:
    process = service.passport.process
    return _actions(service, process.main if course is Course.MAIN else process.alternative, course)


def _actions(service: Service, rows: Iterable[ActionStep], course: Course) -> tuple[Step, ...]:
    roles = {unit.code: unit.role for unit in service.passport.units}
    steps = []
    for row in rows:
        unit = row.unit_by_use_case_table or row.unit_by_clause_18 or row.unit
        unit = _UNIT_CORRECTED.get((service.id, row.action.ru or "", row.no), unit)
        outcome = row.alt_outcome if course is Course.ALTERNATIVE and row.alt_outcome else row.outcome
        steps.append(
            Step(
                no=row.no,
                party=party_of(roles[unit].ru or roles[unit].kk or ""),
                actor=service.text(roles[unit]),
                unit=unit,
                action=service.text(row.action),
                outcome=service.text(outcome) if outcome is not None else None,
                span=_span(row),
                next=row.next,
            )
        )
    return tuple(steps)


def _channel_steps(service: Service, rows: Iterable[ChannelStep], course: Course) -> tuple[Step, ...]:
    chosen = _course(list(rows), course)
    if not chosen:
        return ()
    following = [*(row.no for row in chosen[1:]), None]
    return tuple(
        Step(
            no=row.no or str(place),
            party=party_of(row.actor),
            actor=service.text(Wording(kk=row.actor, ru=None)),
            unit=None,
            action=service.text(row.action),
            outcome=None,
            span=_span(row),
            next=then,
        )
        for place, (row, then) in enumerate(zip(chosen, following, strict=True), start=1)
    )


def _course(rows: list[ChannelStep], course: Course) -> list[ChannelStep]:
    """Return the rows of a course; a number with a letter is a branch off the main one and its end."""
    branches = [row for row in rows if row.no is not None and not row.no.isdigit()]
    if course is Course.MAIN:
        return [row for row in rows if row not in branches]
    if not branches:
        return []
    return rows[: rows.index(branches[0]) + 1]


def _span(row: ActionStep | ChannelStep) -> Span | None:
    length = shorter_reading(row.duration)
    return Span(*length) if length is not None else None
