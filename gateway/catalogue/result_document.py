"""The provider's decision as an electronic document, before its signature: `schemas/qaqpa/result.xsd`."""

from dataclasses import dataclass
from datetime import datetime

from gateway.catalogue import xml_message
from gateway.catalogue.cabinet_message import Outcome
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
    """POSITIVE or REFUSED."""
    title: Text
    text: Text
    decided_at: datetime
    """Aware. Whole seconds are written."""
    provider: str
    ground: Text | None = None
    """With REFUSED: the ground."""


def render(result: ResultDocument) -> bytes:
    """Return the document as XML, unsigned: the same bytes for the same decision.

    Raises:
        ValueError: the outcome is not a decision, or a refusal names no ground.
    """
    if result.outcome is Outcome.REJECTED:
        raise ValueError("a rejected application has no decision")
    if (result.outcome is Outcome.REFUSED) != (result.ground is not None):
        raise ValueError("a ground must be given exactly for a refusal")
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
    root.value("decidedAt", local(result.decided_at).isoformat(timespec="seconds"))
    root.value("provider", result.provider)
    return root.document()


def read(document: bytes) -> ResultDocument:
    """Read a decision; signatures at its end are passed over, they are verified elsewhere.

    Raises:
        XmlUnusable: it is not a document of this schema.
    """
    root = xml_message.read(document, _SCHEMA)
    applicant = root.one("applicant")
    return ResultDocument(
        case_number=root.value("caseNumber"),
        service_id=root.value("serviceId"),
        iin=applicant.value("iin"),
        full_name=applicant.value("fullName"),
        outcome=Outcome(root.value("outcome")),
        title=root.text("title"),
        text=root.text("text"),
        decided_at=datetime.fromisoformat(root.value("decidedAt")),
        provider=root.value("provider"),
        ground=root.text("ground") if root.first("ground") else None,
    )
