"""How a message stands on the page: laid out for reading, and without what differs from run to run."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import date
from itertools import count

from lxml import etree

from gateway.catalogue import dates

_OPAQUE = frozenset(
    {"SignatureValue", "DigestValue", "X509Certificate", "KeyIdentifier", "X509SerialNumber", "X509IssuerName"}
    | {"content", "sha256", "password"}
)
_DAY, _INSTANT = date(2026, 1, 19), "2026-01-05T10:00:00+05:00"
_DAYS = frozenset({"deadline", "until"})
_DATA = "the document below, as text"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?<=-)[0-9a-f]{32}(?![0-9a-f])")
_NUMBERED = {re.compile(r"\b2547\d{5}\b"): 254_750_000, re.compile(r"\b338\d{4}\b"): 3_380_000}
_SAME = {
    re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"): _INSTANT,
    re.compile(r"\b20\d\d-\d{8}-\d\b"): "2026-00000123-3",
}


class Shown:
    """Lays messages out; the same id is the same on the whole page."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._uuids = count(1)
        self._numbers = {pattern: count(first + 1) for pattern, first in _NUMBERED.items()}

    def envelope(self, raw: bytes, *, header: bool = False) -> str:
        """Return an envelope and the document in its data, as one block each.

        Args:
            raw: the message.
            header: whether its signature is shown, which is the same in all of them.
        """
        root = etree.fromstring(raw)
        documents = [element.text or "" for element in root.iter("data")]
        for element in root.iter("data"):
            element.text = _DATA
        if not header:
            _without_security(root)
        return "\n".join(map(self._block, (etree.tostring(root, encoding="unicode"), *documents)))

    def document(self, raw: bytes) -> str:
        """Return only the document in an envelope's data."""
        return self._block(_document(raw))

    def result(self, raw: bytes) -> str:
        """Return the provider's document in the answer to the cabinet."""
        (content,) = etree.fromstring(_document(raw).encode()).iter("{*}content")
        return self._block(b64decode(content.text or "").decode())

    def _block(self, document: str) -> str:
        return f"```xml\n{self._laid_out(document.encode())}\n```\n"

    def _laid_out(self, document: bytes) -> str:
        root = etree.fromstring(document, etree.XMLParser(remove_blank_text=True))
        for element in root.iter(etree.Element):
            name = etree.QName(element).localname
            if name in _OPAQUE and element.text and not len(element):
                element.text = "..."
            elif name in _DAYS and element.text:
                element.text = _DAY.isoformat()
        etree.indent(root)
        return self._settled(etree.tostring(root, encoding="unicode"))

    def _settled(self, text: str) -> str:
        for pattern, value in _SAME.items():
            text = pattern.sub(value, text)
        for spoken, value in _spoken_days():
            text = spoken.sub(value, text)
        text = _UUID.sub(lambda one: self._named(one[0], f"00000000-0000-4000-8000-{{:0{12}d}}", self._uuids), text)
        for pattern, numbers in self._numbers.items():
            text = pattern.sub(lambda one, numbers=numbers: self._named(one[0], "{}", numbers), text)  # type: ignore[misc]  # mypy does not see the default's type
        return text

    def _named(self, value: str, shape: str, numbers: Iterator[int]) -> str:
        if value not in self._known:
            self._known[value] = shape.format(next(numbers))
        return self._known[value]


def _document(raw: bytes) -> str:
    (data,) = etree.fromstring(raw).iter("data")
    return data.text or ""


def _without_security(root: etree._Element) -> None:
    for header in root.iter("{http://schemas.xmlsoap.org/soap/envelope/}Header"):
        for child in list(header):
            header.remove(child)
        header.append(etree.Comment(" wsse:Security with the signature of the Body, as in the first message "))


def _spoken_days() -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield the ways in which notices name a day, each with the day that stands on the page."""
    for form in (dates.of, dates.by, dates.on):  # the longest Kazakh endings first
        kk, ru = form(_DAY).kk, form(_DAY).ru
        for month in range(1, 13):
            word = form(date(2026, month, 1))
            yield re.compile(word.kk.replace("2026", r"\d{4}").replace(" 1 ", r" \d{1,2} ") + r"(?!\w)"), kk
            yield re.compile(r"\b" + word.ru.replace("2026", r"\d{4}").replace("1 ", r"\d{1,2} ", 1)), ru
