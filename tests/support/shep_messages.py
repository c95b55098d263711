"""One request and one response of every operation, with every optional field and with none."""

from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    Data,
    DeliveryNotification,
    DeliveryNotificationReceipt,
    ErrorInfo,
    MessagesAnswer,
    MessagesQuery,
    MessageState,
    MessageStatus,
    MessageType,
    Property,
    ReceiveStatus,
    Request,
    Resend,
    Response,
    Sender,
    StatusAnswer,
    StatusChange,
    StatusChangeReceipt,
    StatusInfo,
    StatusQuery,
    SyncRequest,
    SyncResponse,
)
from tests.support.shep_gateway import DELIVERY, PASSWORD
from tests.support.shep_parties import NOW

SESSION = "{11111111-2222-3333-4444-555555555555}"
APPLICATION = '<?xml version="1.0" encoding="UTF-8"?><a xmlns=\'urn:x\'>&lt;Әлия&gt; &amp; "ұл"</a>\r\n'.encode()
DATA = Data((APPLICATION,))
SENDER = Sender("portal", PASSWORD)
ERROR = ErrorInfo("SCE001", "қате", NOW, "data", ErrorInfo("X1", "inner", NOW), SESSION)
_PROPERTIES = (Property("ADDL_CLIENT_KEY", "R_1"), Property("k" * 30, "v" * 500))

_SHORT = AsyncMessage("KSL-1", MessageType.REQUEST, NOW, SENDER, data=DATA)
_LONG = AsyncMessage(
    "KSL-1", MessageType.UPDATE, NOW, SENDER, "254750124", "3382552", "R_1", _PROPERTIES, SESSION, DATA
)

REQUESTS: dict[str, Request] = {
    "sync": SyncRequest("m-1", "KSL-1", NOW, SENDER, data=DATA),
    "sync-full": SyncRequest("m-1", "KSL-1", NOW, SENDER, "c-1", "R_1", _PROPERTIES, SESSION, DATA),
    "async": _SHORT,
    "async-full": _LONG,
    "delivery": DeliveryNotification(
        str(DELIVERY), "KSL-1", NOW, ReceiveStatus.ACCEPTED, NOW, Resend.NOT_RESEND, NOW, sender=SENDER
    ),
    "delivery-full": DeliveryNotification(
        str(DELIVERY), "KSL-1", NOW, ReceiveStatus.NOT_ACCEPTED, NOW, Resend.RESEND, NOW, ERROR, SENDER
    ),
    "status": StatusQuery(str(DELIVERY), NOW, SENDER),
    "status-full": StatusQuery(str(DELIVERY), NOW, SENDER, _PROPERTIES),
    "messages": MessagesQuery("KSL-1"),
    "messages-full": MessagesQuery("KSL-1", str(DELIVERY), "3382552", NOW, SENDER, 10, _PROPERTIES),
    "change": StatusChange("n-1", str(DELIVERY), NOW, MessageState.DELIVERED, MessageStatus("200", "OK", NOW), NOW),
    "change-full": StatusChange(
        "n-1", str(DELIVERY), NOW, MessageState.NOT_DELIVERED, MessageStatus("", "", NOW), NOW, ERROR, SESSION
    ),
}
RESPONSES: dict[str, Response] = {
    "sync": SyncResponse("r-1", NOW, StatusInfo("SCSS001", "OK")),
    "sync-full": SyncResponse("r-1", NOW, StatusInfo("SCSS001", "OK"), "m-1", SESSION, DATA),
    "async": AsyncReceipt("254750124", "3382552", NOW),
    "async-full": AsyncReceipt("254750124", "3382552", NOW, SESSION),
    "delivery": DeliveryNotificationReceipt("n-1", NOW, SESSION),
    "status": StatusAnswer(MessageState.ON_DELIVERY, MessageStatus("200", "OK", NOW), NOW),
    "status-full": StatusAnswer(MessageState.DELIVERY_STOPPED, MessageStatus("200", "OK", NOW), NOW, SESSION),
    "messages": MessagesAnswer(NOW, SESSION),
    "messages-full": MessagesAnswer(NOW, SESSION, (_SHORT, _LONG)),
    "change": StatusChangeReceipt(NOW, SESSION),
}
