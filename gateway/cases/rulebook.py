"""What the act lets be done with a case, and by when: the catalogue, asked about one case. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from gateway.cases.model import Case, Duty, DutyKind, StepStand
from gateway.cases.provider import Outcome
from gateway.cases.services import Offer
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.deadline import deadline, suspended_deadline
from gateway.catalogue.grounds import Ground, GroundKind, grounds
from gateway.catalogue.lateness import near_at, new_promise
from gateway.catalogue.particulars import Particulars, particulars
from gateway.catalogue.procedure import Course, Position, Step, at_provider
from gateway.catalogue.schedule import Pause
from gateway.catalogue.term import Origin, Term
from gateway.catalogue.terms import StepDeadline, hours_of, step_deadlines, terms
from gateway.clock import ALMATY, local
from gateway.texts import Text

_REMIND_SHARE = 5
"""A duty is called to mind when a fifth of its time is left: two days before a check-in, eighteen before a quarter."""


class NotInAct(Exception):  # noqa: N818  says what happened
    """The act of the service does not let this be done with the case."""

    def __init__(self, code: str, text: Text) -> None:
        """Take the code, lower-case words, and what it means for whoever wanted it."""
        super().__init__(code)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The act's rules for the cases of one offer."""

    offer: Offer
    calendar: WorkingCalendar

    @property
    def particulars(self) -> Particulars:
        """What only this act has."""
        return particulars(self.offer.service)

    # The procedure

    def steps(self, course: Course) -> tuple[Step, ...]:
        """Return the steps that a provider's system can report, in order."""
        return at_provider(self.offer.service, self.offer.channel, course)

    def step(self, position: Position) -> Step:
        """Return the step at a position.

        Raises:
            NotInAct: the act has no such step.
        """
        found = next((step for step in self.steps(position.course) if step.no == position.no), None)
        if found is None:
            raise NotInAct("provider.step_unknown", _NO_STEP)
        return found

    def stand(self, case: Case, position: Position, at: datetime) -> StepStand:
        """Return how a case stands that is at a step since `at`.

        Raises:
            NotInAct: the act has no such step.
        """
        step = self.step(position)
        due = self._step_due(step, at, case, case.deadline or at, ())
        return StepStand(position.course, step.no, step.party.value, at, due)

    def achieved(self, before: StepStand | None, position: Position) -> Text | None:
        """Return what the case has got behind it by going on to a position; None: nothing that a citizen can read."""
        numbers = [step.no for step in self.steps(position.course)]
        place = numbers.index(position.no)
        if before is None or before.no not in numbers or numbers.index(before.no) >= place:
            return None
        return self.steps(position.course)[place - 1].achieved

    def plan(self, case: Case) -> tuple[StepDeadline, ...]:
        """Return by when each step of the main course must be done if every one takes all of its time."""
        if case.registered_at is None or case.deadline is None:
            return ()
        return step_deadlines(self.steps(Course.MAIN), case.registered_at, case.deadline, self.calendar)

    def _step_due(
        self, step: Step, since: datetime, case: Case, total: datetime, pauses: tuple[Pause, ...]
    ) -> datetime:
        """Return by when a step must be done: each unit has its own time, from when it got the case.

        A step without a time of its own is due as planned (with the one before it), or with the whole term.
        """
        if step.span is None:
            planned = next((one.due for one in self.plan(case) if one.step.no == step.no), total)
            return min(total, planned) if planned > since else total
        term = Term(step.span.value, step.span.unit, Origin.ACT, step.action)
        due = suspended_deadline(term, since, self.calendar, pauses, hours=hours_of(step.party))
        return min(total, due) if due is not None else total

    # The term

    def extended(self, case: Case) -> datetime:
        """Return the end of the longer term.

        Raises:
            NotInAct: the act has none, or the term that runs is over.
        """
        longer = terms(self.offer.service, self.offer.channel).extended
        if longer is None or case.registered_at is None:
            raise NotInAct("provider.extension", _NO_EXTENSION)
        return self._end(longer.term, case, _pauses(case.progress.pauses))

    def resumed(self, case: Case, at: datetime) -> tuple[datetime, datetime | None]:
        """Return the end of the term, and of the step under way, of a suspended case that goes on at `at`."""
        longer = terms(self.offer.service, self.offer.channel).extended
        term = longer.term if case.progress.extended and longer is not None else self.offer.term
        pauses = _pauses((*case.progress.pauses, at))
        total, stand = self._end(term, case, pauses), case.progress.step
        if stand is None:
            return total, None
        return total, self._step_due(self.step(stand.position), stand.since, case, total, pauses)

    def _end(self, term: Term, case: Case, pauses: tuple[Pause, ...]) -> datetime:
        start = case.registered_at or case.received_at
        end = suspended_deadline(term, start, self.calendar, pauses)
        if end is None:
            raise ValueError("the term stands still")
        return end

    def near_at(self, since: datetime, due: datetime) -> datetime:
        """Return from when a time counts as nearly over."""
        return near_at(since, due, self.calendar)

    def promise(self, now: datetime) -> date:
        """Return the new day to name in the apology for an answer that is late."""
        return local(new_promise(now, self.calendar)).date()

    # Grounds

    def grounds(self, codes: tuple[str, ...], kind: GroundKind) -> tuple[Ground, ...]:
        """Return the act's grounds of these codes.

        Raises:
            NotInAct: the act has no ground of that kind, or none of that code, or none is named.
        """
        own = {ground.code: ground for ground in grounds(self.offer.service, kind)}
        if not own:
            raise NotInAct(f"provider.{kind.value}", _NOT_HERE)
        if not codes or not own.keys() >= set(codes):
            raise NotInAct("provider.ground", _NO_GROUND)
        return tuple(own[code] for code in codes)

    # After the decision

    def duty(self, outcome: Outcome, since: datetime) -> Duty | None:
        """Return what the act asks of the citizen after a grant, counted from `since`."""
        if outcome is not Outcome.POSITIVE:
            return None
        for limit in terms(self.offer.service, self.offer.channel).others:
            if limit.what in _DUTIES:
                return Duty(_DUTIES[limit.what], since, deadline(limit.term, since, self.calendar))
        return None


_DUTIES = {"income_confirmation": DutyKind.INCOME_CONFIRMATION, "check_in_period": DutyKind.CHECK_IN}
"""By the passport's word for the limit."""


def remind_at(duty: Duty) -> datetime:
    """Return when a citizen is reminded of a duty: from that day's beginning in Kazakhstan."""
    day = local(duty.due - (duty.due - duty.since) / _REMIND_SHARE).date()
    return max(duty.since, datetime.combine(day, time.min, ALMATY).astimezone(UTC))


def noon_of(day: date) -> datetime:
    """Return noon of a day in Kazakhstan, in UTC: an instant that is on that day."""
    return (datetime.combine(day, time.min, ALMATY) + timedelta(hours=12)).astimezone(UTC)


def _pauses(moments: tuple[datetime, ...]) -> tuple[Pause, ...]:
    ends = (*moments[1::2], None) if len(moments) % 2 else moments[1::2]
    return tuple(Pause(since, until) for since, until in zip(moments[::2], ends, strict=True))


_NO_STEP = Text(
    kk="Регламенттің осы арнаға арналған рәсімінде мұндай қадам жоқ.",
    ru="В порядке, который регламент предусматривает для этого канала, такого шага нет.",
)
_NO_EXTENSION = Text(
    kk="Регламент бұл қызметтің мерзімін ұзартуға жол бермейді.",
    ru="Регламент не позволяет продлевать срок этой услуги.",
)
_NOT_HERE = Text(
    kk="Бұл қызметтің регламентінде мұндай әрекет көзделмеген.",
    ru="Регламент этой услуги такого действия не предусматривает.",
)
_NO_GROUND = Text(
    kk="Регламентте көзделген негіз көрсетілмеген.", ru="Не названо основание, предусмотренное регламентом."
)
