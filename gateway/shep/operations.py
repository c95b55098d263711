"""What each operation does: a typed request of an admitted sender to a signed reply."""

from collections.abc import Callable
from datetime import datetime
from uuid import NAMESPACE_URL, uuid4, uuid5

from gateway.cases.cabinet import DeliveryState, Outgoing, Reported
from gateway.cases.inbound import Inbound, Inquiries, Inquiry, Intake, Mailbox, Mode, Receipt
from gateway.eds.keys import SigningKey
from gateway.shep import messages as m
from gateway.shep.access import Admitted
from gateway.shep.contract import NIL_SESSION, guid
from gateway.shep.faults import FormatFault
from gateway.shep.observer import Observer, timed
from gateway.shep.receipts import async_receipt, inquiry_response, sync_response
from gateway.shep.writer import write

DEFAULT_AMOUNT = 10
"""How many messages `getMessages` gives when it does not say how many."""
MAX_AMOUNT = 100

_TAKEN = frozenset({m.MessageType.REQUEST, m.MessageType.UPDATE})


class Operations:
    """The operations of SyncChannel, AsyncChannel and AsyncChannelClient."""

    def __init__(  # noqa: PLR0913  the parts, passed in explicitly
        self,
        *,
        intake: Intake,
        inquiries: Inquiries,
        mailbox: Mailbox,
        key: SigningKey,
        observer: Observer,
        own_sender_id: str,
    ) -> None:
        """Take the parts; `own_sender_id` stands as sender in the messages we give out."""
        self._intake = intake
        self._inquiries = inquiries
        self._mailbox = mailbox
        self._key = key
        self._observer = observer
        self._own = m.Sender(own_sender_id)

    async def answer(self, message: m.Request, admitted: Admitted, raw: bytes, at: datetime) -> bytes:
        """Do what the message asks for and return the signed reply.

        Args:
            message: the request, read from `raw`.
            admitted: who sent it.
            raw: the received bytes, untouched.
            at: when it was received.

        Raises:
            GatewayFault: the message was not taken.
        """
        match message:
            case m.SyncRequest():
                return await self._take_sync(message, admitted, raw, at)
            case m.AsyncMessage():
                return await self._take_async(message, admitted, raw, at)
            case m.DeliveryNotification():
                return self._signed(await self._confirm(message, admitted.sender.id, raw, at))
            case m.StatusQuery():
                return self._signed(await self._state(message, admitted.sender.id, at))
            case m.MessagesQuery():
                return self._signed(await self._pending(message, admitted.sender.id, at))
            case m.StatusChange():
                return self._signed(await self._changed(message, admitted.sender.id, raw, at))

    async def _take_sync(self, message: m.SyncRequest, admitted: Admitted, raw: bytes, at: datetime) -> bytes:
        if not message.data.readings:
            raise _empty("SendMessage/request/requestData/data")
        if self._inquiries.answers(message.service_id):
            return await self._inquire(message, admitted.sender.id, at)
        inbound = _inbound(message, Mode.SYNC, m.MessageType.REQUEST, admitted, raw, at)
        return await self._intake.accept(inbound, self._reply(lambda receipt: sync_response(message, receipt)))

    async def _inquire(self, message: m.SyncRequest, sender_id: str, at: datetime) -> bytes:
        answer = await self._inquiries.answer(Inquiry(sender_id, message.service_id, message.data.readings[0]))
        return self._signed(inquiry_response(message, answer, str(uuid4()), at))

    async def _take_async(self, message: m.AsyncMessage, admitted: Admitted, raw: bytes, at: datetime) -> bytes:
        if message.message_type not in _TAKEN:
            raise FormatFault(
                "client.message_type", "messageType here is REQUEST or UPDATE: we answer applications, we send none"
            )
        if not message.data.readings:
            raise _empty("sendMessage/request/messageData/data")
        inbound = _inbound(message, Mode.ASYNC, message.message_type, admitted, raw, at)
        return await self._intake.accept(inbound, self._reply(lambda receipt: async_receipt(message, receipt)))

    async def _confirm(
        self, message: m.DeliveryNotification, sender_id: str, raw: bytes, at: datetime
    ) -> m.DeliveryNotificationReceipt:
        accepted = message.receive_status is m.ReceiveStatus.ACCEPTED
        resend = message.resend is m.Resend.RESEND
        if not await self._mailbox.confirm(sender_id, message.message_id, Reported(_said(message), raw)):
            raise _unknown_message()
        # made of what is notified, so that a repeat gets the same id
        notified = f"{sender_id}/{message.message_id}/{accepted}/{resend}"
        return m.DeliveryNotificationReceipt(str(uuid5(NAMESPACE_URL, notified)), at, NIL_SESSION)

    async def _state(self, message: m.StatusQuery, sender_id: str, at: datetime) -> m.StatusAnswer:
        state = await self._mailbox.state(sender_id, message.message_id)
        if state is None:
            raise _unknown_message()
        return m.StatusAnswer(m.MessageState(state.value), m.MessageStatus("200", "OK", at), at)

    async def _pending(self, message: m.MessagesQuery, sender_id: str, at: datetime) -> m.MessagesAnswer:
        asked = message.amount or DEFAULT_AMOUNT
        if asked < 0:
            raise FormatFault("client.invalid_field", "getMessages/request/amount is negative")
        pending = await self._mailbox.pending(
            sender_id,
            message.service_id,
            message_id=message.message_id,
            correlation_id=message.correlation_id,
            amount=min(asked, MAX_AMOUNT),
        )
        return m.MessagesAnswer(at, NIL_SESSION, tuple(self._given(outgoing) for outgoing in pending))

    async def _changed(
        self, message: m.StatusChange, sender_id: str, raw: bytes, at: datetime
    ) -> m.StatusChangeReceipt:
        reported = Reported(DeliveryState(message.state.value), raw)
        if not await self._mailbox.changed(sender_id, message.message_id, reported):
            raise _unknown_message()
        return m.StatusChangeReceipt(at, guid(message.session_id) or NIL_SESSION)

    def _given(self, outgoing: Outgoing) -> m.AsyncMessage:
        return outgoing_message(outgoing, self._own)

    def _reply(self, make: Callable[[Receipt], m.Response]) -> Callable[[Receipt], bytes]:
        return lambda receipt: self._signed(make(receipt))

    def _signed(self, reply: m.Response) -> bytes:
        with timed(self._observer, "receipt_sign"):
            return write(reply, self._key)


def outgoing_message(outgoing: Outgoing, sender: m.Sender) -> m.AsyncMessage:
    """Return a message to the cabinet as `sendMessage` and `getMessages` carry it."""
    return m.AsyncMessage(
        service_id=outgoing.service_id,
        message_type=m.MessageType(outgoing.kind.value),
        message_date=outgoing.created_at,
        sender=sender,
        message_id=str(outgoing.delivery_id),
        correlation_id=outgoing.correlation_id,
        route_id=outgoing.route_id,
        data=m.Data((outgoing.payload,)),
    )


def _inbound(  # noqa: PLR0913, PLR0917  one value object, assembled in one place
    message: m.SyncRequest | m.AsyncMessage,
    mode: Mode,
    message_type: m.MessageType,
    admitted: Admitted,
    raw: bytes,
    at: datetime,
) -> Inbound:
    return Inbound(
        sender_id=admitted.sender.id,
        mode=mode,
        message_id=message.message_id,
        message_type=message_type.value,
        service_id=message.service_id,
        correlation_id=message.correlation_id,
        route_id=message.route_id,
        session_id=message.session_id,
        received_at=at,
        transport_certificate=admitted.certificate.sha256 if admitted.certificate else None,
        raw=raw,
        readings=message.data.readings,
    )


def _said(message: m.DeliveryNotification) -> DeliveryState:
    """Return what a receiver says of a message; a refusal that does not ask for it again leaves it undelivered."""
    if message.receive_status is m.ReceiveStatus.ACCEPTED:
        return DeliveryState.DELIVERED
    return DeliveryState.NOT_DELIVERED if message.resend is m.Resend.RESEND else DeliveryState.ON_DELIVERY


def _empty(path: str) -> FormatFault:
    return FormatFault("client.missing_field", f"{path} is required: it carries the application")


def _unknown_message() -> FormatFault:
    return FormatFault("client.unknown_message", "no message of this id between your system and us")
