"""Cases and messages for tests of the store."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from gateway.cases import identity, machine
from gateway.cases.change import Change
from gateway.cases.inbound import Mode
from gateway.cases.model import Case, State
from gateway.cases.store.inbox import NewMessage
from gateway.catalogue.channel import Channel

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
RAW = b"<Envelope>personal data</Envelope>"


def new_case(case_id: UUID | None = None) -> Case:
    return Case(
        id=case_id or identity.case_id(AT),
        service_id="kostanay.housing-assistance",
        shep_service_id="HOUSING",
        sender_id="pep",
        channel=Channel.PORTAL,
        mode=Mode.ASYNC,
        correlation_id=uuid4().hex,
        route_id=None,
        request_number=uuid4().hex,
        language="kk",
        applicant_key=b"key",
        signer_key=b"key",
        state=State.AWAITING_VERIFICATION,
        received_at=AT,
    )


def new_message(message_id: str, *, content: bytes = b"1") -> NewMessage:
    return NewMessage(uuid4(), "pep", message_id, "REQUEST", content, 0, AT, RAW, b"<reply/>")


def registered(serial: int = 1, case: Case | None = None) -> Change:
    event = machine.Registered(AT, f"2026-{serial:08d}-0", AT + timedelta(days=10), {"message": "abc"})
    return machine.open_case(case or new_case(), event)
