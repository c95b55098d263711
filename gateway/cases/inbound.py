"""What the wire hands to intake and gets back: no SOAP in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from gateway.cases.cabinet import DeliveryState, Outgoing, Reported
from gateway.catalogue.findings import Finding


class Mode(StrEnum):
    """Which ShEP channel brought the message."""

    SYNC = "sync"
    ASYNC = "async"
    COUNTER = "counter"
    """None did: a clerk entered the application (see `gateway.cases.counter`)."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """An application message from an authenticated sender."""

    sender_id: str
    mode: Mode
    message_id: str | None
    message_type: str
    service_id: str
    """ShEP's service id."""
    correlation_id: str | None
    route_id: str | None
    session_id: str | None
    received_at: datetime
    transport_certificate: str | None
    """SHA-256 of the transport certificate, hex; None when the sender is configured to send unsigned."""
    raw: bytes = field(repr=False)
    """The received bytes, untouched: evidence."""
    readings: tuple[bytes, ...] = field(repr=False)
    """See `gateway.shep.messages.Data`."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The application is a case now."""

    number: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """The application cannot be registered; the citizen is told why."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class BeingChecked:
    """The application was taken; whether the certificate is revoked could not be asked yet."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to a message that was taken; the wire makes the reply of it."""

    inbox_id: UUID
    at: datetime
    outcome: Registered | Rejected | BeingChecked
    payload: bytes = field(default=b"", repr=False)
    """On SyncChannel: what the cabinet is told, XML of schemas/qaqpa/cabinet.xsd."""


Reply = Callable[[Receipt], bytes]
"""Makes the signed reply; intake stores it in the accepting transaction and gives the same bytes to every repeat."""


class Intake(Protocol):
    """Takes application messages (REQUEST and UPDATE); implemented in `gateway.cases.intake`."""

    async def accept(self, message: Inbound, reply: Reply) -> bytes:
        """Take a message durably and return its reply; a repeat gets the stored reply, byte for byte.

        Raises:
            GatewayFault: the message was not taken, nothing of it is kept.
        """


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question of an authenticated sender on SyncChannel."""

    sender_id: str
    service_id: str
    """ShEP's service id."""
    document: bytes = field(repr=False)
    """XML of schemas/qaqpa/portal.xsd."""


@dataclass(frozen=True, slots=True)
class InquiryAnswer:
    """What is answered; with findings, they stand in the payload."""

    payload: bytes = field(repr=False)
    """XML of schemas/qaqpa/portal.xsd."""
    findings: tuple[Finding, ...] = ()


class Inquiries(Protocol):
    """Answers what the portal asks beside applications; implemented in `gateway.cases.inquiries`."""

    def answers(self, service_id: str) -> bool:
        """Tell whether a message to this ShEP service id is a question, and not an application."""

    async def answer(self, inquiry: Inquiry) -> InquiryAnswer:
        """Answer a question; nothing of it is kept.

        Raises:
            GatewayFault: the sender may not ask it, it is no question of the contract, or nobody can look it up now.
        """


class Mailbox(Protocol):
    """What a sender may ask about messages between it and us; implemented in `gateway.cases.mailbox`."""

    async def pending(
        self, sender_id: str, service_id: str, *, message_id: str | None, correlation_id: str | None, amount: int
    ) -> Sequence[Outgoing]:
        """Return up to `amount` messages for this sender that it has not confirmed yet, oldest first."""

    async def state(self, sender_id: str, message_id: str) -> DeliveryState | None:
        """Return the delivery state of a message this sender gave us or gets from us; None if there is none."""

    async def confirm(self, sender_id: str, message_id: str, reported: Reported) -> bool:
        """Record that the sender received (or not) a message of ours; False if there is no such message."""

    async def changed(self, sender_id: str, message_id: str, reported: Reported) -> bool:
        """Record what a sender, or ShEP itself (`shep`), says of a message of ours (by ShEP's id or our own).

        False if there is no such message, or if it is none of the sender's.
        """
