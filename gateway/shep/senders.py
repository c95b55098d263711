"""Who may send to us: sender id, password and transport certificate, checked together and answered with one text."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Self

from gateway import settings
from gateway.eds.certificate import Certificate
from gateway.shep.faults import unknown_sender
from gateway.shep.messages import Sender

SHEP_ITSELF = "shep"
"""Stands for ShEP in logs when it reports on messages of ours under its own certificate."""


@dataclass(frozen=True, slots=True)
class RegisteredSender:
    """A system that is known to us."""

    id: str
    signed: bool
    """Whether its messages must carry a transport signature."""


@dataclass(frozen=True, slots=True)
class _Entry:
    sender: RegisteredSender
    password: bytes = field(repr=False)  # SHA-256, so that both sides of a comparison have one length
    certificates: frozenset[str]


_NOBODY = _Entry(RegisteredSender("", signed=True), bytes(32), frozenset())


class Senders:
    """The registry of senders."""

    def __init__(
        self,
        senders: Iterable[tuple[settings.Sender, tuple[Certificate, ...]]],
        shep_certificates: Iterable[Certificate] = (),
    ) -> None:
        """Take the senders with their certificates, and those of ShEP itself, which reports on messages of ours."""
        pairs = tuple(senders)
        shep = tuple(shep_certificates)
        self._entries = {configured.id: _entry(configured, certificates) for configured, certificates in pairs}
        self._reporters = frozenset(certificate.sha256 for certificate in shep)
        self.certificates = tuple({*shep, *(certificate for _, own in pairs for certificate in own)})
        """All registered certificates: they resolve an X509IssuerSerial."""

    @classmethod
    def load(cls, senders: Iterable[settings.Sender], shep_certificates: Iterable[Path] = ()) -> Self:
        """Read the certificates that the settings name.

        Raises:
            OSError: a file cannot be read.
            CertificateUnreadable: it holds no certificate.
        """
        return cls(
            ((sender, tuple(map(_read, sender.certificates))) for sender in senders), map(_read, shep_certificates)
        )

    def authenticate(self, sender: Sender | None, certificate: Certificate | None) -> RegisteredSender:
        """Return who sent a message.

        Args:
            sender: as the message names it; None in operations where the contract lets it out.
            certificate: whose transport signature was verified; None if the message carries none.

        Raises:
            GatewayFault: SCE004, with one text and at one price for an unknown sender, a wrong password and another
                certificate.
        """
        if sender is None:
            return self._by_certificate(certificate)
        entry = self._entries.get(sender.sender_id, _NOBODY)
        password = hmac.compare_digest(_digest(sender.password or ""), entry.password)
        if not (password & _may_carry(entry, certificate)) or entry is _NOBODY:
            raise unknown_sender()
        return entry.sender

    def reporter(self, certificate: Certificate | None) -> RegisteredSender:
        """Return who reports on messages of ours, known by the certificate alone: ShEP itself, or a registered sender.

        Raises:
            GatewayFault: SCE004.
        """
        if certificate is not None and certificate.sha256 in self._reporters:
            return RegisteredSender(SHEP_ITSELF, signed=True)
        return next(iter(self._holders(certificate)), None) or self._by_certificate(certificate)

    def _by_certificate(self, certificate: Certificate | None) -> RegisteredSender:
        holders = self._holders(certificate)
        if len(holders) != 1:  # several systems behind one certificate cannot be told apart by it
            raise unknown_sender()
        return holders[0]

    def _holders(self, certificate: Certificate | None) -> list[RegisteredSender]:
        if certificate is None:
            return []
        return [entry.sender for entry in self._entries.values() if certificate.sha256 in entry.certificates]


def _entry(configured: settings.Sender, certificates: tuple[Certificate, ...]) -> _Entry:
    return _Entry(
        RegisteredSender(configured.id, configured.signed),
        _digest(configured.password.get_secret_value()),
        frozenset(certificate.sha256 for certificate in certificates),
    )


def _may_carry(entry: _Entry, certificate: Certificate | None) -> bool:
    if certificate is None:
        return not entry.sender.signed
    if not entry.certificates:
        return not entry.sender.signed  # registered without any: its signature was verified and says no more
    return certificate.sha256 in entry.certificates


def _digest(password: str) -> bytes:
    return sha256(password.encode()).digest()


def _read(path: Path) -> Certificate:
    return Certificate.from_pem(path.read_bytes())
