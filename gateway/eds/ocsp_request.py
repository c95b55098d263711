"""The question of OCSP (RFC 6960 section 4.1): which certificate, and the nonce that binds the answer to it."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPRequestBuilder

from gateway.eds.certificate import Certificate
from gateway.eds.der import children, element_at


@dataclass(frozen=True, slots=True)
class Question:
    """One certificate asked about, with what the answer must repeat."""

    serial_number: int = field(repr=False)
    issuer_name_hash: bytes
    """SHA-256 of the issuer's name, DER."""
    issuer_key_hash: bytes
    """SHA-256 of the issuer's public key."""
    nonce: bytes

    @classmethod
    def about(cls, certificate: Certificate, issuer: Certificate, nonce: bytes) -> Self:
        """Ask about `certificate`, issued by `issuer`; the nonce is of 1 to 32 bytes (RFC 8954)."""
        key = public_key_bits(issuer.spki)
        return cls(
            certificate.serial_number,
            hashlib.sha256(certificate.issuer_der).digest(),
            hashlib.sha256(key).digest(),
            nonce,
        )

    def der(self) -> bytes:
        """Return the OCSPRequest, not signed: NCA RK does not ask for it."""
        builder = OCSPRequestBuilder().add_certificate_by_hash(
            self.issuer_name_hash, self.issuer_key_hash, self.serial_number, SHA256()
        )
        request = builder.add_extension(x509.OCSPNonce(self.nonce), critical=False).build()
        return request.public_bytes(Encoding.DER)


@lru_cache(maxsize=256)  # there are few issuers
def public_key_bits(spki: bytes) -> bytes:
    """Return what RFC 6960 calls the value of the issuer's public key: the contents of the BIT STRING.

    Whatever they are: a GOST key is an OCTET STRING in there, and its header is hashed too.
    """
    _algorithm, bits = children(spki, element_at(spki, 0))
    return spki[bits.content + 1 : bits.end]  # the first octet counts unused bits
