"""The portal opened by a region's legal act, as the settings name it (docs/decisions/0041)."""

from collections.abc import Iterable, Mapping

from gateway.catalogue.channel import Channel, PortalOpening
from gateway.catalogue.service import Service
from gateway.settings import PortalOpening as Section
from gateway.texts import Text


def openings(services: Iterable[Service], sections: Iterable[Section]) -> Mapping[str, PortalOpening]:
    """Return the legal acts that open the portal, by the id of the service.

    Raises:
        ValueError: a section opens what is not closed, what another opens, or what the catalogue does not know.
    """
    closed = {service.id: Channel.PORTAL not in service.channels for service in services}
    found: dict[str, PortalOpening] = {}
    for section in sections:
        opening = PortalOpening(section.number, section.date, Text(section.title_kk, section.title_ru))
        for service_id in _named(closed, section.services):
            if service_id in found:
                raise ValueError(f"portal_openings: two acts open the portal for {service_id}")
            found[service_id] = opening
    return found


def _named(closed: Mapping[str, bool], names: Iterable[str]) -> Iterable[str]:
    """Yield the services that names stand for; a region stands for those that its act closes to the portal."""
    for name in names:
        region = name.removesuffix("*") if name.endswith(".*") else None
        if region is None and name not in closed:
            raise ValueError(f"portal_openings: the catalogue has no service {name}")
        if region is None and not closed[name]:
            raise ValueError(f"portal_openings: the portal is open for {name} by its own act")
        chosen = [one for one in closed if one == name or (region and one.startswith(region) and closed[one])]
        if not chosen:
            raise ValueError(f"portal_openings: no service of {name} is closed to the portal")
        yield from chosen


def facts(opening: PortalOpening | None) -> dict[str, object]:
    """Return what the evidence says of the act by which an application could come; empty: its service's own act."""
    if opening is None:
        return {}
    act = {"number": opening.number, "date": opening.date.isoformat(), "title": str(opening.title)}
    return {"portal_opened_by": act}
