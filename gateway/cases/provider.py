"""The port to a provider's information system; adapters implement it.

Every call may be repeated: the case's registration number is the idempotency key on the provider's side. Calls have a
time limit, set where the adapter is built.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from gateway.cases.calls import CallFailed, Failure
from gateway.catalogue.application import Application
from gateway.catalogue.procedure import Position
from gateway.texts import Text


class Stage(StrEnum):
    """How far the provider is."""

    REGISTERED = "registered"
    IN_PROGRESS = "in_progress"
    DOCUMENTS_NEEDED = "documents_needed"
    RETURNED = "returned"
    """Sent back through the Public Service Centre, to be put right."""
    SUSPENDED = "suspended"
    DECIDED = "decided"
    ENDED_ORALLY = "ended_orally"
    """The applicant was informed orally, and the act ends the service so."""
    TERMINATED = "terminated"
    """After DECIDED: what was granted is ended, by a decision of its own."""
    COMPLETED = "completed"
    """After DECIDED: the duty that followed the grant is over, and so is the case."""


class Outcome(StrEnum):
    """What was decided."""

    POSITIVE = "positive"
    REFUSED = "refused"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class ProviderCase:
    """A registered case, as the provider's system receives it."""

    number: str
    service_id: str
    registered_at: datetime
    deadline: datetime
    application: Application
    document: bytes = field(repr=False)
    """What the citizen signed, byte for byte, with the signatures: the application, or a document of which the
    application is the one signed element."""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """What the provider's system says of a case."""

    stage: Stage
    at: datetime
    note: Text | None = field(default=None, repr=False)
    documents: tuple[Text, ...] = field(default=(), repr=False)
    """With DOCUMENTS_NEEDED: which."""
    until: date | None = None
    """With DOCUMENTS_NEEDED and RETURNED: until which day."""
    step: Position | None = None
    """At which step of the act's procedure the case is; None: the system reports no steps."""
    grounds: tuple[str, ...] = ()
    """With RETURNED and SUSPENDED: codes of the act's grounds (`gateway.catalogue.grounds`)."""
    extension: Text | None = field(default=None, repr=False)
    """The term is extended, as the act allows; why."""
    duty_met: date | None = None
    """After DECIDED: the last day on which the duty that follows the grant was met."""
    answer: bytes = field(default=b"", repr=False, compare=False)
    """The bytes it was read from: evidence."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """That what the provider's system says of a case cannot be, and was not taken."""

    code: str
    """Lower-case words, e.g. `provider.extension`."""
    text: Text
    """For the provider's people."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The provider's decision: an electronic document (XML) with the provider's enveloped EDS."""

    outcome: Outcome
    at: datetime
    document: bytes = field(repr=False)
    name: str
    """File name of the document."""
    ground: Text | None = field(default=None, repr=False)
    """With REFUSED and TERMINATED: the ground."""
    answer: bytes = field(default=b"", repr=False, compare=False)
    """The bytes it was read from: evidence."""


class ProviderUnavailable(CallFailed):
    """The provider's system could not be asked (network, time limit, its own failure): ask again later."""


class ProviderRejected(CallFailed):
    """The provider's system answered that it will not take the call: repeating does not help, a person must look."""

    def __init__(self, text: str) -> None:
        """Take what it said."""
        super().__init__(text, Failure.REJECTED)


class ProviderSystem(Protocol):
    """One provider's information system. Each method raises ProviderUnavailable or ProviderRejected."""

    async def submit(self, case: ProviderCase) -> ProviderStatus:
        """Hand the case over; a repeat of a known number changes nothing and answers its present status."""

    async def supplement(self, case: ProviderCase) -> ProviderStatus:
        """Hand over the application anew, completed by the citizen after DOCUMENTS_NEEDED; may be repeated."""

    async def status(self, number: str) -> ProviderStatus:
        """Ask how far the case is."""

    async def decision(self, number: str) -> Decision:
        """Fetch the decision of a case whose stage is DECIDED."""

    async def refused(self, number: str, refusal: Refusal) -> None:
        """Tell that the last status, or the decision, was not taken, and why; may be repeated."""

    async def close(self) -> None:
        """Release connections."""
