"""Whom to ask about revocation, in which order, and what follows when nobody answers."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from gateway.eds.certificate import Certificate
from gateway.eds.revocation import (
    Answer,
    Asks,
    NoAnswer,
    NotBelieved,
    Revocation,
    RevocationStatus,
    Source,
)


class Mode(StrEnum):
    """Which sources are asked."""

    OFF = "off"
    OCSP = "ocsp"
    CRL = "crl"
    BOTH = "both"
    """OCSP, and the lists when OCSP does not answer."""


_SOURCES: Final[Mapping[Mode, tuple[Source, ...]]] = {
    Mode.OFF: (),
    Mode.OCSP: (Source.OCSP,),
    Mode.CRL: (Source.CRL,),
    Mode.BOTH: (Source.OCSP, Source.CRL),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """Which sources are asked about whom."""

    signers: Mode = Mode.BOTH
    """About the certificates that sign documents."""
    authorities: Mode = Mode.CRL
    """About issuing authorities that are not anchors themselves: NCA RK publishes lists of them, no OCSP."""

    def sources(self, certificate: Certificate) -> tuple[Source, ...]:
        """Return whom to ask about `certificate`, in order."""
        return _SOURCES[self.authorities if certificate.is_ca else self.signers]


class RevocationObserver(Protocol):
    """Counts and times what is asked; `gateway.telemetry` implements it."""

    def revocation(self, source: str, outcome: str, seconds: float) -> None:
        """Record one question: `source` is `ocsp` or `crl`, `outcome` a Revocation in lower case."""


class Revocations:
    """Asks by policy; implements `RevocationSource`."""

    def __init__(self, policy: Policy, sources: Mapping[Source, Asks]) -> None:
        """Take the policy and who answers for each source it names.

        Raises:
            ValueError: the policy names a source that is not there.
        """
        needed = {*_SOURCES[policy.signers], *_SOURCES[policy.authorities]}
        if needed - sources.keys():
            raise ValueError("the revocation policy names a source that is not configured")
        self._policy = policy
        self._asked = sources

    async def status(self, certificate: Certificate, issuer: Certificate, at: datetime) -> RevocationStatus:
        """Tell whether `certificate`, issued by `issuer`, was revoked at `at`; raise nothing."""
        sources = self._policy.sources(certificate)
        if not sources:
            return RevocationStatus(Revocation.NOT_ASKED, "policy does not ask")
        unanswered = []
        for source in sources:
            try:
                answer = await self._asked[source].ask(certificate, issuer)
            except NotBelieved as error:
                return RevocationStatus(Revocation.UNKNOWN, f"{source.value}: {error}", source=source)
            except NoAnswer as error:
                unanswered.append(f"{source.value}: {error}")
            else:
                return answer.status(certificate, at)
        return RevocationStatus(Revocation.UNAVAILABLE, "; ".join(unanswered))


class Watched:
    """A source with an observer beside it."""

    def __init__(self, source: Asks, name: str, observer: RevocationObserver) -> None:
        """Observe `source` under `name`."""
        self._source = source
        self._name = name
        self._observer = observer

    async def ask(self, certificate: Certificate, issuer: Certificate) -> Answer:
        """Ask, and tell the observer what came of it."""
        started, outcome = time.perf_counter(), Revocation.UNAVAILABLE
        try:
            answer = await self._source.ask(certificate, issuer)
            outcome = Revocation.GOOD if answer.withdrawal is None else Revocation.REVOKED
        except NotBelieved:
            outcome = Revocation.UNKNOWN
            raise
        finally:
            self._observer.revocation(self._name, outcome.value.lower(), time.perf_counter() - started)
        return answer
