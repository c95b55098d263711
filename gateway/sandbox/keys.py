"""Key generation by the algorithm's name: a new algorithm is one more entry, not one more branch."""

from collections.abc import Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

DEFAULT = "rsa-2048"
AUTHORITY = "rsa-3072"
"""NCA's own CAs have RSA-4096; 3072 is as good for ten years of tests and four times quicker to make."""

_EXPONENT = 65537

GENERATORS: dict[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "rsa-2048": lambda: rsa.generate_private_key(_EXPONENT, 2048),
    "rsa-3072": lambda: rsa.generate_private_key(_EXPONENT, 3072),
}


def generate(algorithm: str) -> CertificateIssuerPrivateKeyTypes:
    """Return a new private key.

    Raises:
        KeyError: no generator of that name is registered.
    """
    return GENERATORS[algorithm]()


def to_pem(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    """Return the key as PKCS#8 PEM, not encrypted: it protects nothing but the sandbox."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
