"""The fields of an application: our declaration, from which the XSD is made and by which an application is read.

The common blocks are declared once in `schemas/application/common.json`, a service's own fields in
`schemas/services/<id>/form.json`. The acts leave most fields open; `source` says of each where it comes from.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.catalogue.channel import Channel
from gateway.catalogue.condition import Condition
from gateway.catalogue.wording import Fact
from gateway.texts import Text


class Label(Fact):
    """What people read at a field."""

    kk: Annotated[str, Field(min_length=1)]
    ru: Annotated[str, Field(min_length=1)]

    @property
    def text(self) -> Text:
        """The label as a text."""
        return Text(self.kk, self.ru)


class Kind(StrEnum):
    """What a field holds; the values are described in `gateway.catalogue.value`."""

    TEXT = "text"
    ADDRESS = "address"
    PERSON_NAME = "person_name"
    FILE_NAME = "file_name"
    IDENTIFIER = "identifier"
    IIN = "iin"
    PHONE = "phone"
    EMAIL = "email"
    DATE = "date"
    MOMENT = "moment"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    AFFIRMATION = "affirmation"  # a statement that the form prints over the signature
    CONTENT = "content"
    DIGEST = "digest"  # SHA-256 of a file
    CHOICE = "choice"
    BLOCK = "block"


class Choice(Fact):
    """One of the values a field may have."""

    value: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9/._-]*$")]
    label: Label
    source: str | None = None


class FormField(Fact):
    """One field, or a block of fields in their order."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9]*$")]
    label: Label
    type: Kind
    required: bool
    """Whether it must stand, or, with `when`, must stand while that holds."""
    source: Annotated[str, Field(min_length=1)] | None = None
    """The clause of the act that wants it, or `ours` and why; None: see `act`."""
    act: tuple[str, ...] = ()
    """The blanks of the act's printed forms that this field is, as paths in the passport."""
    when: Condition | None = None
    """It is asked for only while this holds."""
    past: bool = False
    """A date that cannot be after the day of application."""
    minimum: int | None = None
    maximum: int | None = None
    many: Annotated[int, Field(gt=0)] = 1
    """How often it may stand."""
    choices: tuple[Choice, ...] = ()
    fields: tuple["FormField", ...] = ()
    one_of: tuple[str, ...] = ()
    """Names of the block's last fields of which exactly one must stand."""

    @model_validator(mode="after")
    def _parts_fit_the_type(self) -> Self:
        if (self.type is Kind.CHOICE) != bool(self.choices):
            raise ValueError("choices must be given exactly for type choice")
        if self.fields and self.type is not Kind.BLOCK:
            raise ValueError("fields must be given only for type block")
        if not self.source and not self.act:
            raise ValueError("source or act must say where the field comes from")
        names = [field.name for field in self.fields]
        if len(set(names)) != len(names):
            raise ValueError("fields must have different names")
        if self.one_of and tuple(names[-len(self.one_of) :]) != self.one_of:
            raise ValueError("one_of must name the last fields of the block, in their order")
        return self


class CommonBlocks(Fact):
    """The blocks that every application has: `schemas/application/common.json`."""

    header: FormField
    applicant: FormField
    representative: FormField
    acceptance: FormField
    """The note of whoever took the application at a counter."""
    document: FormField
    """Its field `kind` gets its choices from the service."""


class Consent(Fact):
    """The consent to the use of data protected by law."""

    required: bool
    """True: without it the application is rejected. False: the answer is recorded, whatever it is."""
    label: Label
    source: str
    channels: tuple[Channel, ...] = ()
    """The only channels in which it is required; empty: in all."""


class PortalEligibility(Fact):
    """Which answers of the applicant open the portal, where the act opens it for some only."""

    field: str
    values: tuple[str, ...]
    text: Label
    """What the others are told."""


class Elsewhere(Fact):
    """Blanks of the act's forms that are no fields of the service's own block, and where they are instead."""

    act: Annotated[tuple[str, ...], Field(min_length=1)]
    place: str
    """Path of a common block or field, `signature`, or `process`: written by those who work on the case."""


class FormDeclaration(Fact):
    """What one service asks for: `schemas/services/<id>/form.json`."""

    version: Annotated[int, Field(gt=0)]
    """Version of the payload contract: the last part of its namespace."""
    fields: tuple[FormField, ...]
    elsewhere: tuple[Elsewhere, ...] = ()
    consent: Consent
    portal_eligibility: PortalEligibility | None = None
    minors_represented: str | None = None
    """The clause by which only a representative applies for a minor."""
    same_matter: tuple[str, ...] = ()
    """Fields that tell two applications of one person apart; see `gateway.catalogue.matter`."""

    @model_validator(mode="after")
    def _eligibility_asks_a_field(self) -> Self:
        rule = self.portal_eligibility
        if rule is None:
            return self
        values = {choice.value for field in self.fields if field.name == rule.field for choice in field.choices}
        if not rule.values or not values.issuperset(rule.values):
            raise ValueError("portal_eligibility must name a choice field and some of its values")
        return self
