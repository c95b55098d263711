"""The types of file that may be attached, told by their structure: begun, complete, and nothing else besides.

Nothing is rendered or unpacked, no active content is interpreted. A file that another program would read as something
else (a PDF that is also a web page, a picture with an archive behind it) is refused: the clerk who opens it must see
what was checked here. Sources: WHATWG MIME Sniffing section 6; ISO 32000-1 section 7.5 with implementation notes 13
and 18 of the PDF Reference 1.7; ISO/IEC 10918-1 annex B; W3C PNG section 5; APPNOTE.TXT section 4.3.16.
"""

import zlib
from enum import StrEnum

from lxml import etree

from gateway.catalogue import xml_input

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
XML = frozenset({"application/xml", "text/xml"})

_BEGINNINGS = {PDF: b"%PDF-", JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n"}
_WINDOW = 1024
"""Where readers of PDF look for its beginning and its end, and browsers for markup."""
_MARKUP = (b"<html", b"<script", b"<!doctype", b"<svg")
_ACTIVE_ROOTS = frozenset({"html", "svg", "stylesheet", "xdp"})
_ARCHIVE_END, _ARCHIVE_END_LENGTH = b"PK\x05\x06", 22
_LONGEST_COMMENT = 0xFFFF


class Flaw(StrEnum):
    """What is wrong with a file."""

    OTHER_TYPE = "other_type"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"
    """It can be read as a file of another type too."""


def told(content: bytes) -> str:
    """Return the type that the beginning of a file tells; whether it is one of that type, `flaw` says."""
    return next((mime for mime, start in _BEGINNINGS.items() if content.startswith(start)), "application/xml")


def flaw(content: bytes, mime: str) -> Flaw | None:
    """Return what keeps a file from being taken as one of the type `mime`.

    Raises:
        KeyError: files of that type are not taken at all.
    """
    if mime in XML:
        return _xml_flaw(content)
    if not content.startswith(_BEGINNINGS[mime]):
        return Flaw.OTHER_TYPE
    if not _COMPLETE[mime](content):
        return Flaw.INCOMPLETE
    return Flaw.AMBIGUOUS if _is_something_else(content, mime) else None


def _xml_flaw(content: bytes) -> Flaw | None:
    try:
        root = xml_input.parse(content)
    except xml_input.XmlUnusable:
        looks_like_xml = content.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(b"<")
        return Flaw.INCOMPLETE if looks_like_xml else Flaw.OTHER_TYPE
    if etree.QName(root).localname.casefold() in _ACTIVE_ROOTS or b"%PDF-" in content[:_WINDOW]:
        return Flaw.AMBIGUOUS
    return None


def _is_something_else(content: bytes, mime: str) -> bool:
    start = content[:_WINDOW].lower()
    if any(mark in start for mark in _MARKUP) or (mime != PDF and b"%pdf-" in start):
        return True
    return _ends_as_an_archive(content)


def _ends_as_an_archive(content: bytes) -> bool:
    """Tell whether the end is a ZIP archive's: its readers begin there, whatever stands before."""
    tail = content[-(_ARCHIVE_END_LENGTH + _LONGEST_COMMENT) :]
    at = tail.rfind(_ARCHIVE_END)
    if at < 0 or len(tail) - at < _ARCHIVE_END_LENGTH:
        return False
    comment = int.from_bytes(tail[at + 20 : at + _ARCHIVE_END_LENGTH], "little")
    return at + _ARCHIVE_END_LENGTH + comment <= len(tail)


def _pdf_is_complete(content: bytes) -> bool:
    return b"%%EOF" in content[-_WINDOW:]


_START_OF_SCAN, _END_OF_IMAGE = 0xDA, b"\xff\xd9"


def _jpeg_is_complete(content: bytes) -> bool:
    """Walk the segments to the picture's data; cameras write more pictures behind the end of the first."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:  # noqa: PLR2004  every marker begins with it
        if content[at + 1] == 0xFF:  # noqa: PLR2004  fill bytes, annex B.1.1.2
            at += 1
            continue
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] == _START_OF_SCAN:
            return content.find(_END_OF_IMAGE, at + 2 + length) >= 0
        at += 2 + length
    return False


_CHUNK = 12
"""Bytes of a PNG chunk beside its data: length, type and check sum."""


def _png_is_complete(content: bytes) -> bool:
    at = len(_BEGINNINGS[PNG])
    while at + _CHUNK <= len(content):
        end = at + _CHUNK + int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        if end > len(content) or zlib.crc32(content[at + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            return False
        if kind == b"IEND":
            return end == len(content)
        at = end
    return False


_COMPLETE = {PDF: _pdf_is_complete, JPEG: _jpeg_is_complete, PNG: _png_is_complete}
