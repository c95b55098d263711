"""Identification numbers of the sandbox's people."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from gateway.sandbox.identities import AUTHENTICATION_ONLY, CITIZENS, EXPIRED, FOREIGN, PROVIDERS
from gateway.sandbox.numbers import bin_number, check_digit, iin


def test_check_digit_of_published_examples() -> None:
    """The control digits of two published BINs (JSC NIT, JSC Kazakhtelecom) come out as published."""
    assert check_digit("00074000072") == 8
    assert check_digit("94124000019") == 3


@given(st.dates(date(1900, 1, 1), date(2030, 12, 31)), st.booleans(), st.integers(0, 89))
def test_iin_carries_birth_date_sex_and_check_digit(birth: date, female: bool, serial: int) -> None:  # noqa: FBT001  a property
    """An IIN has twelve digits: birth date, century with sex, the fictional range, and the right control digit."""
    number = iin(birth, female=female, serial=serial)
    assert len(number) == 12
    assert number[:6] == f"{birth:%y%m%d}"
    assert (int(number[6]) % 2 == 0) == female
    assert check_digit(number[:11]) == int(number[11])


@given(st.dates(date(2000, 1, 1), date(2030, 12, 31)), st.integers(0, 900))
def test_bin_marks_a_resident_legal_entity(registered: date, serial: int) -> None:
    """A BIN has twelve digits: month of registration, type 4 (legal entity), 0 (head office), right control digit."""
    number = bin_number(registered, serial=serial)
    assert len(number) == 12
    assert number[:6] == f"{registered:%y%m}40"
    assert check_digit(number[:11]) == int(number[11])


def test_everyone_has_a_number_of_their_own() -> None:
    """No two people of the sandbox share an IIN."""
    people = [*CITIZENS, EXPIRED, FOREIGN, AUTHENTICATION_ONLY, *(provider.head for provider in PROVIDERS)]
    assert len({person.iin for person in people}) == len(people)
