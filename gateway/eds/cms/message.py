"""A CMS SignedData message read into its parts (RFC 5652 section 5); nothing is verified here.

Read strictly: what the standard does not place somewhere is refused, attributes that may stand once stand once.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.eds import ber
from gateway.eds.cms import oids
from gateway.eds.der import Fields, encoded, integer, object_identifier
from gateway.eds.verdict import Defect, Failure, Reason

MAX_BYTES: Final = 32_000_000
"""Of a message, content included."""
MAX_SIGNERS: Final = 16
MAX_CERTIFICATES: Final = 64
INTEGER, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
_PRIMITIVE_0, _CONSTRUCTED_0, _CONSTRUCTED_1 = 0x80, 0xA0, 0xA1
_PEM: Final = re.compile(rb"\s*-----BEGIN ([A-Z0-9 ]{1,30})-----(.*)-----END \1-----\s*", re.DOTALL)
_PEM_LABELS: Final = frozenset({b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA"})


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of a signer, by dotted OID."""

    values: Mapping[str, tuple[bytes, ...]]
    """DER of each value."""
    as_sent: tuple[bytes, ...] = field(repr=False)
    """DER of each attribute, in the order in which they came."""

    def signed_forms(self) -> tuple[bytes, ...]:
        """Return the encodings of the SET that the signature may be over (RFC 5652 section 5.4).

        DER sorts a set. Some signers do not, and OpenSSL verifies the order as sent; the set is the same.
        """
        return tuple(dict.fromkeys(encoded(SET, *parts) for parts in (sorted(self.as_sent), self.as_sent)))

    def only(self, oid: str) -> bytes | None:
        """Return the one value of an attribute, or None when it is not there.

        Raises:
            ValueError: it has several values, or none.
        """
        values = self.values.get(oid)
        if values is None:
            return None
        (value,) = values
        return value


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signature of a message."""

    issuer: bytes | None
    """The issuer's name, DER; None when the certificate is named by its key."""
    serial_number: int | None
    subject_key_id: bytes | None
    digest_oid: str
    signature_oid: str
    signature: bytes = field(repr=False)
    signed_attributes: Attributes | None
    unsigned_attributes: Attributes
    der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedData:
    """A message: what is signed, by whom, and certificates that came with it."""

    content_type: str
    content: bytes | None = field(repr=False)
    """None in a detached signature."""
    certificates: tuple[bytes, ...] = field(repr=False)
    """DER, as they came; other kinds (attribute certificates) are left out."""
    revocations: bytes | None = field(repr=False)
    """The field `crls`, DER; kept as it is."""
    digest_algorithms: tuple[bytes, ...]
    """AlgorithmIdentifiers, DER."""
    signers: tuple[SignerInfo, ...]


def read(document: bytes) -> SignedData:
    """Read a message: DER, BER, or either in base64 or PEM.

    Raises:
        Failure: FORMAT_FAILURE.
    """
    if len(document) > MAX_BYTES:
        raise Failure(Reason.FORMAT_FAILURE, f"larger than {MAX_BYTES} bytes", Defect.LIMIT_EXCEEDED)
    try:
        return read_definite(ber.definite(unarmoured(document)))
    except ValueError as error:
        raise Failure(Reason.FORMAT_FAILURE, f"not a CMS signature: {error}", Defect.MALFORMED_ASN1) from None


def unarmoured(document: bytes) -> bytes:
    """Return the bytes of a message that may stand in PEM or base64.

    Raises:
        ValueError: none of these.
    """
    if document[:1] == bytes((SEQUENCE,)) and document[1:2] > b"\x7f":
        return document  # as text it would begin with "0" and a character that base64 has not
    document = document.removeprefix(codecs.BOM_UTF8)
    pem = _PEM.fullmatch(document)
    if pem is not None and pem[1] not in _PEM_LABELS:
        raise ValueError("PEM of another kind")
    try:
        return base64.b64decode(b"".join((pem[2] if pem else document).split()), validate=True)
    except binascii.Error:
        raise ValueError("neither DER nor base64") from None


def read_definite(der: bytes) -> SignedData:
    """Read a message with definite lengths.

    Raises:
        ValueError: malformed.
    """
    outer = Fields(der)
    if object_identifier(outer.content(OID)) != oids.SIGNED_DATA:
        raise ValueError("not SignedData")
    explicit = outer.content(_CONSTRUCTED_0)
    outer.end()
    fields = Fields(explicit)
    fields.content(INTEGER)  # the version says nothing that the fields do not
    digest_algorithms = tuple(Fields(fields.whole(SET), SET).all())
    content_type, content = _encapsulated(fields.whole(SEQUENCE))
    certificates = fields.optional(_CONSTRUCTED_0)
    revocations = fields.optional(_CONSTRUCTED_1)
    signers = list(Fields(fields.whole(SET), SET).all())
    fields.end()
    if len(signers) > MAX_SIGNERS:
        raise ValueError(f"more than {MAX_SIGNERS} signers")
    return SignedData(
        content_type=content_type,
        content=content,
        certificates=() if certificates is None else _certificates(certificates),
        revocations=revocations,
        digest_algorithms=digest_algorithms,
        signers=tuple(map(signer_info, signers)),
    )


def algorithm(der: bytes) -> str:
    """Return the OID of an AlgorithmIdentifier. Parameters are NULL or absent in all our algorithms, and not read.

    Raises:
        ValueError: malformed.
    """
    return object_identifier(Fields(der).content(OID))


def attributes(der: bytes, tag: int) -> Attributes:
    """Read a SET OF Attribute under `tag`.

    Raises:
        ValueError: malformed.
    """
    as_sent = tuple(Fields(der, tag).all())
    values: dict[str, tuple[bytes, ...]] = {}
    for attribute in as_sent:
        fields = Fields(attribute)
        oid = object_identifier(fields.content(OID))
        values[oid] = values.get(oid, ()) + tuple(Fields(fields.whole(SET), SET).all())
        fields.end()
    return Attributes(values, as_sent)


def _signed_attributes(der: bytes) -> Attributes:
    """Read signed attributes: none may stand twice (RFC 5652 section 5.3), or two readers may see different ones."""
    read_attributes = attributes(der, _CONSTRUCTED_0)
    if len(read_attributes.values) != len(read_attributes.as_sent):
        raise ValueError("a signed attribute stands twice")
    return read_attributes


def _encapsulated(der: bytes) -> tuple[str, bytes | None]:
    fields = Fields(der)
    content_type = object_identifier(fields.content(OID))
    content = None
    if fields.next_is(_CONSTRUCTED_0):
        explicit = Fields(fields.whole(_CONSTRUCTED_0), _CONSTRUCTED_0)
        content = explicit.content(OCTET_STRING)
        explicit.end()
    fields.end()
    return content_type, content


def _certificates(der: bytes) -> tuple[bytes, ...]:
    certificates = tuple(Fields(der, _CONSTRUCTED_0).all())
    if len(certificates) > MAX_CERTIFICATES:
        raise ValueError(f"more than {MAX_CERTIFICATES} certificates")
    return tuple(certificate for certificate in certificates if certificate[0] == SEQUENCE)


def signer_info(der: bytes) -> SignerInfo:
    """Read a SignerInfo.

    Raises:
        ValueError: malformed.
    """
    fields = Fields(der)
    fields.content(INTEGER)
    issuer, serial_number, subject_key_id = _identifier(fields)
    digest_oid = algorithm(fields.whole(SEQUENCE))
    signed = fields.optional(_CONSTRUCTED_0)
    signature_oid = algorithm(fields.whole(SEQUENCE))
    signature = fields.content(OCTET_STRING)
    unsigned = fields.optional(_CONSTRUCTED_1)
    fields.end()
    return SignerInfo(
        issuer=issuer,
        serial_number=serial_number,
        subject_key_id=subject_key_id,
        digest_oid=digest_oid,
        signature_oid=signature_oid,
        signature=signature,
        signed_attributes=None if signed is None else _signed_attributes(signed),
        unsigned_attributes=Attributes({}, ()) if unsigned is None else attributes(unsigned, _CONSTRUCTED_1),
        der=der,
    )


def _identifier(fields: Fields) -> tuple[bytes | None, int | None, bytes | None]:
    """Read SignerIdentifier: issuer and serial number, or the subject's key identifier."""
    if fields.next_is(_PRIMITIVE_0):
        return None, None, fields.content(_PRIMITIVE_0)
    pair = Fields(fields.whole(SEQUENCE))
    issuer, serial_number = pair.whole(SEQUENCE), integer(pair.content(INTEGER))
    pair.end()
    return issuer, serial_number, None
