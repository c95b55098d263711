"""A notice and its case as the message that the cabinet gets: pure. It is made once, with the event, and kept."""

from gateway.cases.cabinet import MessageKind
from gateway.cases.model import Case, Ending
from gateway.cases.notice import Notice
from gateway.cases.notice import Status as Told
from gateway.catalogue import cabinet_message as cabinet
from gateway.catalogue import notices
from gateway.catalogue.cabinet_message import CabinetMessage, File, Header, Outcome, Result, Status, StatusCode
from gateway.clock import local
from gateway.texts import Text

_CODES = {
    Told.BEING_CHECKED: StatusCode.BEING_CHECKED,
    Told.REGISTERED: StatusCode.REGISTERED,
    Told.IN_PROGRESS: StatusCode.IN_PROGRESS,
    Told.DOCUMENTS_NEEDED: StatusCode.DOCUMENTS_NEEDED,
    Told.SUPPLEMENT_REJECTED: StatusCode.DOCUMENTS_NEEDED,
    Told.DECIDED: StatusCode.DECIDED,
    Told.REJECTED: StatusCode.REJECTED,
    Told.OVERDUE: StatusCode.OVERDUE,
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
            deadline=local(case.deadline).date() if case.deadline and checked else None,
            documents_needed=notice.documents,
            until=notice.until,
        ),
        findings=notice.findings,
        result=_result(case, notice, document),
    )
    return cabinet.render(message)


def _words(case: Case, notice: Notice) -> Text:
    number = case.number or ""
    match notice.status:
        case Told.BEING_CHECKED:
            words = notices.being_checked()
        case Told.REJECTED:
            words = notices.rejected()
        case Told.REGISTERED if case.deadline is not None:
            words = notices.registered(number, local(case.deadline).date())
        case Told.IN_PROGRESS if case.deadline is not None:
            words = notices.in_progress(number, local(case.deadline).date())
        case Told.DOCUMENTS_NEEDED:
            words = notices.documents_needed(number, notice.documents, notice.until)
        case Told.SUPPLEMENT_REJECTED:
            words = notices.supplement_rejected(number, notice.until)
        case Told.OVERDUE:
            words = notices.overdue(number, None)
        case Told.DECIDED if case.ending is Ending.REFUSED:
            words = notices.decided_refused(number, notice.ground)
        case Told.DECIDED:
            words = notices.decided_positive(number)
        case _:
            raise ValueError(f"a case without a deadline has no notice {notice.status.value}")
    return words


def _result(case: Case, notice: Notice, document: File | None) -> Result | None:
    if notice.kind is MessageKind.NOTIFICATION or case.ending is None:
        return None
    return Result(Outcome(case.ending.value), notice.ground, document)
