"""The procedures of a passport: the act's action tables and the order of steps in each channel."""

from typing import Literal

from gateway.catalogue.wording import Duration, Fact, Lines, Wording


class ActionStep(Fact):
    """One row of an action table: a unit does something, with an outcome, in a time, and hands on."""

    no: str
    unit: str
    """Code of a structural-functional unit of the same passport."""
    action: Wording
    outcome: Wording | None
    duration: Duration
    next: str | None
    """Number of the next step; None after the last."""
    alt_outcome: Wording | None = None
    no_ru: str | None = None
    """Where the Russian table numbers the row otherwise."""
    no_text: Wording | None = None
    next_text: Wording | None = None
    unit_text: Wording | None = None
    unit_by_use_case_table: str | None = None
    """Where another table of the act gives the row to another unit."""
    unit_by_clause_18: str | None = None
    table1_no: str | None = None
    """Row of the action table that the duration is taken from."""
    lines: Lines | None = None


class TableTitle(Fact):
    """Where an action table stands in the act."""

    title: Wording
    lines: Lines


class TableSummary(TableTitle):
    """The same with the key of the table and the number of its rows."""

    key: Literal["sfu_actions", "sfu_actions_psc", "main", "alternative"]
    rows: int


class Process(Fact):
    """The act's action tables (clause 19) and the main and alternative flow."""

    main: tuple[ActionStep, ...]
    alternative: tuple[ActionStep, ...]
    sfu_actions: tuple[ActionStep, ...] = ()
    sfu_actions_psc: tuple[ActionStep, ...] = ()
    tables: tuple[TableSummary, ...] | dict[str, TableTitle] = ()


class ChannelStep(Fact):
    """One step of the procedure in a channel."""

    no: str | None
    actor: str
    action: Wording
    duration: Duration
    clause: str | None = None
    lines: Lines | None = None
    variant: str | None = None
    part: str | None = None
    case: str | None = None
    """The course of events the step belongs to, where it is not the ordinary one."""
    note: str | None = None
    table1_no: str | None = None
    table2_no: str | None = None
    duration_of: str | None = None


class ChannelProcedures(Fact):
    """The order of steps in each channel; empty where the act has no such channel."""

    provider: tuple[ChannelStep, ...]
    psc: tuple[ChannelStep, ...]
    akim: tuple[ChannelStep, ...]
    portal: tuple[ChannelStep, ...]
