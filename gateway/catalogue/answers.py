"""From an application, read or half read, to the answers that conditions are judged by."""

import re
from collections.abc import Iterable
from datetime import date, datetime

from gateway.catalogue import iin
from gateway.catalogue.condition import Answers
from gateway.catalogue.structure import Block
from gateway.clock import local

_NUMBER = re.compile(r"\[\d+\]")


def of_block(application: Block) -> Answers:
    """Return the answers of an application as far as it could be read."""
    applicant = application.block("applicant").texts
    submitted = application.block("header").texts.get("submittedAt")
    documents = application.block("documents").blocks.get("document", [])
    return Answers(
        fields=_by_path(application.block("form").flat()),
        birth_date=_birth_date(applicant.get("birthDate"), applicant.get("iin")),
        on=local(datetime.fromisoformat(submitted)).date() if submitted is not None else None,
        represented="representative" in application.blocks,
        kinds=frozenset(document.texts["kind"] for document in documents if "kind" in document.texts),
    )


def _birth_date(stated: str | None, number: str | None) -> date | None:
    if stated is not None:
        return date.fromisoformat(stated)
    return iin.birth_date(number) if number is not None else None


def _by_path(values: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path, value in values:
        name = _NUMBER.sub("", path)
        found[name] = (*found.get(name, ()), value)
    return found
