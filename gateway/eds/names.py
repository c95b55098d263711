"""Distinguished names compared by meaning, not by spelling.

X509IssuerName in a signature (XML Signature 1.1 section 4.5.4) is an RFC 4514 string, but peers write it in either
order, with or without spaces, with keywords or OIDs, with values as text or as `#` and hex.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from gateway.eds.der import Element, children, element_at, object_identifier

Name = tuple[tuple[str, str], ...]
"""Attributes as (dotted OID, normalised value), sorted: order plays no part in comparison."""

_KEYWORDS = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "S": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "BUSINESSCATEGORY": "2.5.4.15",
    "G": "2.5.4.42",
    "GN": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
}
_OID = re.compile(r"(?:OID\.)?(\d+(?:\.\d+)+)", re.IGNORECASE)
_SEPARATORS = frozenset(",;+")
_TOKEN = re.compile(r'\\[0-9A-Fa-f]{2}|\\.|"|[^\\"]', re.DOTALL)
_MAX_LENGTH = 4096
# UTF8String, PrintableString, T61String, IA5String, BMPString
_STRING_TAGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}


@lru_cache(maxsize=256)  # there are few issuers
def comparable(der: bytes) -> Name:
    """Return a DER Name (RFC 5280 section 4.1.2.4) in comparable form.

    Raises:
        ValueError: not a Name, or an attribute value of a type no certificate of ours uses.
    """
    attributes = []
    for relative_name in children(der, element_at(der, 0)):
        for attribute in children(der, relative_name):
            oid, value = children(der, attribute)
            attributes.append((object_identifier(der[oid.content : oid.end]), _text(der, value)))
    return _sorted(attributes)


def same(one: bytes, other: bytes) -> bool:
    """Whether two DER names mean the same; a name that cannot be read is the same as its own bytes only."""
    return one == other or matches(one, _readable(other))


def matches(der: bytes, name: Name | None) -> bool:
    """Whether a DER name means `name`; False when it cannot be read."""
    return name is not None and _readable(der) == name


def _readable(der: bytes) -> Name | None:
    try:
        return comparable(der)
    except ValueError:
        return None


def parse(text: str) -> Name:
    """Read an RFC 4514 / RFC 2253 string in the spellings that Java, .NET and OpenSSL produce.

    Raises:
        ValueError: not such a string.
    """
    if len(text) > _MAX_LENGTH:
        raise ValueError("the name is too long")
    attributes = []
    for part in _split(text):
        keyword, equals, value = part.partition("=")
        if not equals:
            raise ValueError("an attribute without a value")
        attributes.append((_oid(keyword.strip()), _value(value.strip(" \t\r\n"))))
    return _sorted(attributes)


def _sorted(attributes: Iterable[tuple[str, str]]) -> Name:
    return tuple(sorted((oid, " ".join(value.split()).casefold()) for oid, value in attributes))


def _split(text: str) -> list[str]:
    """Cut at separators that are neither escaped nor quoted; escapes stay as they are."""
    parts, current, quoted = [], "", False
    for piece in _TOKEN.findall(text):
        if piece == '"':
            quoted = not quoted
        if piece in _SEPARATORS and not quoted:
            parts.append(current)
            current = ""
        else:
            current += piece
    if quoted:
        raise ValueError("an open quotation mark")
    return [*parts, current]


def _oid(keyword: str) -> str:
    dotted = _OID.fullmatch(keyword)
    oid = dotted[1] if dotted else _KEYWORDS.get(keyword.upper())
    if oid is None:
        raise ValueError("an unknown attribute keyword")
    return oid


def _value(text: str) -> str:
    if text.startswith("#"):
        return _encoded_value(bytes.fromhex(text[1:]))
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    octets = b"".join(_octets(token) for token in _TOKEN.findall(text))
    return octets.decode("utf-8")  # UnicodeDecodeError is a ValueError


def _octets(token: str) -> bytes:
    if len(token) == len(r"\41"):
        return bytes.fromhex(token[1:])
    return token[-1].encode()


def _encoded_value(der: bytes) -> str:
    value = element_at(der, 0)
    if value.end != len(der):
        raise ValueError("an attribute value with something behind it")
    return _text(der, value)


def _text(der: bytes, value: Element) -> str:
    encoding = _STRING_TAGS.get(value.tag)
    if encoding is None:
        raise ValueError("an attribute value of an unsupported type")
    return der[value.content : value.end].decode(encoding)
