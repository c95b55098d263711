"""Simple values on the wire: dates, numbers, limited texts."""

import re
from datetime import datetime

from gateway.clock import ALMATY, local

_YEARS = range(1970, 2200)  # far from the ends of the calendar, where conversion between zones overflows
_INT = re.compile(r"[+-]?[0-9]{1,10}")
_INT32 = range(-(2**31), 2**31)


def read_date(text: str | None) -> datetime | None:
    """Read an `xs:dateTime`: with or without fractions and zone; without a zone it is Kazakhstan's.

    Returns None for what is not a date: peers send anything here, and nothing is decided by it.
    """
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.year not in _YEARS:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=ALMATY)


def write_date(instant: datetime) -> str:
    """Write an `xs:dateTime` on the clock of Kazakhstan, to the millisecond."""
    return local(instant).isoformat(timespec="milliseconds")


def read_int(text: str) -> int:
    """Read an `xs:int`.

    Raises:
        ValueError: it is none.
    """
    if not _INT.fullmatch(text) or int(text) not in _INT32:
        raise ValueError("not an xs:int")
    return int(text)


def shorten(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters, at the end of a word, with an ellipsis in place of the rest."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    if not text[limit - 1].isspace():
        head = head.rpartition(" ")[0] or head
    return f"{head.rstrip(' ,.;:')}…"
