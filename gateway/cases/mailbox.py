"""What a sender may ask about the messages between it and us."""

from collections.abc import Sequence

from gateway.cases.cabinet import DeliveryState, Outgoing
from gateway.cases.delivery import outgoing, record_confirmed
from gateway.cases.model import Case, TaskKind
from gateway.cases.observer import Observer
from gateway.cases.store.ledger import Ledger
from gateway.cases.store.outbox import Delivery, Outbox, delivery_state
from gateway.cases.store.tasks import Tasks
from gateway.clock import Clock


class Mailbox:
    """Implements `gateway.cases.inbound.Mailbox`."""

    def __init__(self, ledger: Ledger, outbox: Outbox, tasks: Tasks, clock: Clock, observer: Observer) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._outbox = outbox
        self._tasks = tasks
        self._clock = clock
        self._observer = observer

    async def pending(
        self, sender_id: str, service_id: str, *, message_id: str | None, correlation_id: str | None, amount: int
    ) -> Sequence[Outgoing]:
        """Return up to `amount` messages for this sender that it has not confirmed yet, oldest first."""
        own_id = None
        if message_id is not None:
            found = await self._of(sender_id, message_id)
            if found is None:
                return ()
            own_id = found[1].id
        waiting = await self._outbox.unconfirmed(
            sender_id, service_id, message_id=own_id, correlation_id=correlation_id, limit=amount
        )
        return [await outgoing(self._ledger, case, delivery) for case, delivery in waiting]

    async def state(self, sender_id: str, message_id: str) -> DeliveryState | None:
        """Return the delivery state of a message this sender gave us or gets from us; None if there is none."""
        found = await self._of(sender_id, message_id)
        if found is not None:
            return delivery_state(found[1])
        return await self._outbox.inbound_state(sender_id, message_id)

    async def confirm(self, sender_id: str, message_id: str, *, accepted: bool, resend: bool) -> bool:
        """Record that the sender received (or not) a message of ours; False if there is no such message."""
        found = await self._of(sender_id, message_id)
        if found is None:
            return False
        if accepted:
            await self._confirmed(found[1])
        elif resend:
            await self._tasks.wake_case(found[0].id, (TaskKind.DELIVER, TaskKind.CONFIRM))
        return True

    async def changed(self, message_id: str, state: DeliveryState) -> bool:
        """Record what ShEP says of a message of ours (by ShEP's id or our own); False if there is no such message."""
        delivery = await self._outbox.by_id(message_id)
        if delivery is None:
            return False
        if state is DeliveryState.DELIVERED:
            await self._confirmed(delivery)
        elif state is not DeliveryState.ON_DELIVERY:
            # Not in the cabinet: the confirm step asks ShEP itself and sends the message again.
            await self._tasks.wake_case(delivery.case_id, (TaskKind.CONFIRM,))
        return True

    async def _confirmed(self, delivery: Delivery) -> None:
        await record_confirmed(self._ledger, delivery, self._clock)
        self._observer.delivery(delivery.kind.value, "confirmed")

    async def _of(self, sender_id: str, message_id: str) -> tuple[Case, Delivery] | None:
        """Return a message of ours and its case, if the case is this sender's."""
        delivery = await self._outbox.by_id(message_id)
        case = await self._ledger.case(delivery.case_id) if delivery else None
        return (case, delivery) if delivery and case and case.sender_id == sender_id else None
