"""The particulars of an act's own form of a result: a notification, a certificate for a quarter, a referral."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from gateway.catalogue import result_form, structure
from gateway.catalogue.findings import Finding
from gateway.catalogue.form_field import FormField, Kind, Label
from gateway.catalogue.service import Service
from gateway.catalogue.xml_message import Reader, Writer

_MONTHS_OF_QUARTER = 3


@dataclass(frozen=True, slots=True)
class ResultDetails:
    """The particulars of one paper."""

    namespace: str
    element: str
    values: Mapping[str, str] = field(repr=False)
    """By path, rows by number: `quarter`, `member[1]/name`."""


class DetailsWrongError(ValueError):
    """The particulars are not what the act's form holds. The text names the paths, not the values."""


def details(service: Service, element: str, values: Mapping[str, str]) -> ResultDetails:
    """Return the particulars of a paper, checked.

    Args:
        service: whose result it is.
        element: which paper, as `schemas/services/<id>/result.json` names it.
        values: by path; see `ResultDetails.values`.

    Raises:
        DetailsWrongError: the service has no such paper, or a value is missing, wrong or unknown.
    """
    made = ResultDetails(_namespace(service), element, dict(values))
    unknown = set(values) - {path for path, _ in _flat(_paper(service, element), made)}
    if unknown:
        raise DetailsWrongError(f"{element} has no {', '.join(sorted(unknown))}")
    return made


def write(into: Writer, given: ResultDetails, service: Service) -> None:
    """Add the particulars to a result."""
    _write(into.foreign(given.namespace, given.element), _paper(service, given.element), given.values, "")


def read(reader: Reader, service: Service) -> ResultDetails:
    """Read the particulars out of the element that holds them.

    Raises:
        DetailsWrongError: they are none of the service's papers.
    """
    paper = reader.only()
    namespace = _namespace(service)
    if paper is None or paper.namespace != namespace:
        raise DetailsWrongError("the particulars are not in the namespace of the service")
    return ResultDetails(namespace, paper.name, dict(_flat_element(paper, _paper(service, paper.name))))


def quarter_of(day: date) -> tuple[int, int]:
    """Return the quarter of a day, from 1, and its year."""
    return (day.month - 1) // _MONTHS_OF_QUARTER + 1, day.year


def _namespace(service: Service) -> str:
    return result_form.namespace(service.id, service.result.version)


def _paper(service: Service, element: str) -> FormField:
    paper = service.result.paper(element)
    if paper is None:
        raise DetailsWrongError(f"{service.id} has no result paper of that name")
    return result_form.root(paper, Label(kk=element, ru=element))


def _write(into: Writer, declared: FormField, values: Mapping[str, str], prefix: str) -> None:
    for child in declared.fields:
        for path in _numbers(child, values, prefix):
            if child.type is Kind.BLOCK:
                _write(into.inside(child.name), child, values, f"{path}/")
            else:
                into.value(child.name, values[path])


def _numbers(child: FormField, values: Mapping[str, str], prefix: str) -> Iterator[str]:
    """Yield the path of each time that a field stands."""
    if child.many == 1:
        names = [f"{prefix}{child.name}"]
    else:
        names = [f"{prefix}{child.name}[{number}]" for number in range(1, child.many + 1)]
    for name in names:
        if name in values or any(path.startswith(f"{name}/") for path in values):
            yield name


def _flat(declared: FormField, given: ResultDetails) -> Iterator[tuple[str, str]]:
    """Write the values and read them again by the declared form."""
    writer = Writer.begin(given.namespace, given.element)
    _write(writer, declared, given.values, "")
    yield from _flat_element(writer.reader(), declared)


def _flat_element(paper: Reader, declared: FormField) -> Iterator[tuple[str, str]]:
    findings: list[Finding] = []
    block = structure.read(paper.element, declared, findings)
    if findings:
        places = ", ".join(sorted({finding.where or declared.name for finding in findings}))
        raise DetailsWrongError(f"{declared.name}: wrong or missing: {places}")
    return block.flat()
