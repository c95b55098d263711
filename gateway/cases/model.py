"""The nouns of a case's life."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from gateway.cases.inbound import Mode
from gateway.catalogue.channel import Channel
from gateway.catalogue.procedure import Course, Position

BUCKETS = 64
"""Every table carries the case's bucket: the partition key of a distributed database, and a way to share out claims."""


class State(StrEnum):
    """Where a case stands. REJECTED and DECIDED wait for their answer to reach the cabinet."""

    AWAITING_VERIFICATION = "awaiting_verification"
    """The applicant's certificate or files are still being checked."""
    REGISTERED = "registered"
    IN_PROCESS = "in_process"
    AWAITING_DOCUMENTS = "awaiting_documents"
    SUSPENDED = "suspended"
    """The term stands still, on a ground of the act."""
    DECIDED = "decided"
    REJECTED = "rejected"
    ISSUED = "issued"
    """ShEP took the answer."""
    CONFIRMED = "confirmed"
    """The answer is in the personal cabinet, and nothing follows. The only terminal state."""
    FOLLOWED = "followed"
    """The answer is in the personal cabinet; a duty that the act attaches to it runs (see `Duty`)."""


OPEN = frozenset({State.REGISTERED, State.IN_PROCESS, State.AWAITING_DOCUMENTS, State.SUSPENDED})
"""Registered and not decided: the provider has the case, or will get it."""

ARRIVED = frozenset({State.CONFIRMED, State.FOLLOWED})
"""The answer is in the personal cabinet, or in the applicant's hands."""


class Ending(StrEnum):
    """How a case ended for the citizen."""

    POSITIVE = "positive"
    REFUSED = "refused"
    REJECTED = "rejected"
    ORAL = "oral"
    """In oral information, where the act ends the service so; there is no document."""
    TERMINATED = "terminated"
    """What had been granted was ended later, on a ground of the act."""


class Lateness(StrEnum):
    """How an undecided case, or one of its steps, stands to its deadline."""

    NEAR = "near"
    """It is nearly over (see `gateway.catalogue.lateness`)."""
    LATE = "late"


class DutyKind(StrEnum):
    """What the act asks of a citizen for as long as what was granted lasts."""

    INCOME_CONFIRMATION = "income_confirmation"
    CHECK_IN = "check_in"


@dataclass(frozen=True, slots=True)
class Duty:
    """The next time that a duty is to be met."""

    kind: DutyKind
    since: datetime
    due: datetime
    reminded: bool = False


@dataclass(frozen=True, slots=True)
class StepStand:
    """At which step of the act's procedure a case is, as the provider's system reported it."""

    course: Course
    no: str
    """As the act numbers it."""
    unit: str
    """Kind of the unit that acts (`gateway.catalogue.party.Party`)."""
    since: datetime
    due: datetime
    lateness: Lateness | None = None

    @property
    def position(self) -> Position:
        """Where in the procedure this is."""
        return Position(self.course, self.no)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a case is on its way through the act's procedure, beside its state."""

    step: StepStand | None = None
    """None: the provider's system reports no steps."""
    pauses: tuple[datetime, ...] = ()
    """When the term was suspended and resumed, in turn; an odd number: it is suspended now."""
    extended: bool = False
    """The term is the longer one that the act allows."""

    @property
    def is_paused(self) -> bool:
        """Whether the term stands still now."""
        return len(self.pauses) % 2 == 1


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
    """Look whether the term, a step or a duty is about to end, or has ended."""
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
    progress: Progress = Progress()
    duty: Duty | None = None
    """While FOLLOWED; before that, what will follow the answer."""

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
    lane: str
    """Of the system that the task calls (see `gateway.cases.destinations`)."""
    token: UUID
    attempt: int
