"""Delivery: messages reach the cabinet in order, each under one id, and the answer is confirmed."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.cases import machine
from gateway.cases.cabinet import Cabinet, DeliveryState, MessageKind, Outgoing, Reported
from gateway.cases.calls import CallFailed
from gateway.cases.destinations import SHEP, Destinations
from gateway.cases.evidence import digest
from gateway.cases.exhibit import Exhibit, whole
from gateway.cases.model import ARRIVED, Case, Claim, TaskKind
from gateway.cases.observer import Observer
from gateway.cases.steps import case_of
from gateway.cases.store.ledger import Commit, Decide, Ledger
from gateway.cases.store.outbox import Delivery, Outbox
from gateway.cases.worker import Step, StepFailed, patience_seconds
from gateway.clock import Clock
from gateway.settings import Worker as WorkerSettings

T = TypeVar("T")

_MAX_SHEP_ID = 200
"""Real ones have up to 40 characters; what is longer cannot be a key."""


async def outgoing(ledger: Ledger, case: Case, delivery: Delivery) -> Outgoing:
    """Return a delivery as the message that ShEP gets: the same at every attempt."""
    quoted = (await ledger.document(case.id, delivery.document)).content if delivery.document else None
    return Outgoing(
        delivery_id=delivery.id,
        kind=delivery.kind,
        service_id=case.shep_service_id,
        correlation_id=case.correlation_id,
        route_id=case.route_id,
        created_at=delivery.created_at,
        payload=whole(delivery.payload, quoted),
    )


class DeliverySteps:
    """Steps that end at ShEP: deliver, confirm."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts
        self,
        ledger: Ledger,
        outbox: Outbox,
        cabinet: Cabinet,
        destinations: Destinations,
        settings: WorkerSettings,
        clock: Clock,
        observer: Observer,
    ) -> None:
        """Take the parts."""
        self._settings = settings
        self._ledger = ledger
        self._outbox = outbox
        self._cabinet = cabinet
        self._destinations = destinations
        self._clock = clock
        self._observer = observer

    def table(self) -> dict[TaskKind, Step]:
        """Return the steps by kind."""
        return {TaskKind.DELIVER: self.deliver, TaskKind.CONFIRM: self.confirm}

    async def deliver(self, claim: Claim) -> None:
        """Send the case's oldest message that ShEP has not taken; the task stays while there are more."""
        case = await case_of(self._ledger, claim)
        delivery = await self._outbox.next_pending(case.id)
        if delivery is None:
            await self._ledger.commit(case.id, lambda _: Commit(), claim)
            return
        if delivery.sends >= self._settings.max_attempts:
            raise StepFailed.for_good("shep.not_delivered: ShEP took it and did not bring it")
        commit = await self._send(case, delivery)
        if await self._ledger.commit(case.id, commit, claim) is not None:
            self._observer.delivery(delivery.kind.value, "sent")

    async def confirm(self, claim: Claim) -> None:
        """Ask ShEP whether the answer is in the cabinet; send it again if it says that it is not."""
        case = await case_of(self._ledger, claim)
        delivery = await self._outbox.answer(case.id)
        if delivery is None:
            raise StepFailed.for_good("gateway.answer_missing")
        reported = await self._ask(lambda: self._cabinet.state(delivery.shep_message_id or str(delivery.id)))
        by = "getMessageStatus"
        if reported.state is DeliveryState.ON_DELIVERY:
            again = patience_seconds(self._clock() - delivery.created_at, self._settings)
            await self._ledger.commit(case.id, lambda _: Commit(again_seconds=again), claim)
        elif reported.state is DeliveryState.DELIVERED:
            await record_confirmed(self._ledger, delivery, self._clock, by=by, reported=reported, claim=claim)
            self._observer.delivery(delivery.kind.value, "confirmed")
        else:
            await record_returned(self._ledger, delivery, self._clock, by=by, reported=reported, claim=claim)
            self._observer.delivery(delivery.kind.value, "returned")

    async def _send(self, case: Case, delivery: Delivery) -> Decide:
        """Send a message; return what is to be recorded of it."""
        message = await outgoing(self._ledger, case, delivery)
        started = time.perf_counter()
        taken = await self._ask(lambda: self._cabinet.send(message))
        self._observer.step("delivery_send", time.perf_counter() - started)
        now, final = self._clock(), delivery.kind is MessageKind.RESPONSE
        shep_id = taken.shep_message_id
        shep_id = shep_id if shep_id is not None and len(shep_id) <= _MAX_SHEP_ID else None
        receipt = Exhibit("shep-receipt.xml", taken.receipt)
        facts = {
            "message": str(delivery.id),
            "of": delivery.seq,
            "payload": digest(message.payload),
            "shep": shep_id,
            "receipt": receipt.sha256,
        }

        def decide(locked: Case) -> Commit:
            # The cabinet may have confirmed the answer already; then the sending is recorded without a change of state.
            told = machine.Sent(now, final and locked.state not in ARRIVED, facts)
            return Commit(machine.advance(locked, told), sent=(delivery, now, shep_id), exhibits=(receipt,))

        return decide

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            with self._destinations.call(SHEP):
                return await call()
        except CallFailed as error:
            raise StepFailed.by(error, "shep.unavailable") from error


async def record_confirmed(  # noqa: PLR0913  what is recorded
    ledger: Ledger, delivery: Delivery, clock: Clock, *, by: str, reported: Reported, claim: Claim | None = None
) -> None:
    """Record that a message is in the cabinet; for the answer this ends the case. A repeat changes nothing.

    `by` says who confirmed it: an operation of ours, or the sender that reported it.
    """
    now, report = clock(), Exhibit("shep-report.xml", reported.report)
    event = machine.Confirmed(now, {"message": str(delivery.id), "by": by, "report": report.sha256})

    def decide(case: Case) -> Commit:
        change = machine.advance(case, event) if delivery.kind is MessageKind.RESPONSE else None
        return Commit(change, confirmed=(delivery, now), exhibits=(report,))

    await ledger.commit(delivery.case_id, decide, claim)


async def record_returned(  # noqa: PLR0913  what is recorded
    ledger: Ledger, delivery: Delivery, clock: Clock, *, by: str, reported: Reported, claim: Claim | None = None
) -> None:
    """Record that a message did not reach the cabinet: it is sent again."""
    report = Exhibit("shep-report.xml", reported.report)
    facts = {"message": str(delivery.id), "by": by, "state": reported.state.value, "report": report.sha256}
    event = machine.Returned(clock(), facts, delivery.sends)

    def decide(case: Case) -> Commit:
        change = machine.advance(case, event)
        return Commit(change, returned=delivery if change else None, exhibits=(report,))

    await ledger.commit(delivery.case_id, decide, claim)
