"""Who is registered with the sandbox's ShEP, and how a message is recognised as theirs."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.clock import Clock
from gateway.eds.certificate import Certificate
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.verifier import Verifier
from gateway.faults import Code, Detail, GatewayFault
from gateway.shep.messages import MessageType, Sender
from gateway.shep.reader import Envelope
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Participant:
    """An information system that sends or receives through ShEP."""

    id: str
    password: str = field(repr=False)
    certificate: Certificate
    url: str | None
    """Its AsyncChannelClient, to which messages are pushed; None: it fetches them with `getMessages`."""
    reports: frozenset[MessageType] = frozenset()
    """Of which of its messages it is told the fate by `changeMassageStatusNotification`."""


class Register:
    """All participants; recognises them by the transport signature and checks their credentials."""

    def __init__(self, participants: Iterable[Participant], verifier: Verifier, clock: Clock) -> None:
        self._by_id = {participant.id: participant for participant in participants}
        self._verifier = verifier
        self._clock = clock

    def __getitem__(self, participant_id: str) -> Participant:
        """Return a participant.

        Raises:
            KeyError: there is none of that id.
        """
        return self._by_id[participant_id]

    def authenticate(self, envelope: Envelope, sender: Sender | None) -> Participant:
        """Return whose message this is.

        Raises:
            GatewayFault: unsigned, signature not valid, signed by nobody registered, or wrong credentials.
        """
        certificates = [participant.certificate for participant in self._by_id.values()]
        verdict = verify(envelope, self._verifier, self._clock, certificates)
        signer = verdict.signers[0].certificate
        for participant in self._by_id.values():
            if signer == participant.certificate and (sender is None or _credentials_match(participant, sender)):
                return participant
        raise fault(Code.SERVICE, "client.sender", "Sender unknown, wrong password or certificate.")


def verify(envelope: Envelope, verifier: Verifier, clock: Clock, registered: Iterable[Certificate]) -> Verdict:
    """Return the VALID verdict on an envelope's transport signature.

    Raises:
        GatewayFault: there is no signature, or it is not valid.
    """
    trees = envelope.transport
    verdict = verifier.transport(trees.envelope, trees.body, at=clock(), registered=registered)
    if verdict.indication is Indication.VALID:
        return verdict
    if Reason.SIGNATURE_MISSING in verdict.reasons:
        raise fault(Code.TRANSPORT_UNSIGNED, "client.transport_unsigned", "The message is not signed.")
    if verdict.reasons & {Reason.EXPIRED, Reason.NOT_YET_VALID}:
        raise fault(Code.TRANSPORT_CERTIFICATE, "client.transport_certificate", "The certificate is not current.")
    raise fault(Code.TRANSPORT_SIGNATURE, "client.transport_signature", "The transport signature is not valid.")


def fault(code: Code, detail: str, text: str) -> GatewayFault:
    """Return a fault whose texts are English: only operators see the sandbox's faults."""
    return GatewayFault(code, Detail(detail, text), Text(kk=text, ru=text))


def _credentials_match(participant: Participant, sender: Sender) -> bool:
    given = (sender.password or "").encode()
    return participant.id == sender.sender_id and hmac.compare_digest(given, participant.password.encode())
