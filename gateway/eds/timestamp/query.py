"""The question to a time-stamping authority (RFC 3161 section 2.4.1), and its answer checked (section 2.4.2)."""

import secrets
from dataclasses import dataclass, field
from typing import Final, Self

from asn1crypto.core import Boolean, Integer, Null, ObjectIdentifier

from gateway.eds import algorithms, ber
from gateway.eds.cms.message import INTEGER, OCTET_STRING, SEQUENCE
from gateway.eds.der import Fields, encoded, integer, value
from gateway.eds.timestamp.token import Token

_GRANTED: Final = frozenset({0, 1})  # granted, grantedWithMods
_NONCE_BYTES: Final = 8
_BIT_STRING: Final = 0x03
_FAILURES: Final = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}


class StampRefused(Exception):  # noqa: N818  says what the authority did
    """The authority gives no time stamp, and says so."""

    def __init__(self, text: str, *, passing: bool) -> None:
        """`passing`: it may give one a moment later."""
        super().__init__(text)
        self.passing = passing


class StampUnacceptable(Exception):  # noqa: N818  says what the answer is
    """What came is no time stamp over what was asked."""


@dataclass(frozen=True, slots=True)
class Query:
    """A TimeStampReq. The authority's certificate is always asked for."""

    data: bytes = field(repr=False)
    digest_oid: str
    imprint: bytes
    nonce: int
    policy: str | None

    @classmethod
    def about(cls, data: bytes, digest: str, policy: str | None = None) -> Self:
        """Ask for a time stamp over `data`.

        Args:
            data: for a signature, its value.
            digest: URI or OID of the digest of the imprint: SHA-256, Streebog, or GOST 34.311-95.
            policy: dotted OID of the policy wanted; NCA RK chooses the authority's algorithm by it.

        Raises:
            AlgorithmNotAllowed: the digest is unknown or refused.
        """
        algorithm = algorithms.digest(digest)
        # the first bit is 0, so that the number is positive everywhere
        nonce = secrets.randbits(8 * _NONCE_BYTES - 1)
        return cls(data, algorithm.oid, algorithm.compute(data), nonce, policy)

    def der(self) -> bytes:
        """Return the TimeStampReq, DER."""
        algorithm = encoded(SEQUENCE, ObjectIdentifier(self.digest_oid).dump(), Null().dump())
        return encoded(
            SEQUENCE,
            Integer(1).dump(),
            encoded(SEQUENCE, algorithm, encoded(OCTET_STRING, self.imprint)),
            ObjectIdentifier(self.policy).dump() if self.policy else b"",
            Integer(self.nonce).dump(),
            Boolean(True).dump(),
        )

    def accept(self, response: bytes) -> Token:
        """Return the token of a TimeStampResp, if it is over what was asked and intact; trust is judged elsewhere.

        Raises:
            StampRefused: the authority gives none.
            StampUnacceptable: malformed, of another question, or with a wrong signature.
        """
        token = read_response(response)
        statement = token.statement
        if (statement.imprint_oid, statement.imprint) != (self.digest_oid, self.imprint):
            raise StampUnacceptable("the time stamp is of something else")
        if statement.nonce != self.nonce:
            raise StampUnacceptable("the time stamp has another nonce: it may be an old one")
        if self.policy is not None and statement.policy != self.policy:
            raise StampUnacceptable("the time stamp is under another policy")
        failure = token.examine().failure
        if failure is not None:
            raise StampUnacceptable(failure.finding.detail)
        return token


def read_response(response: bytes) -> Token:
    """Read a TimeStampResp.

    Raises:
        StampRefused: the authority gives no time stamp.
        StampUnacceptable: it is not one.
    """
    try:
        fields = Fields(ber.definite(response))
        _require_granted(fields.whole(SEQUENCE))
        der = fields.whole(SEQUENCE)
        fields.end()
        return Token.read(der)
    except ValueError as error:
        raise StampUnacceptable(f"not a time stamp response: {error}") from None


def _require_granted(status_info: bytes) -> None:
    fields = Fields(status_info)
    status = integer(fields.content(INTEGER))
    if status in _GRANTED:
        return
    fields.optional(SEQUENCE)  # free text of the authority's: it goes into no log
    bits = fields.optional(_BIT_STRING)
    names = _failures(value(bits, _BIT_STRING)) if bits else []
    because = f": {', '.join(names)}" if names else ""
    raise StampRefused(
        f"the authority answers status {status}{because}",
        passing=bool({"timeNotAvailable", "systemFailure"}.intersection(names)),
    )


def _failures(content: bytes) -> list[str]:
    """Return the names of the bits that are set; the first octet of a BIT STRING counts unused ones."""
    octets = content[1:5]
    return [name for bit, name in _FAILURES.items() if bit // 8 < len(octets) and octets[bit // 8] & 0x80 >> bit % 8]
