"""Whether an application has every document that the act asks of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.catalogue import phrases
from gateway.catalogue.channel import Channel, governing
from gateway.catalogue.condition import Answers
from gateway.catalogue.declarations import COMPONENT
from gateway.catalogue.document_list import Need, Requirement
from gateway.catalogue.findings import Finding
from gateway.catalogue.service import Service
from gateway.texts import Text


class Wanted(StrEnum):
    """How much a document is wanted of this applicant."""

    REQUIRED = "required"
    IF_APPLICABLE = "if_applicable"  # asked for; whether it applies the clerk judges
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One document as the desk and the portal list it."""

    kinds: tuple[str, ...]
    """Codes of the kinds that will do; several: one of them is enough."""
    labels: tuple[Text, ...]
    """Their names, in the same order."""
    wanted: Wanted
    present: bool
    act: tuple[Text, ...]
    """The act's own words, where a reviewer wants to compare."""
    conditions: tuple[Text, ...]
    """When the act wants it, in its words; empty: always."""


def checklist(service: Service, channel: Channel, answers: Answers) -> tuple[ChecklistItem, ...]:
    """Return the documents that are asked of an applicant with these answers, in the act's order.

    With empty answers it is the list for everybody: what hangs on an answer is wanted "if applicable".
    """
    return tuple(_item(service, answers, group) for group in _groups(service, channel, answers))


def missing(service: Service, channel: Channel, answers: Answers) -> tuple[Finding, ...]:
    """Return a finding for each document that is required of an applicant with these answers and is not there."""
    names = {choice.value: choice.label.text for choice in service.form.documents.kinds}
    return tuple(
        Finding("applicant.documents", phrases.document_missing([names[kind] for kind in _kinds(group)]), "documents")
        for group in _groups(service, channel, answers)
        if _strongest(group) is Wanted.REQUIRED and not _any_present(group, answers)
    )


_Group = list[tuple[Requirement, Wanted]]


def _groups(service: Service, channel: Channel, answers: Answers) -> Iterator[_Group]:
    """Yield what is wanted; requirements of which one is enough come together, at the place of the first."""
    together: dict[str, _Group] = {}
    channel = governing(service, channel)
    for index, requirement in enumerate(service.form.documents.requirements):
        wanted = _wanted(requirement, channel, answers)
        if wanted is not None:
            together.setdefault(requirement.one_of or str(index), []).append((requirement, wanted))
    yield from together.values()


def _wanted(requirement: Requirement, channel: Channel, answers: Answers) -> Wanted | None:
    wanted = _BY_NEED.get(requirement.need)
    if wanted is None or (requirement.channels and channel not in requirement.channels):
        return None
    component = answers.fields.get(COMPONENT)
    if requirement.components and component is not None and component[0] not in requirement.components:
        return None
    holds = requirement.when.holds(answers) if requirement.when is not None else True
    if holds is None or (requirement.components and component is None):
        return Wanted.IF_APPLICABLE
    return wanted if holds else None


_BY_NEED = {
    Need.OBLIGATORY: Wanted.REQUIRED,
    Need.CONDITIONAL: Wanted.REQUIRED,
    Need.IF_APPLICABLE: Wanted.IF_APPLICABLE,
    Need.OPTIONAL: Wanted.OPTIONAL,
    Need.REFERENCE: Wanted.OPTIONAL,
}
_ORDER = (Wanted.REQUIRED, Wanted.IF_APPLICABLE, Wanted.OPTIONAL)


def _kinds(group: _Group) -> tuple[str, ...]:
    return tuple(dict.fromkeys(requirement.kind for requirement, _ in group if requirement.kind is not None))


def _strongest(group: _Group) -> Wanted:
    return min((wanted for _, wanted in group), key=_ORDER.index)


def _any_present(group: _Group, answers: Answers) -> bool:
    return any(_present(requirement, answers) for requirement, _ in group)


def _item(service: Service, answers: Answers, group: _Group) -> ChecklistItem:
    names = {choice.value: choice.label.text for choice in service.form.documents.kinds}
    entries = [service.passport.documents[index] for requirement, _ in group for index in requirement.act]
    return ChecklistItem(
        kinds=_kinds(group),
        labels=tuple(names[kind] for kind in _kinds(group)),
        wanted=_strongest(group),
        present=_any_present(group, answers),
        act=tuple(dict.fromkeys(service.text(entry) for entry in entries)),
        conditions=tuple(dict.fromkeys(service.text(e.condition) for e in entries if e.condition is not None)),
    )


def _present(requirement: Requirement, answers: Answers) -> bool:
    filled_in = requirement.in_form is not None and answers.has(requirement.in_form)
    return requirement.kind in answers.kinds or filled_in
