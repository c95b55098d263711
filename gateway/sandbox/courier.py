"""Delivery to the receivers, with bounded repeats, and reports of the outcome to the senders."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import structlog
from aiohttp import ClientSession
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from gateway.clock import Clock
from gateway.eds.keys import SigningKey
from gateway.faults import Code
from gateway.sandbox.journal import Entry, Journal
from gateway.sandbox.participants import Register
from gateway.sandbox.wire import Refused, Unreachable, post
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    Data,
    ErrorInfo,
    MessageState,
    MessageStatus,
    Request,
    Response,
    Sender,
    StatusChange,
)

_log = structlog.get_logger(__name__)

_STATUS = {
    MessageState.DELIVERED: ("200", "OK"),
    MessageState.NOT_DELIVERED: ("500", "The receiver refused the message"),
    MessageState.DELIVERY_STOPPED: ("504", "The receiver could not be reached"),
}


@dataclass(frozen=True, slots=True)
class Persistence:
    """How long and how often ShEP tries to deliver. Seconds."""

    give_up_after: float = 600.0
    first_wait: float = 0.1
    longest_wait: float = 2.0
    attempt_limit: float = 30.0
    at_once: int = 16
    """Deliveries under way at the same time."""


@dataclass(slots=True)
class Courier:
    """Takes every message of the journal to its receiver; messages of one correlation keep their order."""

    journal: Journal
    register: Register
    key: SigningKey
    session: ClientSession
    clock: Clock
    persistence: Persistence = Persistence()
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _lanes: WeakValueDictionary[int, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Make the semaphore that bounds parallel deliveries."""
        self._slots = asyncio.Semaphore(self.persistence.at_once)

    def start(self) -> None:
        """Take up what an earlier process left."""
        for entry in self.journal.undelivered():
            self.deliver(entry)
        for entry in self.journal.unreported():
            self._spawn(self._report(entry))

    async def stop(self) -> None:
        """Leave everything where it is; the next start takes it up."""
        for task in list(self._tasks):
            task.cancel()
        for task in list(self._tasks):
            with suppress(asyncio.CancelledError):
                await task

    def deliver(self, entry: Entry) -> None:
        """Start the delivery of a message, unless its receiver fetches messages itself."""
        if self.register[entry.receiver].url is not None:
            self._spawn(self._deliver(entry, self._lanes.setdefault(entry.correlation, asyncio.Lock())))

    def report(self, entry: Entry) -> None:
        """Tell a message's sender its fate, in the background."""
        self._spawn(self._report(entry))

    def envelope(self, entry: Entry) -> AsyncMessage:
        """Return the message as its receiver gets it: with ShEP's numbers and the sender's credentials."""
        sender = self.register[entry.sender]
        return AsyncMessage(
            service_id=entry.service,
            message_type=entry.type,
            message_date=entry.received_at,
            sender=Sender(sender.id, sender.password),
            message_id=str(entry.id),
            correlation_id=str(entry.correlation),
            route_id=entry.route,
            session_id=session_id(),
            data=Data((entry.data,)),
        )

    async def repeat(self, entry: Entry) -> str | None:
        """Push a delivered message once more, as after a lost receipt; return the id in the receiver's receipt.

        Raises:
            Refused: the receiver answers with a fault.
            RetryError: it cannot be reached.
        """
        url = self.register[entry.receiver].url
        return _receipt(await self._persistently(url, self.envelope(entry))) if url else None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            _log.error("sandbox.delivery_broke_off", exc_info=defect)

    async def _deliver(self, entry: Entry, lane: asyncio.Lock) -> None:
        url = self.register[entry.receiver].url
        if url is None:
            return
        async with lane, self._slots:
            fault = receipt = None
            try:
                receipt = _receipt(await self._persistently(url, self.envelope(entry)))
                state = MessageState.DELIVERED
            except Refused as refusal:
                state, fault = MessageState.NOT_DELIVERED, to_json(refusal.error)
            except RetryError:
                state = MessageState.DELIVERY_STOPPED
            concluded = self.journal.conclude(entry.id, state, self.clock(), fault=fault, receipt=receipt)
        _log.info("sandbox.delivery", message_id=entry.id, type=entry.type, receiver=entry.receiver, state=state)
        await self._report(concluded)

    async def _report(self, entry: Entry) -> None:
        sender = self.register[entry.sender]
        if sender.url is not None and entry.type in sender.reports:
            change = StatusChange(
                notification_id=str(uuid4()),
                message_id=str(entry.id),
                notification_date=self.clock(),
                state=entry.state,
                status=MessageStatus(*_STATUS[entry.state], self.clock()),
                request_date=self.clock(),
                error=from_json(entry.fault, self.clock()) if entry.fault else None,
                session_id=session_id(),
            )
            with suppress(Refused, RetryError):  # whoever will not hear it can still ask with getMessageStatus
                await self._persistently(sender.url, change)
        self.journal.reported(entry.id)

    async def _persistently(self, url: str, message: Request) -> Response:
        limits = self.persistence
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unreachable),
            stop=stop_after_delay(limits.give_up_after),
            wait=wait_exponential_jitter(
                multiplier=limits.first_wait, max=limits.longest_wait, jitter=limits.first_wait
            ),
        )
        return await retrying(self._once, url, message)

    async def _once(self, url: str, message: Request) -> Response:
        try:
            return await post(self.session, url, message, self.key, timeout=self.persistence.attempt_limit)
        except Refused as refusal:
            if refusal.error.code == Code.INTERNAL:
                raise Unreachable("the receiver has an internal error") from refusal
            raise


def _receipt(response: Response) -> str | None:
    return response.message_id if isinstance(response, AsyncReceipt) else None


def session_id() -> str:
    """Return a new session id in the form of the contract: a guid in braces."""
    return f"{{{uuid4()}}}"


def to_json(error: ErrorInfo) -> str:
    """Return the parts of a fault that its message's sender is shown."""
    below = to_json(error.sub_error) if error.sub_error else None
    return json.dumps({"code": error.code, "message": error.message, "below": below}, ensure_ascii=False)


def from_json(text: str, at: datetime) -> ErrorInfo:
    """Return the fault that `to_json` wrote, dated `at`."""
    values = json.loads(text)
    below = from_json(values["below"], at) if values["below"] else None
    return ErrorInfo(code=values["code"], message=values["message"], date=at, sub_error=below)
