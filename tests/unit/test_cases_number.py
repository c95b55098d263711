"""Registration numbers."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.cases.number import is_registration_number, registration_number

YEARS = st.integers(2026, 2099)
SERIALS = st.integers(1, 10**10)


def test_a_known_number() -> None:
    """The form is fixed: it is printed on papers."""
    assert registration_number(2026, 123) == "2026-00000123-3"


@given(YEARS, SERIALS)
def test_every_number_is_recognised(year: int, serial: int) -> None:
    """What we give out, we take back."""
    assert is_registration_number(registration_number(year, serial))


@given(YEARS, SERIALS, st.data())
def test_one_wrong_digit_is_found(year: int, serial: int, data: st.DataObject) -> None:
    """A number with one digit misread is refused, wherever it is."""
    number = registration_number(year, serial)
    place = data.draw(st.sampled_from([index for index, char in enumerate(number) if char.isdigit()]))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert not is_registration_number(number[:place] + wrong + number[place + 1 :])


def test_other_texts_are_no_numbers() -> None:
    """Nothing but the exact form is a number."""
    for text in (
        "",
        "2026",
        "2026-123-4",
        "2026-00000123-",
        "a026-00000123-4",
        "2026-00000123-4-1",
        "２０２６-00000123-3",
    ):
        assert not is_registration_number(text)
