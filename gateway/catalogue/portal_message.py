"""What the portal asks and is answered on SyncChannel: `schemas/qaqpa/portal.xsd`."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from lxml import etree

from gateway.catalogue import xml_input, xml_message
from gateway.catalogue.dictionaries import Entry
from gateway.catalogue.findings import Finding
from gateway.catalogue.inquiry_words import NOT_BY_SCHEMA
from gateway.catalogue.xml_input import XmlUnusable
from gateway.catalogue.xml_message import Reader, Writer
from gateway.clock import local
from gateway.texts import Text

NAMESPACE = "urn:qaqpa:portal:1"
MAX_ENTRIES = 100
"""Of one answer; the rest is asked for with an offset."""
_SCHEMA = "qaqpa/portal.xsd"
T = TypeVar("T")
_NUMBER = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a long list is wanted."""

    offset: int = 0
    limit: int = MAX_ENTRIES


@dataclass(frozen=True, slots=True)
class DictionaryRequest:
    """A dictionary for the portal's form."""

    dictionary: str
    region: str | None = None
    service_id: str | None = None
    component: str | None = None
    field: str | None = None
    page: Page = Page()


@dataclass(frozen=True, slots=True)
class ServicesRequest:
    """The list of services, of one region or of all."""

    region: str | None = None
    page: Page = Page()


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """How far the application of a number and an applicant is."""

    number: str = field(repr=False)
    iin: str = field(repr=False)


Request = DictionaryRequest | ServicesRequest | StatusRequest


@dataclass(frozen=True, slots=True)
class ListedService:
    """A service with its channels and terms."""

    service_id: str
    shep_service_id: str
    namespace: str
    region: str
    name: Text
    channels: tuple[tuple[str, Text], ...]
    """Code of the channel, and how long it takes there."""


@dataclass(frozen=True, slots=True)
class Named:
    """A code with what it means."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an application is. No document and no person stands in it."""

    number: str
    service_id: str
    service_name: Text
    state: Named
    registered_at: datetime
    deadline: date
    overdue: bool
    next_step: Text
    ending: Named | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as it could be read, and what is wrong with its form."""

    name: str
    """The root element."""
    request: Request
    """What is missing or unreadable in it is empty, and stands in the findings."""
    findings: tuple[Finding, ...]


def read(document: bytes) -> Asked:
    """Read a request; what its schema does not allow is told, and the rest of it read all the same.

    Raises:
        XmlUnusable: it is not XML, or its root is no request of this namespace.
    """
    root = xml_input.parse(document)
    make = _REQUESTS.get(root.tag)
    if make is None:
        raise XmlUnusable(f"the root must be dictionaryRequest, servicesRequest or statusRequest of {NAMESPACE}")
    places = xml_message.misplaced(root, _SCHEMA)
    findings = tuple(Finding("inquiry.form", NOT_BY_SCHEMA, place or None) for place in places)
    return Asked(etree.QName(root).localname, make(Reader(root)), findings)


def rejection(findings: Iterable[Finding]) -> bytes:
    """Return the answer that says what is wrong with a request."""
    root = Writer.begin(NAMESPACE, "rejection")
    for finding in findings:
        one = root.inside("finding")
        one.value("code", finding.code)
        one.value("where", finding.where)
        one.text("text", finding.text)
    return root.document()


def dictionary(entries: tuple[Entry, ...], page: Page) -> bytes:
    """Return a page of a dictionary."""
    root = Writer.begin(NAMESPACE, "dictionaryResponse")
    for entry in _given(root, entries, page):
        one = root.inside("entry")
        one.value("code", entry.code)
        one.text("name", Text(entry.kk, entry.ru))
    return root.document()


def services(listed: tuple[ListedService, ...], page: Page) -> bytes:
    """Return a page of the list of services."""
    root = Writer.begin(NAMESPACE, "servicesResponse")
    for service in _given(root, listed, page):
        one = root.inside("service")
        one.value("serviceId", service.service_id)
        one.value("shepServiceId", service.shep_service_id)
        one.value("namespace", service.namespace)
        one.value("region", service.region)
        one.text("name", service.name)
        for code, term in service.channels:
            channel = one.inside("channel")
            channel.value("code", code)
            channel.text("term", term)
    return root.document()


def status(progress: Progress) -> bytes:
    """Return how far an application is."""
    root = Writer.begin(NAMESPACE, "statusResponse")
    root.value("caseNumber", progress.number)
    root.value("serviceId", progress.service_id)
    root.text("serviceName", progress.service_name)
    _named(root.inside("state"), progress.state)
    root.value("registeredAt", local(progress.registered_at).isoformat(timespec="seconds"))
    root.value("deadline", progress.deadline.isoformat())
    root.value("overdue", str(progress.overdue).lower())
    root.text("nextStep", progress.next_step)
    if progress.ending is not None:
        _named(root.inside("ending"), progress.ending)
    return root.document()


def _named(into: Writer, named: Named) -> None:
    into.value("code", named.code)
    into.text("text", named.text)


def _given(root: Writer, items: tuple[T, ...], page: Page) -> tuple[T, ...]:
    """Write how many there are and where the rest begins; return those of the page."""
    end = page.offset + min(page.limit, MAX_ENTRIES)
    root.value("total", str(len(items)))
    root.value("next", str(end) if end < len(items) else None)
    return items[page.offset : end]


def _dictionary_request(root: Reader) -> DictionaryRequest:
    return DictionaryRequest(
        dictionary=root.optional("dictionary") or "",
        region=root.optional("region"),
        service_id=root.optional("serviceId"),
        component=root.optional("component"),
        field=root.optional("field"),
        page=_page(root),
    )


def _services_request(root: Reader) -> ServicesRequest:
    return ServicesRequest(root.optional("region"), _page(root))


def _status_request(root: Reader) -> StatusRequest:
    return StatusRequest(root.optional("caseNumber") or "", root.optional("iin") or "")


def _page(root: Reader) -> Page:
    return Page(_count(root, "offset", 0), _count(root, "limit", MAX_ENTRIES))


def _count(root: Reader, name: str, default: int) -> int:
    """Return a count; one of more digits than any list has is as good as the longest list."""
    text = root.optional(name)
    if text is None:
        return default
    return int(text) if _NUMBER.fullmatch(text) else 10**6


_REQUESTS: Mapping[str, Callable[[Reader], Request]] = {
    f"{{{NAMESPACE}}}dictionaryRequest": _dictionary_request,
    f"{{{NAMESPACE}}}servicesRequest": _services_request,
    f"{{{NAMESPACE}}}statusRequest": _status_request,
}
