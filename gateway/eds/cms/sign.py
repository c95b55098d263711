"""CMS signatures made: attached or detached, several signers, time stamps beside them (RFC 5652, CAdES-B and -T)."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from asn1crypto.core import Integer, Null, ObjectIdentifier

from gateway.eds import algorithms, ber
from gateway.eds.certificate import Certificate
from gateway.eds.cms import message, oids
from gateway.eds.cms.message import OCTET_STRING, OID, SEQUENCE, SET, SignedData, SignerInfo
from gateway.eds.der import Fields, encoded
from gateway.eds.keys import SigningKey
from gateway.eds.verdict import Failure

_EXPLICIT_0, _IMPLICIT_0, _IMPLICIT_1 = 0xA0, 0xA0, 0xA1
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_UTC_TIME_UNTIL: Final = 2050


class NotSignable(Exception):  # noqa: N818  says what it is
    """No signature can be added to this. The text quotes nothing of the content."""


def sign(content: bytes, key: SigningKey, *, at: datetime, detached: bool = False) -> bytes:
    """Sign a content.

    Args:
        content: what is signed, byte for byte.
        key: who signs.
        at: the signing time to be stated, aware; it proves nothing.
        detached: leave the content out of the message.

    Returns:
        The message, DER.
    """
    octets = b"" if detached else encoded(_EXPLICIT_0, encoded(OCTET_STRING, content))
    return _message(
        encoded(SEQUENCE, _oid(oids.DATA), octets), [key.certificate.der], None, [], [_signer_info(content, key, at)]
    )


def sign_structure(
    structure: bytes, content_type: str, key: SigningKey, *, at: datetime, with_certificate: bool = True
) -> bytes:
    """Sign a structure of another protocol, such as a TSTInfo (RFC 3161 section 2.4.2).

    Args:
        structure: DER.
        content_type: dotted OID.
        key: who signs.
        at: the signing time to be stated, aware.
        with_certificate: put the signer's certificate into the message.

    Returns:
        The message, DER.
    """
    encapsulated = encoded(SEQUENCE, _oid(content_type), encoded(_EXPLICIT_0, encoded(OCTET_STRING, structure)))
    certificates = [key.certificate.der] if with_certificate else []
    return _message(encapsulated, certificates, None, [], [_signer_info(structure, key, at, content_type)])


def add_signer(document: bytes, key: SigningKey, *, at: datetime, detached: bytes | None = None) -> bytes:
    """Add one more signature over the same content, beside those that stand there; they are kept as they are.

    Args:
        document: a CMS message: DER, BER, base64 or PEM.
        key: who signs as well.
        at: the signing time to be stated, aware.
        detached: the content, where the message does not carry it.

    Raises:
        NotSignable: not such a message, no content, another content, or too many signers.
    """
    signed_data = _read(document)
    content = signed_data.content if signed_data.content is not None else detached
    if signed_data.content_type != oids.DATA:
        raise NotSignable("the message signs a structure, not a document")
    if content is None or (detached is not None and detached != content):
        raise NotSignable("what the message signs was not given, or is something else")
    if len(signed_data.signers) >= message.MAX_SIGNERS:
        raise NotSignable(f"the message has {message.MAX_SIGNERS} signers already")
    signers = [*(signer.der for signer in signed_data.signers), _signer_info(content, key, at)]
    return _rebuilt(signed_data, [*signed_data.certificates, key.certificate.der], signers)


def add_time_stamp(document: bytes, signer: int, token: bytes) -> bytes:
    """Put a time stamp beside a signature.

    Args:
        document: a CMS message: DER, BER, base64 or PEM.
        signer: which of its signatures, from 0.
        token: a TimeStampToken over the value of that signature, DER.

    Raises:
        NotSignable: not such a message, or it has no such signer.
    """
    signed_data = _read(document)
    if not 0 <= signer < len(signed_data.signers):
        raise NotSignable("the message has no such signer")
    signers = [one.der for one in signed_data.signers]
    signers[signer] = _with_stamp(signed_data.signers[signer], token)
    return _rebuilt(signed_data, signed_data.certificates, signers)


def _read(document: bytes) -> SignedData:
    try:
        return message.read(document)
    except Failure as error:
        raise NotSignable(error.finding.detail) from None


def _rebuilt(signed_data: SignedData, certificates: Iterable[bytes], signers: Sequence[bytes]) -> bytes:
    content = b"" if signed_data.content is None else encoded(_EXPLICIT_0, encoded(OCTET_STRING, signed_data.content))
    return _message(
        encoded(SEQUENCE, _oid(signed_data.content_type), content),
        certificates,
        signed_data.revocations,
        signed_data.digest_algorithms,
        signers,
    )


def _message(
    encapsulated: bytes,
    certificates: Iterable[bytes],
    revocations: bytes | None,
    digest_algorithms: Iterable[bytes],
    signers: Sequence[bytes],
) -> bytes:
    # SET OF is sorted in DER only; here the order of signers is kept, and the first signer stays the first.
    used = [*digest_algorithms, *(_algorithm(message.signer_info(signer).digest_oid) for signer in signers)]
    unique = dict.fromkeys(certificates)
    version = 1 if Fields(encapsulated).whole(OID) == _oid(oids.DATA) else 3  # RFC 5652 section 5.1
    signed_data = encoded(
        SEQUENCE,
        Integer(version).dump(),
        encoded(SET, *dict.fromkeys(used)),
        encapsulated,
        encoded(_IMPLICIT_0, *unique) if unique else b"",
        revocations or b"",
        encoded(SET, *signers),
    )
    return encoded(SEQUENCE, _oid(oids.SIGNED_DATA), encoded(_EXPLICIT_0, signed_data))


def _signer_info(content: bytes, key: SigningKey, at: datetime, content_type: str = oids.DATA) -> bytes:
    digest = algorithms.digest(key.digest_uri)
    attributes = sorted(_attributes(content_type, digest.compute(content), key.certificate, at))
    return encoded(
        SEQUENCE,
        Integer(1).dump(),
        encoded(SEQUENCE, key.certificate.issuer_der, Integer(key.certificate.serial_number).dump()),
        _algorithm(digest.oid),
        encoded(_IMPLICIT_0, *attributes),
        _algorithm(algorithms.signature(key.signature_uri).oid),
        encoded(OCTET_STRING, key.sign(encoded(SET, *attributes))),
    )


def _attributes(content_type: str, message_digest: bytes, certificate: Certificate, at: datetime) -> list[bytes]:
    fingerprint = encoded(OCTET_STRING, hashlib.sha256(certificate.der).digest())  # SHA-256 is the default: not named
    certificate_ids = encoded(SEQUENCE, encoded(SEQUENCE, encoded(SEQUENCE, fingerprint)))
    return [
        _attribute(oids.CONTENT_TYPE, _oid(content_type)),
        _attribute(oids.SIGNING_TIME, _time(at)),
        _attribute(oids.MESSAGE_DIGEST, encoded(OCTET_STRING, message_digest)),
        _attribute(oids.SIGNING_CERTIFICATE_V2, certificate_ids),
    ]


def _with_stamp(signer: SignerInfo, token: bytes) -> bytes:
    values = dict(signer.unsigned_attributes.values)
    values[oids.TIME_STAMP] = (*values.get(oids.TIME_STAMP, ()), ber.definite(token))
    attributes = [_attribute(oid, *sorted(those)) for oid, those in values.items()]
    fields = list(Fields(signer.der).all())
    signed = fields[:-1] if fields[-1][0] == _IMPLICIT_1 else fields
    return encoded(SEQUENCE, *signed, encoded(_IMPLICIT_1, *sorted(attributes)))


def _attribute(oid: str, *values: bytes) -> bytes:
    return encoded(SEQUENCE, _oid(oid), encoded(SET, *values))


def _algorithm(oid: str) -> bytes:
    return encoded(SEQUENCE, _oid(oid), Null().dump())


def _oid(dotted: str) -> bytes:
    der: bytes = ObjectIdentifier(dotted).dump()
    return der


def _time(at: datetime) -> bytes:
    """Write Time as RFC 5652 section 11.3 has it: UTCTime until 2049."""
    if at.tzinfo is None:
        raise ValueError("the signing time must be aware")
    moment = at.astimezone(UTC)
    short = moment.year < _UTC_TIME_UNTIL
    tag, form = (_UTC_TIME, "%y%m%d%H%M%SZ") if short else (_GENERALIZED_TIME, "%Y%m%d%H%M%SZ")
    return encoded(tag, moment.strftime(form).encode())
