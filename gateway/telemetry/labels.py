"""Label values that cannot grow without bound and cannot carry personal data."""

import re

OTHER = "other"
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_LONG_NUMBER = re.compile(r"\d{6}")


class Known:
    """A label whose values are fixed beforehand; everything else becomes `other`."""

    def __init__(self, *values: str) -> None:
        """Take the values."""
        self._values = frozenset(values)

    def __call__(self, value: str) -> str:
        """Return the value to use."""
        return value if value in self._values else OTHER


class Bounded:
    """A label of our own words (states, kinds, configured names): the first `limit` of them, then `other`.

    What does not look like a word, or holds a longer number, is `other` from the start.
    """

    def __init__(self, limit: int) -> None:
        """Take how many different values there may be."""
        self._limit = limit
        self._seen: set[str] = set()

    def __call__(self, value: str) -> str:
        """Return the value to use."""
        if value in self._seen:
            return value
        if len(self._seen) >= self._limit or not _WORD.fullmatch(value) or _LONG_NUMBER.search(value):
            return OTHER
        self._seen.add(value)
        return value
