"""`python -m gateway.catalogue.generate`: write the files that are made from the passports and the declarations.

Those are the XSDs and dictionaries in `schemas/` and the pages in `docs/services/`. With `--check` nothing is
written; the exit status is 1 if a file is not what it should be.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway import resources
from gateway.catalogue import result_form
from gateway.catalogue.application_form import sourced
from gateway.catalogue.catalogue import CatalogueError
from gateway.catalogue.definition import Definition, Definitions
from gateway.catalogue.dictionaries import of_form
from gateway.catalogue.form_field import FormField, Label
from gateway.catalogue.form_schema import application_schema, common_schema, result_schema
from gateway.catalogue.pages import pages
from gateway.catalogue.service import Service


def generated(schemas: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield every file that is made, with its content; the pages go to `docs/` beside the schemas folder.

    Raises:
        CatalogueError: the files it is made from are not in order.
    """
    definitions = Definitions(schemas)
    common, translations = definitions.common(), definitions.translations()
    services = list(definitions.services())
    if common is None or definitions.problems:
        raise CatalogueError(definitions.problems)
    yield schemas / "application" / "common.xsd", common_schema(common)
    for definition in services:
        yield definition.folder / "application.xsd", application_schema(definition.form)
        yield definition.folder / "result.xsd", _result(definition)
    catalogue = [
        Service(service.passport, service.form, result=service.result, translations=translations)
        for service in services
    ]
    for service in catalogue:
        yield schemas / "services" / service.id / "dictionaries.json", _dictionaries(service)
    for name, page in pages(catalogue):
        yield schemas.parent / "docs" / "services" / name, page.encode()


def _dictionaries(service: Service) -> bytes:
    return (json.dumps(of_form(service), ensure_ascii=False, indent=1) + "\n").encode()


def _result(definition: Definition) -> bytes:
    namespace = result_form.namespace(definition.passport.id, definition.result.version)
    return result_schema(namespace, [_paper(definition, paper) for paper in definition.result.papers])


def _paper(definition: Definition, paper: result_form.ResultPaper) -> FormField:
    passport = definition.passport
    title = passport.forms[paper.act].title
    words = (title.kk, title.ru) if title is not None else (None, None)
    label = Label(kk=words[0] or words[1] or paper.element, ru=words[1] or words[0] or paper.element)
    purposes = frozenset({passport.forms[paper.act].purpose})
    return sourced(result_form.root(paper, label), passport, purposes)


def drift(schemas: Path) -> list[Path]:
    """Return the files whose content is not what would be made."""
    return [path for path, content in generated(schemas) if not path.is_file() or path.read_bytes() != content]


def main(arguments: Sequence[str]) -> int:
    """Write, or with `--check` compare; return the exit status."""
    schemas = resources.schemas()
    stale = drift(schemas)
    if "--check" in arguments:
        for path in stale:
            name = path.relative_to(schemas.parent)
            sys.stderr.write(f"{name} is not up to date: run python -m gateway.catalogue.generate\n")
        return 1 if stale else 0
    for path, content in generated(schemas):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sys.stdout.write(f"{len(stale)} file(s) changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
