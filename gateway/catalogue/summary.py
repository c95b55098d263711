"""A service in short, for lists and for `qaqpa catalogue show`."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.catalogue.channel import Channel, channel_refusal
from gateway.catalogue.passport import Act, Passport
from gateway.catalogue.service import Service
from gateway.catalogue.term import Term, portal_term
from gateway.catalogue.wording import Wording
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the act says about the service."""

    documents: int
    refusal_grounds: int
    deadlines: int
    forms: int
    fields: int
    information_systems: int
    anomalies: int


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """A service in short."""

    id: str
    region: str
    annex: int
    act: Act
    name: Wording
    provider: Wording
    result: Wording
    form: str
    """How far it is automated, in the act's classes."""
    channels: tuple[Channel, ...]
    """Through which it is given."""
    closed: Mapping[Channel, Text]
    """Through which it is not given, and why."""
    portal_eligible: Wording | None
    """Who may use the portal, where the act limits it."""
    term: Term | None
    """Of an application through the portal, with its origin; None where the portal does not give the service."""
    namespace: str
    """XML namespace of the application."""
    counts: Counts


def describe(service: Service, settings_term: int | None = None) -> ServiceSummary:
    """Sum a service up; `settings_term` is the installation's term in working days, if it sets one.

    Raises:
        ValueError: the setting is longer than the act allows.
    """
    passport = service.passport
    refusals = {channel: channel_refusal(service, channel) for channel in Channel}
    return ServiceSummary(
        id=service.id,
        region=passport.region,
        annex=passport.annex,
        act=passport.act,
        name=passport.name,
        provider=passport.provider,
        result=passport.result,
        form=passport.form,
        channels=service.channels,
        closed={channel: reason for channel, reason in refusals.items() if reason is not None},
        portal_eligible=passport.portal.eligible,
        term=portal_term(service, settings_term) if passport.portal.available else None,
        namespace=service.namespace,
        counts=_counts(passport),
    )


def _counts(passport: Passport) -> Counts:
    return Counts(
        documents=len(passport.documents),
        refusal_grounds=len(passport.refusal_grounds),
        deadlines=len(passport.deadlines),
        forms=len(passport.forms),
        fields=sum(len(form.fields) for form in passport.forms),
        information_systems=len(passport.information_systems),
        anomalies=len(passport.anomalies),
    )
