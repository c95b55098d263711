"""The port to revocation: what the verifier asks. The sources behind it (OCSP, CRL) do the network's work."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.eds.certificate import Certificate


class Revocation(StrEnum):
    """Whether a certificate is revoked."""

    GOOD = "GOOD"
    REVOKED = "REVOKED"
    UNAVAILABLE = "UNAVAILABLE"
    """Nobody could be asked, or no answer could be believed."""


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """An answer, with what proves it."""

    state: Revocation
    detail: str = ""
    """English, for operators, without personal data."""
    evidence: bytes | None = None
    """The OCSP response or the CRL it rests on, DER."""


class RevocationSource(Protocol):
    """Somebody who knows about revocation."""

    async def status(self, certificate: Certificate, issuer: Certificate, at: datetime) -> RevocationStatus:
        """Tell whether `certificate`, issued by `issuer`, was revoked at `at`; raise nothing."""
