"""One examined signature judged: the chain, the dates, the purpose, revocation, and the time stamps over it.

A time stamp moves the instant of judgement back to when its authority saw the signature (ETSI EN 319 102-1 section
5.6.2.4, best-signature-time), if its authority is trusted itself: a certificate that has expired since is then as good
as it was. A stamp that does not hold never helps, and it does harm: somebody gave this signature a proof that is none,
so the answer is INDETERMINATE at best. ETSI would pass over it, since who can add a bad stamp can take away a good one;
but a proof that was made wrongly at signing should be found at once, not in the year in which it is needed.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from gateway.eds import chain
from gateway.eds.certificate import Certificate
from gateway.eds.chain import Chains
from gateway.eds.examined import Examined, ExaminedStamp
from gateway.eds.revocation import Revocation, RevocationSource, RevocationStatus
from gateway.eds.verdict import Defect, Finding, Indication, Reason, Signer

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a time-stamping authority's clock may be ahead of ours."""
Purpose = Callable[[Certificate], tuple[Finding, ...]]
"""Says why a certificate is not for this; empty when it is."""


class Judge:
    """Judges examined signatures by one set of anchors and one revocation policy."""

    def __init__(self, chains: Chains, revocation: RevocationSource | None) -> None:
        """Take the chains and the source of revocation; None means that policy does not ask for revocation."""
        self._chains = chains
        self._revocation = revocation

    async def signer(self, examined: Examined, at: datetime) -> Signer:
        """Judge a document's signature as of `at` (aware), or as of an earlier trusted time stamp."""
        certificate = examined.certificate
        if examined.failure is not None or certificate is None:
            return Signer(certificate, Indication.INVALID, _why(examined), examined.algorithm_uri)
        stamped = await self._stamped(examined.stamps, at)
        trust = await self._trust(examined, Certificate.for_signing, min(at, stamped.instant or at))
        return Signer(
            certificate,
            worst((trust.indication, Indication.INDETERMINATE if stamped.findings else Indication.VALID)),
            (*trust.findings, *stamped.findings),
            examined.algorithm_uri,
            trust.revocation,
            stamped.instant,
        )

    async def message(self, examined: Examined, at: datetime) -> Signer:
        """Judge the signature of a message between systems as of `at` (aware)."""
        trust = await self._trust(examined, Certificate.for_messages, at)
        return Signer(examined.certificate, trust.indication, trust.findings, examined.algorithm_uri, trust.revocation)

    async def stamp(self, stamp: ExaminedStamp, at: datetime) -> tuple[Indication, tuple[Finding, ...]]:
        """Judge a time stamp as of the instant it states, which must not lie after `at` (aware)."""
        if stamp.signature.failure is not None or stamp.instant is None:
            return Indication.INVALID, _why(stamp.signature)
        if stamp.instant > at + CLOCK_SKEW:
            return Indication.INVALID, (Finding(Reason.NOT_YET_VALID, "it is later than the instant of judgement"),)
        trust = await self._trust(stamp.signature, Certificate.for_time_stamping, stamp.instant)
        return trust.indication, trust.findings

    async def _stamped(self, stamps: tuple[ExaminedStamp, ...], at: datetime) -> "_Stamped":
        instants: list[datetime] = []
        findings: list[Finding] = []
        for stamp in stamps:
            indication, why = await self.stamp(stamp, at)
            findings += [_of_stamp(finding) for finding in why]
            # One whose revocation could not be asked may still prove to be good: what it would say is judged, and
            # its finding keeps the answer from being VALID.
            if indication is not Indication.INVALID and stamp.instant is not None:
                instants.append(stamp.instant)
        return _Stamped(min(instants, default=None), tuple(findings))

    async def _trust(self, examined: Examined, purpose: Purpose, at: datetime) -> "_Trust":
        certificate = examined.certificate
        if certificate is None:
            return _Trust(Indication.INVALID, (chain.UNKNOWN,))
        path = self._chains.path(certificate, examined.others)
        if path is None:
            # ETSI EN 319 102-1 calls this INDETERMINATE, since more certificates might be found later. Here anchors are
            # configured and complete: nobody is to be trusted whom they do not lead to, and waiting changes nothing.
            return _Trust(Indication.INVALID, (self._chains.unknown(certificate),))
        findings = (*purpose(certificate), *chain.judge(path, at))
        if findings:
            return _Trust(Indication.INVALID, findings)
        return await self._revoked(path, at)

    async def _revoked(self, path: chain.Path, at: datetime) -> "_Trust":
        """Ask about every certificate but the anchor, which is trusted as it is; end at the first that is not good."""
        statuses: list[RevocationStatus] = []
        if self._revocation is None:
            return _Trust(Indication.VALID)
        for certificate, issuer in pairwise(path):
            status = await self._revocation.status(certificate, issuer, at)
            statuses.append(status)
            indication, reason = _REVOCATION[status.state]
            if reason is not None:
                whose = "" if certificate is path[0] else "the issuer's certificate: "
                finding = Finding(reason, whose + status.detail, _defect(status, at))
                return _Trust(indication, (finding,), tuple(statuses))
        return _Trust(Indication.VALID, (), tuple(statuses))


class _Stamped(NamedTuple):
    """What the time stamps prove, and what is wrong with them."""

    instant: datetime | None
    findings: tuple[Finding, ...]


class _Trust(NamedTuple):
    """What is made of a certificate whose signature is intact."""

    indication: Indication
    findings: tuple[Finding, ...] = ()
    revocation: tuple[RevocationStatus, ...] = ()


def worst(indications: tuple[Indication, ...]) -> Indication:
    """Return the worst of several; of none, INVALID: nothing was judged."""
    for indication in (Indication.INVALID, Indication.INDETERMINATE):
        if indication in indications:
            return indication
    return Indication.VALID if indications else Indication.INVALID


def _why(examined: Examined) -> tuple[Finding, ...]:
    return () if examined.failure is None else (examined.failure.finding,)


def _of_stamp(finding: Finding) -> Finding:
    reason = finding.reason if finding.reason is Reason.TRY_LATER else Reason.TIMESTAMP_FAILURE
    return Finding(reason, f"the time stamp: {finding.detail}")


def _defect(status: RevocationStatus, at: datetime) -> Defect | None:
    since = status.withdrawal.at if status.withdrawal is not None else None
    return Defect.REVOKED_AFTER_SIGNING if since is not None and since > at else None


_REVOCATION: dict[Revocation, tuple[Indication, Reason | None]] = {
    Revocation.GOOD: (Indication.VALID, None),
    Revocation.REVOKED: (Indication.INVALID, Reason.REVOKED),
    Revocation.UNAVAILABLE: (Indication.INDETERMINATE, Reason.TRY_LATER),
    Revocation.UNKNOWN: (Indication.INDETERMINATE, Reason.TRY_LATER),
    Revocation.NOT_ASKED: (Indication.VALID, None),
}
