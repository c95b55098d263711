"""The sandbox's National Certification Authority: made at first start under a folder, read again ever after.

Layout: `anchors/{root,nca}_{rsa,gost}.pem` (all that a verifier needs), `authority/` with their keys and registers, and
pairs `<name>.pem` with `<name>.key.pem` in `citizens/`, `providers/`, `systems/` and `services/` (OCSP, time stamps).
Nothing here is a secret worth more than a test.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Self

from gateway.clock import Clock, utc_now
from gateway.eds.certificate import Certificate
from gateway.eds.keys import SigningKey
from gateway.eds.revocation import RevocationReason
from gateway.sandbox import profile
from gateway.sandbox.authority import Authority
from gateway.sandbox.hierarchy import AuthorityFolder, Hierarchy
from gateway.sandbox.identities import (
    AUTHENTICATION_ONLY,
    CITIZENS,
    EXPIRED,
    FOREIGN,
    PROVIDERS,
    REVOKED,
    SYSTEMS,
    Citizen,
)
from gateway.sandbox.identity import Identity, IdentityStore
from gateway.sandbox.keys import Family
from gateway.sandbox.ocsp_responder import Responder
from gateway.sandbox.profile import Profile, Usage

__all__ = ["Identity", "TestAuthority"]

_YEAR = timedelta(days=365)
_EXPIRED_SINCE = timedelta(days=30)
_REVOKED_SINCE = timedelta(minutes=30)
_RESPONDER_NAME = "QAQPA SANDBOX OCSP ({})"
_TSA_NAME = "QAQPA SANDBOX УАҚЫТ БЕЛГІСІ ({})"


class TestAuthority:
    """Roots, issuing authorities and everyone they certified."""

    __test__: ClassVar = False  # the name would make pytest collect it

    def __init__(self, folder: Path, base_url: str, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._store = IdentityStore(folder, clock)
        since = clock().replace(microsecond=0) - 2 * _YEAR
        authorities = AuthorityFolder(folder, base_url.rstrip("/"), since)
        self.hierarchies: Mapping[Family, Hierarchy] = {family: authorities.hierarchy(family) for family in Family}
        self._foreign = authorities.foreign()

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
            KeyUnusable, ValueError: a file in it is not what it should be.
        """
        authority = cls(folder, base_url, clock)
        authority.populate()
        return authority

    @property
    def anchors(self) -> Path:
        """The folder with the CA certificates and nothing else."""
        return self._folder / "anchors"

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """All authorities among the anchors."""
        return tuple(one for hierarchy in self.hierarchies.values() for one in (hierarchy.root, hierarchy.nca))

    def nca(self, family: Family) -> Authority:
        """Return the authority that issues to people and systems."""
        return self.hierarchies[family].nca

    def populate(self) -> None:
        """Issue what is missing or about to expire, for everyone in `gateway.sandbox.identities`."""
        for citizen in (*CITIZENS, *self._special()):
            self.of(citizen)
        for slug in [organization.slug for organization in PROVIDERS]:
            self.provider(slug)
        for slug in [system.slug for system in SYSTEMS]:
            self.system(slug)
        self.responders()
        self.time_stamping_keys()

    def citizen(self, number: int) -> Identity:
        """Return the identity of `CITIZENS[number - 1]`, for signing."""
        return self.of(CITIZENS[number - 1])

    def of(self, citizen: Citizen) -> Identity:
        """Return the identity with which this citizen signs, as it is meant for them in `identities`."""
        special = self._special().get(citizen)
        if special is not None:
            return special()
        return self.issue(profile.of_citizen(citizen, self._clock()), f"citizens/{citizen.slug}")

    def _special(self) -> Mapping[Citizen, Callable[[], Identity]]:
        return {
            EXPIRED: self.expired,
            FOREIGN: self.foreign,
            AUTHENTICATION_ONLY: self.authentication_only,
            REVOKED: self.revoked,
        }

    def provider(self, slug: str) -> Identity:
        """Return the identity with which a provider's head signs results.

        Raises:
            KeyError: no provider of that name.
        """
        organization = {item.slug: item for item in PROVIDERS}[slug]
        return self.issue(profile.of_head(organization, self._clock()), f"providers/{slug}")

    def system(self, slug: str, family: Family | None = None) -> Identity:
        """Return the identity of an information system: `shep`, `portal`, `psc` or `gateway`.

        Args:
            slug: which one.
            family: of another key than the system has by itself.

        Raises:
            KeyError: no system of that name.
        """
        system = {item.slug: item for item in SYSTEMS}[slug]
        name = f"systems/{slug}"
        if family not in {None, system.family}:
            system, name = replace(system, family=family or system.family), f"{name}-{family}"
        return self.issue(profile.of_system(system, self._clock()), name)

    def expired(self) -> Identity:
        """Return a citizen's identity whose certificate expired a month before it was made."""
        age = _YEAR + _EXPIRED_SINCE
        wanted = profile.of_citizen(EXPIRED, self._clock(), age=age)
        return self.issue(wanted, f"citizens/{EXPIRED.slug}-expired", renew=False)

    def foreign(self) -> Identity:
        """Return a citizen's identity issued by an authority that is not among the anchors."""
        wanted = profile.of_citizen(FOREIGN, self._clock())
        return self.issue(wanted, f"citizens/{FOREIGN.slug}-foreign", issuer=self._foreign)

    def authentication_only(self) -> Identity:
        """Return a citizen's identity that is for logging in, not for signing."""
        wanted = profile.of_citizen(AUTHENTICATION_ONLY, self._clock(), usage=Usage.AUTH)
        return self.issue(wanted, f"citizens/{AUTHENTICATION_ONLY.slug}-auth")

    def revoked(self) -> Identity:
        """Return a citizen's identity whose certificate was revoked half an hour after it was issued."""
        identity = self.issue(profile.of_citizen(REVOKED, self._clock()), f"citizens/{REVOKED.slug}-revoked")
        certificate = identity.certificate
        if certificate.serial_number not in self.issuer_of(certificate).register.revoked:
            self.revoke(certificate, RevocationReason.KEY_COMPROMISE, at=certificate.not_before + _REVOKED_SINCE)
        return identity

    def responders(self) -> tuple[Responder, ...]:
        """Return who answers by OCSP, for each issuing authority."""
        return tuple(Responder(self.nca(family), self._responder_key(family)) for family in Family)

    def _responder_key(self, family: Family) -> SigningKey:
        wanted = profile.of_responder(_RESPONDER_NAME.format(family.upper()), family, self._clock())
        return self.issue(wanted, f"services/ocsp_{family}").key

    def time_stamping_keys(self) -> Mapping[Family, SigningKey]:
        """Return the keys of the time-stamping authorities."""
        return {family: self._time_stamping_key(family) for family in Family}

    def _time_stamping_key(self, family: Family) -> SigningKey:
        wanted = profile.of_time_stamping_authority(_TSA_NAME.format(family.upper()), family, self._clock())
        return self.issue(wanted, f"services/tsa_{family}").key

    def issue(self, wanted: Profile, name: str, *, issuer: Authority | None = None, renew: bool = True) -> Identity:
        """Return the identity stored under `name`; see `IdentityStore.get`. Default issuer: the NCA of the family."""
        return self._store.get(wanted, name, issuer or self.nca(wanted.family), renew=renew)

    def find(self, name: str) -> Certificate:
        """Return the certificate stored under a name such as `citizens/citizen-1`.

        Raises:
            KeyError: there is none.
        """
        path = (self._folder / f"{name}.pem").resolve()
        if not path.is_relative_to(self._folder.resolve()) or path.name.endswith(".key.pem") or not path.is_file():
            raise KeyError(name)
        return Certificate.from_pem(path.read_bytes())

    def revoke(
        self,
        certificate: Certificate,
        reason: RevocationReason = RevocationReason.UNSPECIFIED,
        *,
        at: datetime | None = None,
    ) -> None:
        """Revoke a certificate, or hold it (reason certificateHold), since `at`; default: now.

        Raises:
            KeyError: nobody here has issued it.
            ValueError: it is revoked already.
        """
        self.issuer_of(certificate).register.revoke(certificate.serial_number, at or self._clock(), reason)

    def release(self, certificate: Certificate) -> None:
        """End a hold.

        Raises:
            KeyError: nobody here has issued it.
            ValueError: it is not on hold.
        """
        self.issuer_of(certificate).register.release(certificate.serial_number)

    def issuer_of(self, certificate: Certificate) -> Authority:
        """Return who issued a certificate.

        Raises:
            KeyError: nobody here.
        """
        for authority in self.authorities:
            if authority.certificate.subject_key_id == certificate.authority_key_id and authority.register.issued(
                certificate.serial_number
            ):
                return authority
        raise KeyError("not issued here")
