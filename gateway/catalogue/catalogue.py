"""The catalogue: every service that Qaqpa knows, loaded and checked at start."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree

from gateway.catalogue.definition import Definition, Definitions, Problem
from gateway.catalogue.service import Service
from gateway.catalogue.translation import Translations

__all__ = ["Catalogue", "CatalogueError", "Problem", "Service"]


class CatalogueError(Exception):
    """The catalogue cannot be used. The text lists every problem of every file, one a line."""

    def __init__(self, problems: list[Problem]) -> None:
        """Take all problems found."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class Catalogue:
    """All services, by id."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        """Take the services; `load` is the ordinary way to a catalogue."""
        self._services = dict(services)

    @classmethod
    def load(cls, folder: Path) -> "Catalogue":
        """Load every service below `folder`/services; `folder` is `gateway.resources.schemas()`.

        Raises:
            CatalogueError: with every problem of every file.
        """
        definitions = Definitions(folder)
        services = {service.id: service for service in _services(definitions)}
        if not services and not definitions.problems:
            definitions.problems.append(Problem("services", "", "no service found: is this the schemas folder?"))
        if definitions.problems:
            raise CatalogueError(definitions.problems)
        return cls(services)

    @property
    def services(self) -> tuple[Service, ...]:
        """All services, ordered by region and number of the annex."""
        return tuple(
            sorted(self._services.values(), key=lambda service: (service.passport.region, service.passport.annex))
        )

    def service(self, service_id: str) -> Service:
        """Return one service.

        Raises:
            KeyError: there is no such service.
        """
        return self._services[service_id]

    def find(self, service_id: str) -> Service | None:
        """Return one service, or None if there is none of that id."""
        return self._services.get(service_id)


def _services(definitions: Definitions) -> Iterator[Service]:
    translations = definitions.translations()
    for definition in definitions.services():
        yield _service(definition, definitions, translations)


def _service(definition: Definition, definitions: Definitions, translations: Translations) -> Service:
    return Service(
        definition.passport,
        definition.form,
        _schema(definition.folder / "application.xsd", definitions),
        result=definition.result,
        result_schema=_schema(definition.folder / "result.xsd", definitions),
        translations=translations,
    )


def _schema(file: Path, definitions: Definitions) -> etree.XMLSchema | None:
    try:
        return etree.XMLSchema(etree.parse(file))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        definitions.problem(file, "", f"must be a valid XML Schema ({error})")
        return None
