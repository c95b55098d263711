"""The passport: what the act says about one service, typed.

One JSON file per service, `schemas/services/<id>/passport.json`. A value the act does not give is null or an empty
list. Texts are the act's own words; Kazakh text mixes the Latin letter i with the Cyrillic one, as printed.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from gateway.catalogue.channel import Channel
from gateway.catalogue.paper import Document, NamedPaper, PrintedForm
from gateway.catalogue.process import ChannelProcedures, Process
from gateway.catalogue.wording import Duration, Fact, Lines, Provision, Unit, Wording


class Act(Fact):
    """The legal act that regulates the service."""

    number: str
    date: dt.date
    registered_number: str
    registered_date: dt.date
    status: str


class Portal(Fact):
    """Whether egov.kz takes applications for the service."""

    available: bool
    eligible: Wording | None
    """Who may use the portal; None: everybody, or nobody where it is not available."""
    source: str
    """The clause, or how its absence was established."""


class ServiceForm(StrEnum):
    """How far the service is automated, in the act's classes."""

    ELECTRONIC_FULL = "electronic_full"
    ELECTRONIC_PARTIAL = "electronic_partial"
    PAPER = "paper"
    NOT_AUTOMATED = "not_automated"


class Limit(Fact):
    """A quantity to which the service is limited."""

    value: int
    unit: Unit
    per: str


class Eligibility(Provision):
    """Who may receive the service."""

    components: tuple[str, ...] | None = None
    """Codes of the components it is about; None: all."""
    purpose: str | None = None
    variant: str | None = None
    limit: Limit | None = None
    note: str | None = None


class Component(Fact):
    """One kind of payment or measure inside a service."""

    code: str
    no: str
    name: Wording
    documents_required: bool | None = None
    application_form: str | None = None
    basis: Wording | None = None
    unemployed_registration_required: bool | None = None
    result: Wording | None = None


class Deadline(Duration):
    """One time limit of the act."""

    what: str
    """`total`, `intake`, `queue_wait`, `extended`, or a step's own name."""
    condition: Wording | None
    channel: Literal["provider", "psc", "any"] | None = None
    clause: str | None = None
    per: str | None = None
    counted_from: Wording | None = None
    from_event: Wording | None = None
    excludes: Wording | None = None
    ru_differs: bool = False
    lines: Lines | None = None


class Ground(Provision):
    """A ground for refusing, suspending or ending the service."""

    item: str | None = None
    stage: Literal["assignment", "psc_acceptance", "return_to_psc"] | None = None
    lead: Wording | None = None
    unnumbered: bool = False
    exception: Wording | None = None
    exceptions: Wording | None = None
    not_applied_to: tuple[str, ...] = ()
    """Codes of components."""


class InformationSystem(Fact):
    """An information system that the act mentions."""

    code: str
    name: Wording
    role: Wording
    short: Wording | None = None
    owner: Wording | None = None
    role_result: Wording | None = None
    security: Wording | None = None
    used_in: tuple[Wording, ...] = ()
    in_definitions: bool = True
    source: str | None = None
    lines: Lines | None = None


class ExternalSource(Fact):
    """A list or database of somebody else that the service draws on."""

    code: str
    used_in: str
    name: Wording | None = None
    kk: str | None = None
    ru: str | None = None
    owner: Wording | None = None


class StructuralUnit(Fact):
    """A structural-functional unit (ҚФБ / СФЕ)."""

    code: Annotated[str, Field(pattern=r"^SFU-[1-9][0-9]?$")]
    role: Wording
    lines: Lines | None = None


class Rule(Provision):
    """A rule of the act that software has to keep."""

    code: str
    channel: Channel | None = None


class MinimumStaff(Fact):
    """How many people take part at least."""

    value: int
    text: Wording


class ProviderPlace(Fact):
    """Where and when the provider receives people."""

    address: Wording
    schedule: Wording


class PscPlaces(Fact):
    """Where and when the Public Service Centre receives people."""

    head: Wording
    branches: tuple[Wording, ...]
    schedule: Wording


class Places(Fact):
    """Addresses, hours and telephone numbers."""

    provider: ProviderPlace
    phone: str
    websites: tuple[str, ...]
    information: Wording
    psc: PscPlaces | None = None


class Source(Fact):
    """Where the regulation stands in the source files: first and last line."""

    file: str
    lines_kk: tuple[int, int]
    lines_ru: tuple[int, int] | None


class Passport(Fact):
    """Everything the act says about one service."""

    id: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z]+(-[a-z]+)*$")]
    region: Literal["astana", "kostanay"]
    annex: Annotated[int, Field(gt=0)]
    act: Act
    name: Wording
    provider: Wording
    intake_channels: tuple[Channel, ...]
    issue_channels: tuple[Channel, ...]
    portal: Portal
    form: ServiceForm
    form_text: Wording
    result: Wording
    result_form: Wording
    legal_basis: tuple[Wording, ...]
    eligibility: tuple[Eligibility, ...]
    deadlines: tuple[Deadline, ...]
    refusal_grounds: tuple[Ground, ...]
    suspension_grounds: tuple[Ground, ...]
    documents: tuple[Document, ...]
    information_systems: tuple[InformationSystem, ...]
    units: tuple[StructuralUnit, ...]
    process: Process
    channel_procedures: ChannelProcedures
    forms: tuple[PrintedForm, ...]
    anomalies: tuple[str, ...]
    """Contradictions between the languages or inside the act, with line numbers. In English."""
    source: Source

    definition: Wording | None = None
    definitions: tuple[Provision, ...] = ()
    participants: tuple[Wording, ...] = ()
    participant_roles: tuple[Wording, ...] = ()
    components: tuple[Component, ...] = ()
    calculation: tuple[Provision, ...] = ()
    result_notes: tuple[Wording, ...] = ()
    result_additional: Wording | None = None
    result_notice: Wording | None = None
    form_notes: tuple[Wording, ...] = ()
    suspension_text: Provision | None = None
    restoration: Provision | tuple[Provision, ...] = ()
    termination_grounds: tuple[Ground, ...] = ()
    return_rules: tuple[Rule, ...] = ()
    rules: tuple[Rule, ...] = ()
    documents_rule: Wording | None = None
    electronic_documents_rule: Wording | None = None
    documents_named_without_form: tuple[NamedPaper, ...] = ()
    external_sources: tuple[ExternalSource, ...] = ()
    information_security: Provision | None = None
    tracking: Wording | None = None
    provider_duty: Wording | None = None
    other_bodies: Wording | None = None
    deadline_start: Wording | None = None
    psc_basis: Wording | None = None
    clause21: tuple[Wording, ...] = ()
    min_staff: MinimumStaff | None = None
    places: Places | None = None
