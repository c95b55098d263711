"""GOST keys: SubjectPublicKeyInfo and PKCS #8 as the NCA writes them (nca-profile, section 2.2).

    SubjectPublicKeyInfo ::= SEQUENCE { algorithm, BIT STRING { OCTET STRING { X ‖ Y } } }
    PrivateKeyInfo       ::= SEQUENCE { version, algorithm, OCTET STRING { OCTET STRING { d } or INTEGER d } }
    algorithm            ::= SEQUENCE { key OID, SEQUENCE { curve OID, digest OID } }

All numbers but the INTEGER are little-endian.
"""

import secrets
from dataclasses import dataclass, field
from functools import lru_cache

from asn1crypto.core import Integer, ObjectIdentifier, OctetString
from asn1crypto.parser import emit

from gateway.eds import der
from gateway.eds.gost import backend, signature
from gateway.eds.gost.hashes import Hash
from gateway.eds.gost.suites import SUITES, Suite

_INTEGER, _BIT_STRING, _OCTET_STRING, _OBJECT_IDENTIFIER, _SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30


class KeyUnreadable(ValueError):  # noqa: N818  says what is wrong with the bytes
    """The bytes are not a GOST key of the NCA's profile. The text holds nothing of the key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, known to be a point of prime order."""

    suite: Suite
    value: bytes
    """X ‖ Y, little-endian."""

    @classmethod
    def from_spki(cls, spki: bytes) -> "PublicKey":
        """Read a SubjectPublicKeyInfo in DER.

        Raises:
            KeyUnreadable: Malformed, of an unknown algorithm, or not a valid point.
        """
        return _read_public(spki)

    def to_spki(self) -> bytes:
        """Return the SubjectPublicKeyInfo in DER."""
        return _sequence(_algorithm(self.suite), emit(0, 0, _BIT_STRING, b"\x00" + OctetString(self.value).dump()))

    def verify(self, data: bytes, signature_value: bytes) -> bool:
        """Tell whether a signature over the data is good; one of a wrong length is not."""
        return self.verify_digest(digest(self.suite, data), signature_value)

    def verify_digest(self, digest_value: bytes, signature_value: bytes) -> bool:
        """Tell whether a signature over the data with this digest is good."""
        return signature.verify(self.suite.curve, self.value, digest_value, signature_value)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key with its public key."""

    public: PublicKey
    d: int = field(repr=False)

    @classmethod
    def of(cls, suite: Suite, d: int) -> "PrivateKey":
        """Make the key of the number d.

        Raises:
            ValueError: d is not in 1 … q - 1.
        """
        return cls(PublicKey(suite, signature.derive_public_key(suite.curve, d)), d)

    @classmethod
    def generate(cls, suite: Suite) -> "PrivateKey":
        """Make a new random key."""
        return cls.of(suite, 1 + secrets.randbelow(suite.curve.q - 1))

    @classmethod
    def from_pkcs8(cls, pkcs8: bytes) -> "PrivateKey":
        """Read an unencrypted PrivateKeyInfo in DER.

        Raises:
            KeyUnreadable: Malformed, of an unknown algorithm, or out of range.
        """
        try:
            _version, algorithm, wrapped, *_attributes = _children(pkcs8, _whole(pkcs8, _SEQUENCE))
            return cls.of(_suite(pkcs8, algorithm), _private_number(pkcs8, wrapped))
        except ValueError as error:
            raise KeyUnreadable(f"not a GOST private key: {error}") from None

    def to_pkcs8(self) -> bytes:
        """Return the PrivateKeyInfo in DER, not encrypted."""
        suite = self.public.suite
        octets = self.d.to_bytes(suite.curve.size, "little")
        inner = Integer(self.d) if suite.private_key_is_integer else OctetString(octets)
        return _sequence(Integer(0).dump(), _algorithm(suite), OctetString(inner.dump()).dump())

    def sign(self, data: bytes) -> bytes:
        """Sign data; the signature has been verified.

        Raises:
            signature.SigningFailed: It does not verify.
        """
        return self.sign_digest(digest(self.public.suite, data))

    def sign_digest(self, digest_value: bytes) -> bytes:
        """Sign data by their digest; the signature has been verified.

        Raises:
            signature.SigningFailed: It does not verify.
        """
        return signature.sign(self.public.suite.curve, self.d, self.public.value, digest_value)


def digest(suite: Suite, data: bytes) -> bytes:
    """Return the digest of the data that the suite signs."""
    return new_digest(suite, data).digest()


def new_digest(suite: Suite, data: bytes = b"") -> Hash:
    """Return the suite's digest in the making, already fed with the data."""
    return backend.active().hashes.new(suite.hash, data)


@lru_cache(maxsize=4096)
def _read_public(spki: bytes) -> PublicKey:
    try:
        algorithm, bits = _children(spki, _whole(spki, _SEQUENCE))
        suite, value = _suite(spki, algorithm), _public_value(spki[bits.start : bits.end])
        signature.public_point(suite.curve, value)
    except ValueError as error:
        raise KeyUnreadable(f"not a GOST public key: {error}") from None
    return PublicKey(suite, value)


def _public_value(bits: bytes) -> bytes:
    inner = bits[_whole(bits, _BIT_STRING).content :]
    if inner[:1] != b"\x00":
        raise ValueError("the key is not a BIT STRING of whole bytes")
    octets = inner[1:]
    return octets[_whole(octets, _OCTET_STRING).content :]


def _private_number(pkcs8: bytes, octets: der.Element) -> int:
    if octets.tag != _OCTET_STRING:
        raise ValueError("the key is not an OCTET STRING")
    wrapped = pkcs8[octets.content : octets.end]
    if wrapped[:1] == bytes([_INTEGER]):
        return int.from_bytes(wrapped[_whole(wrapped, _INTEGER).content :], "big", signed=True)
    return int.from_bytes(wrapped[_whole(wrapped, _OCTET_STRING).content :], "little")


def _suite(data: bytes, algorithm: der.Element) -> Suite:
    """Find the suite whose three OIDs stand in an AlgorithmIdentifier."""
    key, parameters = _children(data, algorithm)
    oids = [key, *_children(data, parameters)]
    dotted = [der.object_identifier(data[oid.content : oid.end]) for oid in oids]
    if any(oid.tag != _OBJECT_IDENTIFIER for oid in oids):
        raise ValueError("malformed algorithm")
    for suite in SUITES:
        if dotted == [suite.key_oid, suite.curve_oid, suite.key_digest_oid]:
            return suite
    raise ValueError(f"unknown algorithm {' '.join(dotted)[:120]}")


def _whole(data: bytes, tag: int) -> der.Element:
    element = der.element_at(data, 0)
    if element.tag != tag or element.end != len(data):
        raise ValueError("unexpected or trailing data")
    return element


def _children(data: bytes, parent: der.Element) -> list[der.Element]:
    if parent.tag != _SEQUENCE:
        raise ValueError("a SEQUENCE is missing")
    children = list(der.children(data, parent))
    if sum(child.end - child.start for child in children) != parent.end - parent.content:
        raise ValueError("an element runs out of its SEQUENCE")
    return children


def _algorithm(suite: Suite) -> bytes:
    parameters = (ObjectIdentifier(oid).dump() for oid in (suite.curve_oid, suite.key_digest_oid))
    return _sequence(ObjectIdentifier(suite.key_oid).dump(), _sequence(*parameters))


def _sequence(*elements: bytes) -> bytes:
    octets: bytes = emit(0, 1, _SEQUENCE & 0x1F, b"".join(elements))
    return octets
