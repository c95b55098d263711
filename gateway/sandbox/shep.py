"""The sandbox's ShEP: AsyncChannel over real HTTP, routing by service and by correlation, nothing delivered twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web
from tenacity import RetryError

from gateway.clock import Clock
from gateway.faults import Code
from gateway.sandbox.courier import Courier, session_id, to_json
from gateway.sandbox.journal import Conflict, Entry, Journal, Submitted
from gateway.sandbox.participants import Participant, Register, fault
from gateway.sandbox.wire import Refused, endpoint
from gateway.shep.contract import guid
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    DeliveryNotification,
    DeliveryNotificationReceipt,
    MessagesAnswer,
    MessagesQuery,
    MessageState,
    MessageStatus,
    MessageType,
    ReceiveStatus,
    Resend,
    Response,
    StatusAnswer,
    StatusQuery,
)
from gateway.shep.reader import Envelope

_DEFAULT_AMOUNT = 50
_STATUS = {
    MessageState.ON_DELIVERY: ("100", "On delivery"),
    MessageState.DELIVERED: ("200", "OK"),
    MessageState.NOT_DELIVERED: ("500", "Refused by the receiver"),
    MessageState.DELIVERY_STOPPED: ("504", "The receiver could not be reached"),
}


@dataclass(frozen=True, slots=True)
class Shep:
    """ShEP: takes messages from registered systems, numbers them and has them delivered."""

    journal: Journal
    register: Register
    courier: Courier
    providers: Mapping[str, str]
    """ShEP service id -> id of the participant that provides it."""
    clock: Clock

    def routes(self, path: str = "/bip-async") -> list[web.RouteDef]:
        """Return the AsyncChannel endpoint, counts, and the means to push a message once more."""
        return [
            web.post(path, endpoint(self.answer, self.courier.key, self.clock)),
            web.get("/shep/counts", self._counts),
            web.post("/shep/repeat/{id:[0-9]{1,18}}", self._repeat),
        ]

    async def answer(self, envelope: Envelope) -> Response:
        """Answer one request of AsyncChannel.

        Raises:
            GatewayFault: it was not taken.
        """
        participant = self.register.authenticate(envelope, getattr(envelope.message, "sender", None))
        match envelope.message:
            case AsyncMessage() as message:
                return self._take(message, participant)
            case StatusQuery() as query:
                return self._status(query, participant)
            case MessagesQuery() as query:
                return self._messages(query, participant)
            case DeliveryNotification() as notification:
                return self._confirm(notification, participant)
        raise fault(Code.SERVICE, "client.operation", f"{envelope.operation} is not an operation of AsyncChannel.")

    async def _counts(self, _: web.Request) -> web.Response:
        return web.json_response(self.journal.counts())

    async def _repeat(self, request: web.Request) -> web.Response:
        entry = self._entry(request.match_info["id"])
        if entry is None:
            raise web.HTTPNotFound
        try:
            receipt = await self.courier.repeat(entry)
        except Refused as refusal:
            return web.json_response({"fault": refusal.error.code}, status=409)
        except RetryError:
            raise web.HTTPGatewayTimeout from None
        return web.json_response({"first": entry.receipt, "again": receipt})

    def _take(self, message: AsyncMessage, sender: Participant) -> AsyncReceipt:
        correlation, receiver = self._route(message, sender)
        if len(message.data.readings) == 0:
            raise fault(Code.FORMAT, "client.data", "The message has no data.")
        submitted = Submitted(
            sender.id,
            message.message_id,
            receiver,
            message.service_id,
            message.message_type,
            message.route_id,
            message.data.readings[0],
        )
        try:
            entry, new = self.journal.take(submitted, correlation, self.clock())
        except Conflict:
            raise fault(Code.FORMAT, "client.duplicate_message_id", "This id was another message.") from None
        if new:
            self.courier.deliver(entry)
        return AsyncReceipt(
            str(entry.id), str(entry.correlation), self.clock(), guid(message.session_id) or session_id()
        )

    def _route(self, message: AsyncMessage, sender: Participant) -> tuple[int | None, str]:
        provider = self.providers.get(message.service_id)
        if provider is None:
            raise fault(Code.SERVICE, "client.service", "The service is not registered.")
        if message.message_type is MessageType.REQUEST:
            return None, provider
        correlation = _number(message.correlation_id)
        owner = self.journal.owner(correlation) if correlation is not None else None
        if owner is None or owner[1] != message.service_id or sender.id not in {owner[0], provider}:
            raise fault(Code.FORMAT, "client.correlation", "No such correlation of this sender and service.")
        return correlation, provider if sender.id == owner[0] else owner[0]

    def _status(self, query: StatusQuery, sender: Participant) -> StatusAnswer:
        entry = self._entry(query.message_id)
        if entry is None or sender.id not in {entry.sender, entry.receiver}:
            raise fault(Code.FORMAT, "client.message", "No such message of this sender.")
        status = MessageStatus(*_STATUS[entry.state], self.clock())
        return StatusAnswer(entry.state, status, self.clock(), session_id())

    def _messages(self, query: MessagesQuery, receiver: Participant) -> MessagesAnswer:
        waiting = self.journal.waiting(
            receiver.id,
            query.service_id,
            query.amount or _DEFAULT_AMOUNT,
            message_id=_number(query.message_id),
            correlation=_number(query.correlation_id),
        )
        return MessagesAnswer(self.clock(), session_id(), tuple(map(self.courier.envelope, waiting)))

    def _confirm(self, notification: DeliveryNotification, receiver: Participant) -> DeliveryNotificationReceipt:
        entry = self._entry(notification.message_id)
        if entry is None or entry.receiver != receiver.id:
            raise fault(Code.FORMAT, "client.message", "No such message for this receiver.")
        taken = notification.receive_status is ReceiveStatus.ACCEPTED
        if taken or notification.resend is Resend.NOT_RESEND:
            state = MessageState.DELIVERED if taken else MessageState.NOT_DELIVERED
            told = to_json(notification.error) if notification.error and not taken else None
            self.courier.report(self.journal.conclude(entry.id, state, self.clock(), fault=told))
        return DeliveryNotificationReceipt(str(uuid4()), self.clock(), session_id())

    def _entry(self, message_id: str) -> Entry | None:
        number = _number(message_id)
        return None if number is None else self.journal.find(number)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004  SQLite's range
