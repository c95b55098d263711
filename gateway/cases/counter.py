"""Applications taken at a counter: the provider's own or an akim's (channel procedures `provider` and `akim`).

A clerk enters what stands on the paper and compares it with the applicant's documents; there is no electronic signature
of the applicant. The coupon names number, day of registration, day of the result and who took the documents (the acts'
tear-off coupon, e.g. Kostanay service 2, clause 5 step 1). The result is handed over at the counter as well.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from psycopg.errors import UniqueViolation

from gateway.cases import identity, machine, second
from gateway.cases.assessment import file_findings
from gateway.cases.inbound import Mode
from gateway.cases.model import Case, Ending, State
from gateway.cases.registrar import Registrar
from gateway.cases.services import Offer, Services
from gateway.cases.store.inbox import Inbox, NewMessage
from gateway.cases.store.ledger import Commit, Ledger
from gateway.cases.vault import Vault
from gateway.catalogue.channel import Channel
from gateway.catalogue.findings import Finding
from gateway.catalogue.form import NotOurPayload, Reading, read_application
from gateway.clock import Clock
from gateway.texts import Text

COUNTERS = frozenset({Channel.PROVIDER, Channel.AKIM})


class NotTaken(Exception):  # noqa: N818  says what happened
    """The application cannot be registered; the clerk tells the applicant why. Nothing is kept."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        """Take what is wrong."""
        super().__init__("the application cannot be registered")
        self.findings = findings


class NotThere(Exception):  # noqa: N818  says what happened
    """There is no such case at a counter, or it is not in the state that is needed. The text says which."""


@dataclass(frozen=True, slots=True)
class Coupon:
    """What the applicant takes home."""

    number: str
    service: Text
    registered_at: datetime
    deadline: datetime
    clerk: str = field(repr=False)
    """Who took the documents."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Takes applications and hands results over."""

    services: Services
    inbox: Inbox
    ledger: Ledger
    vault: Vault
    registrar: Registrar
    clock: Clock

    async def take(self, service_id: str, channel: Channel, document: bytes, clerk: str) -> Coupon:
        """Register an application that a clerk has entered; the same one again gives the same coupon.

        Args:
            service_id: passport id.
            channel: PROVIDER or AKIM.
            document: the application of the service's schema, unsigned.
            clerk: who took it.

        Raises:
            GatewayFault: the act does not give the service at this counter.
            NotTaken: with every finding.
        """
        offer, now = self.services.given(service_id, channel), self.clock()
        form = self._read(offer, document, now)
        facts = {"entered_by": clerk, "document": hashlib.sha256(document).hexdigest()}
        event = await self.registrar.registered(offer, now, facts)
        case = self._case(offer, form, now)
        change = machine.open_case(case, event)
        message = NewMessage(
            id=identity.part_id(case.id, "COUNTER"),
            sender_id=case.sender_id,
            message_id=case.correlation_id,
            message_type="COUNTER",
            digest=hashlib.sha256(document).digest(),
            reading=0,
            received_at=now,
            raw=document,
            reply=event.number.encode(),
        )
        try:
            is_new = await self.inbox.accept(message, change)
        except UniqueViolation:
            raise await self._in_the_way(case, form) from None
        if is_new:
            return Coupon(event.number, offer.service.name, now, event.deadline, clerk)
        before = await self.ledger.case_by_chain(case.sender_id, case.correlation_id)
        if before is None or before.number is None or before.registered_at is None or before.deadline is None:
            raise NotThere("the application was entered before and is not registered")
        return Coupon(before.number, offer.service.name, before.registered_at, before.deadline, clerk)

    def _read(self, offer: Offer, document: bytes, now: datetime) -> Reading:
        try:
            form = read_application(offer.service, document, now=now, channel=offer.channel)
        except NotOurPayload:
            raise NotTaken((_NOT_AN_APPLICATION,)) from None
        findings = (*form.findings, *file_findings(offer, form))
        if findings:
            raise NotTaken(findings)
        return form

    async def _in_the_way(self, case: Case, form: Reading) -> NotTaken:
        """Say that the first application for the matter runs; its number is for the applicant, who stands here."""
        running = await self.ledger.running(case.matter_key) if case.matter_key is not None else None
        if running is None:
            raise NotThere("the first application for this matter has just ended: enter this one again")
        return NotTaken((second.found(running, named=not form.parties.represented),))

    def _case(self, offer: Offer, form: Reading, now: datetime) -> Case:
        iin, service_id = form.parties.applicant_iin, offer.service.id
        return Case(
            id=identity.case_id(now),
            service_id=service_id,
            shep_service_id=service_id,
            sender_id=f"counter:{offer.channel.value}",
            channel=offer.channel,
            mode=Mode.COUNTER,
            correlation_id=form.request_number or str(uuid4()),
            route_id=None,
            request_number=form.request_number,
            language=form.language or "kk",
            applicant_key=self.vault.search_key(iin) if iin else None,
            signer_key=None,
            state=State.REGISTERED,
            received_at=now,
            matter_key=second.matter_key(self.vault, offer.service, form),
        )

    async def result(self, number: str) -> tuple[Ending, bytes]:
        """Return how a decided case ended and the signed document, to be printed or written to the applicant's device.

        Raises:
            NotThere: no such case at a counter, or it is not decided.
        """
        case = await self._decided(number)
        decided = [event for event in await self.ledger.events(case.id) if event.kind == machine.Decided.__name__]
        if case.ending is None or not decided:
            raise NotThere(f"{number} is not decided")
        document = await self.ledger.document(case.id, json.loads(decided[-1].data)["document"])
        return case.ending, document.content

    async def hand_over(self, number: str, clerk: str) -> None:
        """Record that the applicant got the result; this ends the case. A repeat changes nothing.

        Raises:
            NotThere: no such case at a counter, or it is not decided.
        """
        case = await self._decided(number)
        event = machine.Confirmed(self.clock(), {"handed_over_by": clerk})
        await self.ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, event)))

    async def _decided(self, number: str) -> Case:
        case = await self.ledger.case_by_number(number)
        if case is None or case.mode is not Mode.COUNTER:
            raise NotThere(f"{number} was not taken at a counter")
        if case.state not in {State.DECIDED, State.CONFIRMED}:
            raise NotThere(f"{number} is not decided: {case.state.value}")
        return case


_NOT_AN_APPLICATION = Finding(
    "applicant.form",
    Text(kk="Бұл файл осы қызметке арналған өтініш емес.", ru="Этот файл не является заявлением на эту услугу."),
)
