"""What an individual identification number (ЖСН / ИИН) says by itself.

Twelve digits (Law on national registers of identification numbers of 2007-01-12 No. 223-III and the rules for forming
the number): date of birth as YYMMDD, century and sex, serial number, control digit.
"""

from datetime import date

_ROUNDS = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))
_NO_DIGIT = 10
_LENGTH = 12
_CENTURIES = {"1": 1800, "2": 1800, "3": 1900, "4": 1900, "5": 2000, "6": 2000}


def is_valid(iin: str) -> bool:
    """Tell whether it has twelve digits and the last is the control digit of the others."""
    if len(iin) != _LENGTH or not (iin.isascii() and iin.isdigit()):
        return False
    return _control_digit(iin[:-1]) == int(iin[-1])


def birth_date(iin: str) -> date | None:
    """Return the date of birth; None where the number holds none (a foreigner's may not)."""
    century = _CENTURIES.get(iin[6:7])
    if century is None or len(iin) != _LENGTH or not iin.isdigit():
        return None
    try:
        return date(century + int(iin[:2]), int(iin[2:4]), int(iin[4:6]))
    except ValueError:
        return None


def _control_digit(eleven: str) -> int | None:
    for weights in _ROUNDS:
        remainder = sum(int(digit) * weight for digit, weight in zip(eleven, weights, strict=True)) % 11
        if remainder != _NO_DIGIT:
            return remainder
    return None  # such numbers are not given out
