"""What the personal cabinet is told about a case, before it is put into words (see `rendering`)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from gateway.cases.cabinet import MessageKind
from gateway.catalogue.findings import Finding
from gateway.texts import Text


class Status(StrEnum):
    """What has happened, as the citizen sees it."""

    BEING_CHECKED = "being_checked"
    REGISTERED = "registered"
    IN_PROGRESS = "in_progress"
    DOCUMENTS_NEEDED = "documents_needed"
    SUPPLEMENT_REJECTED = "supplement_rejected"
    DECIDED = "decided"
    REJECTED = "rejected"
    OVERDUE = "overdue"


_FINAL = frozenset({Status.DECIDED, Status.REJECTED})


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to the cabinet, before it is put into words."""

    status: Status
    at: datetime
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    note: Text | None = field(default=None, repr=False)
    documents: tuple[Text, ...] = field(default=(), repr=False)
    until: date | None = None
    ground: Text | None = field(default=None, repr=False)
    document: str | None = None
    """SHA-256 of the result document."""

    @property
    def kind(self) -> MessageKind:
        """The answer is a RESPONSE, everything before it a NOTIFICATION."""
        return MessageKind.RESPONSE if self.status in _FINAL else MessageKind.NOTIFICATION
