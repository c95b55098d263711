"""Reading requests: a wrapper's fields to a typed message. Order plays no part; what is not asked for is ignored."""

from collections.abc import Callable

from gateway.shep.contract import Operation
from gateway.shep.data import read_data
from gateway.shep.fields import Fields
from gateway.shep.messages import (
    AsyncMessage,
    DeliveryNotification,
    ErrorInfo,
    MessagesQuery,
    MessageState,
    MessageStatus,
    MessageType,
    Property,
    ReceiveStatus,
    Request,
    Resend,
    Sender,
    StatusChange,
    StatusQuery,
    SyncRequest,
)

_MESSAGE_TYPES = {item.value: item for item in MessageType}
_RESEND = {item.value: item for item in Resend}
_RECEIVE_STATUS = {item.value: item for item in ReceiveStatus} | {"MESSAGE_NOT_ACCEPTED": ReceiveStatus.NOT_ACCEPTED}
"""The contract misspells the second value; some peers correct it."""
STATES = {item.value: item for item in MessageState}

_MAX_SUB_ERRORS = 16


def read_sync_request(fields: Fields) -> SyncRequest:
    """Read `SendMessage/request`."""
    info = fields.group("requestInfo")
    return SyncRequest(
        message_id=info.text("messageId"),
        service_id=info.required("serviceId"),
        message_date=info.date("messageDate"),
        sender=_sender(info.group("sender")),
        correlation_id=info.text("correlationId"),
        route_id=info.text("routeId"),
        properties=_properties(info),
        session_id=session_of(info),
        data=read_data(fields.group("requestData").element("data")),
    )


def read_async_message(fields: Fields) -> AsyncMessage:
    """Read `sendMessage/request`, or one of `getMessagesResponse/response/messages`."""
    info = fields.group("messageInfo")
    return AsyncMessage(
        service_id=info.required("serviceId"),
        message_type=info.choice("messageType", _MESSAGE_TYPES),
        message_date=info.date("messageDate"),
        sender=_sender(info.group("sender")),
        message_id=info.text("messageId"),
        correlation_id=info.text("correlationId"),
        route_id=info.text("routeId"),
        properties=_properties(info),
        session_id=session_of(info),
        data=read_data(fields.group("messageData").element("data")),
    )


def _read_delivery_notification(fields: Fields) -> DeliveryNotification:
    notification = fields.group("notification")
    status = notification.group("deliveryStatus")
    return DeliveryNotification(
        message_id=notification.required("messageId"),
        service_id=notification.required("serviceId"),
        notification_date=notification.date("notificationDate"),
        receive_status=status.choice("receiveStatus", _RECEIVE_STATUS),
        status_date=status.date("statusDate"),
        resend=status.choice("resendMessage", _RESEND),
        request_date=fields.date("requestDate"),
        error=_optional_error(status),
        sender=_optional_sender(fields),
    )


def _read_status_query(fields: Fields) -> StatusQuery:
    return StatusQuery(
        message_id=fields.required("messageId"),
        request_date=fields.date("requestDate"),
        sender=_sender(fields.group("sender")),
        properties=_properties(fields),
    )


def _read_messages_query(fields: Fields) -> MessagesQuery:
    return MessagesQuery(
        service_id=fields.required("serviceId"),
        message_id=fields.text("messageId"),
        correlation_id=fields.text("correlationId"),
        request_date=fields.date("requestDate"),
        sender=_optional_sender(fields),
        amount=fields.number("amount"),
        properties=_properties(fields),
    )


def _read_status_change(fields: Fields) -> StatusChange:
    notification = fields.group("notification")
    return StatusChange(
        notification_id=notification.required("notificationId"),
        message_id=notification.required("messageId"),
        notification_date=notification.date("notificationDate"),
        state=notification.choice("messageState", STATES),
        status=read_status(notification.group("status")),
        request_date=fields.date("requestDate"),
        error=_optional_error(notification),
        session_id=session_of(fields),
    )


REQUESTS: dict[Operation, Callable[[Fields], Request]] = {
    Operation.SYNC_SEND_MESSAGE: read_sync_request,
    Operation.SEND_MESSAGE: read_async_message,
    Operation.SEND_DELIVERY_NOTIFICATION: _read_delivery_notification,
    Operation.GET_MESSAGE_STATUS: _read_status_query,
    Operation.GET_MESSAGES: _read_messages_query,
    Operation.CHANGE_STATUS_NOTIFICATION: _read_status_change,
}


def read_status(fields: Fields) -> MessageStatus:
    """Read `MessageStatusInfo`; its texts may be empty."""
    return MessageStatus(
        code=fields.text("statusCode") or "",
        message=fields.text("statusMessage") or "",
        date=fields.date("statusDate"),
    )


def read_error(fields: Fields, depth: int = 0) -> ErrorInfo:
    """Read `ErrorInfo`; what is missing in it reads as empty, and a chain of sub-errors is cut."""
    sub_error = fields.optional_group("subError") if depth < _MAX_SUB_ERRORS else None
    return ErrorInfo(
        code=fields.text("errorCode") or "",
        message=fields.text("errorMessage") or "",
        date=fields.date("errorDate"),
        data=fields.text("errorData"),
        sub_error=read_error(sub_error, depth + 1) if sub_error else None,
        session_id=fields.text("sessionId"),
    )


def session_of(fields: Fields) -> str | None:
    """Return `sessionId`; some peers put it into `sender`."""
    own = fields.text("sessionId")
    if own is not None:
        return own
    sender = fields.optional_group("sender")
    return sender.text("sessionId") if sender else None


def _optional_error(fields: Fields) -> ErrorInfo | None:
    error = fields.optional_group("error")
    return read_error(error) if error else None


def _sender(fields: Fields) -> Sender:
    # a password is taken as it stands: white space may belong to it
    return Sender(fields.required("senderId"), fields.verbatim("password"))


def _optional_sender(fields: Fields) -> Sender | None:
    sender = fields.optional_group("sender")
    return _sender(sender) if sender else None


def _properties(fields: Fields) -> tuple[Property, ...]:
    return tuple(Property(item.text("key") or "", item.text("value") or "") for item in fields.all("properties"))
