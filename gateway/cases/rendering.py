"""A notice and its case as the message that the cabinet gets: pure. It is made once, with the event, and kept."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from gateway.cases.cabinet import MessageKind
from gateway.cases.model import Case, Ending
from gateway.cases.notice import Notice
from gateway.cases.notice import Status as Told
from gateway.catalogue import cabinet_message as cabinet
from gateway.catalogue import notices
from gateway.catalogue.cabinet_message import CabinetMessage, File, Header, Outcome, Result, Status, StatusCode
from gateway.catalogue.channel import Channel
from gateway.clock import local
from gateway.texts import Text

T = TypeVar("T")

_CODES = {
    Told.BEING_CHECKED: StatusCode.BEING_CHECKED,
    Told.REGISTERED: StatusCode.REGISTERED,
    Told.IN_PROGRESS: StatusCode.IN_PROGRESS,
    Told.STEP_DONE: StatusCode.IN_PROGRESS,
    Told.RESUMED: StatusCode.IN_PROGRESS,
    Told.DOCUMENTS_NEEDED: StatusCode.DOCUMENTS_NEEDED,
    Told.SUPPLEMENT_REJECTED: StatusCode.DOCUMENTS_NEEDED,
    Told.RETURNED: StatusCode.RETURNED,
    Told.EXTENDED: StatusCode.EXTENDED,
    Told.SUSPENDED: StatusCode.SUSPENDED,
    Told.DECIDED: StatusCode.DECIDED,
    Told.DECIDED_ORALLY: StatusCode.DECIDED,
    Told.REJECTED: StatusCode.REJECTED,
    Told.OVERDUE: StatusCode.OVERDUE,
    Told.OVERDUE_INCOMPLETE: StatusCode.OVERDUE,
    Told.TERMINATED: StatusCode.DECIDED,
    Told.INCOME_CONFIRMATION: StatusCode.REMINDER,
    Told.CHECK_IN: StatusCode.REMINDER,
}
_OUTCOMES = {
    Ending.POSITIVE: Outcome.POSITIVE,
    Ending.ORAL: Outcome.POSITIVE,
    Ending.REFUSED: Outcome.REFUSED,
    Ending.REJECTED: Outcome.REJECTED,
    Ending.TERMINATED: Outcome.TERMINATED,
}
_KINDS = {MessageKind.NOTIFICATION: cabinet.Kind.NOTIFICATION, MessageKind.RESPONSE: cabinet.Kind.RESPONSE}


def render(case: Case, notice: Notice, document: File | None) -> bytes:
    """Return the message that tells the cabinet of `notice`.

    Args:
        case: as it stands after the event.
        notice: what has happened.
        document: the result document that the notice names, if it names one.
    """
    checked = notice.status is not Told.BEING_CHECKED
    message = CabinetMessage(
        kind=_KINDS[notice.kind],
        header=Header(
            service_id=case.service_id,
            request_number=case.request_number,
            at=notice.at,
            language=case.language,
            case_number=case.number if checked else None,
            correlation_id=case.correlation_id,
        ),
        status=Status(
            code=_CODES[notice.status],
            text=_words(case, notice),
            deadline=local(notice.deadline).date() if notice.deadline is not None else None,
            documents_needed=notice.documents if notice.status is not Told.SUSPENDED else (),
            until=notice.until,
        ),
        findings=notice.findings,
        result=Result(_OUTCOMES[notice.ending], notice.ground, document) if notice.ending is not None else None,
        receipt=notice.receipt,
    )
    return cabinet.render(message)


def _words(case: Case, notice: Notice) -> Text:
    return _WORDS[notice.status](case.number or "", notice, case.channel)


def _day(notice: Notice) -> date:
    """Return the last day of the term; a notice that speaks of it without one is a defect."""
    if notice.deadline is None:
        raise ValueError(f"a case without a deadline has no notice {notice.status.value}")
    return local(notice.deadline).date()


def _given(said: T | None) -> T:
    if said is None:
        raise ValueError("the notice lacks what it is about")
    return said


def _decided(number: str, notice: Notice, channel: Channel) -> Text:
    if notice.ending is Ending.REFUSED:
        return notices.decided_refused(number, notice.ground, channel)
    return notices.decided_positive(number, channel)


_WORDS: Mapping[Told, Callable[[str, Notice, Channel], Text]] = {
    Told.BEING_CHECKED: lambda _number, _notice, _at: notices.being_checked(),
    Told.REJECTED: lambda _number, _notice, at: notices.rejected(at),
    Told.REGISTERED: lambda number, notice, at: notices.registered(number, _day(notice), at),
    Told.IN_PROGRESS: lambda number, notice, at: notices.in_progress(number, _day(notice), at),
    Told.STEP_DONE: lambda number, notice, at: notices.step_done(number, _given(notice.note), _day(notice), at),
    Told.DOCUMENTS_NEEDED: lambda number, notice, at: notices.documents_needed(
        number, notice.documents, notice.until, at
    ),
    Told.RETURNED: lambda number, notice, at: notices.returned(number, notice.documents, notice.until, at),
    Told.SUPPLEMENT_REJECTED: lambda number, notice, _at: notices.supplement_rejected(number, notice.until),
    Told.EXTENDED: lambda number, notice, at: notices.extended(number, _day(notice), _given(notice.note), at),
    Told.SUSPENDED: lambda number, notice, _at: notices.suspended(number, _given(notice.note)),
    Told.RESUMED: lambda number, notice, at: notices.resumed(number, _day(notice), at),
    Told.OVERDUE: lambda number, notice, _at: notices.overdue(number, notice.until),
    Told.OVERDUE_INCOMPLETE: lambda number, _notice, at: notices.overdue_incomplete(number, at),
    Told.DECIDED: _decided,
    Told.DECIDED_ORALLY: lambda number, _notice, _at: notices.decided_orally(number),
    Told.TERMINATED: lambda number, notice, at: notices.terminated(number, _given(notice.ground), at),
    Told.INCOME_CONFIRMATION: lambda number, notice, _at: notices.income_confirmation(number, _given(notice.until)),
    Told.CHECK_IN: lambda number, notice, _at: notices.check_in(number, _given(notice.until)),
}
