"""Between rows of `cases` and `Case`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gateway.cases.inbound import Mode
from gateway.cases.model import Case, Ending, Lateness, State
from gateway.catalogue.channel import Channel

COLUMNS = (
    "id, service_id, shep_service_id, sender_id, channel, mode, correlation_id, route_id, request_number, language, "
    "applicant_key, signer_key, state, received_at, matter_key, number, registered_at, deadline, ending, stage, "
    "lateness, seq, head"
)
"""In the order of the fields of `Case`."""


def case_from(row: Sequence[Any]) -> Case:
    """Return the case of a row selected with COLUMNS."""
    case = Case(*row)
    return replace(
        case,
        channel=Channel(case.channel),
        mode=Mode(case.mode),
        state=State(case.state),
        ending=Ending(case.ending) if case.ending else None,
        lateness=Lateness(case.lateness) if case.lateness else None,
    )


def row_from(case: Case) -> tuple[object, ...]:
    """Return the values of COLUMNS."""
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
