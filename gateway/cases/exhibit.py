"""Evidence in bytes: what was sent and what others answered. The log names each by its SHA-256."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final

from gateway.cases.evidence import digest

_HOLE: Final = b"\0"
"""No XML holds this byte."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One document of a case, kept sealed, byte for byte."""

    name: str
    """Ours: another's may hold the citizen's."""
    content: bytes = field(repr=False)
    mime: str = "text/xml"
    quotes: bytes | None = field(default=None, repr=False)
    """A document of the case that is kept by itself and stands in this one in base64: it is not kept twice."""

    @property
    def sha256(self) -> str:
        """The document's name in the log."""
        return digest(self.content)


def cut(text: bytes, quoted: bytes | None) -> bytes:
    """Return what is to be kept of `text`: without the document that it quotes in base64, if in one piece."""
    if not quoted or _HOLE in text:
        return text
    before, found, after = text.partition(b64encode(quoted))
    return before + _HOLE + after if found else text


def whole(kept: bytes, quoted: bytes | None) -> bytes:
    """Undo `cut`: the same bytes again."""
    return kept.replace(_HOLE, b64encode(quoted), 1) if quoted else kept
