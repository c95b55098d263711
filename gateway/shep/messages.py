"""Typed messages of SyncChannel, AsyncChannel and AsyncChannelClient v10 (protocol.md sections 2 and 3).

Identifiers are kept as text: ShEP assigns numbers, other parties send UUIDs. An empty optional element reads as None.
Dates are aware; a date without a zone is read as Asia/Almaty; one that is not a date reads as None.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.faults import GatewayFault


class MessageType(StrEnum):
    """`AsyncMessageInfo/messageType`."""

    REQUEST = "REQUEST"
    NOTIFICATION = "NOTIFICATION"
    UPDATE = "UPDATE"
    RESPONSE = "RESPONSE"


class MessageState(StrEnum):
    """`MessageState`: delivery state of a message."""

    ON_DELIVERY = "ON_DELIVERY"
    DELIVERED = "DELIVERED"
    NOT_DELIVERED = "NOT_DELIVERED"
    DELIVERY_STOPPED = "DELIVERY_STOPPED"


class ReceiveStatus(StrEnum):
    """`DeliveryStatusInfo/receiveStatus`, spelled as in the contract."""

    ACCEPTED = "MESSAGE_ACCEPTED"
    NOT_ACCEPTED = "MESSAGE_NOT_ACCTEPTED"


class Resend(StrEnum):
    """`DeliveryStatusInfo/resendMessage`."""

    RESEND = "RESEND"
    NOT_RESEND = "NOT_RESEND"


@dataclass(frozen=True, slots=True)
class Sender:
    """`SenderInfo`. The password is never shown."""

    sender_id: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Property:
    """`Property`: key up to 30, value up to 500 characters."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Data:
    """The business data in `<data>`, as the stand-alone document that its sender signed.

    Escaped text and CDATA have one reading. Nested XML has up to two (without and with the namespace declarations of
    the envelope), because senders differ in how they cut the document out and in: the reading whose signature
    verifies is the document. `readings` is empty when `<data>` is absent or empty.
    """

    readings: tuple[bytes, ...] = field(default=(), repr=False)
    as_elements: bool = False
    """Written as nested XML instead of escaped text."""


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """`ErrorInfo`: the content of every fault's detail."""

    code: str
    message: str
    date: datetime | None
    data: str | None = None
    sub_error: "ErrorInfo | None" = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class StatusInfo:
    """`StatusInfo`: message up to 250 characters."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """`SendMessage/request` (SyncChannel)."""

    message_id: str | None
    service_id: str
    message_date: datetime | None
    sender: Sender
    correlation_id: str | None = None
    route_id: str | None = None
    properties: tuple[Property, ...] = ()
    session_id: str | None = None
    data: Data = Data()


@dataclass(frozen=True, slots=True)
class SyncResponse:
    """`SendMessageResponse/response` (SyncChannel)."""

    message_id: str
    response_date: datetime | None
    status: StatusInfo
    correlation_id: str | None = None
    session_id: str | None = None
    data: Data = Data()


@dataclass(frozen=True, slots=True)
class AsyncMessage:
    """`AsyncMessageInfo` with `MessageData`: `sendMessage/request`, and each of `getMessagesResponse/messages`."""

    service_id: str
    message_type: MessageType
    message_date: datetime | None
    sender: Sender
    message_id: str | None = None
    correlation_id: str | None = None
    route_id: str | None = None
    properties: tuple[Property, ...] = ()
    session_id: str | None = None
    data: Data = Data()


@dataclass(frozen=True, slots=True)
class AsyncReceipt:
    """`sendMessageResponse/response`. Some peers answer with an empty one: then both ids are None."""

    message_id: str | None
    correlation_id: str | None
    response_date: datetime | None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryNotification:
    """`sendDeliveryNotification/request`."""

    message_id: str
    service_id: str
    notification_date: datetime | None
    receive_status: ReceiveStatus
    status_date: datetime | None
    resend: Resend
    request_date: datetime | None
    error: ErrorInfo | None = None
    sender: Sender | None = None


@dataclass(frozen=True, slots=True)
class DeliveryNotificationReceipt:
    """`sendDeliveryNotificationResponse/response`; `session_id` is required and a guid in braces."""

    notification_id: str
    response_date: datetime | None
    session_id: str


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """`MessageStatusInfo`."""

    code: str
    message: str
    date: datetime | None


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """`getMessageStatus/request`."""

    message_id: str
    request_date: datetime | None
    sender: Sender
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """`getMessageStatusResponse/response`."""

    state: MessageState
    status: MessageStatus
    response_date: datetime | None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class MessagesQuery:
    """`getMessages/request`; `amount` None or 0 means the gateway's default."""

    service_id: str
    message_id: str | None = None
    correlation_id: str | None = None
    request_date: datetime | None = None
    sender: Sender | None = None
    amount: int | None = None
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One of `getMessagesResponse/messages` that is not as the contract has it; the others are."""

    message_id: str | None
    fault: GatewayFault


@dataclass(frozen=True, slots=True)
class MessagesAnswer:
    """`getMessagesResponse/response`; `session_id` is required and a guid in braces."""

    response_date: datetime | None
    session_id: str
    messages: tuple[AsyncMessage, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusChange:
    """`changeMassageStatusNotification/request` (sic), AsyncChannelClient."""

    notification_id: str
    message_id: str
    notification_date: datetime | None
    state: MessageState
    status: MessageStatus
    request_date: datetime | None
    error: ErrorInfo | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChangeReceipt:
    """`changeMassageStatusNotificationResponse/response`; `session_id` is what came in the request."""

    response_date: datetime | None
    session_id: str


Request = SyncRequest | AsyncMessage | DeliveryNotification | StatusQuery | MessagesQuery | StatusChange
Response = (
    SyncResponse | AsyncReceipt | DeliveryNotificationReceipt | StatusAnswer | MessagesAnswer | StatusChangeReceipt
)
