"""The judgement: from what everyone remembers to what was lost and what came twice. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What ShEP knows of an application that it carried."""

    ACKNOWLEDGED = "acknowledged"  # the gateway gave a receipt
    REFUSED = "refused"  # the gateway answered with a fault
    UNDER_WAY = "under way"  # neither: ShEP would go on trying


class Wrong(StrEnum):
    """What may be wrong with an application."""

    LOST = "lost"
    """Acknowledged, and the cabinet has no answer although nobody works on it any more, or no case was made of it."""
    DOUBLE = "double"
    """More than one case, or more than one answer that the cabinet cannot tell to be a repeat."""
    STUCK = "stuck"
    """Not at its end when everything has been quiet for long enough."""
    GHOST = "ghost"
    """A case or an answer for what was refused."""
    OUTCOME = "wrong outcome"
    """Ended otherwise than the application and the provider's rules say."""
    ORDER = "out of order"
    """Something came into the cabinet after the answer."""
    RECEIPT = "receipts differ"
    """Two copies of one message were answered with different bytes."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case in the gateway's database."""

    number: str | None
    state: str
    ending: str | None
    has_task: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message of the gateway that ShEP took: one, however often it came."""

    shep_id: int
    type: str
    repeats: int = 0
    """How often it came again under its id: what a receiver drops."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything known of one application, each part from who witnessed it."""

    number: str
    """The portal's."""
    expected: str
    """How it must end: positive, refused, rejected or fault."""
    fate: Fate
    cases: tuple[CaseFacts, ...]
    arrivals: tuple[Arrival, ...]
    shown: tuple[str, ...] = ()
    """The answers that the cabinet shows: how each ends the application."""
    handed_over: int = 0
    """How many cases the provider made of it."""
    receipts: int = 1
    """How many different receipts its copies got."""

    def wrongs(self) -> Iterator[Wrong]:
        """Give what is wrong."""
        if self.receipts > 1:
            yield Wrong.RECEIPT
        if max(len(self.cases), len(self._answers), len(self.shown), self.handed_over) > 1:
            yield Wrong.DOUBLE
        first = min((one.shep_id for one in self._answers), default=None)
        if first is not None and any(one.shep_id > first for one in self.arrivals if one.type != "RESPONSE"):
            yield Wrong.ORDER
        match self.fate:
            case Fate.UNDER_WAY:
                yield Wrong.STUCK
            case Fate.REFUSED:
                yield from self._wrongs_of_refused()
            case Fate.ACKNOWLEDGED:
                yield from self._wrongs_of_acknowledged()

    @property
    def _answers(self) -> list[Arrival]:
        return [one for one in self.arrivals if one.type == "RESPONSE"]

    def _wrongs_of_refused(self) -> Iterator[Wrong]:
        if self.cases or self.arrivals or self.handed_over:
            yield Wrong.GHOST
        if self.expected != "fault":
            yield Wrong.OUTCOME

    def _wrongs_of_acknowledged(self) -> Iterator[Wrong]:
        live = [case for case in self.cases if case.state != "confirmed"]
        if live and all(case.has_task for case in live):
            yield Wrong.STUCK
        elif live or not self.cases or not self._answers or not self.shown:
            yield Wrong.LOST
        elif {*self.shown, *(case.ending for case in self.cases)} != {self.expected}:
            yield Wrong.OUTCOME


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the referee says."""

    applications: int
    wrong: dict[Wrong, tuple[str, ...]]
    """The numbers of the applications with which something is wrong."""
    broken_promises: tuple[str, ...]
    """What `qaqpa doctor` found, and cases or results that belong to no application."""

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.wrong.values()) and not self.broken_promises

    def count(self, what: Wrong) -> int:
        """Return with how many applications something is wrong."""
        return len(self.wrong.get(what, ()))

    def line(self, kills: int) -> str:
        """Return the last line of the report."""
        others = [f"{what} {self.count(what)}" for what in Wrong if what not in {Wrong.LOST, Wrong.DOUBLE}]
        others = [text for text in others if not text.endswith(" 0")]
        if self.broken_promises:
            others.append(f"promises broken {len(self.broken_promises)}")
        counts = f"lost {self.count(Wrong.LOST)}, double {self.count(Wrong.DOUBLE)}"
        return f"{self.applications} applications, {kills} kills: {', '.join([counts, *others])}"


def judge(stories: Sequence[Story], broken_promises: Iterable[str] = ()) -> Verdict:
    """Return the verdict over all applications."""
    wrong = {what: tuple(story.number for story in stories if what in set(story.wrongs())) for what in Wrong}
    return Verdict(len(stories), wrong, tuple(broken_promises))


def repeats(stories: Iterable[Story]) -> Counter[str]:
    """Count by type how often the gateway's messages came again: what correct receivers dropped."""
    copies: Counter[str] = Counter()
    for arrival in (one for story in stories for one in story.arrivals):
        copies[arrival.type] += arrival.repeats
    return copies
