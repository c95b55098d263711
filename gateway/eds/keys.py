"""Private keys that sign: one port, and the RSA key behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from asn1crypto import pem
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from gateway.eds.algorithms import MIN_RSA_BITS, RSA_KEY_OID, RSA_SHA256, SHA256_URI
from gateway.eds.certificate import Certificate, CertificateUnreadable
from gateway.eds.der import Fields, object_identifier
from gateway.eds.keystore.pbe import NotDecryptable
from gateway.eds.keystore.pkcs12 import shrouded


class KeyUnusable(Exception):  # noqa: N818  a state of the installation, told to the operator
    """The key cannot be used. The text says why and holds nothing of the key."""


class NotItsKey(KeyUnusable):
    """The key is readable, and it is the key of another certificate."""


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


Loader = Callable[[Certificate, bytes], SigningKey]
"""Takes the certificate and the key (PrivateKeyInfo of PKCS #8, DER, not encrypted); raises KeyUnusable."""


def load_pem(certificate: bytes, key: bytes, password: bytes | None = None) -> SigningKey:
    """Read a certificate (PEM) and its private key (PEM).

    Args:
        certificate: text with the certificate; the first in it counts.
        key: text with the key, PKCS #8 or, for RSA, PKCS #1; the first in it counts.
        password: of an encrypted key, UTF-8.

    Raises:
        KeyUnusable: unreadable, wrong password, an unsupported kind, or not the key of this certificate.
    """
    try:
        read = Certificate.from_pem(certificate)
    except CertificateUnreadable as error:
        raise KeyUnusable(f"the certificate: {error}") from None
    return load_pkcs8(read, _pkcs8_of(key, password))


def load_pkcs8(certificate: Certificate, pkcs8: bytes) -> SigningKey:
    """Take a certificate and its private key (PrivateKeyInfo, DER, not encrypted).

    Raises:
        NotItsKey: the key of another certificate.
        KeyUnusable: unreadable, or an unsupported kind.
    """
    loader = _LOADERS.get(certificate.key_oid)
    if loader is None:
        raise KeyUnusable(f"keys of kind {certificate.key_oid} are not supported")
    try:
        kind = _kind(pkcs8)
    except ValueError:
        raise KeyUnusable("the private key is not PKCS #8") from None
    if kind != certificate.key_oid:
        raise NotItsKey(f"the private key is of kind {kind}, its certificate's is {certificate.key_oid}")
    return loader(certificate, pkcs8)


def register_loader(key_oid: str, loader: Loader) -> None:
    """Make keys of one kind (algorithm OID of the SubjectPublicKeyInfo) loadable."""
    _LOADERS[key_oid] = loader


def _kind(pkcs8: bytes) -> str:
    fields = Fields(pkcs8)
    fields.content(_INTEGER)
    return object_identifier(Fields(fields.whole(_SEQUENCE)).content(_OID))


def text_of(password: bytes | None) -> str:
    """Return a password as text.

    Raises:
        KeyUnusable: there is none, or it is not UTF-8.
    """
    if password is None:
        raise KeyUnusable("the key is under a password, and none is given")
    try:
        return password.decode()
    except UnicodeDecodeError:
        raise KeyUnusable("the password is not text in UTF-8") from None


def _pkcs8_of(text: bytes, password: bytes | None) -> bytes:
    """Return the first private key of a PEM text, decrypted."""
    try:
        found: list[tuple[str, object, bytes]] = list(pem.unarmor(text, multiple=True))
    except ValueError:
        raise KeyUnusable("the private key is not readable PEM") from None
    blocks = [(kind, der) for kind, _headers, der in found if kind.endswith(_LABEL)]
    if not blocks:
        raise KeyUnusable("there is no private key in the PEM text")
    kind, der = blocks[0]
    if kind == _LABEL:
        return der
    return _decrypted(der, text_of(password)) if kind == f"ENCRYPTED {_LABEL}" else _older(text, password)


def _decrypted(der: bytes, password: str) -> bytes:
    try:
        return shrouded(der, password)
    except (NotDecryptable, ValueError) as error:
        raise KeyUnusable(f"the private key: {error}") from None


def _older(text: bytes, password: bytes | None) -> bytes:
    """Return a key of the forms before PKCS #8, which only RSA knows here."""
    try:
        key = load_pem_private_key(text, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"private key unreadable or password wrong ({type(error).__name__})") from None
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _load_rsa(certificate: Certificate, pkcs8: bytes) -> SigningKey:
    try:
        key = load_der_private_key(pkcs8, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"private key unreadable ({type(error).__name__})") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_RSA_BITS:
        raise KeyUnusable(f"not an RSA key of at least {MIN_RSA_BITS} bits")
    if key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != certificate.spki:
        raise NotItsKey("the private key does not belong to the certificate")
    return RsaSigningKey(certificate, key)


_INTEGER, _OID, _SEQUENCE = 0x02, 0x06, 0x30
_LABEL: Final = "PRIVATE KEY"
_LOADERS: dict[str, Loader] = {RSA_KEY_OID: _load_rsa}
