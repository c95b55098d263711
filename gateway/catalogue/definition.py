"""Reading the files that define the services, and collecting everything that is wrong with them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.catalogue.application_form import ApplicationForm, assemble
from gateway.catalogue.consistency import Inconsistency, inconsistencies
from gateway.catalogue.declarations import contradictions
from gateway.catalogue.document_list import DocumentList
from gateway.catalogue.form_field import CommonBlocks, FormDeclaration
from gateway.catalogue.passport import Passport
from gateway.catalogue.result_form import ResultDeclaration
from gateway.catalogue.translation import TranslationFile, Translations

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


@dataclass(frozen=True, slots=True)
class Definition:
    """What the files of one service's folder say."""

    folder: Path
    passport: Passport
    form: ApplicationForm
    result: ResultDeclaration


class Definitions:
    """All definitions below a schemas folder."""

    def __init__(self, folder: Path) -> None:
        """Take the schemas folder."""
        self._folder = folder
        self.problems: list[Problem] = []

    def common(self) -> CommonBlocks | None:
        """Return the common blocks."""
        return self._read(self._folder / "application" / "common.json", CommonBlocks)

    def translations(self) -> Translations:
        """Return our translations; none if they cannot be read, which is a problem."""
        file = self._read(self._folder / "application" / "translations.json", TranslationFile)
        return Translations.of(file) if file is not None else Translations()

    def services(self) -> Iterator[Definition]:
        """Yield every service whose files can be read; what is wrong with the others stands in `problems`."""
        common = self.common()
        for path in sorted((self._folder / "services").glob("*/")):
            definition = self._service(path, common)
            if definition is not None:
                yield definition

    def problem(self, file: Path, path: str, expected: str) -> None:
        """Note something that is wrong with a file."""
        self.problems.append(Problem(file.relative_to(self._folder).as_posix(), path, expected))

    def _service(self, path: Path, common: CommonBlocks | None) -> Definition | None:
        passport = self._read(path / "passport.json", Passport)
        form = self._read(path / "form.json", FormDeclaration)
        documents = self._read(path / "documents.json", DocumentList)
        result = self._read(path / "result.json", ResultDeclaration)
        if passport is not None:
            self._note(path / "passport.json", inconsistencies(passport, path.name))
        if passport is None or common is None or form is None or documents is None or result is None:
            return None
        for name, found in contradictions(passport, common, form, documents, result).items():
            self._note(path / name, iter(found))
        return Definition(path, passport, assemble(passport, common, form, documents), result)

    def _note(self, file: Path, found: Iterator[Inconsistency]) -> None:
        for place, expected in found:
            self.problem(file, place, expected)

    def _read(self, file: Path, model: type[_Model]) -> _Model | None:
        try:
            return model.model_validate_json(file.read_bytes())
        except OSError as error:
            self.problem(file, "", f"must be readable ({error.strerror})")
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False, include_context=False):
                self.problem(file, _json_path(detail), detail["msg"])
        return None


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
