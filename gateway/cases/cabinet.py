"""The port to the citizen's personal cabinet, which is reached through ShEP; `gateway.shep.client` implements it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from gateway.cases.calls import CallFailed


class MessageKind(StrEnum):
    """What the outgoing message is to the cabinet."""

    NOTIFICATION = "NOTIFICATION"
    RESPONSE = "RESPONSE"


class DeliveryState(StrEnum):
    """What ShEP says of a message it took from us."""

    ON_DELIVERY = "ON_DELIVERY"
    DELIVERED = "DELIVERED"
    NOT_DELIVERED = "NOT_DELIVERED"
    DELIVERY_STOPPED = "DELIVERY_STOPPED"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to the cabinet. `delivery_id` is its one id for all attempts: the receiver tells repeats by it."""

    delivery_id: UUID
    kind: MessageKind
    service_id: str
    """ShEP's service id, as received."""
    correlation_id: str
    """As received."""
    route_id: str | None
    created_at: datetime
    payload: bytes = field(repr=False)
    """XML of schemas/qaqpa/cabinet.xsd."""


@dataclass(frozen=True, slots=True)
class Taken:
    """ShEP's receipt for a message of ours."""

    shep_message_id: str | None
    """The id that ShEP gave it; None if the receipt names none."""
    receipt: bytes = field(repr=False)
    """As it came, with ShEP's signature: evidence."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What ShEP, or the sender of a case, says of a message of ours."""

    state: DeliveryState
    report: bytes = field(repr=False)
    """As it came, with its signature: evidence."""


class CabinetUnavailable(CallFailed):
    """ShEP could not be reached or did not take the message: send it again later. The text holds no personal data."""


class Cabinet(Protocol):
    """Where notifications and results go. Each method raises CabinetUnavailable."""

    async def send(self, message: Outgoing) -> Taken:
        """Hand a message to ShEP."""

    async def state(self, shep_message_id: str) -> Reported:
        """Ask ShEP whether a message of ours was delivered."""
