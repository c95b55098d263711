"""The application as a typed value: what remains of the citizen's signed document after it was read.

Everything here is personal data: it is never logged and every repr is silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """A person as the form names them."""

    iin: str
    surname: str
    given_name: str
    patronymic: str | None = None
    birth_date: date | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document in the package: inline content or the id of a file in ShEP's temporary storage (ХЭД)."""

    kind: str
    name: str
    mime: str
    content: bytes | None = field(default=None, repr=False)
    file_id: str | None = None
    sha256: str | None = None
    """Of the content, hex in lower case, as the applicant signed it; always there with `file_id`."""


@dataclass(frozen=True, slots=True, repr=False)
class Application:
    """One signed application."""

    service_id: str
    request_number: str
    """The portal's own number of the request."""
    submitted_at: datetime
    language: str
    """`kk` or `ru`: the language the citizen chose."""
    applicant: Person
    consent: bool
    """Consent to the use of data protected by law."""
    representative: Person | None = None
    authority: str | None = None
    """By what document the representative acts."""
    attachments: tuple[Attachment, ...] = ()
    accepted_by: str | None = None
    """Who took the papers at a counter, with the position; None: nobody is named."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """The service's own fields, by element name; inside a block by path, e.g. `child/surname`."""

    @property
    def names_files(self) -> bool:
        """Whether a file of it lies in the storage."""
        return any(attachment.file_id is not None for attachment in self.attachments)
