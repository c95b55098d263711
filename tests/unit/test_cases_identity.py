"""Ids that tell when their case began."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.cases.identity import began, case_id, lower_bound, part_id, siblings
from gateway.cases.model import BUCKETS
from gateway.cases.store.partitions import Month

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  aware by timezones


@given(INSTANTS)
def test_a_cases_id_is_a_version_7_of_its_moment(at: datetime) -> None:
    """The id is RFC 9562's UUIDv7, tells the millisecond, and lies within the bounds of its month alone."""
    made, month = case_id(at), Month.of(at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert timedelta(0) <= at - began(made) < timedelta(milliseconds=1)
    assert lower_bound(month.first) <= made < lower_bound(month.later(1).first)


def test_the_ids_of_rfc_9562s_example() -> None:
    """The time stands where RFC 9562, appendix A.6, has it."""
    example = UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")
    assert began(example) == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


@given(INSTANTS, st.text(max_size=20), st.text(max_size=20))
def test_a_part_leads_to_the_moment_of_its_case(at: datetime, name: str, other: str) -> None:
    """A part's id is the same every time, another for another name, and tells where its case lies."""
    case = case_id(at)
    part = part_id(case, name)
    assert part.version == 8
    assert part_id(case, name) == part
    assert (part_id(case, other) == part) is (other == name)
    first, last = siblings(part)
    assert first <= case <= last


def test_cases_of_one_moment_spread_over_the_buckets() -> None:
    """The bucket does not follow the clock: cases of one millisecond fall into nearly all buckets."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert len({case_id(at).int % BUCKETS for _ in range(2000)}) > BUCKETS // 2


def test_months_count_over_the_end_of_a_year() -> None:
    """December is followed by January, and three months before January is October."""
    assert Month(2026, 12).later(1) == Month(2027, 1)
    assert Month(2027, 1).later(-3) == Month(2026, 10)
    assert Month(2026, 11).table("events") == "events_2026_11"
