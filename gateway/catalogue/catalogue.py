"""The catalogue: every service that Qaqpa knows, loaded and checked at start."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lxml import etree
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.catalogue.application_form import assemble
from gateway.catalogue.consistency import inconsistencies
from gateway.catalogue.form_field import CommonBlocks, FormDeclaration
from gateway.catalogue.passport import Passport
from gateway.catalogue.service import Service

__all__ = ["Catalogue", "CatalogueError", "Problem", "Service"]

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the catalogue's files."""

    file: str
    """Path inside the schemas folder."""
    path: str
    """Where in the file, as a JSON path, e.g. `deadlines[3].unit`; empty for the file as a whole."""
    expected: str

    def __str__(self) -> str:
        """Return file, place and expectation in one line."""
        return ": ".join(part for part in (self.file, self.path, self.expected) if part)


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
        loader = _Loader(folder)
        services = {service.id: service for service in loader.services()}
        if not services and not loader.problems:
            loader.problems.append(Problem("services", "", "no service found: is this the schemas folder?"))
        if loader.problems:
            raise CatalogueError(loader.problems)
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


class _Loader:
    """Reads the files of a catalogue and collects what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problems: list[Problem] = []

    def services(self) -> Iterator[Service]:
        common = self._read(self._folder / "application" / "common.json", CommonBlocks)
        for path in sorted((self._folder / "services").glob("*/")):
            passport = self._passport(path)
            schema = self._schema(path) if (path / "form.json").exists() else None
            form = self._read(path / "form.json", FormDeclaration) if schema is not None else None
            if passport is None:
                continue
            if form is not None and common is not None:
                yield Service(passport, assemble(passport.id, common, form), schema)
            else:
                yield Service(passport)
            if passport.portal.available and not (path / "form.json").exists():
                self._problem(path / "form.json", "", "must exist: the portal takes applications for this service")

    def _passport(self, path: Path) -> Passport | None:
        file = path / "passport.json"
        passport = self._read(file, Passport)
        if passport is not None:
            for place, expected in inconsistencies(passport, path.name):
                self._problem(file, place, expected)
        return passport

    def _schema(self, path: Path) -> etree.XMLSchema | None:
        file = path / "application.xsd"
        try:
            return etree.XMLSchema(etree.parse(file))
        except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            self._problem(file, "", f"must be a valid XML Schema ({error})")
            return None

    def _read(self, file: Path, model: type[_Model]) -> _Model | None:
        try:
            return model.model_validate_json(file.read_bytes())
        except OSError as error:
            self._problem(file, "", f"must be readable ({error.strerror})")
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False, include_context=False):
                self._problem(file, _json_path(detail), detail["msg"])
        return None

    def _problem(self, file: Path, path: str, expected: str) -> None:
        self.problems.append(Problem(file.relative_to(self._folder).as_posix(), path, expected))


def _json_path(detail: ErrorDetails) -> str:
    path = ""
    for part in detail["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier() and not part[0].isupper() and part not in {"int", "str"}:
            # The other parts are pydantic's names for the members of a union; they do not stand in the file.
            path += f".{part}"
        elif "-" in part:
            path += f"[{json.dumps(part, ensure_ascii=False)}]"
    return path.removeprefix(".")
