"""Identification numbers of people (IIN) and legal entities (BIN) that never existed, with right check digits.

The algorithm is that of the Kazakh law on national registers of identification numbers: twelve digits, the last of
them a control digit by weights 1..11 modulo 11, with a second round of weights when the first gives 10.
"""

from datetime import date
from itertools import count

_FIRST = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SECOND = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
_NO_DIGIT = 10
_MALE_OF_CENTURY = {18: 1, 19: 3, 20: 5}
_RESIDENT_LEGAL_ENTITY = "40"


def check_digit(eleven: str) -> int | None:
    """Return the control digit of the first eleven digits; None for the few numbers that have none."""
    for weights in (_FIRST, _SECOND):
        remainder = sum(int(digit) * weight for digit, weight in zip(eleven, weights, strict=True)) % 11
        if remainder != _NO_DIGIT:
            return remainder
    return None


def iin(birth: date, *, female: bool, serial: int) -> str:
    """Return an IIN for a person born on `birth`; `serial` (0..89) marks the fiction: 99xx."""
    century = _MALE_OF_CENTURY[birth.year // 100] + female
    return _completed(f"{birth:%y%m%d}{century}", 9900 + serial, width=4)


def bin_number(registered: date, *, serial: int) -> str:
    """Return a BIN for a resident legal entity registered in the month of `registered`; `serial` is 0..999."""
    return _completed(f"{registered:%y%m}{_RESIDENT_LEGAL_ENTITY}", 99_000 + serial, width=5)


def _completed(head: str, first: int, *, width: int) -> str:
    for serial in count(first):
        eleven = f"{head}{serial:0{width}d}"
        digit = check_digit(eleven)
        if digit is not None:
            return f"{eleven}{digit}"
    raise AssertionError("unreachable: of eleven neighbours at most one has no control digit")
