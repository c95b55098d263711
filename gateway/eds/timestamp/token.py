"""A time stamp token: what it says, and whether it says it of this very signature value (RFC 3161 section 2.4.2)."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self

from gateway.eds import algorithms, ber
from gateway.eds.algorithms import AlgorithmNotAllowed
from gateway.eds.certificate import Certificate
from gateway.eds.cms import message, oids, signature
from gateway.eds.cms.message import INTEGER, OCTET_STRING, OID, SEQUENCE, SignedData
from gateway.eds.der import Fields, integer, object_identifier
from gateway.eds.examined import Examined, ExaminedStamp
from gateway.eds.verdict import Defect, Failure, Reason

MAX_BYTES: Final = 65_536
_GENERALIZED_TIME, _BOOLEAN = 0x18, 0x01
_TSA, _EXTENSIONS = 0xA0, 0xA1
_TIME: Final = re.compile(rb"([0-9]{14})(?:\.([0-9]{1,9}))?Z")


class StampUnreadable(ValueError):  # noqa: N818  says what it is
    """The bytes are not a time stamp of RFC 3161."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A TSTInfo: what an authority states. Accuracy, ordering and its own name are not needed, and often absent."""

    policy: str
    """Dotted OID."""
    imprint_oid: str
    imprint: bytes
    serial_number: int
    instant: datetime
    """genTime, UTC."""
    nonce: int | None
    """As it stands: Java's clients send negative ones, and they come back so."""

    @classmethod
    def read(cls, der: bytes) -> Self:
        """Read a TSTInfo.

        Raises:
            ValueError: malformed, or with a critical extension.
        """
        fields = Fields(ber.definite(der))
        fields.content(INTEGER)
        policy = object_identifier(fields.content(OID))
        imprint_oid, imprint = _imprint(fields.whole(SEQUENCE))
        serial_number = integer(fields.content(INTEGER))
        instant = _instant(fields.content(_GENERALIZED_TIME))
        fields.optional(SEQUENCE)  # accuracy
        fields.optional(_BOOLEAN)  # ordering
        nonce = integer(fields.content(INTEGER)) if fields.next_is(INTEGER) else None
        fields.optional(_TSA)
        _require_understood(fields.optional(_EXTENSIONS))
        fields.end()
        return cls(policy, imprint_oid, imprint, serial_number, instant, nonce)

    def check(self, data: bytes) -> None:
        """Compare the imprint with `data`.

        Raises:
            Failure: HASH_FAILURE, or CRYPTO_CONSTRAINTS_FAILURE for the digest algorithm.
        """
        try:
            computed = algorithms.digest(self.imprint_oid).compute(data)
        except AlgorithmNotAllowed as error:
            raise Failure(Reason.CRYPTO_CONSTRAINTS_FAILURE, str(error)) from None
        if not hmac.compare_digest(computed, self.imprint):
            raise Failure(Reason.HASH_FAILURE, "it is of something else than this signature")


@dataclass(frozen=True, slots=True)
class Token:
    """A time stamp, read; not verified."""

    statement: Statement
    der: bytes = field(repr=False)
    statement_der: bytes = field(repr=False)
    message: SignedData = field(repr=False)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a TimeStampToken.

        Raises:
            StampUnreadable: it is none.
        """
        if len(data) > MAX_BYTES:
            raise StampUnreadable(f"larger than {MAX_BYTES} bytes")
        try:
            signed = message.read_definite(ber.definite(data))
            statement_der = _signed_statement(signed)
            return cls(Statement.read(statement_der), data, statement_der, signed)
        except ValueError as error:
            raise StampUnreadable(f"not a time stamp: {error}") from None

    def examine(self, others: Iterable[Certificate] = ()) -> Examined:
        """Check the authority's signature; its certificate is in the token, or among `others`."""
        content = signature.Content(oids.TST_INFO, self.statement_der)
        pool = dict.fromkeys((*signature.certificates(self.message), *others))
        return signature.examine(self.message.signers[0], content, pool)


def examine(data: bytes, stamped: bytes, others: Iterable[Certificate] = ()) -> ExaminedStamp:
    """Check a token: that it is over `stamped`, and intact. Whether its authority is trusted is judged elsewhere."""
    try:
        token = Token.read(data)
    except StampUnreadable as error:
        return ExaminedStamp(None, _failed(Failure(Reason.FORMAT_FAILURE, str(error), Defect.MALFORMED_ASN1)))
    try:
        token.statement.check(stamped)
    except Failure as error:
        return ExaminedStamp(token.statement.instant, _failed(error))
    return ExaminedStamp(token.statement.instant, token.examine(others))


def _signed_statement(signed: SignedData) -> bytes:
    if signed.content_type != oids.TST_INFO or signed.content is None or len(signed.signers) != 1:
        raise ValueError("not TSTInfo signed by one authority")
    return signed.content


def _failed(failure: Failure) -> Examined:
    return Examined(None, (), None, failure)


def _imprint(der: bytes) -> tuple[str, bytes]:
    fields = Fields(der)
    oid, value = message.algorithm(fields.whole(SEQUENCE)), fields.content(OCTET_STRING)
    fields.end()
    return oid, value


def _instant(content: bytes) -> datetime:
    match = _TIME.fullmatch(content)
    if match is None:
        raise ValueError("a time of another form")
    whole = datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return whole.replace(microsecond=int((match[2] or b"").ljust(6, b"0")[:6]))


def _require_understood(extensions: bytes | None) -> None:
    for extension in () if extensions is None else Fields(extensions, _EXTENSIONS).all():
        fields = Fields(extension)
        fields.content(OID)
        if fields.next_is(_BOOLEAN) and fields.content(_BOOLEAN) != b"\x00":
            raise ValueError("a critical extension")
