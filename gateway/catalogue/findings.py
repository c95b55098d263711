"""Findings: what is wrong with an application, told to the citizen (a rejection, DESIGN.md section 7)."""

from dataclasses import dataclass

from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that keeps an application from being registered."""

    code: str
    """`applicant.` with form, documents, identity, eligibility, second or certificate.*."""
    text: Text
    """For the citizen: what is wrong and what to do. Holds no value the citizen entered."""
    where: str | None = None
    """The field or document concerned, as a path in the application, e.g. `applicant/phone`."""
