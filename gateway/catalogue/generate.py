"""`python -m gateway.catalogue.generate`: write the XSDs that are made from the declared forms.

With `--check` nothing is written; the exit status is 1 if a file is not what it should be.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway import resources
from gateway.catalogue.application_form import assemble
from gateway.catalogue.form_field import CommonBlocks, FormDeclaration
from gateway.catalogue.form_schema import application_schema, common_schema


def generated(schemas: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield every file that is made, with its content."""
    common = CommonBlocks.model_validate_json((schemas / "application" / "common.json").read_bytes())
    yield schemas / "application" / "common.xsd", common_schema(common)
    for file in sorted((schemas / "services").glob("*/form.json")):
        declaration = FormDeclaration.model_validate_json(file.read_bytes())
        form = assemble(file.parent.name, common, declaration)
        yield file.parent / "application.xsd", application_schema(form)


def drift(schemas: Path) -> list[Path]:
    """Return the files whose content is not what would be made."""
    return [path for path, content in generated(schemas) if not path.is_file() or path.read_bytes() != content]


def main(arguments: Sequence[str]) -> int:
    """Write, or with `--check` compare; return the exit status."""
    schemas = resources.schemas()
    stale = drift(schemas)
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(
                f"{path.relative_to(schemas)} is not up to date: run python -m gateway.catalogue.generate\n"
            )
        return 1 if stale else 0
    for path, content in generated(schemas):
        path.write_bytes(content)
    sys.stdout.write(f"{len(stale)} file(s) changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
