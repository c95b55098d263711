"""A second opinion on a signature, from a program elsewhere: one input of the verdict, never the verdict.

Coverage, chain, revocation and policy are judged here in any case. A second opinion can only make the verdict worse.
"""

import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import structlog

from gateway.eds.judge import worst
from gateway.eds.verdict import Finding, Indication, Reason, Verdict

_log = structlog.get_logger(__name__)


class Stand(StrEnum):
    """What the other one says."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    NONE = "none"
    """It could not be asked, or could not tell."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the other one says of all signatures of a document."""

    stand: Stand
    detail: str = ""
    """English, names the other one; no personal data."""
    reason: Reason = Reason.SIG_CRYPTO_FAILURE
    """Why it disagrees."""
    serial_numbers: frozenset[int] = frozenset()
    """Of the certificates it judged."""


class RemoteOpinion(Protocol):
    """Somebody who verifies signatures elsewhere. Raises nothing: who cannot be asked has no opinion."""

    async def xml(self, document: bytes) -> Opinion:
        """Verify an XML document with enveloped signatures."""

    async def wsse(self, envelope: bytes) -> Opinion:
        """Verify a SOAP envelope with a WS-Security signature."""

    async def cms(self, document: bytes, detached: bytes | None) -> Opinion:
        """Verify a CMS message; `detached` is what it signs where it does not carry its content."""


class OpinionObserver(Protocol):
    """Learns of every opinion."""

    def second_opinion(self, stand: str, seconds: float) -> None:
        """Take what was said (value of `Stand`), and how long it took."""


class SecondOpinion:
    """Asks about what is not INVALID already, and makes one verdict of two."""

    def __init__(self, remote: RemoteOpinion, observer: OpinionObserver, *, required: bool) -> None:
        """Ask `remote`; `required`: without its agreement nothing is VALID."""
        self._remote = remote
        self._observer = observer
        self._required = required

    async def on_xml(self, verdict: Verdict, document: bytes) -> Verdict:
        """Return the verdict on an XML document after the second opinion."""
        return await self._after(verdict, lambda: self._remote.xml(document))

    async def on_wsse(self, verdict: Verdict, envelope: bytes) -> Verdict:
        """Return the verdict on a SOAP envelope after the second opinion."""
        return await self._after(verdict, lambda: self._remote.wsse(envelope))

    async def on_cms(self, verdict: Verdict, document: bytes, detached: bytes | None) -> Verdict:
        """Return the verdict on a CMS message after the second opinion."""
        return await self._after(verdict, lambda: self._remote.cms(document, detached))

    async def _after(self, verdict: Verdict, ask: "_Ask") -> Verdict:
        if verdict.indication is Indication.INVALID:
            return verdict
        started = time.perf_counter()
        opinion = await ask()
        self._observer.second_opinion(opinion.stand.value, time.perf_counter() - started)
        if opinion.stand is not Stand.AGREES:
            _log.warning("second_opinion", stand=opinion.stand.value, detail=opinion.detail)
        return combined(verdict, opinion, required=self._required)


class _Ask(Protocol):
    def __call__(self) -> Awaitable[Opinion]: ...


def combined(verdict: Verdict, opinion: Opinion, *, required: bool) -> Verdict:
    """Return a verdict that is VALID only if both say so.

    Args:
        verdict: our own.
        opinion: the other one's.
        required: whether no opinion stands in the way of VALID.
    """
    if opinion.stand is Stand.DISAGREES:
        return _worse(verdict, Indication.INVALID, Finding(opinion.reason, opinion.detail))
    if opinion.stand is Stand.NONE:
        finding = Finding(Reason.TRY_LATER, opinion.detail)
        return _worse(verdict, Indication.INDETERMINATE, finding) if required else verdict
    ours = {signer.certificate.serial_number for signer in verdict.signers if signer.certificate is not None}
    if ours <= opinion.serial_numbers:
        return verdict
    # Who reads other signatures out of the same bytes does not confirm ours; one of the two readers may be deceived.
    other = Finding(Reason.SIG_CONSTRAINTS_FAILURE, "the second opinion is about other signers than those found here")
    return _worse(verdict, Indication.INDETERMINATE, other)


def _worse(verdict: Verdict, indication: Indication, finding: Finding) -> Verdict:
    return replace(verdict, indication=worst((verdict.indication, indication)), findings=(*verdict.findings, finding))
