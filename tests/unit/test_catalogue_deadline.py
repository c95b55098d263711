"""Terms of the acts and the deadlines that follow from them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.deadline import deadline
from gateway.catalogue.term import DEFAULT_WORKING_DAYS, Origin, Term, portal_term
from gateway.catalogue.wording import Unit
from gateway.clock import ALMATY, local
from gateway.texts import Text
from tests.support.catalogue import CATEGORIES, HOME_SCHOOLING, HOUSING, service

CALENDAR = WorkingCalendar()


def _term(value: int, unit: Unit) -> Term:
    return Term(value, unit, Origin.ACT, Text("", ""))


def _almaty(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ALMATY)  # type: ignore[arg-type,misc]  # year, month, day and so on


@pytest.mark.parametrize(
    ("service_id", "days", "sum_of"), [(HOME_SCHOOLING, 9, "1 + 7 + 1"), (CATEGORIES, 7, "1 + 5 + 1")]
)
def test_term_is_the_sum_of_the_acts_steps(service_id: str, days: int, sum_of: str) -> None:
    """Where the act states the steps' terms, the term is their sum, with the clause and the sum named."""
    term = portal_term(service(service_id))
    assert (term.value, term.unit, term.origin, term.clause) == (days, Unit.WORKING_DAYS, Origin.ACT_STEPS, "5")
    assert sum_of in term.explanation.kk
    assert sum_of in term.explanation.ru


def test_sum_agrees_with_the_acts_other_channels() -> None:
    """The sums equal what the act gives the provider in the PSC's and the akim's procedure."""
    for service_id in (HOME_SCHOOLING, CATEGORIES):
        stated = [d.value for d in service(service_id).passport.deadlines if d.what == "provider_processing"]
        assert stated == [portal_term(service(service_id)).value]


def test_open_term_is_a_default_that_is_not_called_law() -> None:
    """Housing assistance refers to a standard for its term: ten working days by default, said to be ours."""
    term = portal_term(service(HOUSING))
    assert (term.value, term.unit, term.origin, term.clause) == (
        DEFAULT_WORKING_DAYS,
        Unit.WORKING_DAYS,
        Origin.DEFAULT,
        None,
    )
    assert "не норма закона" in term.explanation.ru
    assert "заң нормасы емес" in term.explanation.kk


def test_setting_fills_an_open_term_and_shortens_a_stated_one() -> None:
    """An installation may set a term where the act is silent, and a shorter one where it is not."""
    assert (portal_term(service(HOUSING), 15).value, portal_term(service(HOUSING), 15).origin) == (15, Origin.SETTING)
    assert portal_term(service(HOME_SCHOOLING), 5).origin is Origin.SETTING


@pytest.mark.parametrize(("service_id", "days"), [(HOME_SCHOOLING, 10), (HOUSING, 0)])
def test_setting_longer_than_the_act_is_refused(service_id: str, days: int) -> None:
    """No setting makes the citizen wait longer than the act says, or no time at all."""
    with pytest.raises(ValueError, match=service_id):
        portal_term(service(service_id), days)


def test_service_without_the_portal_has_no_portal_term() -> None:
    """Asking for the portal's term of a service that the portal does not give is a mistake."""
    with pytest.raises(ValueError, match="not given through the portal"):
        portal_term(service("astana.wheelchair"))


@pytest.mark.parametrize(
    ("value", "kk", "ru"),
    [
        (1, "1 жұмыс күні", "1 рабочий день"),
        (3, "3 жұмыс күні", "3 рабочих дня"),
        (11, "11 жұмыс күні", "11 рабочих дней"),
    ],
)
def test_term_in_words(value: int, kk: str, ru: str) -> None:
    """A term is said in grammatical Kazakh and Russian."""
    assert _term(value, Unit.WORKING_DAYS).text == Text(kk, ru)


@pytest.mark.parametrize(
    ("registered", "days", "last"),
    [
        (_almaty(2026, 1, 5, 9, 0), 9, date(2026, 1, 19)),
        (_almaty(2026, 1, 5, 23, 59, 59), 9, date(2026, 1, 19)),  # the hour does not matter
        (_almaty(2026, 3, 19, 1, 0), 9, date(2026, 4, 6)),  # in UTC still 18 March
        (_almaty(2026, 3, 20, 19, 0), 7, date(2026, 4, 3)),
        (_almaty(2026, 3, 21, 12, 0), 7, date(2026, 4, 3)),  # on a day off: as on the working day before it
        (_almaty(2026, 4, 30, 12, 0), 10, date(2026, 5, 19)),  # over the holidays of May
        (_almaty(2026, 5, 25, 12, 0), 7, date(2026, 6, 4)),  # over Kurban-ait
        (_almaty(2026, 12, 28, 12, 0), 9, date(2027, 1, 13)),  # over New Year, 2 January moved, Christmas
    ],
)
def test_deadline_in_working_days(registered: datetime, days: int, last: date) -> None:
    """The term ends with the last second of the n-th working day after the day of application, in Kazakhstan."""
    end = deadline(_term(days, Unit.WORKING_DAYS), registered, CALENDAR)
    assert end.tzinfo is UTC
    assert local(end) == datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=ALMATY)


def test_overrides_move_the_deadline() -> None:
    """A transferred day off moves the end of the term."""
    calendar = WorkingCalendar({date(2026, 1, 19): True})
    end = deadline(_term(9, Unit.WORKING_DAYS), _almaty(2026, 1, 5, 9, 0), calendar)
    assert local(end).date() == date(2026, 1, 20)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (15, Unit.MINUTES, _almaty(2026, 1, 5, 9, 15)),
        (2, Unit.HOURS, _almaty(2026, 1, 5, 11, 0)),
        (10, Unit.CALENDAR_DAYS, _almaty(2026, 1, 15, 23, 59, 59)),
        (5, Unit.CALENDAR_DAYS, _almaty(2026, 1, 12, 23, 59, 59)),  # 10 January is a Saturday
        (10, Unit.DAYS, _almaty(2026, 1, 15, 23, 59, 59)),
        (1, Unit.MONTHS, _almaty(2026, 2, 5, 23, 59, 59)),
        (1, Unit.QUARTERS, _almaty(2026, 4, 6, 23, 59, 59)),  # 5 April is a Sunday
    ],
)
def test_other_units(value: int, unit: Unit, expected: datetime) -> None:
    """Minutes and hours run at once; calendar days and months end on a working day."""
    assert deadline(_term(value, unit), _almaty(2026, 1, 5, 9, 0), CALENDAR) == expected


def test_month_without_that_day_ends_on_its_last_day() -> None:
    """A month from 31 January ends with February: on Saturday 28 February, so on Monday."""
    assert local(deadline(_term(1, Unit.MONTHS), _almaty(2026, 1, 31, 9, 0), CALENDAR)).date() == date(2026, 3, 2)


def test_naive_instant_is_refused() -> None:
    """An instant without a zone would be guessed; it is refused."""
    with pytest.raises(ValueError, match="aware"):
        deadline(_term(1, Unit.HOURS), datetime(2026, 1, 5), CALENDAR)  # noqa: DTZ001  the very thing tested


@settings(max_examples=60)
@given(
    registered=st.datetimes(datetime(2024, 3, 2), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  hypothesis wants naive bounds
    value=st.integers(1, 40),
    unit=st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS, Unit.CALENDAR_DAYS, Unit.MONTHS]),
)
def test_deadline_is_after_the_day_of_application_and_on_a_working_day(
    registered: datetime, value: int, unit: Unit
) -> None:
    """Every term of days ends on a later working day, and never earlier than a shorter term."""
    end = deadline(_term(value, unit), registered, CALENDAR)
    assert local(end).date() > local(registered).date()
    assert CALENDAR.is_working_day(local(end).date())
    assert deadline(_term(value + 1, unit), registered, CALENDAR) >= end
    assert end - registered >= timedelta(0)
