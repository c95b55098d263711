"""Private keys that sign: one port, and the RSA key behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gateway.eds.algorithms import MIN_RSA_BITS, RSA_KEY_OID, RSA_SHA256, SHA256_URI
from gateway.eds.certificate import Certificate, CertificateUnreadable


class KeyUnusable(Exception):  # noqa: N818  a state of the installation, told to the operator
    """The key cannot be used. The text says why and holds nothing of the key."""


class SigningKey(Protocol):
    """A private key with its certificate. Where the key is kept is the implementation's matter."""

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key."""

    @property
    def signature_uri(self) -> str:
        """XML Signature URI of what `sign` computes."""

    @property
    def digest_uri(self) -> str:
        """XML Signature URI of the digest that goes with it."""

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature value over `data` (not over its digest)."""


@dataclass(frozen=True, slots=True)
class RsaSigningKey:
    """RSA with SHA-256, PKCS #1 v1.5."""

    certificate: Certificate
    private_key: RSAPrivateKey = field(repr=False)
    signature_uri: str = RSA_SHA256
    digest_uri: str = SHA256_URI

    def sign(self, data: bytes) -> bytes:
        """Return the RSASSA-PKCS1-v1_5 signature over SHA-256 of `data`."""
        return self.private_key.sign(data, PKCS1v15(), SHA256())


Loader = Callable[[Certificate, bytes, bytes | None], SigningKey]
"""Takes the certificate, the PEM of the key and its password; raises KeyUnusable."""


def load_pem(certificate: bytes, key: bytes, password: bytes | None = None) -> SigningKey:
    """Read a certificate (PEM) and its private key (PEM, PKCS #8).

    Raises:
        KeyUnusable: unreadable, wrong password, an unsupported kind, or not the key of this certificate.
    """
    try:
        read = Certificate.from_pem(certificate)
    except CertificateUnreadable as error:
        raise KeyUnusable(f"the certificate: {error}") from None
    loader = _LOADERS.get(read.key_oid)
    if loader is None:
        raise KeyUnusable(f"keys of kind {read.key_oid} are not supported")
    return loader(read, key, password)


def register_loader(key_oid: str, loader: Loader) -> None:
    """Make keys of one kind (algorithm OID of the SubjectPublicKeyInfo) loadable."""
    _LOADERS[key_oid] = loader


def _load_rsa(certificate: Certificate, pem: bytes, password: bytes | None) -> SigningKey:
    try:
        key = load_pem_private_key(pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"private key unreadable or password wrong ({type(error).__name__})") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_RSA_BITS:
        raise KeyUnusable(f"not an RSA key of at least {MIN_RSA_BITS} bits")
    if key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != certificate.spki:
        raise KeyUnusable("the private key does not belong to the certificate")
    return RsaSigningKey(certificate, key)


_LOADERS: dict[str, Loader] = {RSA_KEY_OID: _load_rsa}
