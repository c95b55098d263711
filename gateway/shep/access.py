"""May this message in: first the transport signature, then sender, password and certificate together.

In this order nothing leaks: what is said about the signature depends on the message alone, and what is said about the
sender is one text.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.eds.certificate import Certificate
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.verifier import Verifier
from gateway.faults import GatewayFault
from gateway.shep import faults
from gateway.shep.envelope import Transport
from gateway.shep.messages import Request, Sender, StatusChange
from gateway.shep.senders import RegisteredSender, Senders

_NOT_CURRENT = frozenset({Reason.EXPIRED, Reason.NOT_YET_VALID})


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who sent the message, and the certificate of its signature (None: registered to send unsigned)."""

    sender: RegisteredSender
    certificate: Certificate | None


def judge(transport: Transport, verifier: Verifier, senders: Senders, at: datetime) -> Verdict:
    """Return the verdict on the transport signature."""
    return verifier.transport(transport.envelope, transport.body, at=at, registered=senders.certificates)


def admit(message: Request, verdict: Verdict, senders: Senders) -> Admitted:
    """Decide whether the message may be taken.

    Raises:
        GatewayFault: SCE007, SCE005, SCE006 (the signature), then SCE004 (the sender).
    """
    certificate = _signer(verdict)
    try:
        return Admitted(_sender(message, certificate, senders), certificate)
    except GatewayFault:
        # an unsigned message is only ever told that it is unsigned: whether its sender exists stays hidden
        if certificate is None:
            raise faults.unsigned() from None
        raise


def _signer(verdict: Verdict) -> Certificate | None:
    reasons = verdict.reasons
    if Reason.SIGNATURE_MISSING in reasons and verdict.indication is not Indication.VALID:
        return None
    if verdict.indication is Indication.VALID and verdict.signers and verdict.signers[0].certificate:
        return verdict.signers[0].certificate
    named = ", ".join(sorted(reasons)) or "cannot be verified"
    if reasons and reasons <= _NOT_CURRENT:
        raise faults.certificate_not_current(named)
    raise faults.signature_invalid(named)


def _sender(message: Request, certificate: Certificate | None, senders: Senders) -> RegisteredSender:
    if isinstance(message, StatusChange):
        return senders.reporter(certificate)
    named: Sender | None = message.sender
    return senders.authenticate(named, certificate)
