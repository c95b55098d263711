"""Certificates with their keys in a folder: issued when missing, renewed when about to expire."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from asn1crypto import pem

from gateway.clock import Clock
from gateway.eds.certificate import Certificate
from gateway.eds.keys import SigningKey, load_pem
from gateway.sandbox import keys
from gateway.sandbox.authority import Authority
from gateway.sandbox.files import write_atomically
from gateway.sandbox.profile import Profile

_RENEW_BEFORE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its private key."""

    certificate_file: Path
    key_file: Path
    key: SigningKey = field(repr=False)

    @property
    def certificate(self) -> Certificate:
        """The certificate."""
        return self.key.certificate

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate_file.read_bytes()

    @property
    def key_pem(self) -> bytes:
        """The private key as PKCS#8 PEM without a password."""
        return self.key_file.read_bytes()


@dataclass(frozen=True, slots=True)
class IdentityStore:
    """A folder with pairs `<name>.pem` and `<name>.key.pem`."""

    folder: Path
    clock: Clock

    def get(self, wanted: Profile, name: str, issuer: Authority, *, renew: bool = True) -> Identity:
        """Return the identity stored under `name`, issuing it first when it is missing or about to expire.

        Args:
            wanted: what stands in the certificate.
            name: folder and file name without suffix.
            issuer: who issues.
            renew: whether a certificate that expires is replaced.

        Raises:
            OSError: the folder cannot be written.
            KeyUnusable, CertificateUnreadable: a file is not what it should be.
        """
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key.pem"
        if not certificate.is_file() or not self._fits(certificate, wanted, issuer, renew=renew):
            pair = keys.for_user(wanted.family)
            issued = issuer.issue(wanted, pair.spki)
            certificate.unlink(missing_ok=True)  # a kill in between must not leave the old one beside the new key
            write_atomically(key, pair.to_pem())
            write_atomically(certificate, certificate_pem(issued), mode=0o644)
        return Identity(certificate, key, load_pem(certificate.read_bytes(), key.read_bytes()))

    def _fits(self, path: Path, wanted: Profile, issuer: Authority, *, renew: bool) -> bool:
        certificate = Certificate.from_pem(path.read_bytes())
        return (
            keys.family_of(certificate.key_oid) is wanted.family
            and issuer.register.issued(certificate.serial_number)
            and not (renew and certificate.not_after - _RENEW_BEFORE < self.clock())
        )


def certificate_pem(der: bytes) -> bytes:
    """Return a certificate as PEM."""
    text: bytes = pem.armor("CERTIFICATE", der)
    return text
