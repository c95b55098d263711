"""The sandbox's portal: takes a citizen's form, signs it, sends it through ShEP, and fills the personal cabinet."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from aiohttp import ClientSession
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from gateway.clock import Clock
from gateway.eds import enveloped
from gateway.eds.keys import SigningKey
from gateway.sandbox.cabinet import Cabinet, Fault, Letter, Request, State
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Order, application, tampered
from gateway.sandbox.temp_shelf import TempShelf
from gateway.sandbox.wire import Refused, Unreachable, post
from gateway.shep.messages import AsyncMessage, AsyncReceipt, Data, MessageType, Response, Sender

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Channel:
    """How the portal reaches ShEP."""

    url: str
    sender: Sender
    key: SigningKey = field(repr=False)
    session: ClientSession
    give_up_after: float = 600.0
    """Seconds."""


@dataclass(slots=True)
class Portal:
    """The portal's citizen side and its outgoing messages; `Mailroom` takes what comes back."""

    cabinet: Cabinet
    authority: TestAuthority
    channel: Channel
    shelf: TempShelf
    clock: Clock
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        """Send what an earlier process signed and did not send."""
        for request in self.cabinet.all():
            for letter in request.letters:
                if letter.shep_id is None and request.state is not State.TECH_ERROR:
                    self._spawn(request.number, letter)

    async def stop(self) -> None:
        """Stop sending; the next start goes on."""
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def apply(self, order: Order) -> Request:
        """Sign an application as the citizen and send it; what becomes of it is seen in the cabinet.

        Raises:
            KeyError: nobody of that name lives in the sandbox.
        """
        person = order.person
        request = self.cabinet.create(order.service, person.slug, self.clock())
        return await self._send(request, order, MessageType.REQUEST)

    async def supplement(self, number: str, order: Order) -> Request:
        """Sign the completed application and send it as an UPDATE of an earlier request.

        Raises:
            KeyError: there is no such request.
            ValueError: the request is of another citizen or service, or ShEP has not taken it yet.
        """
        request = self.cabinet.get(number)
        if (request.citizen, request.service) != (order.citizen, order.service) or request.correlation is None:
            raise ValueError("not a supplement to this request")
        return await self._send(request, order, MessageType.UPDATE)

    async def _send(self, request: Request, order: Order, kind: MessageType) -> Request:
        key = self.authority.of(order.person).key
        document = application(self._left(order), request.number, self.clock())
        for _ in range(order.signers):
            document = enveloped.sign(document, key)
        if order.tamper:
            document = tampered(document)
        count = len(request.letters) + 1
        name = "application.xml" if kind is MessageType.REQUEST else f"supplement-{count}.xml"
        letter = Letter(message_id=f"{request.number}-{count}", kind=kind, file=name)
        self.cabinet.keep(request.number, name, document)
        request = request.model_copy(update={"letters": (*request.letters, letter)})
        self.cabinet.save(request)
        self._spawn(request.number, letter)
        return request

    def _left(self, order: Order) -> Order:
        """Leave the files that are to be stored in the storage."""
        documents = tuple(
            one.model_copy(update={"file_id": self.shelf.put(one.text.encode(), mime=one.mime)}) if one.stored else one
            for one in order.documents
        )
        return order.model_copy(update={"documents": documents})

    def _spawn(self, number: str, letter: Letter) -> None:
        task = asyncio.create_task(self._post(number, letter))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            _log.error("sandbox.portal_could_not_send", exc_info=defect)

    async def _post(self, number: str, letter: Letter) -> None:
        channel, request = self.channel, self.cabinet.get(number)
        message = AsyncMessage(
            service_id=request.service,
            message_type=MessageType(letter.kind),
            message_date=self.clock(),
            sender=channel.sender,
            message_id=letter.message_id,
            correlation_id=request.correlation if letter.kind == MessageType.UPDATE else None,
            data=Data((self.cabinet.read(number, letter.file),)),
        )
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unreachable),
            stop=stop_after_delay(channel.give_up_after),
            wait=wait_exponential_jitter(multiplier=0.1, max=2, jitter=0.1),
            reraise=True,
        )
        try:
            receipt: Response = await retrying(post, channel.session, channel.url, message, channel.key, timeout=30)
        except Refused as refusal:
            fault = Fault(code=refusal.error.code, message=refusal.error.message)
            self.cabinet.save(self.cabinet.get(number).moved(State.TECH_ERROR, fault=fault))
            return
        if isinstance(receipt, AsyncReceipt):
            self._taken(number, letter, receipt)

    def _taken(self, number: str, letter: Letter, receipt: AsyncReceipt) -> None:
        request = self.cabinet.get(number)
        taken = letter.model_copy(update={"shep_id": receipt.message_id})
        letters = tuple(taken if one.message_id == letter.message_id else one for one in request.letters)
        correlation = request.correlation or receipt.correlation_id
        self.cabinet.save(request.moved(State.SENT, letters=letters, correlation=correlation))
