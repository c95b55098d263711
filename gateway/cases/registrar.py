"""Registration: an application gets its number and its deadline."""

from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation

from gateway.cases import machine
from gateway.cases.change import Facts
from gateway.cases.model import Claim
from gateway.cases.number import registration_number
from gateway.cases.services import Offer
from gateway.cases.store.inbox import Inbox
from gateway.cases.store.ledger import Commit, Ledger
from gateway.catalogue.application import Application
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.channel import Channel
from gateway.catalogue.deadline import deadline
from gateway.catalogue.findings import Finding
from gateway.catalogue.hand_over import HandOver, hand_over
from gateway.catalogue.lateness import near_at
from gateway.catalogue.receipt import Accepted, Receipt, acceptance, refusal
from gateway.clock import local
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Registrar:
    """Gives an application its number and its deadline."""

    inbox: Inbox
    calendar: WorkingCalendar

    async def registered(
        self, offer: Offer, at: datetime, facts: Facts, application: Application
    ) -> machine.Registered:
        """Return the event of registration at `at`, with what a PSC prints for the applicant."""
        number = registration_number(local(at).year, await self.inbox.serial())
        due = deadline(offer.term, at, self.calendar)
        days = self._days(offer, at, due)
        if days is not None:
            facts = {**facts, "days": {name: day.isoformat() for name, day in asdict(days).items()}}
        printed = offer.channel is Channel.PSC
        receipt = self.paper(offer, application, number, at, due, application.accepted_by) if printed else None
        return machine.Registered(at, number, due, facts, near_at(at, due, self.calendar), receipt)

    def rejected(
        self,
        offer: Offer,
        at: datetime,
        findings: tuple[Finding, ...],
        facts: Facts,
        accepted_by: str | None,
    ) -> machine.Rejected:
        """Return the event of rejection at `at`, with what a PSC prints for the applicant."""
        printed = offer.channel is Channel.PSC
        receipt = refusal(offer.service, findings, at, accepted_by) if printed else None
        return machine.Rejected(at, findings, facts, receipt)

    def paper(  # noqa: PLR0913, PLR0917  what stands on it
        self, offer: Offer, application: Application, number: str, at: datetime, due: datetime, clerk: str | None
    ) -> Receipt:
        """Return the coupon or receipt of an application that was registered at `at`; the same again at any time."""
        days = self._days(offer, at, due)
        ready = days.to_applicant if days is not None else local(due).date()
        return acceptance(offer.service, offer.channel, Accepted(number, at, ready, application, clerk, days))

    def _days(self, offer: Offer, at: datetime, due: datetime) -> HandOver | None:
        return hand_over(offer.service, offer.channel, at, due, self.calendar)


async def record(
    ledger: Ledger, claim: Claim, event: machine.FilesAwaited | machine.Registered | machine.Rejected
) -> None:
    """Write what came of checking an application that was taken before it could be checked."""
    try:
        await ledger.commit(claim.case_id, lambda locked: Commit(machine.advance(locked, event)), claim)
    except UniqueViolation:  # the same request was registered meanwhile, under another message id
        twice = machine.Rejected(event.at, (_REGISTERED_BEFORE,))
        await ledger.commit(claim.case_id, lambda locked: Commit(machine.advance(locked, twice)), claim)


_REGISTERED_BEFORE = Finding(
    "applicant.duplicate",
    Text(
        kk="Бұл өтініш бұрын тіркелген. Ол бойынша жауап алғашқы нөмірімен келеді.",
        ru="Это заявление уже зарегистрировано. Ответ придёт по первому номеру.",
    ),
)
