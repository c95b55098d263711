"""A gateway's wire on a real socket, over an intake and a mailbox that keep everything in memory."""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from aiohttp import web

from gateway import settings
from gateway.cases.cabinet import DeliveryState, MessageKind, Outgoing, Reported
from gateway.cases.inbound import (
    BeingChecked,
    Inbound,
    Inquiries,
    Inquiry,
    InquiryAnswer,
    Receipt,
    Registered,
    Rejected,
    Reply,
)
from gateway.clock import Clock
from gateway.eds.certificate import Certificate
from gateway.eds.keys import SigningKey
from gateway.shep.operations import Operations
from gateway.shep.senders import Senders
from gateway.shep.server import RECEIVE_SECONDS, RECEIVING_BYTES, routes
from tests.support.shep_parties import NOW, Party, party, verifier

PASSWORD = "correct horse"
ANSWER = "<answer xmlns='urn:test'>жауап</answer>".encode()
DELIVERY = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
OUTGOING = Outgoing(
    delivery_id=DELIVERY,
    kind=MessageKind.NOTIFICATION,
    service_id="KSL-1",
    correlation_id="3382552",
    route_id=None,
    created_at=NOW,
    payload="<status xmlns='urn:test'>қабылданды</status>".encode(),
)


class MemoryIntake:
    """Keeps messages in a list; answers as told."""

    def __init__(self) -> None:
        self.accepted: list[Inbound] = []
        self.outcome: Registered | Rejected | BeingChecked = Registered("KSL-1-000001-5", NOW)
        self.before: Callable[[], object] | None = None

    async def accept(self, message: Inbound, reply: Reply) -> bytes:
        if self.before is not None:
            result = self.before()
            if hasattr(result, "__await__"):
                await result
        self.accepted.append(message)
        return reply(Receipt(uuid4(), NOW, self.outcome, ANSWER))


class NoInquiries:
    """Knows no question."""

    def answers(self, service_id: str) -> bool:
        assert service_id
        return False

    async def answer(self, inquiry: Inquiry) -> InquiryAnswer:
        raise AssertionError(inquiry)


class MemoryMailbox:
    """Holds one message for the portal."""

    def __init__(self) -> None:
        self.confirmed: list[tuple[str, str, DeliveryState]] = []
        self.changes: list[tuple[str, str, DeliveryState]] = []
        self.asked: list[int] = []

    async def pending(
        self, sender_id: str, service_id: str, *, message_id: str | None, correlation_id: str | None, amount: int
    ) -> Sequence[Outgoing]:
        self.asked.append(amount)
        mine = (sender_id, service_id) == ("portal", OUTGOING.service_id)
        wanted = message_id in {None, str(DELIVERY)} and correlation_id in {None, OUTGOING.correlation_id}
        return [OUTGOING] if mine and wanted else []

    async def state(self, sender_id: str, message_id: str) -> DeliveryState | None:
        return DeliveryState.DELIVERED if (sender_id, message_id) == ("portal", str(DELIVERY)) else None

    async def confirm(self, sender_id: str, message_id: str, reported: Reported) -> bool:
        assert reported.report
        self.confirmed.append((sender_id, message_id, reported.state))
        return message_id == str(DELIVERY)

    async def changed(self, sender_id: str, message_id: str, reported: Reported) -> bool:
        assert reported.report
        self.changes.append((sender_id, message_id, reported.state))
        return message_id == str(DELIVERY)


class CountingObserver:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.operations: list[str] = []
        self.codes: list[tuple[str, str]] = []
        self.steps: list[str] = []

    def received(self, operation: str) -> None:
        self.operations.append(operation)

    def answered(self, operation: str, code: str, seconds: float) -> None:
        assert seconds >= 0
        self.codes.append((operation, code))

    def step(self, name: str, seconds: float) -> None:
        assert seconds >= 0
        self.steps.append(name)


@dataclass
class Wire:
    """A running gateway's wire and its parts."""

    url: str
    intake: MemoryIntake
    mailbox: MemoryMailbox
    observer: CountingObserver
    certificate: Certificate = field(repr=False)


def sender(sender_id: str, *, signed: bool = True) -> settings.Sender:
    """Return the settings of a sender; its certificates are handed over beside them."""
    return settings.Sender.model_validate({"id": sender_id, "password": PASSWORD, "certificates": (), "signed": signed})


def registry() -> Senders:
    """Return a registry: two systems with a certificate of their own, two that share one, one that sends unsigned."""
    shared = party("psc").certificate
    return Senders(
        [
            (sender("portal"), (party("portal").certificate,)),
            (sender("expired"), (expired().certificate, future().certificate)),
            (sender("psc-1"), (shared,)),
            (sender("psc-2"), (shared,)),
            (sender("akim", signed=False), ()),
        ],
        [party("shep").certificate],
    )


def expired() -> Party:
    """A party whose certificate ended yesterday."""
    return party("expired", starts_in_days=-365, lasts_days=364)


def future() -> Party:
    """A party whose certificate starts tomorrow."""
    return party("future", starts_in_days=1)


@asynccontextmanager
async def wire(  # noqa: PLR0913  what a test may want otherwise
    *,
    clock: Clock = lambda: NOW,
    max_message_bytes: int = 200_000,
    max_in_flight: int = 8,
    receive_seconds: float = RECEIVE_SECONDS,
    max_receiving_bytes: int = RECEIVING_BYTES,
    inquiries: Inquiries | None = None,
    key: SigningKey | None = None,
) -> AsyncIterator[Wire]:
    """Run the wire on a free port of the loopback."""
    intake, mailbox, observer = MemoryIntake(), MemoryMailbox(), CountingObserver()
    # the port must be known before the documents are made
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    own_key = key or party("gateway").key
    operations = Operations(
        intake=intake,
        inquiries=inquiries or NoInquiries(),
        mailbox=mailbox,
        key=own_key,
        observer=observer,
        own_sender_id="qaqpa",
    )
    app = web.Application()
    app.add_routes(
        routes(
            operations=operations,
            senders=registry(),
            verifier=verifier(),
            key=own_key,
            clock=clock,
            observer=observer,
            public_url=url,
            max_message_bytes=max_message_bytes,
            max_in_flight=max_in_flight,
            receive_seconds=receive_seconds,
            max_receiving_bytes=max_receiving_bytes,
        )
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield Wire(url, intake, mailbox, observer, party("gateway").certificate)
    finally:
        await runner.cleanup()
