"""The building blocks of a passport: the act's own words, where they stand, and how long a thing takes."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class Fact(BaseModel):
    """Base of everything a passport says: nothing unknown is passed over, nothing is converted, nothing changes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Lines(Fact):
    """Line numbers in the act's source file, by language."""

    kk: tuple[int, ...]
    ru: tuple[int, ...]


LineNumbers = Lines | tuple[int, ...]
"""Line numbers by language, or in one list where the passport does not tell the languages apart."""


class Wording(Fact):
    """The act's words; a language in which the act does not exist is None."""

    kk: str | None
    ru: str | None


class Provision(Wording):
    """Words of the act with their place in it."""

    clause: str | None = None
    """Number of the clause as the act prints it, e.g. `16 1)`."""
    lines: LineNumbers | None = None


class Unit(StrEnum):
    """Unit of a duration."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"  # the act does not say which kind
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"
    QUARTERS = "quarters"


class Duration(Fact):
    """How long a step takes. All None: the act does not say. `*_ru`: where the Russian text differs."""

    text: Wording | None
    value: int | None
    unit: Unit | None
    value_ru: int | None = None
    unit_ru: Unit | None = None

    @model_validator(mode="after")
    def _value_has_its_unit(self) -> Self:
        if (self.value is None) != (self.unit is None):
            raise ValueError("value and unit stand together or not at all")
        if self.value is not None and self.value <= 0:
            raise ValueError("value must be positive")
        return self
