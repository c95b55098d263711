"""What a sender may ask about the messages between it and us."""

from collections.abc import Sequence

from gateway.cases.cabinet import DeliveryState, Outgoing, Reported
from gateway.cases.delivery import outgoing, record_confirmed, record_returned
from gateway.cases.model import Case
from gateway.cases.observer import Observer
from gateway.cases.store.ledger import Ledger
from gateway.cases.store.outbox import SENT, Delivery, Outbox, delivery_state
from gateway.cases.unavailable import asking_the_store
from gateway.clock import Clock

SHEP = "shep"
"""Under this name the wire reports what ShEP itself says, under its own certificate."""

_MAX_ANSWER_BYTES = 8_000_000
"""Of the messages of one answer together; one message is given whatever its size."""


class Mailbox:
    """Implements `gateway.cases.inbound.Mailbox`; while the store cannot be asked every method raises GatewayFault."""

    def __init__(self, ledger: Ledger, outbox: Outbox, clock: Clock, observer: Observer) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._outbox = outbox
        self._clock = clock
        self._observer = observer

    async def pending(
        self, sender_id: str, service_id: str, *, message_id: str | None, correlation_id: str | None, amount: int
    ) -> Sequence[Outgoing]:
        """Return up to `amount` messages for this sender that it has not confirmed yet, oldest first."""
        with asking_the_store(self._observer):
            own_id = None
            if message_id is not None:
                found = await self._of(sender_id, message_id)
                if found is None:
                    return ()
                own_id = found[1].id
            waiting = await self._outbox.unconfirmed(
                sender_id, service_id, message_id=own_id, correlation_id=correlation_id, limit=amount
            )
            given: list[Outgoing] = []
            size = 0
            for case, delivery in waiting:
                message = await outgoing(self._ledger, case, delivery)
                size += len(message.payload)
                if given and size > _MAX_ANSWER_BYTES:
                    break
                given.append(message)
            return given

    async def state(self, sender_id: str, message_id: str) -> DeliveryState | None:
        """Return the delivery state of a message this sender gave us or gets from us; None if there is none."""
        with asking_the_store(self._observer):
            found = await self._of(sender_id, message_id)
            if found is not None:
                return delivery_state(found[1])
            return await self._outbox.inbound_state(sender_id, message_id)

    async def confirm(self, sender_id: str, message_id: str, reported: Reported) -> bool:
        """Record that the sender received (or not) a message of ours; False if there is no such message."""
        with asking_the_store(self._observer):
            found = await self._of(sender_id, message_id)
            if found is not None:
                await self._record(found[1], sender_id, reported)
            return found is not None

    async def changed(self, sender_id: str, message_id: str, reported: Reported) -> bool:
        """Record what ShEP, or the sender of the case, says of a message of ours; False if there is none for it."""
        with asking_the_store(self._observer):
            delivery = await self._outbox.by_id(message_id)
            case = await self._ledger.case(delivery.case_id) if delivery else None
            if delivery is None or case is None or sender_id not in {SHEP, case.sender_id}:
                return False
            await self._record(delivery, sender_id, reported)
            return True

    async def _record(self, delivery: Delivery, by: str, reported: Reported) -> None:
        if reported.state is DeliveryState.DELIVERED:
            await record_confirmed(self._ledger, delivery, self._clock, by=by, reported=reported)
            self._observer.delivery(delivery.kind.value, "confirmed")
        elif reported.state is not DeliveryState.ON_DELIVERY and delivery.state == SENT:
            # Sent again; one that nobody has taken yet is on its way anyway.
            await record_returned(self._ledger, delivery, self._clock, by=by, reported=reported)
            self._observer.delivery(delivery.kind.value, "returned")

    async def _of(self, sender_id: str, message_id: str) -> tuple[Case, Delivery] | None:
        """Return a message of ours and its case, if the case is this sender's."""
        delivery = await self._outbox.by_id(message_id)
        case = await self._ledger.case(delivery.case_id) if delivery else None
        return (case, delivery) if delivery and case and case.sender_id == sender_id else None
