"""Registration: an application gets its number and its deadline."""

from dataclasses import dataclass
from datetime import datetime

from gateway.cases import machine
from gateway.cases.number import registration_number
from gateway.cases.services import Offer
from gateway.cases.store.inbox import Inbox
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.deadline import deadline
from gateway.clock import local


@dataclass(frozen=True, slots=True)
class Registrar:
    """Gives an application its number and its deadline."""

    inbox: Inbox
    calendar: WorkingCalendar

    async def registered(self, offer: Offer, at: datetime, facts: machine.Facts) -> machine.Registered:
        """Return the event of registration at `at`."""
        number = registration_number(local(at).year, await self.inbox.serial())
        return machine.Registered(at, number, deadline(offer.term, at, self.calendar), facts)
