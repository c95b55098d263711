"""Registration numbers: `2026-00000123-3`, the last digit a check digit (ISO/IEC 7064, MOD 11,10).

The check digit finds every single wrong digit and almost every swapped pair, so that a number read over the telephone
is either right or refused.
"""

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10


def registration_number(year: int, serial: int) -> str:
    """Return the number for the `serial`-th case (1 to 99,999,999 are eight digits wide; more is wider)."""
    body = f"{year:04d}{serial:08d}"
    return f"{body[:4]}-{body[4:]}-{mod_11_10.calc_check_digit(body)}"


def is_registration_number(text: str) -> bool:
    """Tell whether `text` is a well-formed number with the right check digit."""
    parts = text.split("-")
    if [len(part) for part in parts[::2]] != [4, 1] or not all(part.isascii() and part.isdigit() for part in parts):
        return False
    try:
        mod_11_10.validate("".join(parts))
    except ValidationError:
        return False
    return len(parts[1]) >= 8  # noqa: PLR2004  the width given in registration_number
