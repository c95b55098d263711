"""What a process reads from files before anything runs."""

from dataclasses import dataclass
from typing import Self

from gateway import resources
from gateway.cases.vault import Vault
from gateway.catalogue.catalogue import Catalogue
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.keystore.reloading import ReloadingKey, transport_key
from gateway.settings import Settings
from gateway.shep.senders import Senders


@dataclass(frozen=True, slots=True)
class Material:
    """What is read from files once at start, before anything runs."""

    catalogue: Catalogue
    anchors: Anchors
    key: ReloadingKey
    vault: Vault
    senders: Senders
    shep_certificates: tuple[Certificate, ...]

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Read everything the settings name.

        Raises:
            CatalogueError, AnchorsUnusable, KeyUnusable, CertificateUnreadable, VaultUnusable, OSError: what cannot
                be used, and why.
        """
        return cls(
            catalogue=Catalogue.load(resources.schemas()),
            anchors=Anchors.load(settings.anchors_dir),
            key=transport_key(settings.keys),
            vault=Vault.load(settings.keys.vault_key),
            senders=Senders.load(settings.senders, settings.shep.certificates),
            shep_certificates=tuple(Certificate.from_pem(path.read_bytes()) for path in settings.shep.certificates),
        )
