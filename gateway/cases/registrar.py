"""Registration: an application gets its number and its deadline."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation

from gateway.cases import machine
from gateway.cases.change import Facts
from gateway.cases.model import Claim
from gateway.cases.number import registration_number
from gateway.cases.services import Offer
from gateway.cases.store.inbox import Inbox
from gateway.cases.store.ledger import Commit, Ledger
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.deadline import deadline
from gateway.catalogue.findings import Finding
from gateway.catalogue.lateness import near_at
from gateway.clock import local
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Registrar:
    """Gives an application its number and its deadline."""

    inbox: Inbox
    calendar: WorkingCalendar

    async def registered(self, offer: Offer, at: datetime, facts: Facts) -> machine.Registered:
        """Return the event of registration at `at`."""
        number = registration_number(local(at).year, await self.inbox.serial())
        due = deadline(offer.term, at, self.calendar)
        return machine.Registered(at, number, due, facts, near_at(at, due, self.calendar))


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
