"""The nouns of a case's life."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from gateway.cases.inbound import Mode
from gateway.catalogue.channel import Channel

BUCKETS = 64
"""Every table carries the case's bucket: the partition key of a distributed database, and a way to share out claims."""


class State(StrEnum):
    """Where a case stands. REJECTED and DECIDED wait for their answer to reach the cabinet."""

    AWAITING_VERIFICATION = "awaiting_verification"
    """The applicant's certificate or files are still being checked."""
    REGISTERED = "registered"
    IN_PROCESS = "in_process"
    AWAITING_DOCUMENTS = "awaiting_documents"
    DECIDED = "decided"
    REJECTED = "rejected"
    ISSUED = "issued"
    """ShEP took the answer."""
    CONFIRMED = "confirmed"
    """The answer is in the personal cabinet. The only terminal state."""


OPEN = frozenset({State.REGISTERED, State.IN_PROCESS, State.AWAITING_DOCUMENTS})
"""Registered and not decided: the provider has the case, or will get it."""


class Ending(StrEnum):
    """How a case ended for the citizen."""

    POSITIVE = "positive"
    REFUSED = "refused"
    REJECTED = "rejected"


class Lateness(StrEnum):
    """How an undecided case stands to its deadline."""

    NEAR = "near"
    """Less than a day is left."""
    LATE = "late"


class TaskKind(StrEnum):
    """What is to be done for a case; a case has at most one task of each kind."""

    VERIFY = "verify"
    """Ask again whether the applicant's certificate is revoked."""
    FETCH = "fetch"
    """Bring the files here that the application only names."""
    SUBMIT = "submit"
    """Hand the case to the provider."""
    SUPPLEMENT = "supplement"
    """Hand over the application that the citizen completed."""
    POLL = "poll"
    """Ask the provider how far the case is."""
    DELIVER = "deliver"
    """Send the oldest message that ShEP has not taken yet."""
    WATCH = "watch"
    """Look whether the term is about to end, or has ended."""
    CONFIRM = "confirm"
    """Ask ShEP whether the answer reached the cabinet."""


@dataclass(frozen=True, slots=True)
class Case:
    """One application's life here. Holds no personal data; that is sealed in the messages."""

    id: UUID
    service_id: str
    """Passport id."""
    shep_service_id: str
    sender_id: str
    channel: Channel
    mode: Mode
    correlation_id: str
    route_id: str | None
    request_number: str | None
    """The portal's number; None if the application could not be read."""
    language: str
    applicant_key: bytes | None
    """Keyed hash of the applicant's IIN; None if it could not be read."""
    signer_key: bytes | None
    """Keyed hash of the IIN of whoever signed first; only they may complete the application later."""
    state: State
    received_at: datetime
    matter_key: bytes | None = None
    """Keyed hash of what the application is about; no two cases that run have the same (see `gateway.cases.second`)."""
    number: str | None = None
    registered_at: datetime | None = None
    deadline: datetime | None = None
    ending: Ending | None = None
    stage: str | None = None
    """The provider's last stage, so that a repeated answer changes nothing."""
    lateness: Lateness | None = None
    seq: int = 0
    """Number of the last event; grows by one with every change."""
    head: bytes = b""
    """Hash of the last event (see `gateway.cases.evidence`)."""

    @property
    def bucket(self) -> int:
        """Partition of the case, 0 to 63."""
        return self.id.int % BUCKETS


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be created, or brought forward if the case has one of its kind."""

    kind: TaskKind
    delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A task this worker holds until its lease ends. `attempt` counts from 1."""

    case_id: UUID
    kind: TaskKind
    token: UUID
    attempt: int
