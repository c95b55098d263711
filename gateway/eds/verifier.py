"""Signatures judged: the cryptographic examination, the chain, the dates and revocation made one verdict."""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from lxml import etree

from gateway.eds import chain, enveloped, wsse
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.chain import Chains
from gateway.eds.dsig import Failure
from gateway.eds.enveloped import Examined
from gateway.eds.revocation import Revocation, RevocationSource, RevocationStatus
from gateway.eds.verdict import Finding, Indication, Reason, Signer, Verdict
from gateway.eds.xml import XmlRejected, parse

__all__ = ["Revocation", "RevocationSource", "RevocationStatus", "Verifier"]


class Verifier:
    """Judges signatures against one set of anchors and one revocation policy."""

    def __init__(self, anchors: Anchors, revocation: RevocationSource | None = None) -> None:
        """Take the anchors and the source of revocation; None means that policy does not ask for revocation."""
        self._chains = Chains(anchors)
        self._revocation = revocation

    async def enveloped(self, document: bytes, *, at: datetime) -> Verdict:
        """Judge all enveloped signatures of a document.

        Args:
            document: the signed XML document as it came.
            at: the instant of judgement, aware: certificates must be valid then.
        """
        _aware(at)
        try:
            examination = enveloped.examine(parse(document))
        except XmlRejected as error:
            return _invalid(Finding(Reason.FORMAT_FAILURE, error.reason))
        except Failure as error:
            return _invalid(error.finding)
        signers = tuple([await self._signer(one, at) for one in examination.signatures])
        return Verdict(_worst(signers), signers=signers, signed=examination.signed)

    def transport(
        self,
        envelope: etree._Element,
        body: etree._Element,
        *,
        at: datetime,
        registered: Iterable[Certificate],
    ) -> Verdict:
        """Judge the WS-Security signature over `body`, which must be the very Body of `envelope`.

        VALID means: the holder of `signers[0].certificate` signed this Body, and that certificate is current. It does
        NOT mean that the holder is anybody known: trust in transport is by registration, not by chain, and the caller
        must compare the certificate with those registered for the sender the message names. `signed` is the canonical
        Body; comments are not covered, so a reader of the tree must not let them cut a text short.

        Args:
            envelope: the root of the message; stays as it is.
            body: its soap:Body, the element that is read.
            at: the instant of judgement, aware.
            registered: certificates among which X509IssuerSerial is looked up.
        """
        _aware(at)
        try:
            certificate, algorithm_uri, signed = wsse.examine(envelope, body, at=at, registered=registered)
        except Failure as error:
            return _invalid(error.finding)
        findings = certificate.at(at)
        indication = Indication.INVALID if findings else Indication.VALID
        return Verdict(indication, signers=(Signer(certificate, indication, findings, algorithm_uri),), signed=signed)

    async def _signer(self, examined: Examined, at: datetime) -> Signer:
        certificate = examined.certificate
        if examined.failure is not None or certificate is None:
            why = () if examined.failure is None else (examined.failure.finding,)
            return Signer(certificate, Indication.INVALID, why, examined.algorithm_uri)
        trust = await self._trust(certificate, examined.others, at)
        return Signer(certificate, trust.indication, trust.findings, examined.algorithm_uri, trust.revocation)

    async def _trust(self, certificate: Certificate, others: tuple[Certificate, ...], at: datetime) -> "_Trust":
        path = self._chains.path(certificate, others)
        if path is None:
            # ETSI EN 319 102-1 calls this INDETERMINATE, since more certificates might be found later. Here anchors are
            # configured and complete: nobody is to be trusted whom they do not lead to, and waiting changes nothing.
            return _Trust(Indication.INVALID, (chain.UNKNOWN,))
        findings = (*certificate.for_signing(), *chain.judge(path, at))
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
                return _Trust(indication, (Finding(reason, whose + status.detail),), tuple(statuses))
        return _Trust(Indication.VALID, (), tuple(statuses))


class _Trust(NamedTuple):
    """What is made of a certificate whose signature is intact."""

    indication: Indication
    findings: tuple[Finding, ...] = ()
    revocation: tuple[RevocationStatus, ...] = ()


def _aware(at: datetime) -> None:
    if at.tzinfo is None:
        raise ValueError("the instant of judgement must be aware")


def _invalid(finding: Finding) -> Verdict:
    return Verdict(Indication.INVALID, (finding,))


_REVOCATION: dict[Revocation, tuple[Indication, Reason | None]] = {
    Revocation.GOOD: (Indication.VALID, None),
    Revocation.REVOKED: (Indication.INVALID, Reason.REVOKED),
    Revocation.UNAVAILABLE: (Indication.INDETERMINATE, Reason.TRY_LATER),
    Revocation.UNKNOWN: (Indication.INDETERMINATE, Reason.TRY_LATER),
    Revocation.NOT_ASKED: (Indication.VALID, None),
}


def _worst(signers: Iterable[Signer]) -> Indication:
    indications = {signer.indication for signer in signers}
    for indication in (Indication.INVALID, Indication.INDETERMINATE):
        if indication in indications:
            return indication
    return Indication.VALID
