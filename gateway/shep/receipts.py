"""Replies to application messages: what intake decided, in the words of the contract (DESIGN.md section 7)."""

from datetime import datetime

from gateway.cases.inbound import BeingChecked, InquiryAnswer, Receipt, Registered, Rejected
from gateway.shep.contract import guid
from gateway.shep.messages import AsyncMessage, AsyncReceipt, Data, StatusInfo, SyncRequest, SyncResponse
from gateway.texts import Text

_REGISTERED = Text("Өтініш тіркелді", "Заявление зарегистрировано")
_BEING_CHECKED = Text(
    "Өтініш қабылданды, қолтаңба сертификаты тексерілуде", "Заявление принято, сертификат подписи проверяется"
)
_BAD_DATA = Text(
    "Өтініш тіркелмеді: деректерде қателер бар, олар жауапта көрсетілген",
    "Заявление не зарегистрировано: в данных есть ошибки, они указаны в ответе",
)
_NOT_ALLOWED = Text(
    "Өтініш тіркелмеді: себептері жауапта көрсетілген", "Заявление не зарегистрировано: причины указаны в ответе"
)
_ANSWERED = Text("Сұрау орындалды", "Запрос выполнен")
_NOTHING_FOUND = Text("Сұрау бойынша ештеңе табылмады", "По запросу ничего не найдено")
_BAD_INQUIRY = Text("Сұрауда қателер бар, олар жауапта көрсетілген", "В запросе есть ошибки, они указаны в ответе")
_DATA_FINDINGS = ("applicant.form", "applicant.documents")


def async_receipt(request: AsyncMessage, receipt: Receipt) -> AsyncReceipt:
    """Acknowledge a message: it was taken; a rejection follows as a RESPONSE of its own."""
    return AsyncReceipt(
        message_id=str(receipt.inbox_id),
        correlation_id=_correlation_id(request, receipt),
        response_date=receipt.at,
        session_id=guid(request.session_id),
    )


def sync_response(request: SyncRequest, receipt: Receipt) -> SyncResponse:
    """Answer a synchronous request: the status, and what the applicant is told in the data."""
    return SyncResponse(
        message_id=str(receipt.inbox_id),
        response_date=receipt.at,
        status=_status(receipt),
        correlation_id=_correlation_id(request, receipt),
        session_id=guid(request.session_id),
        data=Data((receipt.payload,) if receipt.payload else ()),
    )


def inquiry_response(request: SyncRequest, answer: InquiryAnswer, own_id: str, at: datetime) -> SyncResponse:
    """Answer a question: the status, and the answer in the data."""
    return SyncResponse(
        message_id=own_id,
        response_date=at,
        status=_inquiry_status(answer),
        correlation_id=request.correlation_id or request.message_id,
        session_id=guid(request.session_id),
        data=Data((answer.payload,)),
    )


def _inquiry_status(answer: InquiryAnswer) -> StatusInfo:
    if not answer.findings:
        return StatusInfo("SCSS001", str(_ANSWERED))
    if all(finding.code == "inquiry.not_found" for finding in answer.findings):
        return StatusInfo("SCSE001", str(_NOTHING_FOUND))
    return StatusInfo("SCSE002", str(_BAD_INQUIRY))


def _correlation_id(request: AsyncMessage | SyncRequest, receipt: Receipt) -> str:
    """Return what the case's later messages carry as well: the id as received, or the message's own, or ours."""
    return request.correlation_id or request.message_id or str(receipt.inbox_id)


def _status(receipt: Receipt) -> StatusInfo:
    match receipt.outcome:
        case Registered():
            return StatusInfo("SCSS001", str(_REGISTERED))
        case BeingChecked():
            return StatusInfo("SCSS001", str(_BEING_CHECKED))
        case Rejected(findings) if findings and all(item.code.startswith(_DATA_FINDINGS) for item in findings):
            return StatusInfo("SCSE002", str(_BAD_DATA))
        case Rejected():
            return StatusInfo("SCSE001", str(_NOT_ALLOWED))
