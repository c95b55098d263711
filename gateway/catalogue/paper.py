"""The papers of a passport: documents the applicant brings, and the forms the act attaches or names."""

from enum import StrEnum
from typing import Literal

from gateway.catalogue.wording import Fact, Lines, Wording


class Document(Wording):
    """A document the act wants from the applicant."""

    condition: Wording | None
    """When it is wanted; None: always."""
    group: str | None
    item: str | None = None
    """Its number in the act's list."""
    group_name: Wording | None = None
    variant: str | None = None
    order: int | None = None
    form: str | None = None
    """Number of the form it follows."""
    forms: tuple[str, ...] = ()
    any_of: tuple[Wording, ...] = ()
    parts: tuple[Wording, ...] = ()
    one_of: bool = False
    if_available: bool = False
    self_declared: bool = False
    additional_to_list: bool = False
    kk_only: bool = False
    note: Wording | None = None
    lines: Lines | None = None
    line_kk: int | None = None


class FieldType(StrEnum):
    """Kind of value in a form's field."""

    TEXT = "text"
    DATE = "date"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    PERSON_NAME = "person_name"
    IIN = "iin"
    ADDRESS = "address"
    PHONE = "phone"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TABLE = "table"
    SIGNATURE = "signature"


class Column(Fact):
    """A column of a table in a form."""

    label: Wording
    type: FieldType
    choices: tuple[Wording, ...] = ()
    group: Wording | None = None
    note: str | None = None


class ColumnGroup(Fact):
    """A heading over several columns."""

    label: Wording
    columns: tuple[int, ...] | None


class PrintedRow(Fact):
    """A row whose head is printed in the form."""

    property: Wording | None
    animals: Wording


class PrintedField(Fact):
    """A blank of a printed form."""

    label: Wording
    type: FieldType
    required: bool | None
    """None: the act does not say."""
    choices: tuple[Wording, ...] = ()
    columns: tuple[Column, ...] = ()
    column_groups: tuple[ColumnGroup, ...] = ()
    column_groups_note: str | None = None
    rows: int | tuple[PrintedRow, ...] | None = None
    section: str | Wording | None = None
    filled_by: Literal["applicant", "provider", "specialist"] | None = None
    part_of_name: Literal["last", "first", "patronymic"] | None = None
    role: str | None = None
    repeatable: bool = False
    with_time: bool = False
    statement: bool = False
    kk_only: bool = False
    lines_printed: int | None = None
    hint: Wording | None = None
    note: str | None = None


class FormPurpose(StrEnum):
    """What a form is for."""

    APPLICATION = "application"
    COUPON = "coupon"
    RECEIPT = "receipt"
    NOTIFICATION = "notification"
    REFUSAL = "refusal"
    ACCEPTANCE_REFUSAL_RECEIPT = "acceptance_refusal_receipt"
    CERTIFICATE = "certificate"
    REFERRAL = "referral"
    REGISTER = "register"
    DECISION = "decision"
    CONCLUSION = "conclusion"
    ACT = "act"
    FAMILY_COMPOSITION = "family_composition"
    INCOME_STATEMENT = "income_statement"
    SUBSIDIARY_FARM = "subsidiary_farm"
    CASE_FILE = "case_file"
    CHECKLIST = "checklist"
    OTHER = "other"


class PrintedForm(Fact):
    """A form that the act attaches, or a paper its steps name."""

    no: str | None
    purpose: FormPurpose
    title: Wording | None
    addressed_to: Wording | None
    fields: tuple[PrintedField, ...]
    part: Literal["tear_off"] | None = None
    own_number: Wording | None = None
    name: Wording | None = None
    body: Wording | tuple[Wording, ...] = ()
    body_note: str | None = None
    attachments: tuple[Wording, ...] = ()
    clause15_fields: tuple[Wording, ...] = ()
    signatory: Wording | None = None
    issued_to: Wording | None = None
    setting: Wording | None = None
    condition: Wording | None = None
    channel: Literal["provider", "psc"] | None = None
    annexed: bool = True
    source: str | None = None
    note: str | None = None
    lines: Lines | None = None


class NamedPaper(Wording):
    """A paper the act names without giving its form."""

    purpose: FormPurpose
    form: str | None = None
    definition: Wording | None = None
    note: str | None = None
    lines: Lines | None = None
