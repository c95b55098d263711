"""Working days of Kazakhstan."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalogue.calendar import FIRST_YEAR, LAST_YEAR, MAX_WORKING_DAYS, OutsideCalendarError, WorkingCalendar

PLAIN = WorkingCalendar()
DAYS = st.dates(date(2002, 1, 1), date(2095, 12, 31))


def _weekdays_off(calendar: WorkingCalendar, year: int) -> list[str]:
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    return [
        f"{day:%m-%d}" for day in days if day.year == year and day.weekday() < 5 and not calendar.is_working_day(day)
    ]


def test_holidays_of_2026() -> None:
    """The weekdays off in 2026: holidays, those moved from a weekend, Christmas and Kurban-ait."""
    assert _weekdays_off(PLAIN, 2026) == [
        *("01-01", "01-02", "01-07"),  # New Year, Orthodox Christmas
        *("03-09", "03-23", "03-24", "03-25"),  # 8 March is a Sunday; Nauryz 21-23 March begins on a Saturday
        *("05-01", "05-07", "05-11"),  # 9 May is a Saturday
        *("05-27", "07-06"),  # Kurban-ait, Capital Day
        *("10-26", "12-16"),  # 25 October is a Sunday
    ]


def test_holidays_of_2025_with_the_transferred_day() -> None:
    """In 2025 the government moved Sunday 5 January to Friday 3 January: people worked that Sunday."""
    assert not PLAIN.is_working_day(date(2025, 1, 3))
    assert PLAIN.is_working_day(date(2025, 1, 5))
    assert "06-06" in _weekdays_off(PLAIN, 2025)  # Kurban-ait


def test_holiday_on_a_weekend_moves_but_religious_days_do_not() -> None:
    """Capital Day on a Saturday moves to Monday; Christmas on a Sunday and Kurban-ait on a Sunday do not."""
    assert not PLAIN.is_working_day(date(2024, 7, 8))
    assert PLAIN.is_working_day(date(2024, 1, 8))
    assert PLAIN.is_working_day(date(2024, 6, 17))


def test_overrides_win_in_both_directions() -> None:
    """A transferred day makes a weekday off and a Saturday worked, and can move Kurban-ait."""
    calendar = WorkingCalendar(
        {date(2026, 5, 8): True, date(2026, 5, 16): False, date(2026, 5, 27): False, date(2026, 5, 28): True}
    )
    assert not calendar.is_working_day(date(2026, 5, 8))
    assert calendar.is_working_day(date(2026, 5, 16))
    assert calendar.is_working_day(date(2026, 5, 27))
    assert not calendar.is_working_day(date(2026, 5, 28))
    assert calendar.add_working_days(date(2026, 5, 15), 1) == date(2026, 5, 16)


@pytest.mark.parametrize(
    ("start", "n", "expected"),
    [
        (date(2026, 1, 5), 1, date(2026, 1, 6)),
        (date(2026, 1, 5), 9, date(2026, 1, 19)),  # over Christmas
        (date(2026, 3, 20), 1, date(2026, 3, 26)),  # over Nauryz
        (date(2026, 5, 26), 1, date(2026, 5, 28)),  # over Kurban-ait
        (date(2025, 12, 31), 1, date(2026, 1, 5)),  # over New Year
        (date(2026, 3, 21), 7, date(2026, 4, 3)),  # from a day off
        (date(2026, 3, 21), 0, date(2026, 3, 21)),
    ],
)
def test_working_days_are_added(start: date, n: int, expected: date) -> None:
    """The n-th working day after the start is found, over holidays and weekends."""
    assert PLAIN.add_working_days(start, n) == expected


@settings(max_examples=60)
@given(start=DAYS, n=st.integers(1, 60), overrides=st.dictionaries(DAYS, st.booleans(), max_size=20))
def test_result_is_a_working_day_with_n_of_them_on_the_way(start: date, n: int, overrides: dict[date, bool]) -> None:
    """The result is a working day after the start, and exactly n working days lie between."""
    calendar = WorkingCalendar(overrides)
    end = calendar.add_working_days(start, n)
    between = [start + timedelta(days=k) for k in range(1, (end - start).days + 1)]
    assert calendar.is_working_day(end)
    assert sum(map(calendar.is_working_day, between)) == n


@settings(max_examples=60)
@given(start=DAYS, first=st.integers(0, 30), second=st.integers(0, 30))
def test_adding_in_two_steps_is_adding_at_once(start: date, first: int, second: int) -> None:
    """A term may be split into the terms of its steps."""
    assert PLAIN.add_working_days(PLAIN.add_working_days(start, first), second) == PLAIN.add_working_days(
        start, first + second
    )


@pytest.mark.parametrize("day", [date(FIRST_YEAR - 1, 12, 31), date(LAST_YEAR + 1, 1, 1)])
def test_years_beyond_the_data_are_refused(day: date) -> None:
    """A day whose holidays are not known is an error, not a guess."""
    with pytest.raises(OutsideCalendarError):
        PLAIN.is_working_day(day)


def test_way_out_of_the_data_is_refused() -> None:
    """A term that leads beyond the data is an error too."""
    with pytest.raises(OutsideCalendarError):
        PLAIN.add_working_days(date(LAST_YEAR, 12, 30), 5)


@pytest.mark.parametrize("n", [-1, MAX_WORKING_DAYS + 1])
def test_senseless_number_of_days_is_refused(n: int) -> None:
    """Negative and enormous terms are mistakes."""
    with pytest.raises(ValueError, match="expected 0 to"):
        PLAIN.add_working_days(date(2026, 1, 5), n)
