"""Revocation lists as an authority makes them, and as none should: DER by hand, so that anything can be said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from asn1crypto.core import Boolean, Enumerated, Integer, Null, ObjectIdentifier, OctetBitString, OctetString, UTCTime
from asn1crypto.parser import emit

from tests.support import eds, gost
from tests.support.eds import AT

RSA_SHA256_OID: Final = "1.2.840.113549.1.1.11"
HOLD, REMOVED, SUPERSEDED, KEY_COMPROMISE = 6, 8, 4, 1
NUMBER, DELTA, SCOPE, AUTHORITY_KEY = "2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.35"
REASON = "2.5.29.21"


@dataclass(frozen=True)
class Revoked:
    """One entry."""

    serial: int
    since: datetime = AT - timedelta(days=30)
    reason: int | None = None
    extra: bytes = b""
    """Further extensions of the entry, DER."""


@dataclass(frozen=True)
class ListTemplate:
    """What a list says beside its entries."""

    this_update: datetime = AT - timedelta(hours=1)
    next_update: datetime | None = AT + timedelta(hours=26)
    number: int | None = 10
    base_number: int | None = None
    authority_key: bytes | None = None
    """Default: the issuer's."""
    extra: bytes = b""
    """Further extensions of the list, DER."""
    inner_null: bool = True
    """Whether the inner AlgorithmIdentifier has NULL parameters; NCA's GOST lists lack them."""
    outer_oid: str | None = None
    version: int | None = 1


DEFAULT: Final = ListTemplate()


def sequence(*elements: bytes) -> bytes:
    """Return a SEQUENCE."""
    octets: bytes = emit(0, 1, 16, b"".join(elements))
    return octets


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """Return an Extension."""
    return sequence(ObjectIdentifier(oid).dump(), Boolean(True).dump() if critical else b"", OctetString(value).dump())


def _entry(one: Revoked) -> bytes:
    reason = b"" if one.reason is None else extension(REASON, emit(0, 0, Enumerated.tag, bytes([one.reason])))
    extensions = sequence(reason, one.extra) if reason or one.extra else b""
    return sequence(Integer(one.serial).dump(), UTCTime(one.since).dump(), extensions)


def _extensions(template: ListTemplate, authority_key: bytes | None) -> bytes:
    key = template.authority_key or authority_key
    found = [
        extension(AUTHORITY_KEY, sequence(emit(2, 0, 0, key))) if key else b"",
        extension(NUMBER, Integer(template.number).dump()) if template.number is not None else b"",
        extension(DELTA, Integer(template.base_number).dump(), critical=True)
        if template.base_number is not None
        else b"",
        template.extra,
    ]
    octets: bytes = emit(2, 1, 0, sequence(*found)) if any(found) else b""
    return octets


def revocation_list(
    issuer: "eds.Issued | gost.Issued", revoked: Sequence[Revoked] = (), template: ListTemplate = DEFAULT
) -> bytes:
    """Return a list that `issuer` signed, DER."""
    certificate = issuer.certificate
    oid = signature_oid(issuer)
    outer = sequence(ObjectIdentifier(template.outer_oid or oid).dump(), Null().dump())
    inner = sequence(ObjectIdentifier(oid).dump(), Null().dump() if template.inner_null else b"")
    entries = sequence(*map(_entry, revoked)) if revoked else b""
    signed = sequence(
        b"" if template.version is None else Integer(template.version).dump(),
        inner,
        certificate.subject_der,
        UTCTime(template.this_update).dump(),
        b"" if template.next_update is None else UTCTime(template.next_update).dump(),
        entries,
        _extensions(template, certificate.subject_key_id),
    )
    return sequence(signed, outer, OctetBitString(sign(issuer, signed)).dump())


def sign(issuer: "eds.Issued | gost.Issued", data: bytes) -> bytes:
    """Sign with the issuer's key."""
    return issuer.private.sign(data) if isinstance(issuer, gost.Issued) else issuer.key.sign(data)


def signature_oid(issuer: "eds.Issued | gost.Issued") -> str:
    """Return the OID of what `sign` computes."""
    return issuer.private.public.suite.signature_oid if isinstance(issuer, gost.Issued) else RSA_SHA256_OID
