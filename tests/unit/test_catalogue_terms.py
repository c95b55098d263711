"""Terms: each channel of each service has one, the better reading counts, and the engine keeps its promises."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.channel import Channel
from gateway.catalogue.deadline import deadline, end_of, suspended_deadline
from gateway.catalogue.lateness import Standing, near_at, new_promise, standing
from gateway.catalogue.schedule import OFFICE_HOURS, PSC_HOURS, Pause, add_working_time
from gateway.catalogue.service import Service
from gateway.catalogue.term import Origin, Term, longer_reading, shorter_reading, total_term
from gateway.catalogue.terms import issue_by, step_deadlines, terms
from gateway.catalogue.wording import Duration, Unit, Wording
from gateway.clock import ALMATY, local
from gateway.texts import Text
from tests.support.applications import ALL, WAYS
from tests.support.catalogue import service

CALENDAR = WorkingCalendar()
MONDAY = datetime(2026, 2, 2, 10, 0, tzinfo=ALMATY)
WD, CD, MIN = Unit.WORKING_DAYS, Unit.CALENDAR_DAYS, Unit.MINUTES

TOTALS = {
    "astana.unemployed-registration": {"provider": (10, CD)},
    "astana.semipalatinsk-registration": {"provider": (20, CD), "psc": (20, CD)},
    "astana.prosthetic-orthopaedic-aid": {"provider": (10, WD), "psc": (10, WD)},
    "astana.surdo-tiflo-hygiene-aids": {"provider": (10, WD), "psc": (10, WD)},
    "astana.social-care-institutions": {"provider": (17, WD), "psc": (17, WD)},
    "astana.home-social-care": {"provider": (14, WD), "psc": (14, WD)},
    "astana.child-benefit": {"provider": (10, WD), "psc": (10, WD)},
    "astana.targeted-social-assistance": {"provider": (7, WD)},
    "astana.personal-assistant-sign-language": {"provider": (10, WD)},
    "astana.wheelchair": {"provider": (10, WD)},
    "astana.sanatorium-treatment": {"provider": (10, WD)},
    "astana.housing-assistance": {"provider": (10, CD), "psc": (10, CD)},
    "astana.categories-social-assistance": {"provider": (15, CD)},
    "astana.assistance-certificate": {"provider": (15, MIN)},
    "astana.employment-referral": {"provider": (30, MIN)},
    "kostanay.rural-specialists-fuel": {"provider": (9, WD), "psc": (10, WD), "akim": (14, WD)},
    "kostanay.child-benefit": {"provider": (6, WD), "psc": (7, WD), "akim": (21, WD)},
    "kostanay.assistance-certificate": {"provider": (30, MIN), "psc": (3, WD), "akim": (30, MIN)},
    "kostanay.targeted-social-assistance": {"provider": (6, WD), "psc": (7, WD), "akim": (21, WD)},
    "kostanay.home-schooling-costs": {"provider": (9, WD), "psc": (10, WD), "portal": (9, WD)},
    "kostanay.categories-social-assistance": {"provider": (7, WD), "akim": (7, WD), "portal": (7, WD)},
    "kostanay.housing-assistance": {"psc": (10, WD), "portal": (10, WD)},
}
"""The terms of the 42 ways to apply, written down from the acts by hand."""


@pytest.mark.parametrize(("service_id", "channel"), WAYS)
def test_each_way_to_apply_has_its_term(service_id: str, channel: Channel) -> None:
    """The total of each channel is what the act says or its steps add up to."""
    term = total_term(service(service_id), channel)
    assert (term.value, term.unit) == TOTALS[service_id][channel]


def test_only_open_terms_are_ours() -> None:
    """The default stands only for housing assistance of Kostanay, whose act names a standard."""
    ours = [way for way in WAYS if total_term(service(way[0]), way[1]).origin is Origin.DEFAULT]
    assert ours == [("kostanay.housing-assistance", channel) for channel in (Channel.PSC, Channel.PORTAL)]


def test_setting_may_shorten_a_term_and_not_lengthen_it() -> None:
    """An installation may promise less than ten calendar days, not more, whatever the unit."""
    housing = service("astana.housing-assistance")
    assert total_term(housing, Channel.PSC, 7).origin is Origin.SETTING
    with pytest.raises(ValueError, match="longer than the act's 10 calendar_days"):
        total_term(housing, Channel.PSC, 8)


def test_portal_opened_by_a_region_has_the_providers_term() -> None:
    """Where no act gives a term for the portal, the provider's stands."""
    term = total_term(service("astana.wheelchair"), Channel.PORTAL)
    assert (term.value, term.unit, term.origin) == (10, WD, Origin.ACT)


@pytest.mark.parametrize(
    ("kazakh", "russian", "shorter", "longer"),
    [
        ((10, WD), (10, CD), (10, CD), (10, WD)),
        ((10, Unit.DAYS), (7, WD), (7, WD), (10, Unit.DAYS)),
        ((10, Unit.HOURS), (1, None), (1, Unit.HOURS), (10, Unit.HOURS)),
        ((3, CD), (None, WD), (3, CD), (3, WD)),
        ((5, WD), (None, None), (5, WD), (5, WD)),
    ],
)
def test_of_two_languages_the_shorter_term_counts(
    kazakh: tuple[int, Unit],
    russian: tuple[int | None, Unit | None],
    shorter: tuple[int, Unit],
    longer: tuple[int, Unit],
) -> None:
    """Where Kazakh and Russian differ, the citizen gets the shorter term and the longer duty."""
    duration = Duration(
        text=Wording(kk="", ru=""), value=kazakh[0], unit=kazakh[1], value_ru=russian[0], unit_ru=russian[1]
    )
    assert shorter_reading(duration) == shorter
    assert longer_reading(duration) == longer


def test_terms_hold_waiting_intake_issue_and_extension() -> None:
    """Everything the act says of time in a channel is there by its name."""
    child = terms(service("astana.child-benefit"), Channel.PROVIDER)
    assert child.waiting is not None
    assert child.intake is not None
    assert (child.waiting.term.text.ru, child.waiting.per_person) == ("15 минут", True)
    assert child.intake.term.text.ru == "15 минут"
    assert {limit.what for limit in child.others} >= {"transfer_to_district_commission", "income_confirmation"}
    extended = terms(service("kostanay.categories-social-assistance"), Channel.AKIM).extended
    assert extended is not None
    assert extended.condition is not None
    assert (extended.term.value, extended.term.unit) == (20, WD)
    assert "утерей" in extended.condition.ru


def test_limits_stand_in_their_own_channel() -> None:
    """A limit under the heading of the PSC or the akim is none of the provider's."""
    fuel = service("kostanay.rural-specialists-fuel")
    names = {channel: {limit.what for limit in terms(fuel, channel).others} for channel in fuel.channels}
    assert "completeness_check" in names[Channel.PSC]
    assert "completeness_check" not in names[Channel.PROVIDER] | names[Channel.AKIM]
    assert "signature" in names[Channel.PROVIDER]
    assert "signature" not in names[Channel.PSC]


def test_every_limit_of_the_acts_is_in_some_channel() -> None:
    """None of the 191 limits is lost: each that has a length stands in a channel of its service."""
    for one in ALL:
        shown = set()
        for channel in one.channels:
            given_ = terms(one, channel)
            shown |= {given_.total.text} | {limit.term.text for limit in given_.others}
            shown |= {
                limit.term.text
                for limit in (given_.waiting, given_.intake, given_.issue, given_.extended)
                if limit is not None
            }
        for entry in one.passport.deadlines:
            lengths = {shorter_reading(entry), longer_reading(entry)} - {None}
            texts = {Term(*length, Origin.ACT, Text("", "")).text for length in lengths if length is not None}
            assert not texts or texts & shown, (one.id, entry.what)


def test_day_of_issue_is_outside_the_term_where_the_act_says_so() -> None:
    """At the PSC of Astana the result is handed over on the working day after the term's end."""
    psc = terms(service("astana.wheelchair"), Channel.PROVIDER), terms(service("astana.child-benefit"), Channel.PSC)
    friday = end_of(date(2026, 2, 6))
    assert issue_by(psc[0], friday, CALENDAR) == friday
    assert issue_by(psc[1], friday, CALENDAR) == end_of(date(2026, 2, 9))
    assert psc[1].excludes_intake_day


@pytest.mark.parametrize(("service_id", "channel"), WAYS)
def test_steps_follow_each_other_and_never_pass_the_whole(service_id: str, channel: Channel) -> None:
    """Each step is due after the one before it, and none after the term that the citizen was promised."""
    given_ = terms(service(service_id), channel)
    total = deadline(given_.total, MONDAY, CALENDAR)
    planned = step_deadlines(given_.steps, MONDAY.astimezone(UTC), total, CALENDAR)
    assert [entry.step.no for entry in planned] == [step.no for step in given_.steps]
    dues = [MONDAY.astimezone(UTC), *(entry.due for entry in planned)]
    assert dues == sorted(dues)
    assert dues[-1] <= total


def test_steps_take_the_acts_own_times() -> None:
    """Registrar 15 minutes, head one working day, executor seven, head one more: home schooling at the counter."""
    steps = terms(service("kostanay.home-schooling-costs"), Channel.PROVIDER).steps
    planned = step_deadlines(steps, MONDAY.astimezone(UTC), end_of(date(2026, 3, 31)), CALENDAR)
    assert local(planned[0].due) == MONDAY + timedelta(minutes=15)
    assert [local(entry.due).date() for entry in planned[1:4]] == [
        date(2026, 2, 3),
        date(2026, 2, 12),
        date(2026, 2, 13),
    ]


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ((2026, 2, 2, 10, 0), 60, (2026, 2, 2, 11, 0)),
        ((2026, 2, 2, 12, 30), 60, (2026, 2, 2, 14, 30)),
        ((2026, 2, 2, 17, 30), 60, (2026, 2, 3, 9, 30)),
        ((2026, 2, 6, 17, 45), 15, (2026, 2, 6, 18, 0)),
        ((2026, 2, 6, 17, 45), 16, (2026, 2, 9, 9, 1)),
        ((2026, 2, 7, 23, 0), 15, (2026, 2, 9, 9, 15)),
        ((2026, 2, 2, 3, 0), 480, (2026, 2, 2, 18, 0)),
    ],
)
def test_hours_run_in_working_hours(start: tuple[int, ...], minutes: int, end: tuple[int, ...]) -> None:
    """Lunch, night and days off are no part of a term in minutes or hours."""
    term = Term(minutes, MIN, Origin.ACT, Text("", ""))
    due = deadline(term, datetime(*start, tzinfo=ALMATY), CALENDAR)  # type: ignore[misc,arg-type]
    assert local(due) == datetime(*end, tzinfo=ALMATY)  # type: ignore[misc,arg-type]


def test_psc_works_through_lunch_and_into_the_evening() -> None:
    """The Public Service Centre's half hour runs from 9 to 20 without a break."""
    late = datetime(2026, 2, 2, 19, 45, tzinfo=ALMATY)
    assert local(add_working_time(late, timedelta(minutes=30), CALENDAR, PSC_HOURS)) == datetime(
        2026, 2, 3, 9, 15, tzinfo=ALMATY
    )


@pytest.mark.parametrize("one", [one for one in ALL if one.passport.places], ids=lambda one: one.id)
def test_office_hours_are_the_acts(one: Service) -> None:
    """Every regulation that states hours states ours."""
    assert one.passport.places is not None
    assert "с 9-00 до 18-00 часов, обед с 13-00 до 14-00 часов" in (one.passport.places.provider.schedule.ru or "")


STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone
TERMS = st.builds(
    Term,
    st.integers(1, 40),
    st.sampled_from(list(Unit)),
    st.just(Origin.ACT),
    st.just(Text("", "")),
)
PAUSES = st.lists(st.tuples(st.integers(0, 40 * 24), st.integers(1, 10 * 24)), max_size=3)


def _pauses(start: datetime, hours: list[tuple[int, int]]) -> tuple[Pause, ...]:
    pauses, cursor = [], start
    for wait, length in hours:
        since = cursor + timedelta(hours=wait)
        cursor = since + timedelta(hours=length)
        pauses.append(Pause(since, cursor))
    return tuple(pauses)


@settings(max_examples=150, deadline=None)
@given(TERMS, STARTS)
def test_deadline_is_after_the_start_and_on_a_working_day(term: Term, start: datetime) -> None:
    """Every term ends after it began; terms in days end on a working day, at its last second, and hours in hours."""
    due = deadline(term, start, CALENDAR)
    assert due > start
    assert CALENDAR.is_working_day(local(due).date())
    if term.unit in {Unit.MINUTES, Unit.HOURS}:
        assert any(begin <= due <= end for begin, end in OFFICE_HOURS.on(local(due).date()))
    else:
        assert due == end_of(local(due).date())


@settings(max_examples=150, deadline=None)
@given(TERMS, STARTS, st.integers(1, 400))
def test_later_start_never_means_an_earlier_end(term: Term, start: datetime, hours: int) -> None:
    """Who applies later is answered later or at the same time."""
    assume(term.value < 40)
    later = start + timedelta(hours=hours)
    assert deadline(term, later, CALENDAR) >= deadline(term, start, CALENDAR)
    longer = Term(term.value + 1, term.unit, term.origin, term.explanation)
    assert deadline(longer, start, CALENDAR) >= deadline(term, start, CALENDAR)


@settings(max_examples=150, deadline=None)
@given(TERMS, STARTS, PAUSES)
def test_suspended_time_does_not_count(term: Term, start: datetime, hours: list[tuple[int, int]]) -> None:
    """A pause never brings the end nearer, one after the end changes nothing, and one that lasts leaves no end."""
    pauses, plain = _pauses(start, hours), deadline(term, start, CALENDAR)
    suspended = suspended_deadline(term, start, CALENDAR, pauses)
    assert suspended is not None
    assert suspended >= plain
    assert suspended_deadline(term, start, CALENDAR, ()) == plain
    after = Pause(plain + timedelta(days=1), plain + timedelta(days=9))
    assert suspended_deadline(term, start, CALENDAR, (after,)) == plain
    assert suspended_deadline(term, start, CALENDAR, (*pauses, Pause(suspended))) is None
    total = sum((pause.until - pause.since for pause in pauses if pause.until is not None), timedelta())
    if term.unit in {Unit.CALENDAR_DAYS, Unit.DAYS}:
        # Rounding to days and the roll to a working day: at most the pauses, a day for each, and a run of holidays.
        assert suspended - plain <= total + timedelta(days=len(pauses) + 10)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 2000), STARTS, PAUSES)
def test_working_time_without_pauses_is_exact(minutes: int, start: datetime, hours: list[tuple[int, int]]) -> None:
    """Between start and end lies exactly the asked amount of working time outside the pauses."""
    pauses = _pauses(start, hours)
    end = add_working_time(start, timedelta(minutes=minutes), CALENDAR, OFFICE_HOURS, pauses)
    worked, day = timedelta(), local(start).date()
    while day <= local(end).date():
        if CALENDAR.is_working_day(day):
            for begin, finish in OFFICE_HOURS.on(day):
                worked += _outside(max(begin, start), min(finish, end), pauses)
        day += timedelta(days=1)
    assert worked == timedelta(minutes=minutes)


def _outside(begin: datetime, end: datetime, pauses: tuple[Pause, ...]) -> timedelta:
    if end <= begin:
        return timedelta()
    covered = sum(
        (max(timedelta(), min(end, pause.until) - max(begin, pause.since)) for pause in pauses if pause.until),
        timedelta(),
    )
    return end - begin - covered


def test_suspending_and_resuming_on_one_day_changes_nothing() -> None:
    """A pause of a few hours costs no day of a term in days."""
    term = Term(5, WD, Origin.ACT, Text("", ""))
    pause = Pause(MONDAY + timedelta(days=1), MONDAY + timedelta(days=1, hours=5))
    assert suspended_deadline(term, MONDAY, CALENDAR, (pause,)) == deadline(term, MONDAY, CALENDAR)
    week = Pause(MONDAY + timedelta(days=1), MONDAY + timedelta(days=8))
    assert suspended_deadline(term, MONDAY, CALENDAR, (week,)) == end_of(date(2026, 2, 16))


def test_standing_goes_from_running_to_near_to_overdue() -> None:
    """Ten working days are nearly over from the working day before the last, and late after their last second."""
    due = deadline(Term(10, WD, Origin.ACT, Text("", "")), MONDAY, CALENDAR)
    assert local(due).date() == date(2026, 2, 16)
    near = near_at(MONDAY, due, CALENDAR)
    assert local(near) == datetime(2026, 2, 13, tzinfo=ALMATY)
    assert standing(MONDAY, due, near - timedelta(seconds=1), CALENDAR) is Standing.RUNNING
    assert standing(MONDAY, due, near, CALENDAR) is Standing.NEAR
    assert standing(MONDAY, due, due, CALENDAR) is Standing.NEAR
    assert standing(MONDAY, due, due + timedelta(seconds=1), CALENDAR) is Standing.OVERDUE
    assert standing(MONDAY, None, due, CALENDAR) is Standing.SUSPENDED


def test_short_term_is_near_its_end_in_the_last_fifth() -> None:
    """Fifteen minutes are nearly over after twelve."""
    due = MONDAY + timedelta(minutes=15)
    assert near_at(MONDAY, due, CALENDAR) == MONDAY + timedelta(minutes=12)


def test_promise_is_days_ahead_on_a_working_day() -> None:
    """The apology names the third working day from now."""
    friday = datetime(2026, 2, 6, 12, 0, tzinfo=ALMATY)
    assert new_promise(friday, CALENDAR) == end_of(date(2026, 2, 11))
