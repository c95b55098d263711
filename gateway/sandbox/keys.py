"""Key pairs of the two families, made and written: RSA, and GOST 34.310-2015 with 512 bits.

A family is one entry in a table. Keys are read again by `gateway.eds.keys`, like everyone's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.eds import algorithms
from gateway.eds.gost.keys import PrivateKey
from gateway.eds.gost.suites import GOST_2015_512

_EXPONENT: Final = 65537
_USER_BITS: Final = 2048
_AUTHORITY_BITS: Final = 3072
"""NCA's own RSA CAs have 4096; 3072 are as good for ten years of tests and four times quicker to make."""


class Family(StrEnum):
    """Whose hierarchy a key belongs to."""

    RSA = "rsa"
    """What NCA gave to citizens until 2024."""
    GOST = "gost"
    """GOST 34.310-2015 with 512 bits: what it gives now."""


class KeyPair(Protocol):
    """A private key that has no certificate yet."""

    @property
    def signature_oid(self) -> str:
        """What `sign` computes."""

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature value over `data`."""

    def to_pem(self) -> bytes:
        """Return the private key as PKCS #8 PEM, not encrypted: it protects nothing but the sandbox."""


@dataclass(frozen=True, slots=True)
class RsaKeyPair:
    """RSA, signing with SHA-256."""

    private: rsa.RSAPrivateKey = field(repr=False)

    @property
    def signature_oid(self) -> str:
        """sha256WithRSAEncryption."""
        return algorithms.signature(algorithms.RSA_SHA256).oid

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """Sign with SHA-256, PKCS #1 v1.5."""
        return self.private.sign(data, PKCS1v15(), SHA256())

    def to_pem(self) -> bytes:
        """Return PKCS #8 PEM."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class GostKeyPair:
    """GOST 34.310-2015."""

    private: PrivateKey

    @property
    def signature_oid(self) -> str:
        """The suite's."""
        return self.private.public.suite.signature_oid

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self.private.public.to_spki()

    def sign(self, data: bytes) -> bytes:
        """Sign with the suite's digest."""
        return self.private.sign(data)

    def to_pem(self) -> bytes:
        """Return PKCS #8 PEM."""
        text: bytes = pem.armor("PRIVATE KEY", self.private.to_pkcs8())
        return text


_GENERATORS: Final[Mapping[Family, Callable[[int], KeyPair]]] = {
    Family.RSA: lambda bits: RsaKeyPair(rsa.generate_private_key(_EXPONENT, bits)),
    Family.GOST: lambda _bits: GostKeyPair(PrivateKey.generate(GOST_2015_512)),
}


def for_user(family: Family) -> KeyPair:
    """Make a key for a person or a system."""
    return _GENERATORS[family](_USER_BITS)


def for_authority(family: Family) -> KeyPair:
    """Make a key for a certification authority."""
    return _GENERATORS[family](_AUTHORITY_BITS)


def family_of(key_oid: str) -> Family:
    """Return the family of a public key by the algorithm of its SubjectPublicKeyInfo."""
    return Family.RSA if key_oid == algorithms.RSA_KEY_OID else Family.GOST
