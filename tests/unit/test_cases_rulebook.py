"""What the act allows and by when, asked about cases of every service: deadlines of steps, watches, reminders."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cases.followup import DutyMissed, DutyNear
from gateway.cases.machine import TermEnding, advance
from gateway.cases.model import Case, Lateness, Progress, State
from gateway.cases.provider import Outcome, ProviderStatus, Stage
from gateway.cases.reports import Report, event_of
from gateway.cases.rulebook import NotInAct, Rulebook, remind_at
from gateway.cases.services import Offer
from gateway.cases.watching import look
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.channel import Channel
from gateway.catalogue.deadline import deadline
from gateway.catalogue.procedure import Course, Position
from gateway.catalogue.term import total_term
from gateway.texts import Text
from tests.support.applications import WAYS
from tests.support.cases import new_case
from tests.support.catalogue import service

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
CALENDAR = WorkingCalendar()
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=40)).map(lambda after: START + after)


@cache
def book(service_id: str, channel: Channel) -> Rulebook:
    target = service(service_id)
    return Rulebook(Offer(target, "akimat", total_term(target, channel), channel), CALENDAR)


def case_of(rules: Rulebook, **changes: object) -> Case:
    """Return a case of the offer, registered at START."""
    values: dict[str, object] = {
        "service_id": rules.offer.service.id,
        "channel": rules.offer.channel,
        "state": State.IN_PROCESS,
        "number": "2026-00000001-1",
        "registered_at": START,
        "deadline": deadline(rules.offer.term, START, CALENDAR),
    }
    return replace(new_case(), **(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(("service_id", "channel"), WAYS)
def test_every_step_of_every_way_has_its_time(service_id: str, channel: Channel) -> None:
    """A step is due after it began and never after the whole term, unless it began later than that."""
    rules = book(service_id, channel)
    case = case_of(rules)
    assert case.deadline is not None
    for course in Course:
        for step in rules.steps(course):
            for since in (START, case.deadline - timedelta(seconds=1)):
                stand = rules.stand(case, Position(course, step.no), since)
                assert since <= stand.due <= case.deadline
                assert stand.unit == step.party.value


def test_the_registrar_the_head_and_the_executor() -> None:
    """Home schooling: 15 minutes, a working day, seven working days, each from when its unit got the case."""
    rules = book("kostanay.home-schooling-costs", Channel.PORTAL)
    case, later = case_of(rules), START + timedelta(hours=2)
    due = {no: rules.stand(case, Position(Course.MAIN, no), later).due - later for no in ("1", "2", "3")}
    assert due["1"] == timedelta(minutes=15)
    assert timedelta(days=1) < due["2"] < timedelta(days=2)
    assert timedelta(days=9) < due["3"] < timedelta(days=11)


@settings(max_examples=40)
@given(st.sampled_from(WAYS), MOMENTS, st.sampled_from(Course), st.sampled_from(["1", "2", "3", "4"]))
def test_looking_on_ends(way: tuple[str, Channel], now: datetime, course: Course, no: str) -> None:
    """Whenever it is looked at, the clock has made a few events of a case, and the next look is later."""
    rules = book(*way)
    case = case_of(rules)
    if any(step.no == no for step in rules.steps(course)):
        case = replace(case, progress=Progress(rules.stand(case, Position(course, no), START)))
    for _ in range(4):
        event, following = look(case, rules, now)
        if event is None:
            assert following is None or following >= now
            break
        change = advance(case, event)
        assert change is not None
        case = change.case
    else:
        raise AssertionError("the look finds something new for ever")
    assert case.deadline is not None
    assert (case.lateness is Lateness.LATE) == (now > case.deadline)


@settings(max_examples=40)
@given(st.lists(MOMENTS, min_size=2, max_size=6, unique=True))
def test_what_stood_still_does_not_count(moments: list[datetime]) -> None:
    """The more a term stood still the later it ends, and never earlier than without."""
    rules = book("astana.categories-social-assistance", Channel.PROVIDER)
    moments = sorted(moments)[: len(moments) // 2 * 2]
    case = case_of(rules)
    ends = [case.deadline]
    for paused, resumed in zip(moments[::2], moments[1::2], strict=True):
        before = (*case.progress.pauses, paused)
        total, _ = rules.resumed(replace(case, progress=Progress(pauses=before)), resumed)
        case = replace(case, deadline=total, progress=Progress(pauses=(*before, resumed)))
        ends.append(total)
    known = [end for end in ends if end is not None]
    assert known == sorted(known)


def test_a_duty_is_called_to_mind_before_its_day() -> None:
    """Two days before a visit of the unemployed, in good time before a quarter is over; missed only after its day."""
    for service_id, least in (("astana.unemployed-registration", 2), ("astana.child-benefit", 14)):
        rules = book(service_id, Channel.PROVIDER)
        duty = rules.duty(Outcome.POSITIVE, START)
        assert duty is not None
        assert duty.due - remind_at(duty) >= timedelta(days=least)
        case = case_of(rules, state=State.FOLLOWED, duty=duty)
        assert look(case, rules, START) == (None, remind_at(duty))
        assert isinstance(look(case, rules, remind_at(duty))[0], DutyNear)
        assert isinstance(look(case, rules, duty.due + timedelta(seconds=1))[0], DutyMissed)
        assert rules.duty(Outcome.REFUSED, START) is None


def test_most_acts_ask_nothing_after_a_grant() -> None:
    """Three acts do: of the others nobody is reminded of anything."""
    with_duty = {one for one, channel in WAYS if book(one, channel).duty(Outcome.POSITIVE, START) is not None}
    assert with_duty == {
        "astana.child-benefit",
        "astana.targeted-social-assistance",
        "astana.unemployed-registration",
    }


@pytest.mark.parametrize(("service_id", "channel"), WAYS)
def test_only_one_act_extends_its_term(service_id: str, channel: Channel) -> None:
    """To twenty working days, in each of its channels; everywhere else it is refused with the code."""
    rules = book(service_id, channel)
    case = case_of(rules)
    if service_id == "kostanay.categories-social-assistance":
        assert case.deadline is not None
        assert rules.extended(case) > case.deadline
    else:
        with pytest.raises(NotInAct) as refused:
            rules.extended(case)
        assert refused.value.code == "provider.extension"


@settings(max_examples=60)
@given(
    st.sampled_from(WAYS),
    st.sampled_from(Stage),
    st.sampled_from([None, Position(Course.MAIN, "2"), Position(Course.ALTERNATIVE, "99")]),
    st.sampled_from([(), ("suspension-1",), ("return-2",), ("refusal-1",)]),
    st.sampled_from([None, Text("себеп", "причина")]),
    st.booleans(),
)
def test_whatever_is_said_has_an_answer(  # noqa: PLR0913, PLR0917  what can be said
    way: tuple[str, Channel],
    stage: Stage,
    step: Position | None,
    grounds: tuple[str, ...],
    extension: Text | None,
    paused: bool,  # noqa: FBT001  a generated value
) -> None:
    """No report breaks anything: the machine takes what it makes, or it is refused with a code in both languages."""
    rules = book(*way)
    case = case_of(rules)
    if paused:
        case = replace(case, state=State.SUSPENDED, progress=Progress(pauses=(START,)))
    now = START + timedelta(days=1)
    status = ProviderStatus(stage, now, step=step, grounds=grounds, extension=extension)
    event, refusal = event_of(case, Report(status, now, component="kind-6"), rules)
    assert event is not None
    assert advance(case, event) is not None
    if refusal is not None:
        assert refusal.code.startswith("provider.")
        assert refusal.text.kk
        assert refusal.text.ru


def test_a_promise_is_a_working_day_to_come() -> None:
    """The apology names a day on which people work."""
    rules = book("kostanay.home-schooling-costs", Channel.PORTAL)
    event, _ = look(case_of(rules), rules, START + timedelta(days=60))
    assert isinstance(event, TermEnding)
    assert event.promised is not None
    assert CALENDAR.is_working_day(event.promised)
    assert event.promised > (START + timedelta(days=60)).date()
