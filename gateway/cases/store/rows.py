"""Between rows of `cases` and `Case`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.cases.inbound import Mode
from gateway.cases.model import Case, Duty, DutyKind, Ending, Lateness, Progress, State, StepStand
from gateway.catalogue.channel import Channel
from gateway.catalogue.procedure import Course

OPENING = (
    "id, service_id, shep_service_id, sender_id, channel, mode, correlation_id, route_id, request_number, language, "
    "applicant_key, signer_key, state, received_at, matter_key, number, registered_at, deadline, ending, stage, "
    "lateness, seq, head"
)
"""What a new case has, in the order of the fields of `Case`; the other columns have their defaults."""

_STEP = "course, step, step_unit, step_since, step_due, step_lateness"
_DUTY = "duty, duty_since, duty_due, duty_reminded"
COLUMNS = f"{OPENING}, {_STEP}, pauses, extended, {_DUTY}"
"""All, in the order of `row_from`."""

WIDTH = len(COLUMNS.split(","))
_OPENING_WIDTH = len(OPENING.split(","))


def case_from(row: Sequence[Any]) -> Case:
    """Return the case of a row selected with COLUMNS."""
    case = Case(*row[:_OPENING_WIDTH])
    *step, pauses, extended, duty, since, due, reminded = row[_OPENING_WIDTH:]
    return replace(
        case,
        channel=Channel(case.channel),
        mode=Mode(case.mode),
        state=State(case.state),
        ending=Ending(case.ending) if case.ending else None,
        lateness=Lateness(case.lateness) if case.lateness else None,
        progress=Progress(_step(*step), tuple(pauses), extended),
        duty=Duty(DutyKind(duty), since, due, reminded) if duty else None,
    )


def _step(  # noqa: PLR0913, PLR0917  the columns of a step
    course: str | None, no: str, unit: str, since: datetime, due: datetime, lateness: str | None
) -> StepStand | None:
    if course is None:
        return None
    return StepStand(Course(course), no, unit, since, due, Lateness(lateness) if lateness else None)


def row_from(case: Case) -> tuple[object, ...]:
    """Return the values of COLUMNS."""
    step, duty = case.progress.step, case.duty
    return (
        *opening_row(case),
        *((step.course.value, step.no, step.unit, step.since, step.due) if step else (None,) * 5),
        step.lateness.value if step and step.lateness else None,
        list(case.progress.pauses),
        case.progress.extended,
        *((duty.kind.value, duty.since, duty.due, duty.reminded) if duty else (None, None, None, False)),
    )


def opening_row(case: Case) -> tuple[object, ...]:
    """Return the values of OPENING."""
    return (
        case.id,
        case.service_id,
        case.shep_service_id,
        case.sender_id,
        case.channel.value,
        case.mode.value,
        case.correlation_id,
        case.route_id,
        case.request_number,
        case.language,
        case.applicant_key,
        case.signer_key,
        case.state.value,
        case.received_at,
        case.matter_key,
        case.number,
        case.registered_at,
        case.deadline,
        case.ending.value if case.ending else None,
        case.stage,
        case.lateness.value if case.lateness else None,
        case.seq,
        case.head,
    )
