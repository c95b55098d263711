"""Signatures judged: the cryptographic examination, the chain, the dates and revocation made one verdict."""

from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from gateway.eds import enveloped, wsse
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.chain import Chains
from gateway.eds.cms import document as cms_document
from gateway.eds.coverage import Scope
from gateway.eds.examined import Examined
from gateway.eds.judge import Judge, worst
from gateway.eds.revocation import Revocation, RevocationSource, RevocationStatus
from gateway.eds.second_opinion import SecondOpinion
from gateway.eds.timestamp import token as time_stamps
from gateway.eds.verdict import Failure, Finding, Indication, Reason, Signer, Verdict
from gateway.eds.xml import XmlRejected, parse

__all__ = ["Revocation", "RevocationSource", "RevocationStatus", "Verifier"]


class Verifier:
    """Judges signatures against one set of anchors and one revocation policy."""

    def __init__(
        self, anchors: Anchors, revocation: RevocationSource | None = None, second: SecondOpinion | None = None
    ) -> None:
        """Take what verdicts rest on.

        Args:
            anchors: the authorities that are trusted.
            revocation: the source of revocation; None means that policy does not ask for revocation.
            second: who is asked besides, about everything but transport; None: nobody.
        """
        self._judge = Judge(Chains(anchors), revocation)
        self._second = second

    async def enveloped(self, document: bytes, *, at: datetime) -> Verdict:
        """Judge all signatures of a document: over the whole of it, or over one element by its Id.

        Args:
            document: the signed XML document as it came.
            at: the instant of judgement, aware: certificates must be valid then.
        """
        _aware(at)
        try:
            examination = enveloped.examine(parse(document))
        except XmlRejected as error:
            return _invalid(error.finding)
        except Failure as error:
            return _invalid(error.finding)
        signers = tuple([await self._judge.signer(one, at) for one in examination.signatures])
        verdict = Verdict(
            worst(tuple(one.indication for one in signers)),
            signers=signers,
            signed=examination.signed,
            of_part=examination.scope is Scope.PART,
        )
        return verdict if self._second is None else await self._second.on_xml(verdict, document)

    async def cms(self, document: bytes, *, at: datetime, detached: bytes | None = None) -> Verdict:
        """Judge all signatures of a CMS message. `signed` of the verdict is the content.

        A signature with a trusted time stamp is judged as of the stamp; see `gateway.eds.judge`.

        Args:
            document: the message: DER, BER, base64 or PEM.
            at: the instant of judgement, aware.
            detached: what a detached signature signs; where the message carries its content, it must be the same.
        """
        _aware(at)
        try:
            examination = cms_document.examine(document, detached)
        except Failure as error:
            if error.finding.reason is Reason.SIGNED_DATA_NOT_FOUND:
                return Verdict(Indication.INDETERMINATE, (error.finding,))
            return _invalid(error.finding)
        signers = tuple([await self._judge.signer(one, at) for one in examination.signatures])
        verdict = Verdict(worst(tuple(one.indication for one in signers)), signers=signers, signed=examination.signed)
        return verdict if self._second is None else await self._second.on_cms(verdict, document, detached)

    async def time_stamp(self, token: bytes, data: bytes, *, at: datetime) -> Verdict:
        """Judge a time stamp (RFC 3161) over `data` as of the instant it states.

        Args:
            token: the TimeStampToken, DER.
            data: what was stamped; for a signature its value.
            at: the instant of judgement, aware; a stamp may not be later.
        """
        _aware(at)
        stamp = time_stamps.examine(token, data)
        indication, findings = await self._judge.stamp(stamp, at)
        signature = stamp.signature
        signer = Signer(signature.certificate, indication, findings, signature.algorithm_uri, stamped_at=stamp.instant)
        return Verdict(indication, signers=(signer,), signed=data if signature.failure is None else None)

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

    async def envelope(self, document: bytes, *, at: datetime, registered: Iterable[Certificate] = ()) -> Verdict:
        """Judge a SOAP envelope: its transport signature, and whether a trusted authority vouches for the signer.

        For whoever holds a message and knows nobody's registration; a gateway uses `transport`.

        Args:
            document: the envelope as it came.
            at: the instant of judgement, aware.
            registered: certificates among which X509IssuerSerial is looked up.
        """
        _aware(at)
        try:
            root = parse(document)
            certificate, algorithm_uri, signed = wsse.examine(root, _body(root), at=at, registered=registered)
        except XmlRejected as error:
            return _invalid(error.finding)
        except Failure as error:
            return _invalid(error.finding)
        signer = await self._judge.message(Examined(certificate, (), algorithm_uri, None), at)
        verdict = Verdict(signer.indication, signers=(signer,), signed=signed)
        return verdict if self._second is None else await self._second.on_wsse(verdict, document)


def _aware(at: datetime) -> None:
    if at.tzinfo is None:
        raise ValueError("the instant of judgement must be aware")


def _body(envelope: etree._Element) -> etree._Element:
    body = envelope.find(f"{{{etree.QName(envelope).namespace}}}Body")
    if body is None:
        raise Failure(Reason.FORMAT_FAILURE, "not a SOAP envelope with a Body")
    return body


def _invalid(finding: Finding) -> Verdict:
    return Verdict(Indication.INVALID, (finding,))
