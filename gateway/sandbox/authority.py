"""A certificate authority: its key, its certificate, and what it signs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from gateway.sandbox.files import write_atomically
from gateway.sandbox.keys import to_pem
from gateway.sandbox.profile import Profile

_YEARS = timedelta(days=3650)
_CRL_LIFE = timedelta(hours=27)  # NCA's own full list lives about as long


@dataclass(frozen=True, slots=True)
class Places:
    """Where an authority's certificate, revocation list and responder are published."""

    certificate: str
    crl: str
    ocsp: str | None = None

    def extensions(self) -> tuple[x509.ExtensionType, ...]:
        """Return CDP and AIA pointing there."""
        access = [(AuthorityInformationAccessOID.CA_ISSUERS, self.certificate)]
        if self.ocsp:
            access.insert(0, (AuthorityInformationAccessOID.OCSP, self.ocsp))
        location = x509.UniformResourceIdentifier(self.crl)
        return (
            x509.CRLDistributionPoints([x509.DistributionPoint([location], None, None, None)]),
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in access]
            ),
        )


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA that issues; its places stand in what it issues."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes
    places: Places

    @classmethod
    def root(cls, name: str, key: CertificateIssuerPrivateKeyTypes, now: datetime, places: Places) -> Self:
        """Make a self-signed authority."""
        subject = _name(name)
        builder = _builder(subject, subject, key.public_key(), now, now + _YEARS)
        return cls(_signed(_ca(builder, key, path_length=1), key), key, places)

    @classmethod
    def load(cls, certificate: Path, key: Path, places: Places) -> Self:
        """Read an authority made earlier.

        Raises:
            OSError: a file is missing.
            ValueError: a file is not what it should be.
        """
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        if not isinstance(private, RSAPrivateKey):  # of all kinds in `keys`, the only one that issues
            raise ValueError(f"{key.name} is not a key that issues certificates")  # noqa: TRY004  the file is wrong, not the call
        return cls(x509.load_pem_x509_certificate(certificate.read_bytes()), private, places)

    def subordinate(
        self, name: str, key: CertificateIssuerPrivateKeyTypes, now: datetime, places: Places
    ) -> "Authority":
        """Issue an authority below this one that may issue only end certificates."""
        builder = _builder(
            _name(name), self.certificate.subject, key.public_key(), now, self.certificate.not_valid_after_utc
        )
        builder = _ca(builder, self.key, path_length=0)
        for extension in self.places.extensions():
            builder = builder.add_extension(extension, critical=False)
        return Authority(_signed(builder, self.key), key, places)

    def issue(self, profile: Profile, public_key: CertificateIssuerPublicKeyTypes) -> x509.Certificate:
        """Issue an end certificate by the profile."""
        subject, issuer = profile.subject, self.certificate.subject
        builder = _builder(subject, issuer, public_key, profile.not_before, profile.not_after)
        builder = _identified(builder, self.key)
        for extension, critical in profile.extensions():
            builder = builder.add_extension(extension, critical=critical)
        for extension in self.places.extensions():
            builder = builder.add_extension(extension, critical=False)
        return _signed(builder, self.key)

    def crl(self, now: datetime) -> bytes:
        """Return the revocation list as DER: nothing in the sandbox is revoked."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + _CRL_LIFE)
            .add_extension(_authority_key(self.key), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def store(self, certificate: Path, key: Path) -> None:
        """Write key and certificate as PEM; the certificate last, so that it stands for a complete pair."""
        write_atomically(key, to_pem(self.key))
        write_atomically(certificate, self.certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


def _subject_key(key: CertificateIssuerPublicKeyTypes) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key)


def _authority_key(issuer: CertificateIssuerPrivateKeyTypes) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_subject_key(issuer.public_key()))


def _serial(key: CertificateIssuerPublicKeyTypes) -> int:
    """NCA's rule: the subject key identifier with its top bit cleared."""
    identifier = _subject_key(key).digest
    return int.from_bytes(identifier) & ~(1 << (8 * len(identifier) - 1))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificateIssuerPublicKeyTypes, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(_serial(key))
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(_subject_key(key), critical=False)
    )


def _identified(builder: x509.CertificateBuilder, issuer: CertificateIssuerPrivateKeyTypes) -> x509.CertificateBuilder:
    return builder.add_extension(_authority_key(issuer), critical=False)


def _ca(
    builder: x509.CertificateBuilder, issuer: CertificateIssuerPrivateKeyTypes, *, path_length: int
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _identified(builder, issuer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
    )


def _signed(builder: x509.CertificateBuilder, key: CertificateIssuerPrivateKeyTypes) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())
