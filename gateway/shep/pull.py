"""Fetching applications from ShEP, for an installation that ShEP cannot reach (protocol.md section 6.1).

What is fetched goes the way of what is pushed: the same signature, the same sender's credentials, the same intake, the
same evidence. ShEP is told only after a message was durably taken, or refused with its fault; whatever happens before,
it gives the message again, and intake knows it.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import structlog

from gateway.cases.calls import Failure
from gateway.cases.destinations import SHEP, Destinations
from gateway.clock import Clock
from gateway.eds.keys import KeyUnusable
from gateway.eds.verifier import Verifier
from gateway.faults import Code, GatewayFault
from gateway.settings import Pull
from gateway.shep import faults
from gateway.shep.access import admit, judge
from gateway.shep.client import Answer, ShepClient, ShepFailed
from gateway.shep.messages import (
    AsyncMessage,
    DeliveryNotification,
    MessagesAnswer,
    MessagesQuery,
    ReceiveStatus,
    Request,
    Resend,
    Sender,
)
from gateway.shep.observer import Observer
from gateway.shep.operations import Operations
from gateway.shep.senders import Senders
from gateway.telemetry.logs import frames

_log = structlog.get_logger("gateway.shep")

_OPERATION = "pulled"
_DEFECTS = 5
"""So often our own defect may meet a message before it is refused: a queue must not stand still behind one message."""
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """Where messages are fetched."""

    client: ShepClient
    url: str
    """ShEP's AsyncChannel."""
    own: Sender
    services: tuple[str, ...]
    """ShEP ids of the services whose messages are ours."""


@dataclass(slots=True)
class Puller:
    """Fetches messages, for ever. Any number of processes may fetch from one queue."""

    source: Source
    settings: Pull
    operations: Operations
    senders: Senders
    verifier: Verifier
    destinations: Destinations
    admit: Callable[[], None]
    """Raises GatewayFault while no messages are to be taken."""
    clock: Clock
    observer: Observer
    _places: asyncio.Semaphore = field(init=False)
    _defects: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the semaphore that bounds parallel work."""
        self._places = asyncio.Semaphore(self.settings.concurrency)

    async def run(self) -> None:
        """Fetch, and rest when there is nothing."""
        while True:
            if not self._may() or await self.round() == 0:
                # Several processes must not ask at the same moment for ever.
                await asyncio.sleep(self.settings.interval_seconds * random.uniform(0.8, 1.2))  # noqa: S311  no secret

    def _may(self) -> bool:
        try:
            self.admit()
        except GatewayFault:
            return False
        return not self.destinations.rests(SHEP)

    async def round(self) -> int:
        """Ask once for every service; return how many messages ShEP need not give again."""
        return sum(await asyncio.gather(*(self._fetch(service) for service in self.source.services)))

    async def _fetch(self, service: str) -> int:
        try:
            async with self._places:
                listed = await self._listed(service)
            return sum(await asyncio.gather(*(self._chain(service, chain) for chain in _chains(listed))))
        except (ShepFailed, KeyUnusable) as error:  # neither text holds anything of a message, or of a key
            _log.warning("pull.failed", error=str(error))
            return 0

    async def _listed(self, service: str) -> Answer:
        """Ask what waits; where that is more than one answer may hold, what is first."""
        try:
            return await self._ask(self._query(service, amount=self.settings.batch))
        except ShepFailed as error:
            if error.failure is not Failure.UNREADABLE:
                raise
            return await self._ask(self._query(service, amount=1))

    async def _chain(self, service: str, chain: Sequence["_Waiting"]) -> int:
        """Take the messages of one case in their order; stop at one that stays."""
        concluded = 0
        for waiting in chain:
            async with self._places:
                if not await self._conclude(service, waiting):
                    break
            concluded += 1
        return concluded

    async def _conclude(self, service: str, waiting: "_Waiting") -> bool:
        """Take a message or refuse it, and tell ShEP; False if that is not for this round to do."""
        answer = waiting.answer
        if answer is None:
            answer = await self._ask(self._query(service, message_id=waiting.message_id))
        content = _content(answer)
        if _ids(content) != [waiting.message_id]:
            # Nothing: another process was faster. Another message, or more than it: what is not it must not be
            # confirmed in its place, nor kept as its evidence.
            if _ids(content):
                _log.error("pull.not_what_was_asked_for", message_id=waiting.message_id[:64])
            return False
        started = perf_counter()
        fault = content.unreadable[0].fault if content.unreadable else await self._take(content.messages[0], answer)
        self._tell(waiting, fault, perf_counter() - started)
        if fault is not None and self._stays(fault, waiting.message_id):
            return False
        await self._ask(self._notification(service, waiting.message_id, fault))
        self._defects.pop(waiting.message_id, None)
        return True

    async def _take(self, message: AsyncMessage, answer: Answer) -> GatewayFault | None:
        """Hand a message to intake; return what it was refused with."""
        at = self.clock()
        try:
            self.admit()
            verdict = judge(answer.transport, self.verifier, self.senders, at)
            admitted = admit(message, verdict, self.senders)
            await self.operations.answer(message, admitted, answer.raw, at)
        except GatewayFault as fault:
            return fault
        except Exception as error:  # noqa: BLE001  a defect must not end the fetching
            # the exception's own text may quote the message, so only its kind and its place are logged
            _log.error("message failed", kind=type(error).__name__, frames=frames(error)[-8:])
            return faults.internal()
        return None

    def _stays(self, fault: GatewayFault, message_id: str) -> bool:
        """Whether a message is to be fetched again: our failure is not the sender's, up to a limit for our defects."""
        if fault.code is not Code.INTERNAL:
            return False
        if fault.detail.code != faults.internal().detail.code:
            return True
        if len(self._defects) >= _REMEMBERED:
            self._defects.clear()
        self._defects[message_id] = self._defects.get(message_id, 0) + 1
        return self._defects[message_id] < _DEFECTS

    def _tell(self, waiting: "_Waiting", fault: GatewayFault | None, seconds: float) -> None:
        code = fault.code.value if fault else "OK"
        self.observer.received(_OPERATION)
        self.observer.answered(_OPERATION, code, seconds)
        detail = fault.detail.code if fault else None
        _log.info("message answered", channel="pull", message_id=waiting.message_id[:64], code=code, detail=detail)

    async def _ask(self, request: Request) -> Answer:
        with self.destinations.call(SHEP):
            return await self.source.client.send(self.source.url, request)

    def _query(self, service: str, *, message_id: str | None = None, amount: int | None = None) -> MessagesQuery:
        now = self.clock()
        return MessagesQuery(service, message_id, request_date=now, sender=self.source.own, amount=amount)

    def _notification(self, service: str, message_id: str, fault: GatewayFault | None) -> DeliveryNotification:
        now = self.clock()
        return DeliveryNotification(
            message_id=message_id,
            service_id=service,
            notification_date=now,
            receive_status=ReceiveStatus.NOT_ACCEPTED if fault else ReceiveStatus.ACCEPTED,
            status_date=now,
            resend=Resend.NOT_RESEND,
            request_date=now,
            error=faults.error_info(fault, now) if fault else None,
            sender=self.source.own,
        )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message that ShEP has for us; with the answer, if that holds it and no other."""

    message_id: str
    correlation_id: str | None
    answer: Answer | None = None


def _chains(listed: Answer) -> Iterable[Sequence[_Waiting]]:
    """Return what waits, by case.

    A message is fetched once more by its id unless it came alone: the bytes that are kept as evidence, signed by ShEP,
    hold one person's application and no other's.
    """
    content = _content(listed)
    ids = [(one.message_id, one.correlation_id) for one in content.messages]
    ids += [(one.message_id, None) for one in content.unreadable]
    alone = listed if len(ids) == 1 else None
    chains: dict[str, list[_Waiting]] = {}
    for message_id, correlation_id in ids:
        if message_id is None:
            # Without an id ShEP cannot be told anything about it: for its operators.
            _log.error("pull.message_without_id")
            continue
        waiting = _Waiting(message_id, correlation_id, alone)
        chains.setdefault(correlation_id or message_id, []).append(waiting)
    return chains.values()


def _ids(content: MessagesAnswer) -> list[str | None]:
    return [one.message_id for one in content.messages] + [one.message_id for one in content.unreadable]


def _content(answer: Answer) -> MessagesAnswer:
    if not isinstance(answer.response, MessagesAnswer):
        raise ShepFailed("reply: the answer belongs to another operation", Failure.UNREADABLE)
    return answer.response
