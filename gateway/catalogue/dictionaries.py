"""Dictionary data for the portal's form and the desk: codes with their names in Kazakh and Russian."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from gateway.catalogue.channel import Channel, PortalOpening, channels
from gateway.catalogue.declarations import COMPONENT, paths
from gateway.catalogue.form_field import FormField
from gateway.catalogue.grounds import GroundKind, grounds
from gateway.catalogue.service import Service
from gateway.catalogue.term import Term, total_term
from gateway.texts import Text

_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a dictionary."""

    code: str
    kk: str
    ru: str


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service as it is offered: where one may apply, and how long it takes there."""

    code: str
    kk: str
    ru: str
    region: str
    channels: Mapping[Channel, Term]


def services(
    offered: Iterable[Service], opened: Mapping[str, PortalOpening], overrides: Mapping[str, int] = _NONE
) -> tuple[OfferedService, ...]:
    """Return the services with their channels and terms.

    Args:
        offered: which services.
        opened: see `gateway.catalogue.channel.channels`.
        overrides: the installation's terms in working days, by the service's id.
    """
    return tuple(
        OfferedService(
            service.id,
            service.name.kk,
            service.name.ru,
            service.passport.region,
            {channel: total_term(service, channel, overrides.get(service.id)) for channel in channels(service, opened)},
        )
        for service in offered
    )


def providers(
    catalogue: Iterable[Service], region: str, configured: Mapping[str, Text] | None = None
) -> tuple[Entry, ...]:
    """Return the bodies that provide services in a region.

    The Astana act names one body. The Kostanay act speaks of the departments of the districts without naming them: an
    installation names those it serves, by codes that begin with the region; else the act's general words stand.

    Args:
        catalogue: all services.
        region: `astana` or `kostanay`.
        configured: names by code.

    Raises:
        ValueError: a configured code does not begin with the region.
    """
    wrong = [code for code in configured or {} if not code.startswith(f"{region}.")]
    if wrong:
        raise ValueError(f"codes of providers must begin with {region}. (not: {', '.join(wrong)})")
    if configured:
        return tuple(Entry(code, name.kk, name.ru) for code, name in configured.items())
    names = {
        service.text(service.passport.provider): None for service in catalogue if service.passport.region == region
    }
    return tuple(Entry(f"{region}.{number}", name.kk, name.ru) for number, name in enumerate(names, start=1))


def document_kinds(service: Service) -> tuple[Entry, ...]:
    """Return the kinds of document that may be attached."""
    return tuple(Entry(kind.value, kind.label.kk, kind.label.ru) for kind in service.form.documents.kinds)


def components(service: Service) -> tuple[Entry, ...]:
    """Return the kinds of payment, measure or means inside a service; empty where it has none."""
    return choices(service, COMPONENT)


def choices(service: Service, path: str) -> tuple[Entry, ...]:
    """Return the values of a choice field of the form by its path; empty if it is none."""
    fields: tuple[FormField, ...] = service.form.own
    found: FormField | None = None
    for name in path.split("/"):
        found = next((field for field in fields if field.name == name), None)
        fields = found.fields if found is not None else ()
    given = found.choices if found is not None else ()
    return tuple(Entry(choice.value, choice.label.kk, choice.label.ru) for choice in given)


def of_form(service: Service) -> dict[str, object]:
    """Return everything that the portal's form offers to choose from, by the names that `portal.xsd` has for it.

    Each is a list of entries; `choices` holds one for each choice field of the form, by its path.
    """
    asked = {path: choices(service, path) for path, field in paths(service.form.own) if field.choices}
    named = {"components": components(service), "documentKinds": document_kinds(service)}
    given = {**named, "grounds": refusal_grounds(service)}
    return {name: _listed(entries) for name, entries in given.items()} | {
        "choices": {path: _listed(entries) for path, entries in asked.items()}
    }


def _listed(entries: Iterable[Entry]) -> list[dict[str, str]]:
    return [asdict(entry) for entry in entries]


def refusal_grounds(service: Service, component: str | None = None) -> tuple[Entry, ...]:
    """Return the act's grounds for refusing the service, for a component or for any."""
    found = grounds(service, GroundKind.REFUSAL, component=component)
    return tuple(Entry(ground.code, ground.kk, ground.ru) for ground in found)
