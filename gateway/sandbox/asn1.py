"""DER written: the values that certificates, revocation lists, OCSP responses and time stamps are made of."""

from datetime import UTC, datetime
from typing import Final

from asn1crypto.core import Integer, Null, ObjectIdentifier

from gateway.eds.der import encoded

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OID: Final = 0x06
ENUMERATED: Final = 0x0A
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
_CONTEXT, _CONSTRUCTED = 0x80, 0x20
_UTC_TIME_UNTIL: Final = 2050
NULL: Final[bytes] = Null().dump()
TRUE: Final = b"\x01\x01\xff"


def sequence(*parts: bytes) -> bytes:
    """Write a SEQUENCE of values."""
    return encoded(SEQUENCE, *parts)


def oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER."""
    der: bytes = ObjectIdentifier(dotted).dump()
    return der


def integer(number: int) -> bytes:
    """Write an INTEGER."""
    der: bytes = Integer(number).dump()
    return der


def enumerated(number: int) -> bytes:
    """Write an ENUMERATED of one octet."""
    return encoded(ENUMERATED, bytes((number,)))


def octets(value: bytes) -> bytes:
    """Write an OCTET STRING."""
    return encoded(OCTET_STRING, value)


def bits(value: bytes, unused: int = 0) -> bytes:
    """Write a BIT STRING whose last octet has `unused` bits."""
    return encoded(BIT_STRING, bytes((unused,)), value)


def explicit(number: int, *parts: bytes) -> bytes:
    """Write values under the tag [number]: EXPLICIT, or IMPLICIT over a constructed type."""
    return encoded(_CONTEXT | _CONSTRUCTED | number, *parts)


def implicit(number: int, content: bytes = b"") -> bytes:
    """Write the content octets of a primitive type under the tag [number]."""
    return encoded(_CONTEXT | number, content)


def generalized_time(at: datetime) -> bytes:
    """Write an aware instant as GeneralizedTime, in whole seconds."""
    return encoded(GENERALIZED_TIME, f"{at.astimezone(UTC):%Y%m%d%H%M%SZ}".encode())


def time(at: datetime) -> bytes:
    """Write an aware instant as certificates and lists do: UTCTime until 2049 (RFC 5280 section 4.1.2.5)."""
    moment = at.astimezone(UTC)
    if moment.year >= _UTC_TIME_UNTIL:
        return generalized_time(at)
    return encoded(UTC_TIME, f"{moment:%y%m%d%H%M%SZ}".encode())


def algorithm(dotted: str) -> bytes:
    """Write an AlgorithmIdentifier with NULL for parameters."""
    return sequence(oid(dotted), NULL)
