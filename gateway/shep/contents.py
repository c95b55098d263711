"""How each message fills its `request` or `response` element: names and order of the contract's schema."""

from collections.abc import Callable
from typing import Any

from lxml import etree

from gateway.shep import messages as m
from gateway.shep.contract import Operation
from gateway.shep.elements import (
    add,
    add_data,
    add_date,
    add_error,
    add_optional,
    add_properties,
    add_sender,
    add_session,
    add_status,
)
from gateway.shep.values import shorten, write_date

_MAX_STATUS_MESSAGE = 250


def _sync_request(request: etree._Element, message: m.SyncRequest) -> None:
    if message.message_id is None:
        raise ValueError("messageId is required by the contract")
    info = add(request, "requestInfo")
    add(info, "messageId", message.message_id)
    add_optional(info, "correlationId", message.correlation_id)
    add(info, "serviceId", message.service_id)
    add_date(info, "messageDate", message.message_date)
    add_optional(info, "routeId", message.route_id)
    add_sender(info, message.sender)
    add_properties(info, message.properties)
    add_session(info, message.session_id)
    add_data(add(request, "requestData"), message.data)


def _sync_response(response: etree._Element, message: m.SyncResponse) -> None:
    info = add(response, "responseInfo")
    add(info, "messageId", message.message_id)
    add_optional(info, "correlationId", message.correlation_id)
    add_date(info, "responseDate", message.response_date)
    status = add(info, "status")
    add(status, "code", message.status.code)
    add(status, "message", shorten(message.status.message, _MAX_STATUS_MESSAGE))
    add_session(info, message.session_id)
    add_data(add(response, "responseData"), message.data)


def _async_message(request: etree._Element, message: m.AsyncMessage) -> None:
    info = add(request, "messageInfo")
    add_optional(info, "messageId", message.message_id)
    add_optional(info, "correlationId", message.correlation_id)
    add(info, "serviceId", message.service_id)
    add(info, "messageType", message.message_type.value)
    add_optional(info, "routeId", message.route_id)
    add_date(info, "messageDate", message.message_date)
    add_sender(info, message.sender)
    add_properties(info, message.properties)
    add_session(info, message.session_id)
    data = add(request, "messageData")
    if message.data.readings:
        add_data(data, message.data)
    else:
        add(data, "data")  # required here, unlike in the synchronous channel


def _async_receipt(response: etree._Element, message: m.AsyncReceipt) -> None:
    if message.message_id is None or message.correlation_id is None:
        raise ValueError("messageId and correlationId are required by the contract")
    add(response, "messageId", message.message_id)
    add(response, "correlationId", message.correlation_id)
    add_date(response, "responseDate", message.response_date)
    add_session(response, message.session_id)


def _delivery_notification(request: etree._Element, message: m.DeliveryNotification) -> None:
    notification = add(request, "notification")
    add(notification, "messageId", message.message_id)
    add(notification, "serviceId", message.service_id)
    add_date(notification, "notificationDate", message.notification_date)
    status = add(notification, "deliveryStatus")
    add(status, "receiveStatus", message.receive_status.value)
    add_date(status, "statusDate", message.status_date)
    add(status, "resendMessage", message.resend.value)
    add_error(status, message.error)
    add_date(request, "requestDate", message.request_date)
    add_sender(request, message.sender)


def _delivery_receipt(response: etree._Element, message: m.DeliveryNotificationReceipt) -> None:
    add(response, "notificationId", message.notification_id)
    add_date(response, "responseDate", message.response_date)
    add_session(response, message.session_id, required=True)


def _status_query(request: etree._Element, message: m.StatusQuery) -> None:
    add(request, "messageId", message.message_id)
    add_date(request, "requestDate", message.request_date)
    add_sender(request, message.sender)
    add_properties(request, message.properties)


def _status_answer(response: etree._Element, message: m.StatusAnswer) -> None:
    add(response, "messageState", message.state.value)
    add_status(response, message.status)
    add_date(response, "responseDate", message.response_date)
    add_optional(response, "sessionId", message.session_id)  # a plain string in this one message


def _messages_query(request: etree._Element, message: m.MessagesQuery) -> None:
    add_optional(request, "messageId", message.message_id)
    add_optional(request, "correlationId", message.correlation_id)
    add_optional(request, "requestDate", write_date(message.request_date) if message.request_date else None)
    add(request, "serviceId", message.service_id)
    add_sender(request, message.sender)
    add_optional(request, "amount", None if message.amount is None else str(message.amount))
    add_properties(request, message.properties)


def _messages_answer(response: etree._Element, message: m.MessagesAnswer) -> None:
    add_date(response, "responseDate", message.response_date)
    add_session(response, message.session_id, required=True)
    for item in message.messages:
        _async_message(add(response, "messages"), item)


def _status_change(request: etree._Element, message: m.StatusChange) -> None:
    notification = add(request, "notification")
    add(notification, "notificationId", message.notification_id)
    add(notification, "messageId", message.message_id)
    add_date(notification, "notificationDate", message.notification_date)
    add(notification, "messageState", message.state.value)
    add_status(notification, message.status)
    add_error(notification, message.error)
    add_date(request, "requestDate", message.request_date)
    add_session(request, message.session_id)


def _status_change_receipt(response: etree._Element, message: m.StatusChangeReceipt) -> None:
    add_date(response, "responseDate", message.response_date)
    add_session(response, message.session_id, required=True)


Fill = Callable[[etree._Element, Any], None]  # noqa: SLF001  lxml has no public name for its elements

REQUESTS: dict[type, tuple[Operation, Fill]] = {
    m.SyncRequest: (Operation.SYNC_SEND_MESSAGE, _sync_request),
    m.AsyncMessage: (Operation.SEND_MESSAGE, _async_message),
    m.DeliveryNotification: (Operation.SEND_DELIVERY_NOTIFICATION, _delivery_notification),
    m.StatusQuery: (Operation.GET_MESSAGE_STATUS, _status_query),
    m.MessagesQuery: (Operation.GET_MESSAGES, _messages_query),
    m.StatusChange: (Operation.CHANGE_STATUS_NOTIFICATION, _status_change),
}
RESPONSES: dict[type, tuple[Operation, Fill]] = {
    m.SyncResponse: (Operation.SYNC_SEND_MESSAGE, _sync_response),
    m.AsyncReceipt: (Operation.SEND_MESSAGE, _async_receipt),
    m.DeliveryNotificationReceipt: (Operation.SEND_DELIVERY_NOTIFICATION, _delivery_receipt),
    m.StatusAnswer: (Operation.GET_MESSAGE_STATUS, _status_answer),
    m.MessagesAnswer: (Operation.GET_MESSAGES, _messages_answer),
    m.StatusChangeReceipt: (Operation.CHANGE_STATUS_NOTIFICATION, _status_change_receipt),
}
