"""What an authority remembers of what it issued: serial numbers, revocations, and the number of its last list."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from gateway.eds.revocation import RevocationReason
from gateway.sandbox.files import write_atomically


class Revoked(BaseModel):
    """Since when a certificate is revoked, or held, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: datetime
    reason: RevocationReason

    @property
    def held(self) -> bool:
        """Whether it is only on hold."""
        return self.reason is RevocationReason.CERTIFICATE_HOLD


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    issued: list[str] = []
    """Serial numbers, hexadecimal."""
    revoked: dict[str, Revoked] = {}
    list_number: int = 0


class CertificateRegister:
    """One authority's register, kept in a file. One process writes it."""

    def __init__(self, path: Path) -> None:
        """Open the register; a file that is not there is an empty one.

        Raises:
            ValueError: the file is not a register.
        """
        self._path = path
        content = _Content.model_validate_json(path.read_bytes()) if path.is_file() else _Content()
        self._issued = {int(serial, 16) for serial in content.issued}
        self._revoked = {int(serial, 16): one for serial, one in content.revoked.items()}
        self._list_number = content.list_number

    @property
    def revoked(self) -> Mapping[int, Revoked]:
        """What is revoked or held now, by serial number."""
        return MappingProxyType(self._revoked)

    def issued(self, serial_number: int) -> bool:
        """Whether such a certificate was ever issued."""
        return serial_number in self._issued

    def add(self, serial_number: int) -> None:
        """Record an issued certificate."""
        self._issued.add(serial_number)
        self._save()

    def revoke(self, serial_number: int, at: datetime, reason: RevocationReason) -> None:
        """Record a revocation, or a hold (reason certificateHold). A hold may become a revocation.

        Raises:
            KeyError: no such certificate was issued.
            ValueError: it is revoked already, for good.
        """
        if serial_number not in self._issued:
            raise KeyError(serial_number)
        earlier = self._revoked.get(serial_number)
        if earlier is not None and not earlier.held:
            raise ValueError("the certificate is revoked already")
        self._revoked[serial_number] = Revoked(at=at.replace(microsecond=0), reason=reason)
        self._save()

    def release(self, serial_number: int) -> None:
        """End a hold (RFC 5280 section 5.3.1: nothing else can be taken back).

        Raises:
            ValueError: the certificate is not on hold.
        """
        earlier = self._revoked.get(serial_number)
        if earlier is None or not earlier.held:
            raise ValueError("the certificate is not on hold")
        del self._revoked[serial_number]
        self._save()

    def next_list_number(self) -> int:
        """Return the number of a new list; lists and deltas share one sequence (RFC 5280 section 5.2.3)."""
        self._list_number += 1
        self._save()
        return self._list_number

    def _save(self) -> None:
        content = _Content(
            issued=[f"{serial:x}" for serial in sorted(self._issued)],
            revoked={f"{serial:x}": one for serial, one in self._revoked.items()},
            list_number=self._list_number,
        )
        write_atomically(self._path, content.model_dump_json(indent=1).encode())
