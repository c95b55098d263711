"""What is particular to one act and has to be known by software: each where its act has it, and nowhere else."""

from dataclasses import dataclass

from gateway.catalogue import kazakh
from gateway.catalogue.channel import Channel
from gateway.catalogue.grounds import Ground, GroundKind, grounds
from gateway.catalogue.party import Party
from gateway.catalogue.procedure import Step, procedure
from gateway.catalogue.service import Service
from gateway.catalogue.terms import Limit, terms
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Return:
    """That the provider sends an application back to the Public Service Centre."""

    grounds: tuple[Ground, ...]
    limits: tuple[Limit, ...]
    """By when, and by when the applicant is told."""


@dataclass(frozen=True, slots=True)
class Particulars:
    """The particulars of one service. Empty or None: the act has no such thing."""

    commission_steps: tuple[Step, ...]
    """Steps in which a commission surveys or decides."""
    income_confirmation: Limit | None
    """How often the right is confirmed by a statement of income."""
    check_in: Limit | None
    """How often those registered must come and be noted."""
    change_notice: Limit | None
    """By when the recipient must report changes; of several, the longest."""
    without_application: tuple[str, ...]
    """Components that are given by lists, without documents or an application."""
    application_on_paper: bool
    """Whether the act has the applicant write an application at all."""
    oral_result: tuple[str, ...]
    """Components that end in oral information, with no document."""
    return_to_psc: Return | None
    restoration: tuple[Text, ...]
    """When a benefit that was ended is given again."""
    akim_condition: Text | None
    """When the akim is a channel; None: always, or never."""
    valid_for_quarter: bool
    """The result is a certificate for the current quarter."""


def particulars(service: Service) -> Particulars:
    """Return the particulars of a service."""
    passport = service.passport
    limits = [limit for channel in service.channels for limit in terms(service, channel).others]
    return Particulars(
        commission_steps=_commission(service),
        income_confirmation=_first(limits, "income_confirmation"),
        check_in=_first(limits, "check_in_period"),
        change_notice=_longest(limits, {"change_notice_by_applicant", "applicant_reports_changes"}),
        without_application=tuple(c.code for c in passport.components if c.documents_required is False),
        application_on_paper=not any(
            words in (step.action.ru or "")
            for step in passport.channel_procedures.provider
            for words in ("не заполняются", "сдача заявления не требуется")
        ),
        oral_result=tuple(
            component.code
            for component in passport.components
            if component.result is not None and "ауызша" in kazakh.normalised(component.result.kk or "")
        ),
        return_to_psc=_return(service, limits),
        restoration=_restoration(service),
        akim_condition=_akim_condition(service),
        valid_for_quarter=any(kazakh.same(entry.kk or "", "ағымдағы тоқсанда") for entry in passport.eligibility),
    )


def _commission(service: Service) -> tuple[Step, ...]:
    steps = (step for channel in service.channels for step in procedure(service, channel))
    unique = {(step.actor, step.action): step for step in steps if step.party is Party.COMMISSION}
    return tuple(unique.values())


def _first(limits: list[Limit], what: str) -> Limit | None:
    return next((limit for limit in limits if limit.what == what), None)


def _longest(limits: list[Limit], whats: set[str]) -> Limit | None:
    found = [limit for limit in limits if limit.what in whats]
    return max(found, key=lambda limit: limit.term.nominal_minutes, default=None)


_RETURN_LIMITS = frozenset(
    {"return_to_psc", "return_for_defects", "refusal_return", "inform_of_return", "inform_of_refusal"}
)


def _return(service: Service, limits: list[Limit]) -> Return | None:
    found = tuple(dict.fromkeys(limit for limit in limits if limit.what in _RETURN_LIMITS))
    if Channel.PSC not in service.channels or not found:
        return None
    return Return(grounds(service, GroundKind.RETURN), found)


def _restoration(service: Service) -> tuple[Text, ...]:
    entries = service.passport.restoration
    return tuple(map(service.text, entries if isinstance(entries, tuple) else (entries,)))


def _akim_condition(service: Service) -> Text | None:
    # Only one act makes the channel conditional; its passport says so in a note (line 53), in the act's own words.
    note = next((note for note in service.passport.anomalies if "the akim channel is conditional" in note), None)
    if note is None:
        return None
    return Text(
        kk="тұрғылықты жері бойынша көрсетілетін қызметті беруші болмаған жағдайда",
        ru="если по месту жительства нет услугодателя",
    )
