"""Between rows of `cases` and `Case`."""

from collections.abc import Sequence
from typing import Any

from gateway.cases.inbound import Mode
from gateway.cases.model import Case, Ending, State

COLUMNS = (
    "id, service_id, shep_service_id, sender_id, mode, correlation_id, route_id, request_number, language, "
    "applicant_key, state, received_at, number, registered_at, deadline, ending, stage, seq, head"
)


def case_from(row: Sequence[Any]) -> Case:
    """Return the case of a row selected with COLUMNS."""
    (*fixed, state, received_at, number, registered_at, deadline, ending, stage, seq, head) = row
    case_id, service_id, shep_service_id, sender_id, mode, correlation_id, route_id, request_number, language, key = (
        fixed
    )
    return Case(
        id=case_id,
        service_id=service_id,
        shep_service_id=shep_service_id,
        sender_id=sender_id,
        mode=Mode(mode),
        correlation_id=correlation_id,
        route_id=route_id,
        request_number=request_number,
        language=language,
        applicant_key=key,
        state=State(state),
        received_at=received_at,
        number=number,
        registered_at=registered_at,
        deadline=deadline,
        ending=Ending(ending) if ending else None,
        stage=stage,
        seq=seq,
        head=head,
    )


def row_from(case: Case) -> tuple[object, ...]:
    """Return the values of COLUMNS."""
    return (
        case.id,
        case.service_id,
        case.shep_service_id,
        case.sender_id,
        case.mode.value,
        case.correlation_id,
        case.route_id,
        case.request_number,
        case.language,
        case.applicant_key,
        case.state.value,
        case.received_at,
        case.number,
        case.registered_at,
        case.deadline,
        case.ending.value if case.ending else None,
        case.stage,
        case.seq,
        case.head,
    )
