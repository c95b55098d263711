"""The provider's decision as an electronic document, before its signature: `schemas/qaqpa/result.xsd`."""

from dataclasses import dataclass
from datetime import datetime

from gateway.catalogue import result_details, xml_message
from gateway.catalogue.cabinet_message import Outcome
from gateway.catalogue.result_details import ResultDetails
from gateway.catalogue.service import Service
from gateway.catalogue.xml_message import Writer
from gateway.clock import local
from gateway.texts import Text

NAMESPACE = "urn:qaqpa:result:1"
_SCHEMA = "qaqpa/result.xsd"


@dataclass(frozen=True, slots=True, repr=False)
class ResultDocument:
    """A decision. Of the applicant it holds only who it is about."""

    case_number: str
    service_id: str
    iin: str
    full_name: str
    outcome: Outcome
    """POSITIVE, REFUSED or TERMINATED."""
    title: Text
    text: Text
    decided_at: datetime
    """Aware. Whole seconds are written."""
    provider: str
    ground: Text | None = None
    """With REFUSED and TERMINATED: the ground."""
    clause: str | None = None
    """Clause of the act in which the ground stands."""
    details: ResultDetails | None = None
    """The particulars of the act's own form."""


_AGAINST = frozenset({Outcome.REFUSED, Outcome.TERMINATED})


def render(result: ResultDocument, service: Service | None = None) -> bytes:
    """Return the document as XML, unsigned: the same bytes for the same decision.

    Args:
        result: the decision.
        service: whose result it is; needed where it has particulars.

    Raises:
        ValueError: the outcome is not a decision, or a refusal names no ground, or the particulars have no service.
    """
    if result.outcome not in _AGAINST | {Outcome.POSITIVE}:
        raise ValueError("a rejected application has no decision")
    if (result.outcome in _AGAINST) != (result.ground is not None):
        raise ValueError("a ground must be given exactly for a refusal or an ending")
    root = Writer.begin(NAMESPACE, "result")
    root.value("caseNumber", result.case_number)
    root.value("serviceId", result.service_id)
    applicant = root.inside("applicant")
    applicant.value("iin", result.iin)
    applicant.value("fullName", result.full_name)
    root.value("outcome", result.outcome)
    root.text("title", result.title)
    root.text("text", result.text)
    if result.ground is not None:
        root.text("ground", result.ground)
    root.value("clause", result.clause)
    if result.details is not None:
        if service is None:
            raise ValueError("particulars need their service")
        result_details.write(root.inside("details"), result.details, service)
    root.value("decidedAt", local(result.decided_at).isoformat(timespec="seconds"))
    root.value("provider", result.provider)
    return root.document()


def read(document: bytes, service: Service | None = None) -> ResultDocument:
    """Read a decision; signatures at its end are passed over, they are verified elsewhere.

    Args:
        document: the decision, UTF-8 XML.
        service: whose result it should be; None: its particulars are not read.

    Raises:
        XmlUnusable: it is not a document of this schema, or its time is without a zone or out of reason.
        DetailsWrongError: its particulars are not the service's.
    """
    root = xml_message.read(document, _SCHEMA)
    held = root.first("details") if service is not None else None
    applicant = root.one("applicant")
    return ResultDocument(
        case_number=root.value("caseNumber"),
        service_id=root.value("serviceId"),
        iin=applicant.value("iin"),
        full_name=applicant.value("fullName"),
        outcome=Outcome(root.value("outcome")),
        title=root.text("title"),
        text=root.text("text"),
        decided_at=root.moment("decidedAt"),
        provider=root.value("provider"),
        ground=root.text("ground") if root.first("ground") else None,
        clause=root.optional("clause"),
        details=result_details.read(held, service) if held is not None and service is not None else None,
    )
