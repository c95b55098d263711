"""Reading responses: the fields of a wrapper to a typed message."""

from collections.abc import Callable

from gateway.shep.contract import NIL_SESSION, Operation
from gateway.shep.data import read_data
from gateway.shep.faults import FormatFault
from gateway.shep.fields import Fields
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    DeliveryNotificationReceipt,
    MessagesAnswer,
    Response,
    StatusAnswer,
    StatusChangeReceipt,
    StatusInfo,
    SyncResponse,
    Unreadable,
)
from gateway.shep.requests import STATES, read_async_message, read_status, session_of


def _read_sync_response(fields: Fields) -> SyncResponse:
    info = fields.group("responseInfo")
    status = info.group("status")
    body = fields.optional_group("responseData")
    return SyncResponse(
        message_id=info.required("messageId"),
        response_date=info.date("responseDate"),
        status=StatusInfo(status.required("code"), status.text("message") or ""),
        correlation_id=info.text("correlationId"),
        session_id=session_of(info),
        data=read_data(body.element("data") if body else None),
    )


def _read_async_receipt(fields: Fields) -> AsyncReceipt:
    return AsyncReceipt(
        message_id=fields.text("messageId"),
        correlation_id=fields.text("correlationId"),
        response_date=fields.date("responseDate"),
        session_id=session_of(fields),
    )


def _read_delivery_receipt(fields: Fields) -> DeliveryNotificationReceipt:
    return DeliveryNotificationReceipt(
        notification_id=fields.required("notificationId"),
        response_date=fields.date("responseDate"),
        session_id=session_of(fields) or NIL_SESSION,
    )


def _read_status_answer(fields: Fields) -> StatusAnswer:
    return StatusAnswer(
        state=fields.choice("messageState", STATES),
        status=read_status(fields.group("status")),
        response_date=fields.date("responseDate"),
        session_id=session_of(fields),
    )


def _read_messages_answer(fields: Fields) -> MessagesAnswer:
    items = [_read_item(item) for item in fields.all("messages")]
    return MessagesAnswer(
        response_date=fields.date("responseDate"),
        session_id=session_of(fields) or NIL_SESSION,
        messages=tuple(item for item in items if isinstance(item, AsyncMessage)),
        unreadable=tuple(item for item in items if isinstance(item, Unreadable)),
    )


def _read_item(fields: Fields) -> AsyncMessage | Unreadable:
    try:
        return read_async_message(fields)
    except FormatFault as fault:
        return Unreadable(_message_id(fields), fault)


def _message_id(fields: Fields) -> str | None:
    try:
        return fields.group("messageInfo").text("messageId")
    except FormatFault:
        return None


def _read_status_change_receipt(fields: Fields) -> StatusChangeReceipt:
    return StatusChangeReceipt(response_date=fields.date("responseDate"), session_id=session_of(fields) or NIL_SESSION)


RESPONSES: dict[Operation, Callable[[Fields], Response]] = {
    Operation.SYNC_SEND_MESSAGE: _read_sync_response,
    Operation.SEND_MESSAGE: _read_async_receipt,
    Operation.SEND_DELIVERY_NOTIFICATION: _read_delivery_receipt,
    Operation.GET_MESSAGE_STATUS: _read_status_answer,
    Operation.GET_MESSAGES: _read_messages_answer,
    Operation.CHANGE_STATUS_NOTIFICATION: _read_status_change_receipt,
}
EMPTY_RECEIPT = AsyncReceipt(message_id=None, correlation_id=None, response_date=None)
"""Providers whose operation returns nothing answer with an empty `sendMessageResponse` (protocol.md section 7)."""
