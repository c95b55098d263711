"""Test identities of the wire: self-signed RSA certificates with their keys, made once a run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.keys import SigningKey, load_pem
from gateway.eds.verifier import Verifier

NOW = datetime.now(UTC).replace(microsecond=123000)
"""The instant at which the test gateways live; the present, for foreign clients stamp their messages with it."""


@dataclass(frozen=True, slots=True)
class Party:
    """A system with a transport certificate."""

    certificate_pem: bytes
    key_pem: bytes

    @property
    def key(self) -> SigningKey:
        """Its signing key."""
        return load_pem(self.certificate_pem, self.key_pem)

    @property
    def certificate(self) -> Certificate:
        """Its certificate."""
        return Certificate.from_pem(self.certificate_pem)

    def files(self, folder: Path) -> tuple[Path, Path]:
        """Write certificate and key as PEM files; return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        certificate.write_bytes(self.certificate_pem)
        key.write_bytes(self.key_pem)
        return certificate, key


@cache
def party(name: str, *, starts_in_days: int = -30, lasts_days: int = 365, is_ca: bool = False) -> Party:
    """Return the party of that name; its certificate is valid around `NOW` unless said otherwise."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ")])
    start = NOW + timedelta(days=starts_in_days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=lasts_days))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(_usage(is_ca=is_ca), critical=True)
    )
    pem = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
    return Party(pem, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def verifier() -> Verifier:
    """Return a verifier; transport signatures are trusted by registration, so its one anchor plays no part."""
    return Verifier(Anchors.of([party("anchor", is_ca=True).certificate]))


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
