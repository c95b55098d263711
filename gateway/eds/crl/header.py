"""What a list says of itself, read without reading its entries (RFC 5280 sections 5.1 and 5.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from gateway.eds.crl.list_file import ListFile, ListUnusable
from gateway.eds.der import Element, children, element_at, object_identifier

_BOOLEAN, _INTEGER, _BIT_STRING, _NULL, _SEQUENCE = 0x01, 0x02, 0x03, 0x05, 0x30
_UTC_TIME, _GENERALIZED_TIME, _EXTENSIONS, _KEY_IDENTIFIER = 0x17, 0x18, 0xA0, 0x80
TIMES: Final = frozenset({_UTC_TIME, _GENERALIZED_TIME})
_AUTHORITY_KEY: Final = "2.5.29.35"
_NUMBER: Final = "2.5.29.20"
_DELTA: Final = "2.5.29.27"
_SCOPE: Final = "2.5.29.28"


@dataclass(frozen=True, slots=True)
class Header:
    """Everything of a list but its entries."""

    issuer: bytes = field(repr=False)
    """Name, DER."""
    authority_key_id: bytes | None
    this_update: datetime
    next_update: datetime
    number: int
    base_number: int | None
    """Of a delta: the list it may be laid over, or a later one. None: a full list."""
    signature_oid: str
    signature: bytes = field(repr=False)
    signed: Element
    """The tbsCertList."""
    entries: Element | None


def read(file: ListFile) -> Header:
    """Read the header of a list.

    Raises:
        ListUnusable: it is no version 2 list with nextUpdate and a number, or it covers only a part of what its
            authority issued, or it demands what is not understood here.
    """
    whole = file.element(0, file.size)
    if whole.tag != _SEQUENCE or whole.end != file.size:
        raise ListUnusable("not a list")
    signed, algorithm, signature = _three(file, whole)
    try:
        return _read(file, signed, _algorithm(file.der(algorithm)), _signature(file, signature))
    except (ValueError, IndexError):
        raise ListUnusable("malformed") from None


def _three(file: ListFile, whole: Element) -> tuple[Element, Element, Element]:
    parts = []
    for part in file.children(whole):
        parts.append(part)
        if len(parts) > 3:  # noqa: PLR2004  what is signed, how, and the signature
            break
    if [part.tag for part in parts] != [_SEQUENCE, _SEQUENCE, _BIT_STRING]:
        raise ListUnusable("not a list")
    return parts[0], parts[1], parts[2]


def _read(file: ListFile, signed: Element, outer: str, signature: bytes) -> Header:
    parts = list(file.children(signed))
    version, algorithm, issuer, this_update, next_update = parts[:5]
    if version.tag != _INTEGER or file.content(version) != b"\x01":
        raise ListUnusable("not of version 2")
    if _algorithm(file.der(algorithm)) != outer:
        raise ListUnusable("two different signature algorithms")
    if next_update.tag not in TIMES:
        raise ListUnusable("without nextUpdate")
    rest = parts[5:]
    entries = rest.pop(0) if rest and rest[0].tag == _SEQUENCE else None
    if len(rest) != 1 or rest[0].tag != _EXTENSIONS:
        raise ListUnusable("without extensions, or with something behind them")
    extensions = _extensions(file.content(rest[0]))
    return Header(
        issuer=file.der(issuer),
        authority_key_id=_key_identifier(extensions.get(_AUTHORITY_KEY)),
        this_update=instant(this_update.tag, file.content(this_update)),
        next_update=instant(next_update.tag, file.content(next_update)),
        number=_integer(extensions[_NUMBER]) if _NUMBER in extensions else _missing_number(),
        base_number=_integer(extensions[_DELTA]) if _DELTA in extensions else None,
        signature_oid=outer,
        signature=signature,
        signed=signed,
        entries=entries,
    )


def _missing_number() -> int:
    raise ListUnusable("without a number: an older list could not be told from a newer one")


def _algorithm(der: bytes) -> str:
    """Return the OID of an AlgorithmIdentifier whose parameters are absent or NULL.

    NCA's own GOST lists have them absent inside and NULL outside; both mean the same.
    """
    oid, *parameters = children(der, element_at(der, 0))
    if parameters and (len(parameters) > 1 or parameters[0].tag != _NULL):
        raise ListUnusable("a signature algorithm with parameters")
    return object_identifier(der[oid.content : oid.end])


def _signature(file: ListFile, bits: Element) -> bytes:
    content = file.content(bits)
    if content[:1] != b"\x00":
        raise ListUnusable("a signature that is not of whole bytes")
    return content[1:]


def _extensions(der: bytes) -> Mapping[str, bytes]:
    """Read Extensions; unknown ones may stand there only if they are not critical."""
    found: dict[str, bytes] = {}
    for extension in children(der, element_at(der, 0)):
        name, critical, value = extension_parts(der, extension)
        if name == _SCOPE:
            raise ListUnusable("it covers only a part of what its authority issued (issuingDistributionPoint)")
        if critical and name not in {_AUTHORITY_KEY, _NUMBER, _DELTA}:
            raise ListUnusable(f"a critical extension that is not understood: {name}")
        if name in found:
            raise ListUnusable("an extension twice")
        found[name] = value
    return found


def extension_parts(der: bytes, extension: Element) -> tuple[str, bool, bytes]:
    """Return an Extension's OID, whether it is critical, and its value.

    Raises:
        ValueError: not an Extension.
    """
    oid, *middle, value = children(der, extension)
    critical = any(part.tag == _BOOLEAN and der[part.content] != 0 for part in middle)
    return object_identifier(der[oid.content : oid.end]), critical, der[value.content : value.end]


def _integer(der: bytes) -> int:
    element = element_at(der, 0)
    if element.tag != _INTEGER:
        raise ListUnusable("a number that is none")
    return int.from_bytes(der[element.content : element.end], "big", signed=True)


def _key_identifier(der: bytes | None) -> bytes | None:
    if der is None:
        return None
    for part in children(der, element_at(der, 0)):
        if part.tag == _KEY_IDENTIFIER:
            return der[part.content : part.end]
    return None


_FORMATS: Final[Mapping[int, Callable[[str], str]]] = {
    # RFC 5280 section 4.1.2.5.1: two-digit years below 50 are of this century
    _UTC_TIME: lambda text: f"{'20' if int(text[:2]) < 50 else '19'}{text}",  # noqa: PLR2004
    _GENERALIZED_TIME: lambda text: text,
}


def instant(tag: int, content: bytes) -> datetime:
    """Read a UTCTime or GeneralizedTime as RFC 5280 profiles them: seconds, in UTC.

    Raises:
        ValueError: not such a time.
    """
    if tag not in _FORMATS:
        raise ValueError("not a time")
    text = _FORMATS[tag](content.decode("ascii"))
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
