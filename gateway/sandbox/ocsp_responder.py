"""An OCSP responder with the habits of the NCA's (RFC 6960): pure, the question in, the signed answer out.

The habits: a delegated responder's certificate comes along, the responder is named by its name, the nonce is echoed as
it came, there is no nextUpdate, and a certificate that was never issued is "revoked" since 1970, on hold.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final, Self

from cryptography import x509

from gateway.eds import algorithms
from gateway.eds.der import Fields, integer, object_identifier
from gateway.eds.keys import SigningKey
from gateway.eds.ocsp_request import public_key_bits
from gateway.eds.revocation import RevocationReason
from gateway.sandbox import asn1
from gateway.sandbox.authority import Authority
from gateway.sandbox.certificate_register import Revoked

_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_EXTENDED_REVOKE: Final = "1.3.6.1.5.5.7.48.1.9"
_NEVER_ISSUED: Final = Revoked(at=datetime(1970, 1, 1, tzinfo=UTC), reason=RevocationReason.CERTIFICATE_HOLD)
"""RFC 6960 section 2.2."""
_REQUESTOR_NAME, _REQUEST_EXTENSIONS, _VERSION = 0xA1, 0xA2, 0xA0
_GOOD, _UNKNOWN = asn1.implicit(0), asn1.implicit(2)


class Failure(IntEnum):
    """OCSPResponseStatus: what a responder says without signing it."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True)
class Responder:
    """Who answers for one authority."""

    authority: Authority
    key: SigningKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Question:
    """A CertID."""

    der: bytes
    digest_oid: str
    name_hash: bytes
    key_hash: bytes
    serial_number: int

    @classmethod
    def read(cls, request: bytes) -> Self:
        """Read one Request. Raises ValueError."""
        der = Fields(request).whole(asn1.SEQUENCE)
        fields = Fields(der)
        algorithm = fields.whole(asn1.SEQUENCE)
        return cls(
            der,
            object_identifier(Fields(algorithm).content(asn1.OID)),
            fields.content(asn1.OCTET_STRING),
            fields.content(asn1.OCTET_STRING),
            integer(fields.content(asn1.INTEGER)),
        )

    def is_about(self, authority: Authority) -> bool:
        """Whether the authority issued, or would have issued, the certificate asked about."""
        digest = _DIGESTS.get(self.digest_oid)
        certificate = authority.certificate
        return digest is not None and (self.name_hash, self.key_hash) == (
            digest(certificate.subject_der),
            digest(public_key_bits(certificate.spki)),
        )


_DIGESTS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    # SHA-1 is what `openssl ocsp` asks with by default; it only names the issuer
    "1.3.14.3.2.26": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
}


def respond(request: bytes, responders: Iterable[Responder], now: datetime, *, know_nothing: bool = False) -> bytes:
    """Answer an OCSPRequest.

    Args:
        request: DER; a signature on it is not looked at.
        responders: one for each authority.
        now: thisUpdate and producedAt, aware.
        know_nothing: answer `unknown` about every certificate.
    """
    try:
        questions, nonce = _read(request)
    except ValueError:
        return failure(Failure.MALFORMED_REQUEST)
    for responder in responders:
        if all(question.is_about(responder.authority) for question in questions):
            singles = [_single(one, responder.authority, now, know_nothing=know_nothing) for one in questions]
            return _signed(responder.key, singles, nonce, now)
    return failure(Failure.UNAUTHORIZED)


def failure(status: Failure) -> bytes:
    """Return an OCSPResponse that says only that there is no answer."""
    return asn1.sequence(asn1.enumerated(status))


def _read(request: bytes) -> tuple[list[_Question], bytes]:
    """Return what is asked, and the nonce: a whole Extension, or nothing. Raises ValueError."""
    fields = Fields(Fields(request).whole(asn1.SEQUENCE))
    fields.optional(_VERSION)
    fields.optional(_REQUESTOR_NAME)
    questions = [_Question.read(one) for one in Fields(fields.whole(asn1.SEQUENCE)).all()]
    wrapped = fields.optional(_REQUEST_EXTENSIONS)
    fields.end()
    if not questions:
        raise ValueError("nothing is asked")
    return questions, b"" if wrapped is None else _nonce(wrapped)


def _nonce(wrapped: bytes) -> bytes:
    outer = Fields(wrapped, _REQUEST_EXTENSIONS)
    for extension in Fields(outer.whole(asn1.SEQUENCE)).all():
        if object_identifier(Fields(extension).content(asn1.OID)) == _NONCE:
            return extension
    return b""


def _single(question: _Question, authority: Authority, now: datetime, *, know_nothing: bool) -> bytes:
    if know_nothing:
        status = _UNKNOWN
    elif not authority.register.issued(question.serial_number):
        status = _revoked(_NEVER_ISSUED)
    else:
        revoked = authority.register.revoked.get(question.serial_number)
        status = _GOOD if revoked is None else _revoked(revoked)
    return asn1.sequence(question.der, status, asn1.generalized_time(now))


def _revoked(revoked: Revoked) -> bytes:
    reason = x509.CRLReason(x509.ReasonFlags(revoked.reason.value)).public_bytes()
    return asn1.explicit(1, asn1.generalized_time(revoked.at), asn1.explicit(0, reason))


def _signed(key: SigningKey, singles: Iterable[bytes], nonce: bytes, now: datetime) -> bytes:
    extended_revoke = asn1.sequence(asn1.oid(_EXTENDED_REVOKE), asn1.octets(asn1.NULL))
    signed = asn1.sequence(
        asn1.explicit(1, key.certificate.subject_der),
        asn1.generalized_time(now),
        asn1.sequence(*singles),
        asn1.explicit(1, asn1.sequence(nonce, extended_revoke)),
    )
    basic = asn1.sequence(
        signed,
        asn1.algorithm(algorithms.signature(key.signature_uri).oid),
        asn1.bits(key.sign(signed)),
        asn1.explicit(0, asn1.sequence(key.certificate.der)),
    )
    body = asn1.sequence(asn1.oid(_BASIC), asn1.octets(basic))
    return asn1.sequence(asn1.enumerated(0), asn1.explicit(0, body))
