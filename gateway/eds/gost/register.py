"""Makes the GOST suites known to `gateway.eds.algorithms` and `gateway.eds.keys`."""

from dataclasses import dataclass
from functools import partial

from gateway.eds import algorithms, keys
from gateway.eds.certificate import Certificate
from gateway.eds.gost.keys import KeyUnreadable, PrivateKey, PublicKey, digest, new_digest
from gateway.eds.gost.suites import GOST_2004, SUITES, Suite

_ALIASES = {GOST_2004: (GOST_2004.key_oid,)}
"""Old native Kalkan writes the OID of the key where that of the signature belongs."""


@dataclass(frozen=True, slots=True)
class GostSigningKey:
    """A GOST key with its certificate."""

    certificate: Certificate
    private_key: PrivateKey

    @property
    def signature_uri(self) -> str:
        """XML Signature URI of what `sign` computes."""
        return self.private_key.public.suite.signature_uri

    @property
    def digest_uri(self) -> str:
        """XML Signature URI of the digest that goes with it."""
        return self.private_key.public.suite.digest_uri

    def sign(self, data: bytes) -> bytes:
        """Return r ‖ s, little-endian, over the digest of `data`."""
        return self.private_key.sign(data)


def register() -> None:
    """Register all suites; to call it again changes nothing."""
    for suite in SUITES:
        algorithms.register_digest(
            algorithms.DigestAlgorithm(suite.digest_uri, suite.digest_oid, partial(digest, suite))
        )
        algorithms.register_signature(
            algorithms.SignatureAlgorithm(
                suite.signature_uri,
                suite.signature_oid,
                frozenset({suite.key_oid}),
                partial(_verify, suite),
                aliases=_ALIASES.get(suite, ()),
                weakness=partial(_weakness, suite),
                streamed=algorithms.Streamed(partial(new_digest, suite), partial(_verify_digest, suite)),
            )
        )
        keys.register_loader(suite.key_oid, _load)


def _verify(suite: Suite, spki: bytes, data: bytes, signature: bytes) -> bool:
    try:
        key = PublicKey.from_spki(spki)
    except KeyUnreadable:
        return False
    return key.suite is suite and key.verify(data, signature)


def _verify_digest(suite: Suite, spki: bytes, digest_value: bytes, signature: bytes) -> bool:
    try:
        key = PublicKey.from_spki(spki)
        return key.suite is suite and key.verify_digest(digest_value, signature)
    except ValueError:  # an unreadable key, or a digest of another length
        return False


def _weakness(suite: Suite, spki: bytes) -> str | None:
    try:
        key = PublicKey.from_spki(spki)
    except KeyUnreadable as error:
        return str(error)
    return None if key.suite is suite else f"a key of {key.suite.name} does not go with {suite.name}"


def _load(certificate: Certificate, pkcs8: bytes) -> GostSigningKey:
    """Read a private key.

    Raises:
        keys.KeyUnusable: Not a GOST key in PKCS #8, or not the key of this certificate.
    """
    try:
        private_key = PrivateKey.from_pkcs8(pkcs8)
    except ValueError as error:
        raise keys.KeyUnusable(f"private key unreadable ({type(error).__name__})") from None
    if private_key.public.to_spki() != certificate.spki:
        raise keys.NotItsKey("the private key does not belong to the certificate")
    return GostSigningKey(certificate, private_key)
