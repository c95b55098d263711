"""Kazakh as the acts print it: Latin letters inside Cyrillic words."""

import re

# The acts mix the Latin i with the Cyrillic і (U+0456); one has a Latin p, and scans have others of the same look.
_LATIN = str.maketrans("iIaAcCeEoOpPxXyYhHKMTB", "іІаАсСеЕоОрРхХуУһНКМТВ")
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")


def normalised(text: str) -> str:
    """Return the text with the Latin look-alikes inside Cyrillic words replaced; purely Latin words stay."""
    return _WORD.sub(lambda word: _cyrillic(word.group()), text)


def _cyrillic(word: str) -> str:
    return word.translate(_LATIN) if _CYRILLIC.search(word) else word


def same(one: str, other: str) -> bool:
    """Tell whether two texts are the same to a reader: letters of the same look, case and spaces do not count."""
    return " ".join(normalised(one).casefold().split()) == " ".join(normalised(other).casefold().split())
