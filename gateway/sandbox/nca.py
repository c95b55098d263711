"""The sandbox's National Certification Authority: made at first start under a folder, read again ever after.

Layout: `anchors/{root,nca}.pem` (all that a verifier needs), `authority/*.key.pem`, and pairs `<name>.pem` with
`<name>.key.pem` in `citizens/`, `providers/` and `systems/`. Nothing here is a secret worth more than a test.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from gateway.clock import Clock, utc_now
from gateway.eds.keys import SigningKey, load_pem
from gateway.sandbox import keys, profile
from gateway.sandbox.authority import Authority, Places
from gateway.sandbox.files import write_atomically
from gateway.sandbox.identities import (
    AUTHENTICATION_ONLY,
    CITIZENS,
    EXPIRED,
    FOREIGN,
    PROVIDERS,
    SYSTEMS,
    Citizen,
)
from gateway.sandbox.profile import Profile, Usage

_ROOT_NAME = "QAQPA SANDBOX НЕГІЗГІ КУӘЛАНДЫРУШЫ (RSA)"
_NCA_NAME = "QAQPA SANDBOX ҰКО (RSA)"
_FOREIGN_NAME = "QAQPA SANDBOX БӨТЕН ҰКО (RSA)"
_EXPIRED_SINCE = timedelta(days=30)
_YEAR = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its private key."""

    certificate_file: Path
    key_file: Path
    key: SigningKey = field(repr=False)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate_file.read_bytes()

    @property
    def key_pem(self) -> bytes:
        """The private key as PKCS#8 PEM without a password."""
        return self.key_file.read_bytes()


class TestAuthority:
    """Root, issuing authority and everyone they certified."""

    __test__: ClassVar = False  # the name would make pytest collect it

    def __init__(self, folder: Path, base_url: str, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        now = clock().replace(microsecond=0) - 2 * _YEAR
        self.root = self._authority("anchors", "root", lambda key, places: Authority.root(_ROOT_NAME, key, now, places))
        self.nca = self._authority(
            "anchors", "nca", lambda key, places: self.root.subordinate(_NCA_NAME, key, now, places)
        )
        self._foreign = self._authority(
            "foreign", "foreign", lambda key, places: Authority.root(_FOREIGN_NAME, key, now, places)
        )

    @classmethod
    def open_or_create(
        cls, folder: Path, *, base_url: str = "http://127.0.0.1:8090/nca", clock: Clock = utc_now
    ) -> Self:
        """Open the authority in `folder`, or make it there; certificates about to expire are renewed.

        Args:
            folder: its own folder; created when missing.
            base_url: where the sandbox publishes certificates and revocation lists; stands in new certificates.
            clock: the time.

        Raises:
            OSError: the folder cannot be read or written.
            ValueError: a file in it is not what it should be.
        """
        authority = cls(folder, base_url, clock)
        authority.populate()
        return authority

    @property
    def anchors(self) -> Path:
        """The folder with the two CA certificates and nothing else."""
        return self._folder / "anchors"

    def populate(self) -> None:
        """Issue what is missing or about to expire, for everyone in `gateway.sandbox.identities`."""
        for number in range(1, len(CITIZENS) + 1):
            self.citizen(number)
        for slug in [organization.slug for organization in PROVIDERS]:
            self.provider(slug)
        for slug in [system.slug for system in SYSTEMS]:
            self.system(slug)
        self.expired()
        self.foreign()
        self.authentication_only()

    def citizen(self, number: int) -> Identity:
        """Return the identity of `CITIZENS[number - 1]`, for signing."""
        return self.of(CITIZENS[number - 1])

    def of(self, citizen: Citizen) -> Identity:
        """Return the identity with which this citizen signs, as it is meant for them in `identities`."""
        special = {
            EXPIRED.slug: self.expired,
            FOREIGN.slug: self.foreign,
            AUTHENTICATION_ONLY.slug: self.authentication_only,
        }
        if citizen.slug in special:
            return special[citizen.slug]()
        return self.issue(profile.of_citizen(citizen, self._clock()), f"citizens/{citizen.slug}")

    def provider(self, slug: str) -> Identity:
        """Return the identity with which a provider's head signs results.

        Raises:
            KeyError: no provider of that name.
        """
        organization = {item.slug: item for item in PROVIDERS}[slug]
        return self.issue(profile.of_head(organization, self._clock()), f"providers/{slug}")

    def system(self, slug: str) -> Identity:
        """Return the identity of an information system: `shep`, `portal`, `psc` or `gateway`.

        Raises:
            KeyError: no system of that name.
        """
        system = {item.slug: item for item in SYSTEMS}[slug]
        return self.issue(profile.of_system(system, self._clock()), f"systems/{slug}")

    def expired(self) -> Identity:
        """Return a citizen's identity whose certificate expired a month before it was made."""
        age = _YEAR + _EXPIRED_SINCE
        return self.issue(
            profile.of_citizen(EXPIRED, self._clock(), age=age), f"citizens/{EXPIRED.slug}-expired", renew=False
        )

    def foreign(self) -> Identity:
        """Return a citizen's identity issued by an authority that is not among the anchors."""
        wanted = profile.of_citizen(FOREIGN, self._clock())
        return self.issue(wanted, f"citizens/{FOREIGN.slug}-foreign", issuer=self._foreign)

    def authentication_only(self) -> Identity:
        """Return a citizen's identity that is for logging in, not for signing."""
        wanted = profile.of_citizen(AUTHENTICATION_ONLY, self._clock(), usage=Usage.AUTH)
        return self.issue(wanted, f"citizens/{AUTHENTICATION_ONLY.slug}-auth")

    def issue(
        self,
        wanted: Profile,
        name: str,
        *,
        issuer: Authority | None = None,
        algorithm: str = keys.DEFAULT,
        renew: bool = True,
    ) -> Identity:
        """Return the identity stored under `name`, issuing it first when it is missing or about to expire.

        Args:
            wanted: what stands in the certificate.
            name: folder and file name without suffix, inside the authority's folder.
            issuer: who issues; default: the NCA.
            algorithm: a name in `keys.GENERATORS`.
            renew: whether a certificate that expires is replaced.

        Raises:
            KeyError: the algorithm is not known.
            OSError: the folder cannot be written.
        """
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key.pem"
        if not certificate.is_file() or (renew and self._ends_soon(certificate)):
            private = keys.generate(algorithm)
            issued = (issuer or self.nca).issue(wanted, private.public_key())
            certificate.unlink(missing_ok=True)  # a kill in between must not leave the old one beside the new key
            write_atomically(key, keys.to_pem(private))
            write_atomically(certificate, issued.public_bytes(serialization.Encoding.PEM), mode=0o644)
        return Identity(certificate, key, load_pem(certificate.read_bytes(), key.read_bytes()))

    def _ends_soon(self, certificate: Path) -> bool:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        return loaded.not_valid_after_utc - _RENEW_BEFORE < self._clock()

    def _authority(
        self, folder: str, name: str, make: Callable[[CertificateIssuerPrivateKeyTypes, Places], Authority]
    ) -> Authority:
        certificate = self._folder / folder / f"{name}.pem"
        key = self._folder / "authority" / f"{name}.key.pem"
        places = self._places(name)
        if not certificate.is_file():
            make(keys.generate(keys.AUTHORITY), places).store(certificate, key)
        return Authority.load(certificate, key, places)

    def _places(self, name: str) -> Places:
        return Places(
            certificate=f"{self._base_url}/cert/{name}.cer",
            crl=f"{self._base_url}/crl/{name}.crl",
            ocsp=f"{self._base_url}/ocsp" if name == "nca" else None,
        )
