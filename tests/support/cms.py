"""CMS messages as honest signers make them, and as nobody should: DER by hand, so that anything can be said."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto.core import Integer, Null, ObjectIdentifier

from gateway.eds.certificate import Certificate
from gateway.eds.keys import SigningKey
from gateway.eds.verdict import Verdict
from gateway.eds.verifier import Verifier
from tests.support import eds

DATA = "1.2.840.113549.1.7.1"
SHA256 = "2.16.840.1.101.3.4.2.1"
RSA_SHA256 = "1.2.840.113549.1.1.11"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
TIME_STAMP = "1.2.840.113549.1.9.16.2.14"


def tlv(tag: int, *parts: bytes) -> bytes:
    """Write one value with a definite length."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def indefinite(tag: int, *parts: bytes) -> bytes:
    """Write one value with an indefinite length."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\x00\x00"


def oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER."""
    der: bytes = ObjectIdentifier(dotted).dump()
    return der


def number(value: int) -> bytes:
    """Write an INTEGER."""
    der: bytes = Integer(value).dump()
    return der


def algorithm(dotted: str, *, null: bool = True) -> bytes:
    """Write an AlgorithmIdentifier."""
    return tlv(0x30, oid(dotted), Null().dump() if null else b"")


def attribute(dotted: str, *values: bytes) -> bytes:
    """Write an Attribute."""
    return tlv(0x30, oid(dotted), tlv(0x31, *values))


def name_and_serial(certificate: Certificate) -> bytes:
    """Write IssuerAndSerialNumber."""
    return tlv(0x30, certificate.issuer_der, number(certificate.serial_number))


def usual_attributes(content: bytes, content_type: str = DATA) -> list[bytes]:
    """Return content type and message digest."""
    digest = hashlib.sha256(content).digest()
    return [attribute(CONTENT_TYPE, oid(content_type)), attribute(MESSAGE_DIGEST, tlv(0x04, digest))]


@dataclass
class Signature:
    """One SignerInfo; what is not said is as an honest RSA signer would say it."""

    key: SigningKey
    content: bytes
    attributes: list[bytes] | None = field(default_factory=list)
    """None: no signed attributes; empty: the usual ones."""
    unsigned: list[bytes] = field(default_factory=list)
    identifier: bytes = b""
    digest_oid: str = SHA256
    signature_oid: str = RSA_SHA256
    value: bytes | None = None
    sort: bool = True

    def der(self) -> bytes:
        """Sign and write."""
        attributes = self.attributes
        if attributes is not None:
            attributes = attributes or usual_attributes(self.content)
            attributes = sorted(attributes) if self.sort else attributes
        signed = self.content if attributes is None else tlv(0x31, *attributes)
        return tlv(
            0x30,
            number(1),
            self.identifier or name_and_serial(self.key.certificate),
            algorithm(self.digest_oid),
            b"" if attributes is None else tlv(0xA0, *attributes),
            algorithm(self.signature_oid),
            tlv(0x04, self.key.sign(signed) if self.value is None else self.value),
            tlv(0xA1, *self.unsigned) if self.unsigned else b"",
        )


def message(
    *signatures: bytes,
    content: bytes | None,
    certificates: list[bytes],
    content_type: str = DATA,
) -> bytes:
    """Write a SignedData message; without content it is detached."""
    encapsulated = tlv(0x30, oid(content_type), b"" if content is None else tlv(0xA0, tlv(0x04, content)))
    signed_data = tlv(
        0x30,
        number(1),
        tlv(0x31, algorithm(SHA256)),
        encapsulated,
        tlv(0xA0, *certificates) if certificates else b"",
        tlv(0x31, *signatures),
    )
    return wrapped(signed_data)


def wrapped(signed_data: bytes) -> bytes:
    """Write the ContentInfo around a SignedData."""
    return tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed_data))


def judge(
    document: bytes, detached: bytes | None = None, *, at: datetime = eds.AT, by: Verifier | None = None
) -> Verdict:
    """Judge a message."""
    return asyncio.run((by or eds.verifier()).cms(document, at=at, detached=detached))
