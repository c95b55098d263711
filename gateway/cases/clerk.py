"""What a clerk records of a case that was taken at a counter, where the provider's system does not say it.

The same things as a system may report, judged by the same rules (`gateway.cases.reports`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.cases import machine
from gateway.cases.counter import case_at_counter
from gateway.cases.model import Case
from gateway.cases.provider import ProviderStatus, Stage
from gateway.cases.reports import Report, event_of
from gateway.cases.rulebook import NotInAct, Rulebook
from gateway.cases.services import Services
from gateway.cases.store.ledger import Commit, Ledger
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.declarations import COMPONENT
from gateway.catalogue.form import read_application
from gateway.catalogue.procedure import Position
from gateway.clock import Clock
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Clerk:
    """Records, under a clerk's name. Each method returns the case as it is then; a repeat changes nothing.

    Each raises NotThere if there is no such case at a counter, and NotInAct if the act does not have what is recorded.
    """

    name: str
    services: Services
    ledger: Ledger
    calendar: WorkingCalendar
    clock: Clock

    async def step(self, number: str, position: Position) -> Case:
        """The case is at a step of the act's procedure."""
        return await self._record(number, Stage.IN_PROGRESS, step=position)

    async def extend(self, number: str, reason: Text) -> Case:
        """The term is extended."""
        return await self._record(number, Stage.IN_PROGRESS, extension=reason)

    async def suspend(self, number: str, ground: str) -> Case:
        """The term stands still, on a ground of the act (its code)."""
        return await self._record(number, Stage.SUSPENDED, grounds=(ground,))

    async def resume(self, number: str) -> Case:
        """The term runs again."""
        return await self._record(number, Stage.IN_PROGRESS)

    async def end_orally(self, number: str) -> Case:
        """The applicant was informed orally, and the service ended so."""
        return await self._record(number, Stage.ENDED_ORALLY)

    async def duty_met(self, number: str, on: date) -> Case:
        """The applicant did, on a day, what the act asks after the grant."""
        return await self._record(number, Stage.DECIDED, duty_met=on)

    async def complete(self, number: str) -> Case:
        """What was granted has run its course."""
        return await self._record(number, Stage.COMPLETED)

    async def _record(self, number: str, stage: Stage, **more: Any) -> Case:  # noqa: ANN401  fields of a status
        case, now = await case_at_counter(self.ledger, number), self.clock()
        component = await self._component(case) if stage is Stage.ENDED_ORALLY else None
        status = ProviderStatus(stage, now, **more)
        report = Report(status, now, component=component, clerk=self.name)

        def decide(locked: Case) -> Commit:
            event, refusal = event_of(locked, report, self._book(locked))
            if refusal is not None:
                raise NotInAct(refusal.code, refusal.text)
            return Commit(machine.advance(locked, event) if event is not None else None)

        return await self.ledger.commit(case.id, decide) or case

    async def _component(self, case: Case) -> str | None:
        kept = await self.ledger.message_in_force(case.id)
        application = read_application(self._book(case).offer.service, kept.raw).application
        return application.fields.get(COMPONENT) if application is not None else None

    def _book(self, case: Case) -> Rulebook:
        return Rulebook(self.services.of(case), self.calendar)
