"""Conditions that an application itself can answer: when a field or a document is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from pydantic import model_validator

from gateway.catalogue.wording import Fact

ADULT_AGE = 18


@dataclass(frozen=True, slots=True, repr=False)
class Answers:
    """What an application says, as far as it could be read."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The values of the service's own fields, by path without the numbers of repeated elements."""
    birth_date: date | None = None
    """Of the person the application is for."""
    on: date | None = None
    """The day of application, in Kazakhstan."""
    represented: bool | None = None
    """Whether somebody applies for the applicant; None if that is not known."""
    kinds: frozenset[str] = frozenset()
    """Kinds of the attached documents."""

    @property
    def minor(self) -> bool | None:
        """Whether the applicant is under age; None if that cannot be told."""
        if self.birth_date is None or self.on is None:
            return None
        return age(self.birth_date, self.on) < ADULT_AGE

    def has(self, path: str) -> bool:
        """Tell whether a field, or anything in a block, was filled in."""
        return any(name == path or name.startswith(f"{path}/") for name in self.fields)


def age(birth: date, on: date) -> int:
    """Return the completed years of a person on a day."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


class Condition(Fact):
    """One thing that decides whether something is wanted. Exactly one of the three is given."""

    field: str | None = None
    """A field of the service's own block, by its path."""
    values: tuple[str, ...] = ()
    """The answers to that field for which the condition holds."""
    minor: bool | None = None
    """The applicant is under 18, or is not."""
    represented: bool | None = None
    """Somebody applies for the applicant, or nobody does."""

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if sum(asked is not None for asked in (self.field, self.minor, self.represented)) != 1:
            raise ValueError("exactly one of field, minor and represented must be given")
        if (self.field is not None) != bool(self.values):
            raise ValueError("values must be given exactly with field")
        return self

    def holds(self, answers: Answers) -> bool | None:
        """Return whether it holds; None if the application does not say."""
        if self.represented is not None:
            return None if answers.represented is None else answers.represented is self.represented
        if self.minor is not None:
            return None if answers.minor is None else answers.minor is self.minor
        given = answers.fields.get(self.field or "")
        return None if given is None else not set(given).isdisjoint(self.values)
