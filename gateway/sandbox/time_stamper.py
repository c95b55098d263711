"""A time-stamping authority as the NCA runs them (RFC 3161): pure, the question in, the signed token out.

There is one for each algorithm, chosen by the policy asked for, or by the imprint where none is asked for. Accuracy and
the authority's own name are left out, as the NCA does.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, Self

from gateway.eds.cms import oids
from gateway.eds.cms.sign import sign_structure
from gateway.eds.der import Fields, object_identifier
from gateway.eds.gost.suites import GOST_2004, GOST_2015_256, GOST_2015_512
from gateway.eds.keys import SigningKey
from gateway.sandbox import asn1
from gateway.sandbox.keys import Family

_POLICY: Final = "1.2.398.3.3.2.6"
POLICIES: Final[Mapping[str, Family]] = {f"{_POLICY}.2": Family.RSA, f"{_POLICY}.4": Family.GOST}
"""Dotted OIDs of NCA's policies -> who stamps under them."""
_IMPRINTS: Final[Mapping[str, tuple[int, Family]]] = {
    oids.SHA256: (32, Family.RSA),
    GOST_2004.digest_oid: (32, Family.GOST),
    GOST_2015_256.digest_oid: (32, Family.GOST),
    GOST_2015_512.digest_oid: (64, Family.GOST),
}
"""Digest algorithms -> bytes, and who stamps when no policy is asked for."""
_BOOLEAN, _EXTENSIONS = 0x01, 0xA0
_GRANTED, _REJECTION = 0, 2
_SERIAL_BITS: Final = 63


class Failure(IntEnum):
    """PKIFailureInfo: the bits a refusal names."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16


class _Refused(Exception):  # noqa: N818  says what happens
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.name)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class _Question:
    """A TimeStampReq."""

    imprint: bytes
    """MessageImprint, DER."""
    imprint_oid: str
    digest: bytes
    policy: str | None
    nonce: bytes
    """INTEGER, DER; empty when there is none."""
    with_certificate: bool

    @classmethod
    def read(cls, request: bytes) -> Self:
        """Read a request.

        Raises:
            ValueError: malformed.
            _Refused: with an extension.
        """
        fields = Fields(request)
        fields.content(asn1.INTEGER)
        imprint = fields.whole(asn1.SEQUENCE)
        parts = Fields(imprint)
        algorithm, digest = parts.whole(asn1.SEQUENCE), parts.content(asn1.OCTET_STRING)
        policy = object_identifier(fields.content(asn1.OID)) if fields.next_is(asn1.OID) else None
        nonce = fields.optional(asn1.INTEGER) or b""
        with_certificate = fields.next_is(_BOOLEAN) and fields.content(_BOOLEAN) != b"\x00"
        if fields.next_is(_EXTENSIONS):
            raise _Refused(Failure.UNACCEPTED_EXTENSION)
        fields.end()
        return cls(
            imprint, object_identifier(Fields(algorithm).content(asn1.OID)), digest, policy, nonce, with_certificate
        )

    def stamped_under(self) -> str:
        """Return the policy to stamp under.

        Raises:
            _Refused: an unknown digest, one of another length, or an unknown policy.
        """
        if self.imprint_oid not in _IMPRINTS:
            raise _Refused(Failure.BAD_ALGORITHM)
        size, family = _IMPRINTS[self.imprint_oid]
        if len(self.digest) != size:
            raise _Refused(Failure.BAD_DATA_FORMAT)
        if self.policy is None:
            return next(policy for policy, of in POLICIES.items() if of is family)
        if self.policy not in POLICIES:
            raise _Refused(Failure.UNACCEPTED_POLICY)
        return self.policy


def stamp(request: bytes, keys: Mapping[Family, SigningKey], now: datetime) -> bytes:
    """Answer a TimeStampReq with a TimeStampResp, DER.

    Args:
        request: DER.
        keys: the authorities.
        now: genTime, aware.
    """
    try:
        question = _Question.read(request)
        policy = question.stamped_under()
    except _Refused as refused:
        return refusal(refused.failure)
    except ValueError:
        return refusal(Failure.BAD_REQUEST)
    info = asn1.sequence(
        asn1.integer(1),
        asn1.oid(policy),
        question.imprint,
        asn1.integer(secrets.randbits(_SERIAL_BITS)),
        asn1.generalized_time(now),
        question.nonce,
    )
    key = keys[POLICIES[policy]]
    token = sign_structure(info, oids.TST_INFO, key, at=now, with_certificate=question.with_certificate)
    return asn1.sequence(asn1.sequence(asn1.integer(_GRANTED)), token)


def refusal(failure: Failure) -> bytes:
    """Return a TimeStampResp without a token, DER."""
    octet, bit = divmod(failure, 8)
    named = asn1.bits(bytes(octet) + bytes((0x80 >> bit,)), unused=7 - bit)
    return asn1.sequence(asn1.sequence(asn1.integer(_REJECTION), named))
