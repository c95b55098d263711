"""The citizen's cabinet, reached through ShEP's AsyncChannel."""

from gateway.cases.cabinet import CabinetUnavailable, DeliveryState, Outgoing, Reported, Taken
from gateway.cases.calls import Failure
from gateway.clock import Clock
from gateway.shep.client import Answer, ShepClient, ShepFailed
from gateway.shep.messages import AsyncReceipt, Request, Sender, StatusAnswer, StatusQuery
from gateway.shep.operations import outgoing_message

_MAX_ID_LENGTH = 200


class ShepCabinet:
    """Implements `gateway.cases.cabinet.Cabinet`."""

    def __init__(self, client: ShepClient, *, url: str, sender_id: str, password: str, clock: Clock) -> None:
        """Take the client, the address of ShEP's AsyncChannel, and our credentials there."""
        self._client = client
        self._url = url
        self._sender = Sender(sender_id, password)
        self._clock = clock

    async def send(self, message: Outgoing) -> Taken:
        """Hand a message to ShEP; return its receipt.

        An id of more than 200 characters is none: real ones have up to 40, and the message was taken all the same.

        Raises:
            CabinetUnavailable: it was not taken.
        """
        answer = await self._ask(outgoing_message(message, self._sender))
        match answer.response:
            case AsyncReceipt(message_id=message_id):
                known = message_id is not None and len(message_id) <= _MAX_ID_LENGTH
                return Taken(message_id if known else None, answer.raw)
            case _:
                raise CabinetUnavailable("shep.reply: the answer belongs to another operation", Failure.UNREADABLE)

    async def state(self, shep_message_id: str) -> Reported:
        """Ask ShEP whether a message of ours was delivered.

        Raises:
            CabinetUnavailable: it did not say.
        """
        answer = await self._ask(StatusQuery(shep_message_id, self._clock(), self._sender))
        match answer.response:
            case StatusAnswer(state=state):
                return Reported(DeliveryState(state.value), answer.raw)
            case _:
                raise CabinetUnavailable("shep.reply: the answer belongs to another operation", Failure.UNREADABLE)

    async def _ask(self, request: Request) -> Answer:
        try:
            return await self._client.send(self._url, request)
        except ShepFailed as error:
            raise CabinetUnavailable(f"shep.{error}", error.failure, error.retry_after) from None
