"""The port to revocation: what the verifier asks, and what it is answered. Its sources (OCSP, CRL) are apart."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from gateway.eds.certificate import Certificate

_PIECE_BYTES = 1 << 20


class Revocation(StrEnum):
    """Whether a certificate is revoked."""

    GOOD = "GOOD"
    REVOKED = "REVOKED"
    UNAVAILABLE = "UNAVAILABLE"
    """Nobody answered."""
    UNKNOWN = "UNKNOWN"
    """Somebody answered, but does not know the certificate, or in a way that cannot be believed."""
    NOT_ASKED = "NOT_ASKED"
    """Policy does not ask about this certificate."""


class Source(StrEnum):
    """Who answers."""

    OCSP = "ocsp"
    CRL = "crl"


class RevocationReason(StrEnum):
    """Why a certificate was revoked (RFC 5280 section 5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    AA_COMPROMISE = "aACompromise"


_HARMLESS_BEFORE = frozenset(
    {
        RevocationReason.AFFILIATION_CHANGED,
        RevocationReason.SUPERSEDED,
        RevocationReason.CESSATION_OF_OPERATION,
        RevocationReason.PRIVILEGE_WITHDRAWN,
    }
)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That a certificate is revoked."""

    at: datetime | None
    """Since when, UTC; None when the source does not say it readably: since ever."""
    reason: RevocationReason = RevocationReason.UNSPECIFIED
    never_issued: bool = False
    """The CA says that it never issued such a certificate (RFC 6960 section 2.2)."""

    @property
    def final(self) -> bool:
        """Whether it stays so for ever; a hold may be lifted."""
        return self.reason is not RevocationReason.CERTIFICATE_HOLD

    def holds(self, instant: datetime) -> bool:
        """Whether the certificate counts as revoked at `instant`.

        A later revocation is harmless only for reasons that say nothing against the key: whoever had the key stolen
        does not know since when.
        """
        return self.at is None or self.at <= instant or self.reason not in _HARMLESS_BEFORE


@dataclass(frozen=True, slots=True)
class Proof:
    """One OCSP response or one list, by which an answer can be checked later."""

    kind: Source
    sha256: str
    """Of its DER, lower-case hexadecimal."""
    content: bytes | Path | None = field(default=None, repr=False)
    """The DER or the file with it; None when it is kept elsewhere, under the digest."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the content by pieces of at most 1 MiB.

        Raises:
            OSError: the file cannot be read.
        """
        if isinstance(self.content, Path):
            with self.content.open("rb") as file:
                while piece := file.read(_PIECE_BYTES):
                    yield piece
        elif self.content is not None:
            for start in range(0, len(self.content), _PIECE_BYTES):
                yield self.content[start : start + _PIECE_BYTES]


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """An answer as of one instant, with what proves it."""

    state: Revocation
    detail: str = ""
    """English, for operators, without personal data."""
    evidence: bytes | None = None
    """The OCSP response it rests on, DER, while it is at hand; `proofs` name all."""
    source: Source | None = None
    proofs: tuple[Proof, ...] = ()
    withdrawal: Withdrawal | None = None
    """Set as well when the certificate was revoked later and counts as good."""
    this_update: datetime | None = None
    """When the source knew it, UTC."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source says of one certificate, whatever instant is judged."""

    source: Source
    this_update: datetime
    """UTC."""
    fresh_until: datetime
    """UTC; later it must be asked again, unless the certificate is revoked for ever."""
    proofs: tuple[Proof, ...]
    withdrawal: Withdrawal | None = None

    def usable(self, now: datetime) -> bool:
        """Whether it may still be used at `now`."""
        return now < self.fresh_until or (self.withdrawal is not None and self.withdrawal.final)

    def without_content(self) -> "Answer":
        """Return it with its proofs named only, as they are kept elsewhere."""
        return replace(self, proofs=tuple(replace(proof, content=None) for proof in self.proofs))

    def status(self, certificate: Certificate, instant: datetime) -> RevocationStatus:
        """Say what it means for `certificate` at `instant`."""
        state, detail = self._judged(certificate, instant)
        content = self.proofs[0].content if self.proofs else None
        return RevocationStatus(
            state,
            detail,
            content if isinstance(content, bytes) else None,
            self.source,
            self.proofs,
            self.withdrawal,
            self.this_update,
        )

    def _judged(self, certificate: Certificate, instant: datetime) -> tuple[Revocation, str]:
        withdrawal = self.withdrawal
        if withdrawal is None:
            if certificate.not_after < self.this_update:
                # RFC 5280 section 3.3 and RFC 6960 section 2.2: sources need not remember the expired.
                return Revocation.UNKNOWN, f"{self.source.value}: answered after the certificate had expired"
            return Revocation.GOOD, ""
        if withdrawal.never_issued:
            return Revocation.REVOKED, "the authority never issued this certificate"
        since = "" if withdrawal.at is None else f" since {withdrawal.at:%Y-%m-%dT%H:%M:%SZ}"
        if withdrawal.holds(instant):
            return Revocation.REVOKED, f"revoked{since}: {withdrawal.reason.value}"
        return Revocation.GOOD, f"revoked later,{since}: {withdrawal.reason.value}"


class NoAnswer(Exception):  # noqa: N818  says what happened
    """Nobody answered: another source may be asked. The text is English and holds no personal data."""


class NotBelieved(Exception):  # noqa: N818  says what happened
    """Somebody answered, but not so that it can be relied on.

    Nobody else is asked instead: who can spoil answers must not be able to choose the source. The text is English and
    holds no personal data.
    """


class Asks(Protocol):
    """One source: OCSP or the lists."""

    async def ask(self, certificate: Certificate, issuer: Certificate) -> Answer:
        """Ask about `certificate`, which `issuer` has issued.

        Raises:
            NoAnswer, NotBelieved: there is nothing to rely on.
        """


class RevocationSource(Protocol):
    """Somebody who knows about revocation."""

    async def status(self, certificate: Certificate, issuer: Certificate, at: datetime) -> RevocationStatus:
        """Tell whether `certificate`, issued by `issuer`, was revoked at `at`; raise nothing."""
