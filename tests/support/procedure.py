"""One application on its way through the act's procedure: a real database, the sandbox's real SOAP, a clock."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.soap import SoapProvider
from gateway import settings
from gateway.cases import machine
from gateway.cases.clerk import Clerk
from gateway.cases.counter import Counter
from gateway.cases.delivery import outgoing
from gateway.cases.model import Case, TaskKind
from gateway.cases.rulebook import Rulebook
from gateway.cases.steps import ProviderSteps
from gateway.cases.store.ledger import Commit
from gateway.catalogue import cabinet_message, sample
from gateway.catalogue.cabinet_message import CabinetMessage
from gateway.catalogue.channel import Channel
from gateway.eds import enveloped
from gateway.sandbox import provider_soap
from gateway.sandbox.identities import CITIZENS, PROVIDERS, provider_of
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Document, Order, application
from gateway.sandbox.provider import ProviderSystem
from gateway.sandbox.register import CaseRegister
from gateway.sandbox.rules import Condition, Office, Script, Turn
from gateway.sandbox.server import serve
from tests.support.catalogue import service
from tests.support.gateway import NOW, Desk, desk, reply

CLERK = "aigul"
_OF_THE_PROVIDER = [TaskKind.SUBMIT, TaskKind.SUPPLEMENT, TaskKind.POLL, TaskKind.WATCH]


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Way:
    """The case, and what moves it."""

    at: Desk
    system: ProviderSystem
    steps: ProviderSteps
    clock: Clock
    counter: Counter
    number: str = field(default="", init=False)

    async def applies(self, service_id: str, channel: Channel, form: dict[str, str] | None = None) -> Case:
        """Apply through a channel, with every document that is required; the case goes to the provider."""
        content = sample.form(service(service_id), form)
        kinds = sample.documents(service(service_id), channel, content)
        papers = tuple(Document(kind=kind, name=f"{kind}.pdf") for kind in kinds)
        order = Order(service=service_id, citizen=CITIZENS[0].slug, form=content, documents=papers)
        unsigned = application(order, "10109000000777", self.clock.now - timedelta(minutes=1))
        if channel in {Channel.PROVIDER, Channel.AKIM}:
            await self.counter.take(service_id, channel, unsigned, CLERK)
        else:
            signers = {Channel.PSC: self.at.authority.system("psc"), Channel.PORTAL: self.at.authority.citizen(1)}
            document = enveloped.sign(unsigned, signers[channel].key)
            sender = "psc" if channel is Channel.PSC else "pep"
            message = self.at.message(document, service_id=service_id, sender_id=sender, received_at=self.clock.now)
            await self.at.intake.accept(message, reply)
        case = await self.case()
        assert case.number is not None, await self.facts()
        self.number = case.number
        return await self.goes()

    async def goes(self, **later: float) -> Case:
        """Let time pass, then do what is due at the provider's side and of the clock's; return the case as it is."""
        self.clock.now += timedelta(**later)
        await self._execute("UPDATE tasks SET due_at = now() WHERE claim IS NULL AND kind = ANY(%s)", _OF_THE_PROVIDER)
        while claims := await self._due():
            for claim in claims:
                await self.steps.table()[claim.kind](claim)
        return await self.case()

    async def arrives(self) -> Case:
        """Let the answer arrive where the citizen is."""
        await self._records(machine.Sent(self.clock.now, final=True))
        await self._records(machine.Confirmed(self.clock.now))
        return await self.case()

    async def _records(self, event: machine.Event) -> None:
        case = await self.case()
        await self.at.store.ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, event)))

    async def case(self) -> Case:
        (case,) = await self.at.store.ledger.cases()
        return case

    async def book(self) -> Rulebook:
        """Return the act's rules for the case."""
        return Rulebook(self.at.services.of(await self.case()), self.at.registrar.calendar)

    def clerk(self, name: str = CLERK) -> Clerk:
        """Return who records what the provider's system does not say."""
        return Clerk(name, self.at.services, self.at.store.ledger, self.at.registrar.calendar, self.clock)

    async def events(self) -> list[str]:
        """Return the kinds of events, oldest first."""
        return [event.kind for event in await self.at.store.ledger.events((await self.case()).id)]

    async def facts(self) -> list[dict[str, Any]]:
        """Return the evidence, oldest first."""
        return [json.loads(event.data) for event in await self.at.store.ledger.events((await self.case()).id)]

    async def told(self) -> list[CabinetMessage]:
        """Return what the cabinet is told, oldest first."""
        case = await self.case()
        found = await self.at.store.outbox.unconfirmed(
            case.sender_id, case.shep_service_id, message_id=None, correlation_id=None, limit=50
        )
        messages = [await outgoing(self.at.store.ledger, case, delivery) for case, delivery in found]
        return [cabinet_message.read(message.payload) for message in messages]

    def refused(self) -> str | None:
        """Return the code of what the provider's system was told that it cannot be."""
        return self.system.register.get(self.number).refused

    async def _due(self) -> Sequence[Any]:
        await self._execute(
            "UPDATE tasks SET due_at = now() + interval '1 hour' WHERE NOT kind = ANY(%s)", _OF_THE_PROVIDER
        )
        return await self.at.store.tasks.claim(10, 60)

    async def _execute(self, statement: str, kinds: Sequence[TaskKind]) -> None:
        async with self.at.store.pool.connection() as connection:
            await connection.execute(statement, ([kind.value for kind in kinds],))


@asynccontextmanager
async def way(
    database_url: str, authority: TestAuthority, folder: Path, service_id: str, *turns: Turn
) -> AsyncIterator[Way]:
    """Open the way of one application to a service, whose provider's system says what `turns` script."""
    organization = provider_of(service_id)
    assert organization in PROVIDERS
    assert organization is not None
    clock, register = Clock(), CaseRegister.open(folder / "provider.db")
    office = Office(scripts=(Script(when=Condition(), turns=turns),) if turns else ())
    system = ProviderSystem(organization, authority.provider(organization.slug).key, register, clock, office)
    runner = await serve(provider_soap.routes(system), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/provider/{organization.slug}"
    provider = settings.Provider(adapter="soap", url=url, bin=organization.bin)
    adapter = SoapProvider(provider)
    changes: dict[str, Any] = {
        "providers": {"akimat": provider},
        "services": {service_id: settings.Service(provider="akimat")},
    }
    try:
        async with desk(database_url, authority, folder, **changes) as at:
            counter = Counter(at.services, at.store.inbox, at.store.ledger, at.vault, at.registrar, clock)
            yield Way(at, system, _steps(at, adapter, provider, clock), clock, counter)
    finally:
        await adapter.close()
        await runner.cleanup()
        await system.stop()
        register.close()


def _steps(at: Desk, adapter: SoapProvider, provider: settings.Provider, clock: Clock) -> ProviderSteps:
    return ProviderSteps(at.parts(clock=clock, providers={"akimat": adapter}, akimat=provider))
