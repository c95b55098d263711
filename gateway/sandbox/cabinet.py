"""Personal cabinets: everything that came back for each request, as files that are whole or not there.

`<folder>/<request number>/`: `application.xml` (signed by the citizen), `request.json` (what the portal knows),
`<ShEP id>-NOTIFICATION.xml` and `<ShEP id>-RESPONSE.xml` as received, and `result.xml`: the provider's document.
"""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from gateway.sandbox.files import write_atomically

_BEFORE_FIRST = 10109_000_000_000  # what the portal's numbers begin with, and nine digits


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class State(StrEnum):
    """How far a request is, as the portal knows it."""

    CREATED = "CREATED"  # signed, not yet taken by ShEP
    SENT = "SENT"  # taken by ShEP
    ACCEPTED = "ACCEPTED"  # taken by the gateway
    IN_PROCESSING = "IN_PROCESSING"  # the gateway has sent a notification
    COMPLETED = "COMPLETED"  # answered
    TECH_ERROR = "TECH_ERROR"  # the gateway did not take it: a fault


_ORDER = list(State)


class Fault(_Record):
    """Why a message was not taken."""

    code: str
    """`SCE…`"""
    message: str
    detail: str | None = None
    """Precise code of the gateway."""


class Words(_Record):
    """A text in both languages."""

    kk: str
    ru: str


class Message(_Record):
    """A message from the gateway, as shown to the citizen."""

    shep_id: str
    kind: str
    """NOTIFICATION or RESPONSE."""
    status: str
    text: Words
    at: datetime
    case_number: str | None = None
    deadline: date | None = None
    codes: tuple[str, ...] = ()
    """Codes of the findings."""
    details: tuple[Words, ...] = ()
    """Findings, documents asked for, or the ground of a refusal."""


class Letter(_Record):
    """A message from the portal to the gateway: the application, or a supplement."""

    message_id: str
    """The portal's id, the same for every attempt."""
    kind: str
    """REQUEST or UPDATE."""
    file: str
    shep_id: str | None = None
    """ShEP's id, once ShEP has taken it."""


class Result(_Record):
    """The result document, and what the portal found when it verified it."""

    name: str
    outcome: str
    verdict: str
    """VALID, INVALID or INDETERMINATE."""
    reasons: tuple[str, ...] = ()
    signer_bin: str | None = None


class Request(_Record):
    """One request in a citizen's cabinet."""

    number: str
    service: str
    citizen: str
    created_at: datetime
    state: State = State.CREATED
    letters: tuple[Letter, ...] = ()
    correlation: str | None = None
    fault: Fault | None = None
    messages: tuple[Message, ...] = ()
    result: Result | None = None
    repeats: int = 0
    """Messages that ShEP brought again; they change nothing."""
    surplus_responses: int = 0
    """RESPONSE messages beyond the one that a request is to have: a defect of the gateway."""

    @property
    def responses(self) -> int:
        """How many different RESPONSE messages came."""
        return self.surplus_responses + sum(message.kind == "RESPONSE" for message in self.messages)

    def shep_ids(self) -> set[str]:
        """Return ShEP's ids of the application and its supplements."""
        return {letter.shep_id for letter in self.letters if letter.shep_id}

    @property
    def case_number(self) -> str | None:
        """The registration number, once the gateway has told it."""
        return next((message.case_number for message in self.messages if message.case_number), None)

    @property
    def deadline(self) -> date | None:
        """The last day of the term, once the gateway has told it."""
        return next((message.deadline for message in self.messages if message.deadline), None)

    def moved(self, state: State, **changes: object) -> Self:
        """Return the request moved to `state` with other changes; a state never moves back."""
        further = max(self.state, state, key=_ORDER.index)
        return self.model_copy(update={"state": further, **changes})


class Cabinet:
    """All personal cabinets. One process writes; readers see whole files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._requests: dict[str, Request] = {}
        self._by_correlation: dict[str, str] = {}
        self._by_shep_id: dict[str, str] = {}
        for path in sorted(folder.glob("*/request.json")):
            self._enter(_load(path))
        self._last = max((int(path.name) for path in folder.iterdir() if path.name.isdigit()), default=_BEFORE_FIRST)

    def create(self, service: str, citizen: str, at: datetime) -> Request:
        """Give a new request its number and its folder."""
        self._last += 1
        number = str(self._last)
        (self.folder / number).mkdir(mode=0o700)
        request = Request(number=number, service=service, citizen=citizen, created_at=at)
        self.save(request)
        return request

    def save(self, request: Request) -> None:
        """Write what is known of a request."""
        write_atomically(self.folder / request.number / "request.json", request.model_dump_json(indent=1).encode())
        self._enter(request)

    def _enter(self, request: Request) -> None:
        self._requests[request.number] = request
        if request.correlation is not None:
            self._by_correlation[request.correlation] = request.number
        self._by_shep_id.update(dict.fromkeys(request.shep_ids(), request.number))

    def keep(self, number: str, name: str, content: bytes) -> None:
        """Write a file into a request's folder."""
        write_atomically(self.folder / number / name, content)

    def read(self, number: str, name: str) -> bytes:
        """Return a file of a request.

        Raises:
            OSError: there is none.
        """
        return (self.folder / number / name).read_bytes()

    def files(self, number: str) -> list[str]:
        """Return the names of a request's XML files."""
        return sorted(path.name for path in (self.folder / number).glob("*.xml"))

    def all(self) -> list[Request]:
        """Return all requests, oldest first."""
        return [self._requests[number] for number in sorted(self._requests)]

    def get(self, number: str) -> Request:
        """Return a request.

        Raises:
            KeyError: there is none of that number.
        """
        return self._requests[number]

    def by_correlation(self, correlation: str) -> Request | None:
        """Return the request whose messages carry ShEP's correlation id."""
        number = self._by_correlation.get(correlation)
        return None if number is None else self._requests[number]

    def by_shep_id(self, shep_id: str) -> Request | None:
        """Return the request whose application or supplement ShEP numbered so."""
        number = self._by_shep_id.get(shep_id)
        return None if number is None else self._requests[number]


def _load(path: Path) -> Request:
    return Request.model_validate_json(path.read_bytes())
