"""Who may receive a service, as the act states it."""

from dataclasses import dataclass

from gateway.catalogue.channel import Channel
from gateway.catalogue.service import Service
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class EligibilityRule:
    """One statement of the act on who may receive the service."""

    text: Text
    clause: str | None
    components: tuple[str, ...]
    """For these components only; empty: for all."""
    judged_at_intake: bool
    """The application's own answers decide it; else the provider does."""


def eligibility(
    service: Service, channel: Channel | None = None, component: str | None = None
) -> tuple[EligibilityRule, ...]:
    """Return the act's statements, those for a component only, or for all; with the channel's own rule first."""
    rules = []
    portal = service.passport.portal
    if portal.eligible is not None and channel in {None, Channel.PORTAL}:
        rules.append(EligibilityRule(service.text(portal.eligible), None, (), judged_at_intake=True))
    for entry in service.passport.eligibility:
        components = tuple(entry.components or ())
        if component is None or not components or component in components:
            rules.append(EligibilityRule(service.text(entry), entry.clause, components, judged_at_intake=False))
    return tuple(rules)
