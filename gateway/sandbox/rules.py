"""By what the sandbox's provider decides: a table of declared rules, and the facts they look at."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field

from gateway.eds.enveloped import claimed
from gateway.eds.xml import parse
from gateway.sandbox.identities import CITIZENS


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules may look at in an application. Personal data: never logged."""

    service: str
    request_number: str = field(repr=False)
    applicant: dict[str, str] = field(repr=False)
    """Fields of the applicant's block, by element name."""
    documents: int
    fields: dict[str, str] = field(repr=False)
    """The service's own fields, by element name."""


class Condition(_Declared):
    """All that is given must hold; an empty condition always holds."""

    service: str | None = None
    surname: str | None = None
    request_number_ends: str | None = None
    without_documents: bool = False
    field: str | None = None
    equals: str | None = None
    """With `field`: the value it has."""

    def holds(self, facts: Facts) -> bool:
        """Say whether the condition holds for an application."""
        return (
            self.service in {None, facts.service}
            and self.surname in {None, facts.applicant.get("surname")}
            and facts.request_number.endswith(self.request_number_ends or "")
            and not (self.without_documents and facts.documents)
            and (self.field is None or facts.fields.get(self.field) == self.equals)
        )


class Action(StrEnum):
    """What the provider does with a case."""

    APPROVE = "approve"
    REFUSE = "refuse"
    ASK = "ask"


class Rule(_Declared):
    """When the condition holds, the action is taken; the texts are for the citizen."""

    when: Condition
    then: Action
    kk: str = ""
    """The ground of a refusal, or the document that is asked for."""
    ru: str = ""
    ground: str | None = None
    """Code of the act's ground of a refusal or an ending; default: the first, where the act has any."""


RULES = (
    Rule(
        when=Condition(without_documents=True),
        then=Action.ASK,
        kk="Қызмет стандартының 9-тармағында көрсетілген құжаттар топтамасы",
        ru="Пакет документов, указанных в пункте 9 стандарта услуги",
    ),
    Rule(
        when=Condition(surname=CITIZENS[3].surname),
        then=Action.REFUSE,
        kk="Ұсынылған мәліметтер осы көмекке құқықты растамайды",
        ru="Представленные сведения не подтверждают право на эту помощь",
    ),
    Rule(
        when=Condition(request_number_ends="666"),
        then=Action.REFUSE,
        kk="Сынақ: өтініш нөмірі бойынша бас тарту",
        ru="Испытание: отказ по номеру заявления",
    ),
)
NOT_SUPPLIED = Rule(
    when=Condition(),
    then=Action.REFUSE,
    kk="Сұралған құжаттар белгіленген мерзімде ұсынылмады",
    ru="Запрошенные документы не представлены в установленный срок",
)
APPROVED = Rule(when=Condition(), then=Action.APPROVE)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the provider works."""

    take_up: timedelta = timedelta(seconds=0.5)
    """From registration until somebody works on the case."""
    decide: timedelta = timedelta(seconds=2)
    """From registration, or from the supplement, until the decision."""
    patience: timedelta = timedelta(seconds=20)
    """How long documents are waited for."""


class Step(StrEnum):
    """How far a case is: the contract's stages."""

    REGISTERED = "registered"
    IN_PROGRESS = "in_progress"
    DOCUMENTS_NEEDED = "documents_needed"
    RETURNED = "returned"
    SUSPENDED = "suspended"
    DECIDED = "decided"
    ENDED_ORALLY = "ended_orally"
    TERMINATED = "terminated"
    COMPLETED = "completed"


SETTLED = frozenset({Step.DECIDED, Step.TERMINATED, Step.COMPLETED})
"""Stages that need a decision first."""


class Turn(_Declared):
    """What the provider's system says of a case from some time on, whether the act has it or not."""

    after: timedelta
    """From the receipt of the case."""
    step: Step
    at: str | None = None
    """Number of the act's step at which the case is."""
    alternative: bool = False
    """That step belongs to the act's way to a refusal."""
    grounds: tuple[str, ...] = ()
    """Codes of the act's grounds."""
    extension: bool = False
    """The term is extended; `rule` says why."""
    duty_met: date | None = None
    rule: Rule = Rule(when=Condition(), then=Action.APPROVE)
    """How it is decided, and the words that go with the turn."""


class Script(_Declared):
    """The turns that a case takes, in their order, when the condition holds."""

    when: Condition
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]

    def progress(self, received: datetime, now: datetime) -> "Progress":
        """Return where a case stands at `now`; before the first turn it is registered."""
        begun = [turn for turn in self.turns if received + turn.after <= now]
        coming = [received + turn.after for turn in self.turns if received + turn.after > now]
        following = min(coming, default=None)
        if not begun:
            return Progress(Step.REGISTERED, received, next_at=following)
        turn = begun[-1]
        return Progress(turn.step, received + turn.after, turn.rule, following, turn)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a case stands, since when, by which rule, and when to look again."""

    step: Step
    since: datetime
    rule: Rule | None = None
    next_at: datetime | None = None
    turn: Turn | None = None
    """Where a script leads the case."""


@dataclass(frozen=True, slots=True)
class Office:
    """How a provider works: by which rules and how fast."""

    rules: tuple[Rule, ...] = RULES
    pace: Pace = Pace()
    scripts: tuple[Script, ...] = ()
    """Cases that one of these is about follow it, and no rule."""

    def progress(self, facts: Facts, received: datetime, supplemented: datetime | None, now: datetime) -> Progress:
        """Return where a case stands at `now`: a function of the application and the clock, of nothing else."""
        script = next((one for one in self.scripts if one.when.holds(facts)), None)
        if script is not None:
            return script.progress(received, now)
        taken_up = received + self.pace.take_up
        if now < taken_up and supplemented is None:
            return Progress(Step.REGISTERED, received, next_at=taken_up)
        matching = [rule for rule in self.rules if rule.when.holds(facts)]
        asked = next((rule for rule in matching if rule.then is Action.ASK), None)
        if asked is not None and supplemented is None:
            until = taken_up + self.pace.patience
            if now < until:
                return Progress(Step.DOCUMENTS_NEEDED, taken_up, asked, until)
            return Progress(Step.DECIDED, until, NOT_SUPPLIED)
        decided = (supplemented or received) + self.pace.decide
        if now < decided:
            return Progress(Step.IN_PROGRESS, supplemented or taken_up, next_at=decided)
        ruling = next((rule for rule in matching if rule.then is not Action.ASK), APPROVED)
        return Progress(Step.DECIDED, decided, ruling)


def read_facts(service: str, document: bytes) -> Facts:
    """Read the facts out of a citizen's signed application.

    Raises:
        XmlRejected: it is not readable XML.
    """
    root = parse(claimed(document))
    leaves = {
        etree.QName(element).localname: (element.text or "").strip()
        for block in _children(root, "form")
        for element in block.iter(etree.Element)
        if len(element) == 0
    }
    documents = [child for block in _children(root, "documents") for child in block]
    number = _leaves(root, "header").get("requestNumber", "")
    return Facts(service, number, _leaves(root, "applicant"), len(documents), leaves)


def _children(root: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in root.iterchildren("*") if etree.QName(child).localname == name]


def _leaves(root: etree._Element, block: str) -> dict[str, str]:
    return {
        etree.QName(child).localname: (child.text or "").strip()
        for parent in _children(root, block)
        for child in parent.iterchildren("*")
    }
