"""What must agree between a passport and our declarations beside it: form, documents, result."""

from collections.abc import Iterable, Iterator

from gateway.catalogue.channel import Channel
from gateway.catalogue.condition import Condition
from gateway.catalogue.consistency import Inconsistency
from gateway.catalogue.coverage import APPLICATION, RESULT_PLACES, places, printed, uncovered
from gateway.catalogue.document_list import DocumentList
from gateway.catalogue.form_field import CommonBlocks, FormDeclaration, FormField
from gateway.catalogue.paper import FormPurpose
from gateway.catalogue.passport import Passport
from gateway.catalogue.result_form import RESULT, ResultDeclaration

COMPONENT = "component"
"""Name of the field that says which component of a service is asked for."""


def contradictions(
    passport: Passport,
    common: CommonBlocks,
    form: FormDeclaration,
    documents: DocumentList,
    result: ResultDeclaration,
) -> dict[str, list[Inconsistency]]:
    """Return, by file name, everything in the declarations that contradicts the passport or itself."""
    return {
        "form.json": list(_form(passport, common, form)),
        "documents.json": list(_documents(passport, form, documents)),
        "result.json": list(_result(passport, result)),
    }


def paths(fields: Iterable[FormField], prefix: str = "") -> Iterator[tuple[str, FormField]]:
    """Yield every field at any depth with its path."""
    for field in fields:
        yield f"{prefix}{field.name}", field
        yield from paths(field.fields, f"{prefix}{field.name}/")


def _form(passport: Passport, common: CommonBlocks, form: FormDeclaration) -> Iterator[Inconsistency]:
    yield from uncovered(printed(passport, APPLICATION), form.fields, form.elsewhere)
    known = places(common)
    for index, entry in enumerate(form.elsewhere):
        if entry.place not in known:
            yield f"elsewhere[{index}].place", f"must be one of {', '.join(sorted(known))}"
    fields = dict(paths(form.fields))
    for path, field in fields.items():
        if field.when is not None:
            yield from _condition(field.when, fields, f"fields {path}.when")
    for path in form.same_matter:
        if path not in fields:
            yield "same_matter", f"{path} must be a field of the form"
    yield from _components(passport, fields)


def _components(passport: Passport, fields: dict[str, FormField]) -> Iterator[Inconsistency]:
    codes = tuple(component.code for component in passport.components)
    declared = fields.get(COMPONENT)
    if codes and (declared is None or tuple(choice.value for choice in declared.choices) != codes):
        yield COMPONENT, "must be a choice of the passport's components, in their order"


def _condition(condition: Condition, fields: dict[str, FormField], place: str) -> Iterator[Inconsistency]:
    if condition.field is None:
        return
    asked = fields.get(condition.field)
    if asked is None:
        yield place, f"must ask a field of the form, not {condition.field}"
    elif asked.choices and not {choice.value for choice in asked.choices}.issuperset(condition.values):
        yield place, "must name values that the field can have"


def _documents(passport: Passport, form: FormDeclaration, documents: DocumentList) -> Iterator[Inconsistency]:
    named = {index for requirement in documents.requirements for index in requirement.act}
    missing = set(range(len(passport.documents))) ^ named
    if missing:
        yield "requirements", f"must name each document of the passport, and no other: {sorted(missing)}"
    fields = dict(paths(form.fields))
    components = {choice.value for choice in fields[COMPONENT].choices} if COMPONENT in fields else set()
    for index, requirement in enumerate(documents.requirements):
        place = f"requirements[{index}]"
        if requirement.when is not None:
            yield from _condition(requirement.when, fields, f"{place}.when")
        if requirement.in_form is not None and requirement.in_form not in fields:
            yield f"{place}.in_form", "must be a field of the form"
        if not components.issuperset(requirement.components):
            yield f"{place}.components", "must be components of the service"
        if not set(passport.intake_channels).issuperset(requirement.channels):
            yield f"{place}.channels", "must be channels of the service"
        yield from _groups(passport, requirement.act, requirement.components, requirement.channels, place)


def _groups(
    passport: Passport, act: tuple[int, ...], components: tuple[str, ...], channels: tuple[Channel, ...], place: str
) -> Iterator[Inconsistency]:
    """Where the act groups its list by component or by channel, the declaration must do the same."""
    codes = {component.code for component in passport.components}
    groups = {passport.documents[index].group for index in act if index < len(passport.documents)}
    wanted_components = {group for group in groups if group in codes}
    if wanted_components and wanted_components != set(components):
        yield f"{place}.components", f"must be the act's: {', '.join(sorted(wanted_components))}"
    wanted_channels = {group for group in groups if group in set(Channel)}
    if wanted_channels and wanted_channels != set(channels):
        yield f"{place}.channels", f"must be the act's: {', '.join(sorted(wanted_channels))}"


def _result(passport: Passport, result: ResultDeclaration) -> Iterator[Inconsistency]:
    purposes = set(RESULT)
    for index, paper in enumerate(result.papers):
        if not 0 <= paper.act < len(passport.forms):
            yield f"papers[{index}].act", "must be the place of a form of the passport"
        elif passport.forms[paper.act].purpose is FormPurpose.COUPON:
            # One act (registration of the unemployed) gives nothing but a coupon as a result.
            purposes.add(FormPurpose.COUPON)
    fields = [field for paper in result.papers for field in paper.fields]
    elsewhere = [entry for paper in result.papers for entry in paper.elsewhere]
    yield from uncovered(printed(passport, purposes), fields, elsewhere)
    for entry in elsewhere:
        if entry.place not in RESULT_PLACES:
            yield "papers", f"{entry.place} must be one of {', '.join(sorted(RESULT_PLACES))}"
