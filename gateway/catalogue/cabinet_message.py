"""Our message to the citizen's personal cabinet: `schemas/qaqpa/cabinet.xsd`."""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256

from gateway.catalogue import receipt_message, xml_message
from gateway.catalogue.findings import Finding
from gateway.catalogue.receipt import Receipt
from gateway.catalogue.xml_input import XmlUnusable
from gateway.catalogue.xml_message import Reader, Writer
from gateway.clock import local
from gateway.texts import Text

NAMESPACE = "urn:qaqpa:cabinet:1"
_SCHEMA = "qaqpa/cabinet.xsd"


class Kind(StrEnum):
    """The message's root element."""

    NOTIFICATION = "notification"
    RESPONSE = "response"


class StatusCode(StrEnum):
    """Where the application is, as the citizen sees it."""

    BEING_CHECKED = "being_checked"
    REGISTERED = "registered"
    IN_PROGRESS = "in_progress"
    DOCUMENTS_NEEDED = "documents_needed"
    DECIDED = "decided"
    REJECTED = "rejected"
    OVERDUE = "overdue"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    RETURNED = "returned"
    REMINDER = "reminder"  # after a grant: what the citizen has to do by `until`


class Outcome(StrEnum):
    """How it ended."""

    POSITIVE = "positive"
    REFUSED = "refused"  # the provider decided against the citizen
    REJECTED = "rejected"  # the application could not be registered
    RETURNED = "returned"  # sent back to be completed, as an act has it
    TERMINATED = "terminated"  # what was granted has ended, on a ground of the act


@dataclass(frozen=True, slots=True)
class Header:
    """Which application the message is about."""

    service_id: str
    request_number: str | None
    """The portal's own number of the request, as received; None if it could not be read."""
    at: datetime
    """Aware; when it happened. Whole seconds are sent."""
    language: str
    case_number: str | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Where the application is, in words (see `gateway.catalogue.notices`)."""

    code: StatusCode
    text: Text = field(repr=False)
    deadline: date | None = None
    """The last day of the term."""
    documents_needed: tuple[Text, ...] = field(default=(), repr=False)
    until: date | None = None
    """The last day on which the documents may be sent, or the citizen's duty be met; when overdue: the new day."""


@dataclass(frozen=True, slots=True)
class File:
    """A result document."""

    name: str = field(repr=False)
    mime: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Digest of the content, hex."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Result:
    """How the application ended."""

    outcome: Outcome
    ground: Text | None = field(default=None, repr=False)
    document: File | None = None


@dataclass(frozen=True, slots=True)
class CabinetMessage:
    """One message to the cabinet."""

    kind: Kind
    header: Header
    status: Status
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    result: Result | None = None
    receipt: Receipt | None = field(default=None, repr=False)
    """For a counter (PSC) that prints it for the applicant."""


def render(message: CabinetMessage) -> bytes:
    """Return the message as XML: the same bytes for the same message."""
    root = Writer.begin(NAMESPACE, message.kind)
    _write_header(root.inside("header"), message.header)
    _write_status(root.inside("status"), message.status)
    if message.findings:
        findings = root.inside("findings")
        for finding in message.findings:
            _write_finding(findings.inside("finding"), finding)
    if message.result is not None:
        _write_result(root.inside("result"), message.result)
    if message.receipt is not None:
        receipt_message.write(root.inside("receipt"), message.receipt)
    return root.document()


def read(document: bytes) -> CabinetMessage:
    """Read a message.

    Raises:
        XmlUnusable: it is not a message of this schema, a date in it is out of reason, or a document in it is not
            what its digest says.
    """
    root = xml_message.read(document, _SCHEMA)
    findings, result, receipt = root.first("findings"), root.first("result"), root.first("receipt")
    return CabinetMessage(
        kind=Kind(root.name),
        header=_read_header(root.one("header")),
        status=_read_status(root.one("status")),
        findings=tuple(_read_finding(item) for item in findings.all("finding")) if findings else (),
        result=_read_result(result) if result else None,
        receipt=receipt_message.read(receipt) if receipt else None,
    )


def _write_header(into: Writer, header: Header) -> None:
    into.value("serviceId", header.service_id)
    into.value("requestNumber", header.request_number or None)
    into.value("caseNumber", header.case_number or None)
    into.value("correlationId", header.correlation_id or None)
    into.value("at", local(header.at).isoformat(timespec="seconds"))
    into.value("language", header.language)


def _write_status(into: Writer, status: Status) -> None:
    into.value("code", status.code)
    into.text("text", status.text)
    into.value("deadline", _day(status.deadline))
    for text in status.documents_needed:
        into.inside("documentsNeeded").text("text", text)
    into.value("until", _day(status.until))


def _write_finding(into: Writer, finding: Finding) -> None:
    into.value("code", finding.code)
    into.value("where", finding.where)
    into.text("text", finding.text)


def _write_result(into: Writer, result: Result) -> None:
    into.value("outcome", result.outcome)
    if result.ground is not None:
        into.inside("ground").text("text", result.ground)
    if result.document is not None:
        document = into.inside("document")
        document.value("name", result.document.name)
        document.value("mime", result.document.mime)
        document.value("sha256", result.document.sha256)
        document.value("content", b64encode(result.document.content).decode("ascii"))


def _read_header(header: Reader) -> Header:
    return Header(
        service_id=header.value("serviceId"),
        request_number=header.optional("requestNumber"),
        at=header.moment("at"),
        language=header.value("language"),
        case_number=header.optional("caseNumber"),
        correlation_id=header.optional("correlationId"),
    )


def _read_status(status: Reader) -> Status:
    return Status(
        code=StatusCode(status.value("code")),
        text=status.text("text"),
        deadline=status.day("deadline"),
        documents_needed=tuple(item.text("text") for item in status.all("documentsNeeded")),
        until=status.day("until"),
    )


def _read_finding(finding: Reader) -> Finding:
    return Finding(finding.value("code"), finding.text("text"), finding.optional("where"))


def _read_result(result: Reader) -> Result:
    ground, document = result.first("ground"), result.first("document")
    return Result(
        outcome=Outcome(result.value("outcome")),
        ground=ground.text("text") if ground else None,
        document=_read_file(document) if document else None,
    )


def _read_file(document: Reader) -> File:
    try:
        content = b64decode(document.value("content"))
    except binascii.Error:
        raise XmlUnusable("the document's content is not base64") from None
    file = File(document.value("name"), document.value("mime"), content)
    if file.sha256 != document.value("sha256"):
        raise XmlUnusable("the document is not what its digest says")
    return file


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
