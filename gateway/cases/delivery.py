"""Delivery: messages reach the cabinet in order, each under one id, and the answer is confirmed."""

import time

from gateway.cases import machine
from gateway.cases.cabinet import Cabinet, CabinetUnavailable, DeliveryState, MessageKind, Outgoing
from gateway.cases.evidence import digest
from gateway.cases.model import Case, Claim, State, TaskKind
from gateway.cases.observer import Observer
from gateway.cases.rendering import render
from gateway.cases.store.ledger import Commit, Decide, Ledger
from gateway.cases.store.outbox import Delivery, Outbox
from gateway.cases.worker import Step, StepFailed, patience_seconds
from gateway.catalogue.cabinet_message import File
from gateway.clock import Clock
from gateway.settings import Worker as WorkerSettings

_MAX_SHEP_ID = 200
"""Real ones have up to 40 characters; what is longer cannot be a key."""


async def outgoing(ledger: Ledger, case: Case, delivery: Delivery) -> Outgoing:
    """Return a delivery as the message that ShEP gets: the same at every attempt."""
    result = None
    if delivery.notice.document is not None:
        name, mime, content = await ledger.document(case.id, delivery.notice.document)
        result = File(name, mime, content)
    return Outgoing(
        delivery_id=delivery.id,
        kind=delivery.kind,
        service_id=case.shep_service_id,
        correlation_id=case.correlation_id,
        route_id=case.route_id,
        created_at=delivery.created_at,
        payload=render(case, delivery.notice, result),
    )


class DeliverySteps:
    """Steps that end at ShEP: deliver, confirm."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts
        self,
        ledger: Ledger,
        outbox: Outbox,
        cabinet: Cabinet,
        settings: WorkerSettings,
        clock: Clock,
        observer: Observer,
    ) -> None:
        """Take the parts."""
        self._settings = settings
        self._ledger = ledger
        self._outbox = outbox
        self._cabinet = cabinet
        self._clock = clock
        self._observer = observer

    def table(self) -> dict[TaskKind, Step]:
        """Return the steps by kind."""
        return {TaskKind.DELIVER: self.deliver, TaskKind.CONFIRM: self.confirm}

    async def deliver(self, claim: Claim) -> None:
        """Send the case's oldest message that ShEP has not taken; the task stays while there are more."""
        case = await self._case(claim)
        delivery = await self._outbox.next_pending(case.id)
        if delivery is None:
            await self._ledger.commit(case.id, lambda _: Commit(), claim)
            return
        commit = await self._send(case, delivery)
        if await self._ledger.commit(case.id, commit, claim) is not None:
            self._observer.delivery(delivery.kind.value, "sent")

    async def confirm(self, claim: Claim) -> None:
        """Ask ShEP whether the answer is in the cabinet; send it again if it says that it is not."""
        case = await self._case(claim)
        delivery = await self._outbox.answer(case.id)
        if delivery is None:
            raise StepFailed("gateway.answer_missing", final=True)
        try:
            state = await self._cabinet.state(delivery.shep_message_id or str(delivery.id))
        except CabinetUnavailable as error:
            raise StepFailed(f"shep.unavailable: {error}", counts=False) from error
        if state is DeliveryState.ON_DELIVERY:
            again = patience_seconds(self._clock() - delivery.created_at, self._settings)
            await self._ledger.commit(case.id, lambda _: Commit(again_seconds=again), claim)
            return
        if state is not DeliveryState.DELIVERED:
            event = machine.Returned(self._clock(), {"message": str(delivery.id), "state": state.value})
            await self._ledger.commit(
                case.id, lambda locked: Commit(machine.advance(locked, event), returned=delivery), claim
            )
            return
        await record_confirmed(self._ledger, delivery, self._clock, by="getMessageStatus", claim=claim)
        self._observer.delivery(delivery.kind.value, "confirmed")

    async def _send(self, case: Case, delivery: Delivery) -> Decide:
        """Send a message; return what is to be recorded of it."""
        message = await outgoing(self._ledger, case, delivery)
        started = time.perf_counter()
        try:
            taken = await self._cabinet.send(message)
        except CabinetUnavailable as error:
            raise StepFailed(f"shep.unavailable: {error}", counts=False) from error
        self._observer.step("delivery_send", time.perf_counter() - started)
        now, final = self._clock(), delivery.kind is MessageKind.RESPONSE
        shep_id = taken if taken is not None and len(taken) <= _MAX_SHEP_ID else None
        facts = {"message": str(delivery.id), "of": delivery.seq, "payload": digest(message.payload), "shep": shep_id}

        def decide(locked: Case) -> Commit:
            # The cabinet may have confirmed the answer already; then the sending is recorded without a change of state.
            told = machine.Sent(now, final and locked.state is not State.CONFIRMED, facts)
            return Commit(machine.advance(locked, told), sent=(delivery, now, shep_id))

        return decide

    async def _case(self, claim: Claim) -> Case:
        case = await self._ledger.case(claim.case_id)
        if case is None:
            raise StepFailed("gateway.case_missing", final=True)
        return case


async def record_confirmed(
    ledger: Ledger, delivery: Delivery, clock: Clock, *, by: str, claim: Claim | None = None
) -> None:
    """Record that a message is in the cabinet; for the answer this ends the case. A repeat changes nothing.

    `by` says who confirmed it: an operation of ours, or the sender that reported it.
    """
    now = clock()
    event = machine.Confirmed(now, {"message": str(delivery.id), "by": by})

    def decide(case: Case) -> Commit:
        change = machine.advance(case, event) if delivery.kind is MessageKind.RESPONSE else None
        return Commit(change, confirmed=(delivery, now))

    await ledger.commit(delivery.case_id, decide, claim)
