"""The registry of digest and signature algorithms, looked up by XML Signature URI or by OID.

RSA registers itself here; other families (GOST) register from their own package. Nothing in `gateway.eds` branches on
an algorithm's name.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256_URI: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_KEY_OID: Final = "1.2.840.113549.1.1.1"
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
"""A larger key only costs time: verification is quadratic in it."""
_MAX_RSA_EXPONENT: Final = 2**32


class AlgorithmNotAllowed(Exception):  # noqa: N818  a decision, not a programming error
    """The algorithm is unknown here, or known and refused. The text names it."""


def _no_weakness(_spki_der: bytes) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class DigestAlgorithm:
    """A hash function under its names."""

    uri: str
    oid: str
    compute: Callable[[bytes], bytes] = field(repr=False)
    aliases: tuple[str, ...] = ()
    """Further URIs or OIDs under which it is met."""
    refused: str | None = None
    """Why it is known but not accepted; None when it is accepted."""


class RunningDigest(Protocol):
    """A digest in the making, with the manners of `hashlib`."""

    def update(self, data: bytes, /) -> None:
        """Append data."""

    def digest(self) -> bytes:
        """Return the digest of the data so far."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """How data too large for memory are verified: digested by pieces, then the signature over the digest.

    `verify(spki_der, digest, signature)` returns whether it is good and raises nothing on bad input.
    """

    new_digest: Callable[[], RunningDigest]
    verify: Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A signature scheme under its names.

    `verify(spki_der, data, signature)` takes the SubjectPublicKeyInfo in DER, the signed data (not its digest) and the
    raw signature value; it returns whether the signature is good and raises nothing on bad input.
    """

    uri: str
    oid: str
    key_oids: frozenset[str]
    """Algorithms of the SubjectPublicKeyInfo it goes with."""
    verify: Callable[[bytes, bytes, bytes], bool] = field(repr=False)
    aliases: tuple[str, ...] = ()
    """Further URIs or OIDs under which it is met."""
    refused: str | None = None
    """Why it is known but not accepted; None when it is accepted."""
    weakness: Callable[[bytes], str | None] = field(default=_no_weakness, repr=False)
    """Takes the SubjectPublicKeyInfo; says in English why the key is too weak, or None."""
    streamed: Streamed | None = field(default=None, repr=False)
    """The same by pieces; None when the data must be whole."""


_DIGESTS: dict[str, DigestAlgorithm] = {}
_SIGNATURES: dict[str, SignatureAlgorithm] = {}


def register_digest(algorithm: DigestAlgorithm) -> None:
    """Make a digest known under its URI, OID and aliases; a later registration replaces an earlier one."""
    for name in (algorithm.uri, algorithm.oid, *algorithm.aliases):
        _DIGESTS[name] = algorithm


def register_signature(algorithm: SignatureAlgorithm) -> None:
    """Make a signature algorithm known under its URI, OID and aliases; a later registration replaces an earlier one."""
    for name in (algorithm.uri, algorithm.oid, *algorithm.aliases):
        _SIGNATURES[name] = algorithm


def digest(name: str) -> DigestAlgorithm:
    """Look a digest up by URI or OID.

    Raises:
        AlgorithmNotAllowed: unknown or refused.
    """
    algorithm = _DIGESTS.get(name)
    if algorithm is None:
        raise AlgorithmNotAllowed(f"unknown digest algorithm {name[:120]}")
    if algorithm.refused is not None:
        raise AlgorithmNotAllowed(f"digest algorithm {algorithm.uri} is refused: {algorithm.refused}")
    return algorithm


def signature(name: str) -> SignatureAlgorithm:
    """Look a signature algorithm up by URI or OID.

    Raises:
        AlgorithmNotAllowed: unknown or refused.
    """
    algorithm = _SIGNATURES.get(name)
    if algorithm is None:
        raise AlgorithmNotAllowed(f"unknown signature algorithm {name[:120]}")
    if algorithm.refused is not None:
        raise AlgorithmNotAllowed(f"signature algorithm {algorithm.uri} is refused: {algorithm.refused}")
    return algorithm


def signature_for_key(name: str, key_oid: str, spki_der: bytes) -> SignatureAlgorithm:
    """Look a signature algorithm up and check that the key is of its kind and strong enough.

    Raises:
        AlgorithmNotAllowed: unknown, refused, a key of another kind, or a weak key.
    """
    algorithm = signature(name)
    if key_oid not in algorithm.key_oids:
        raise AlgorithmNotAllowed(f"{algorithm.uri} does not go with a key of kind {key_oid}")
    weakness = algorithm.weakness(spki_der)
    if weakness is not None:
        raise AlgorithmNotAllowed(weakness)
    return algorithm


@lru_cache(maxsize=4096)
def _rsa_public_key(spki_der: bytes) -> RSAPublicKey | None:
    try:
        key = load_der_public_key(spki_der)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


@lru_cache(maxsize=4096)
def _rsa_weakness(spki_der: bytes) -> str | None:
    key = _rsa_public_key(spki_der)
    if key is None:
        return "the RSA public key is not readable"
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return f"RSA key of {key.key_size} bits, {MIN_RSA_BITS} to {MAX_RSA_BITS} accepted"
    if key.public_numbers().e > _MAX_RSA_EXPONENT:
        return "RSA key with an extraordinary public exponent"
    return None


def _verify_rsa_sha256(spki_der: bytes, data: bytes, signature_value: bytes) -> bool:
    key = _rsa_public_key(spki_der)
    if key is None:
        return False
    try:
        key.verify(signature_value, data, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _verify_rsa_digest(spki_der: bytes, digest_value: bytes, signature_value: bytes) -> bool:
    key = _rsa_public_key(spki_der)
    if key is None:
        return False
    try:
        key.verify(signature_value, digest_value, PKCS1v15(), Prehashed(SHA256()))
    except (InvalidSignature, ValueError):  # ValueError: the digest is of another length
        return False
    return True


def _never(_spki_der: bytes, _data: bytes, _signature: bytes) -> bool:
    return False


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


_SHA1_BROKEN = "SHA-1 is broken"

register_digest(DigestAlgorithm(SHA256_URI, "2.16.840.1.101.3.4.2.1", _sha256))
register_digest(
    DigestAlgorithm(
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "1.3.14.3.2.26",
        _sha1,
        aliases=("http://www.w3.org/2001/04/xmldsig-more#sha1",),  # NITEC's handler writes this one
        refused=_SHA1_BROKEN,
    )
)
register_signature(
    SignatureAlgorithm(
        RSA_SHA256,
        "1.2.840.113549.1.1.11",
        frozenset({RSA_KEY_OID}),
        _verify_rsa_sha256,
        weakness=_rsa_weakness,
        streamed=Streamed(hashlib.sha256, _verify_rsa_digest),
    )
)
register_signature(
    SignatureAlgorithm(
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "1.2.840.113549.1.1.5",
        frozenset({RSA_KEY_OID}),
        _never,
        aliases=("http://www.w3.org/2001/04/xmldsig-more#rsa-sha1",),
        refused=_SHA1_BROKEN,
    )
)
