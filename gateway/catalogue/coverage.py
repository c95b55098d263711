"""Every blank of the act's forms is somewhere: no field of the law is lost or asked for twice."""

from collections import Counter
from collections.abc import Iterable, Iterator

from gateway.catalogue.form_field import CommonBlocks, Elsewhere, FormField
from gateway.catalogue.paper import FormPurpose, PrintedField
from gateway.catalogue.passport import Passport

APPLICATION = frozenset(
    {
        FormPurpose.APPLICATION,
        FormPurpose.FAMILY_COMPOSITION,
        FormPurpose.INCOME_STATEMENT,
        FormPurpose.SUBSIDIARY_FARM,
    }
)
"""Forms that the applicant fills in."""

ABSTRACT_PLACES = frozenset({"applicant", "acceptance", "documents", "signature", "registration", "order", "process"})
"""Places of a blank that are not one field of the application: the name as a whole, the note of acceptance, the
attached documents, the EDS, the number that registration gives, the order of rows, what is written later."""

RESULT_PLACES = frozenset(
    {"applicant/fullName", "caseNumber", "decidedAt", "signature", "cabinet/status", "cabinet/deadline"}
)
"""Places of a result's blank outside the service's own part of the result document."""


def printed(passport: Passport, purposes: Iterable[FormPurpose]) -> dict[str, PrintedField | None]:
    """Return the blanks of the forms with one of the purposes, by path; the columns of a table by theirs, as None."""
    wanted = frozenset(purposes)
    blanks: dict[str, PrintedField | None] = {}
    for number, form in enumerate(passport.forms):
        for place, field in enumerate(form.fields if form.purpose in wanted else ()):
            path = f"forms[{number}].fields[{place}]"
            blanks[path] = field
            blanks.update({f"{path}.columns[{column}]": None for column in range(len(field.columns))})
    return blanks


def referred(fields: Iterable[FormField]) -> Iterator[str]:
    """Yield the paths of all blanks that fields, at any depth, stand for."""
    for field in fields:
        yield from field.act
        yield from referred(field.fields)


def uncovered(
    blanks: Iterable[str], fields: Iterable[FormField], elsewhere: Iterable[Elsewhere]
) -> Iterator[tuple[str, str]]:
    """Yield each blank that is not covered exactly once, or named though the act has no such blank, and why."""
    expected = set(blanks)
    named = Counter(referred(fields))
    named.update(path for entry in elsewhere for path in entry.act)
    for path in sorted(expected - named.keys()):
        yield path, "must be covered by a field or stand elsewhere"
    for path, times in sorted(named.items()):
        if path not in expected:
            yield path, "is no blank of the act's forms of this kind"
        elif times > 1:
            yield path, "must be covered exactly once"


def places(common: CommonBlocks) -> frozenset[str]:
    """Return the places outside the service's own block where a blank of an application may be."""
    blocks = (common.header, common.applicant, common.representative, common.acceptance)
    named = {f"{block.name}/{field.name}" for block in blocks for field in block.fields}
    return ABSTRACT_PLACES | named
