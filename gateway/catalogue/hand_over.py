"""The days on which papers pass between a counter that only takes them (PSC, akim) and the provider, and back."""

from dataclasses import dataclass
from datetime import date, datetime

from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.channel import Channel
from gateway.catalogue.party import Party
from gateway.catalogue.procedure import Step
from gateway.catalogue.service import Service
from gateway.catalogue.terms import issue_by, step_deadlines, terms
from gateway.clock import local

_COUNTERS = {
    Channel.PSC: frozenset({Party.PSC, Party.APPLICANT, Party.EMPLOYER}),
    Channel.AKIM: frozenset({Party.AKIM, Party.AKIM_OFFICE, Party.APPLICANT}),
}
"""Who acts at the counter, beside those who apply there."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """By which day, included, papers and result change hands."""

    to_provider: date
    """The package is with the provider."""
    to_counter: date
    """The result is back: with the end of the whole term."""
    to_applicant: date
    """The result is in the applicant's hands; on the next working day where the act leaves the day of issue out."""


def hand_over(
    service: Service, channel: Channel, registered_at: datetime, total: datetime, calendar: WorkingCalendar
) -> HandOver | None:
    """Return the days of an application; None where nobody stands between the applicant and the provider.

    Args:
        service: the service.
        channel: through which the application came.
        registered_at: when it was registered.
        total: the end of the whole term.
        calendar: the working days.
    """
    own = _COUNTERS.get(channel)
    if own is None:
        return None
    limits = terms(service, channel)
    due = step_deadlines(limits.steps, registered_at, total, calendar)
    sent = [one.due for one in due[: _first_elsewhere(limits.steps, own)]]
    return HandOver(
        to_provider=local(sent[-1] if sent else registered_at).date(),
        to_counter=local(total).date(),
        to_applicant=local(issue_by(limits, total, calendar)).date(),
    )


def _first_elsewhere(steps: tuple[Step, ...], own: frozenset[Party]) -> int:
    """Return the place of the first step that is not the counter's."""
    return next((place for place, step in enumerate(steps) if step.party not in own), len(steps))
