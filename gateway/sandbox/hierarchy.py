"""A root and the authority below it that issues to people and systems, made at first start, read again ever after."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gateway.sandbox import keys, profile
from gateway.sandbox.authority import Authority, Places, self_signed
from gateway.sandbox.files import write_atomically
from gateway.sandbox.identity import certificate_pem
from gateway.sandbox.keys import Family, KeyPair

_ROOT_NAME = "QAQPA SANDBOX НЕГІЗГІ КУӘЛАНДЫРУШЫ ({})"
_NCA_NAME = "QAQPA SANDBOX ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ({})"
_FOREIGN_NAME = "QAQPA SANDBOX БӨТЕН КУӘЛАНДЫРУШЫ ({})"
_LIFE = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The authorities of one family."""

    family: Family
    root: Authority
    nca: Authority


@dataclass(frozen=True, slots=True)
class AuthorityFolder:
    """Where authorities are kept, and the URL under which they publish."""

    folder: Path
    base_url: str
    since: datetime
    """From when new authorities are valid, aware."""

    def hierarchy(self, family: Family) -> Hierarchy:
        """Open the root and the issuing authority of a family; what is missing is made.

        Raises:
            OSError: the folder cannot be read or written.
            KeyUnusable, ValueError: a file in it is not what it should be.
        """
        root = self._opened("anchors", f"root_{family}", _root(_ROOT_NAME, family, self.since))
        issuing = profile.of_authority(
            _NCA_NAME.format(family.upper()), family, self.since, root.certificate.not_after, path_length=0
        )
        nca = self._opened("anchors", f"nca_{family}", issuing, root)
        return Hierarchy(family, root, nca)

    def foreign(self) -> Authority:
        """Open an authority that is not among the anchors, as `hierarchy`."""
        return self._opened("foreign", "foreign", _root(_FOREIGN_NAME, Family.RSA, self.since))

    def _opened(self, folder: str, name: str, wanted: profile.Profile, issuer: Authority | None = None) -> Authority:
        certificate = self.folder / folder / f"{name}.pem"
        key = self.folder / "authority" / f"{name}.key.pem"
        if not certificate.is_file():
            pair = keys.for_authority(wanted.family)
            write_atomically(key, pair.to_pem())
            # the certificate last: it stands for a complete pair
            write_atomically(certificate, certificate_pem(_issued(wanted, pair, issuer)), mode=0o644)
        return Authority.load(name, certificate, key, self._places(name, answers=issuer is not None))

    def _places(self, name: str, *, answers: bool) -> Places:
        return Places(
            certificate=f"{self.base_url}/cert/{name}.cer",
            crl=f"{self.base_url}/crl/{name}.crl",
            delta=f"{self.base_url}/crl/{name}_delta.crl",
            ocsp=f"{self.base_url}/ocsp" if answers else None,
        )


def _root(name: str, family: Family, since: datetime) -> profile.Profile:
    return profile.of_authority(name.format(family.upper()), family, since, since + _LIFE, path_length=1)


def _issued(wanted: profile.Profile, pair: KeyPair, issuer: Authority | None) -> bytes:
    return self_signed(wanted, pair) if issuer is None else issuer.issue(wanted, pair.spki)
