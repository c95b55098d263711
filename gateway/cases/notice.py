"""What the personal cabinet is told about a case, before it is put into words (see `rendering`)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from gateway.cases.cabinet import MessageKind
from gateway.cases.model import Ending
from gateway.catalogue.findings import Finding
from gateway.catalogue.receipt import Receipt
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
    OVERDUE_INCOMPLETE = "overdue_incomplete"
    STEP_DONE = "step_done"
    RETURNED = "returned"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    DECIDED_ORALLY = "decided_orally"
    TERMINATED = "terminated"
    INCOME_CONFIRMATION = "income_confirmation"
    CHECK_IN = "check_in"


_FINAL = frozenset({Status.DECIDED, Status.DECIDED_ORALLY, Status.REJECTED})


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to the cabinet, before it is put into words: all of it that may be otherwise at the next event."""

    status: Status
    at: datetime
    deadline: datetime | None = None
    """Of the case, as it was then; None: there is none, or the term stands still."""
    ending: Ending | None = None
    """With the answer, and with what ends it: how it ended."""
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    note: Text | None = field(default=None, repr=False)
    """With STEP_DONE: the step's outcome; with EXTENDED and SUSPENDED: the reason."""
    documents: tuple[Text, ...] = field(default=(), repr=False)
    """With DOCUMENTS_NEEDED: which; with RETURNED: why."""
    until: date | None = None
    """The last day for what the citizen has to do; with OVERDUE: the new day of the answer."""
    ground: Text | None = field(default=None, repr=False)
    document: str | None = None
    """SHA-256 of the result document."""
    receipt: Receipt | None = field(default=None, repr=False)

    @property
    def kind(self) -> MessageKind:
        """The answer is a RESPONSE, everything before it a NOTIFICATION."""
        return MessageKind.RESPONSE if self.status in _FINAL else MessageKind.NOTIFICATION
