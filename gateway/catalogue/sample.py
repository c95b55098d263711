"""Sample values for a service's form: what the sandbox sends and what tests start from. Nobody in them exists."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from gateway.catalogue.channel import Channel
from gateway.catalogue.completeness import Wanted, checklist
from gateway.catalogue.condition import Answers
from gateway.catalogue.declarations import COMPONENT
from gateway.catalogue.form_field import FormField, Kind
from gateway.catalogue.result_details import quarter_of
from gateway.catalogue.result_form import ResultPaper
from gateway.catalogue.service import Service

Tree = dict[str, Any]
"""Element name -> text, another tree, or a list of either."""

_TODAY, _ADULT, _CHILD = date(2026, 1, 5), date(1988, 1, 1), date(2015, 5, 5)
_VALUES = {
    Kind.TEXT: "Үлгі",
    Kind.ADDRESS: "Үлгі көшесі, 1-үй",
    Kind.PERSON_NAME: "Үлгіқызы Сынақ",
    Kind.IIN: "150505500345",
    Kind.PHONE: "+7 700 000 00 00",
    Kind.DATE: "2015-05-05",
    Kind.INTEGER: "1",
    Kind.DECIMAL: "1.5",
    Kind.MONEY: "15000.50",
    Kind.BOOLEAN: "true",
    Kind.AFFIRMATION: "true",
}


def form(service: Service, answers: Mapping[str, str] | None = None, *, full: bool = False) -> Tree:
    """Return a valid content of the service's block `form`.

    Args:
        service: whose form.
        answers: values that are given, by name of a field of the block's first level, e.g. the component.
        full: fill in every field that is asked for, not only those that must stand.
    """
    given = answers or {}
    tree: Tree = {}
    for field in service.form.own:
        wanted = field.when is None or field.when.holds(Answers(fields=values_of(tree)))
        if field.name in given or (wanted and (field.required or full)):
            tree[field.name] = _values(field, full=full, given=given.get(field.name))
    return tree


def documents(service: Service, channel: Channel, content: Tree, *, minor: bool = False) -> tuple[str, ...]:
    """Return kinds of documents that make an application with this content complete, one for each that is required.

    Args:
        service: what is applied for.
        channel: through which.
        content: of the block `form`.
        minor: whether the applicant is under age.
    """
    answers = Answers(fields=values_of(content), birth_date=_CHILD if minor else _ADULT, on=_TODAY)
    wanted = (item for item in checklist(service, channel, answers) if item.wanted is Wanted.REQUIRED)
    return tuple(dict.fromkeys(item.kinds[0] for item in wanted if not item.present))


def result(paper: ResultPaper, on: date) -> dict[str, str]:
    """Return valid particulars of a result paper, as `gateway.catalogue.result_details` takes them."""
    quarter, year = quarter_of(on)
    values = dict(_numbered(paper.fields))
    return values | {name: str(value) for name, value in (("quarter", quarter), ("year", year)) if name in values}


def _numbered(fields: Iterable[FormField], prefix: str = "") -> Iterator[tuple[str, str]]:
    for field in fields:
        if not field.required:
            continue
        path = f"{prefix}{field.name}" if field.many == 1 else f"{prefix}{field.name}[1]"
        if field.type is Kind.BLOCK:
            yield from _numbered(field.fields, f"{path}/")
        else:
            yield path, _value(field, full=False)


def components(service: Service) -> tuple[str, ...]:
    """Return the values of the service's field `component`; empty where it has none."""
    return tuple(choice.value for field in service.form.own if field.name == COMPONENT for choice in field.choices)


def values_of(tree: Tree) -> dict[str, tuple[str, ...]]:
    """Return the values of a tree by path."""
    found: dict[str, tuple[str, ...]] = {}
    for path, value in _flat(tree):
        found[path] = (*found.get(path, ()), value)
    return found


def _flat(tree: Tree, prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from _flat(item, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", item


def _values(field: FormField, *, full: bool, given: str | None = None) -> Any:  # noqa: ANN401  a tree's value
    value = given if given is not None else _value(field, full=full)
    return [value] if field.many > 1 else value


def _value(field: FormField, *, full: bool) -> Any:  # noqa: ANN401  same
    if field.type is Kind.BLOCK:
        return _block(field.fields, full=full)
    if field.type is Kind.CHOICE:
        return field.choices[0].value
    if field.minimum is not None:
        return str(field.minimum)
    return _VALUES[field.type]


def _block(fields: Iterable[FormField], *, full: bool) -> Tree:
    return {field.name: _values(field, full=full) for field in fields if field.required or full}
