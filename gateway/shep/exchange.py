"""One exchange on the wire: received bytes to the answer, whatever happens on the way."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from uuid import uuid4

import structlog

from gateway.clock import Clock
from gateway.eds.keys import KeyUnusable, SigningKey
from gateway.eds.verifier import Verifier
from gateway.eds.xml import Limits
from gateway.faults import GatewayFault
from gateway.shep import faults
from gateway.shep.access import admit, judge
from gateway.shep.contract import SEND, Channel, Operation
from gateway.shep.faults import FormatFault
from gateway.shep.messages import AsyncMessage, MessagesQuery, Request, SyncRequest
from gateway.shep.observer import Observer, timed
from gateway.shep.operations import Operations
from gateway.shep.reader import Envelope, read_request
from gateway.shep.senders import Senders
from gateway.shep.writer import FaultCode, write_fault
from gateway.telemetry.logs import frames

_LOG = structlog.get_logger("gateway.shep")
_FAULT_CODES = {
    "client.must_understand": FaultCode.MUST_UNDERSTAND,
    "client.soap_version": FaultCode.VERSION_MISMATCH,
}
_LOGGED_LENGTH = 64
_LOGGED_FRAMES = 8
_RECEIVED_PER_HANDLED = 4  # a body on its way costs only memory, and whoever sends it is not known yet

Receive = Callable[[], Awaitable[bytes]]
"""Reads the message's bytes; raises GatewayFault when they are too many or do not arrive whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = field(repr=False)
    retry_after: int | None = None
    """Seconds."""


@dataclass(slots=True)
class _Trace:
    """What is known of a message so far, for its fault and its log line.

    Who sent it and to which service is logged once it is authenticated; its ids always, to be found by them in ShEP.
    """

    channel: Channel
    id: str = field(default_factory=lambda: uuid4().hex)
    operation: Operation | None = None
    session_id: str | None = None
    sender: str | None = None
    service: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None


class _Busy(Exception):  # noqa: N818  says what the gateway is
    """No room for another message."""


class _Room:
    """Room for a number of messages at the same time."""

    def __init__(self, size: int) -> None:
        self._free = size

    @property
    def full(self) -> bool:
        return self._free <= 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place.

        Raises:
            _Busy: none is free.
        """
        if self.full:
            raise _Busy
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class Exchange:
    """Takes messages of one gateway, up to a number at the same time.

    Bodies on their way are counted apart from messages being handled: otherwise a few senders that send slowly, or
    never to the end, would keep everybody else out.
    """

    def __init__(  # noqa: PLR0913  the parts of the wire, passed in explicitly
        self,
        *,
        operations: Operations,
        senders: Senders,
        verifier: Verifier,
        key: SigningKey,
        clock: Clock,
        observer: Observer,
        limits: Limits,
        max_in_flight: int,
        admit: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the parts and the limits; `admit` raises GatewayFault while no message may come in."""
        self._operations = operations
        self._senders = senders
        self._verifier = verifier
        self._key = key
        self._clock = clock
        self._observer = observer
        self._limits = limits
        self._admit = admit
        self._handled = _Room(max_in_flight)
        self._received = _Room(max_in_flight * _RECEIVED_PER_HANDLED)
        self._busy: dict[Channel, tuple[datetime, Answer]] = {}

    async def answer(self, channel: Channel, receive: Receive) -> Answer:
        """Receive a message and return what goes back; never raises for anything the message does."""
        started = perf_counter()
        trace = _Trace(channel)
        with structlog.contextvars.bound_contextvars(message=trace.id):
            code, answer = await self._guarded(trace, receive)
            self._tell(trace, code, perf_counter() - started)
        return answer

    async def _guarded(self, trace: _Trace, receive: Receive) -> tuple[str, Answer]:
        try:
            raw = await self._take_in(receive)
            with self._handled.place():
                return "OK", Answer(200, await self._process(trace, raw))
        except _Busy:
            return self._shed(trace.channel)
        except GatewayFault as fault:
            return fault.code.value, self._fault(fault, trace)
        except Exception as error:  # noqa: BLE001  a defect must not leave the sender without an answer
            _log_defect(error)
            defect = faults.internal()
            return defect.code.value, self._fault(defect, trace)

    async def _take_in(self, receive: Receive) -> bytes:
        if self._handled.full:  # what could not be handled anyway is not read first
            raise _Busy
        with self._received.place():
            return await receive()

    async def _process(self, trace: _Trace, raw: bytes) -> bytes:
        at = self._clock()
        envelope = self._read(raw, trace)
        with timed(self._observer, "transport_verify"):
            verdict = judge(envelope.transport, self._verifier, self._senders, at)
        admitted = admit(envelope.message, verdict, self._senders)
        trace.sender = admitted.sender.id
        trace.service = _service(envelope.message)
        self._admit()
        return await self._operations.answer(envelope.message, admitted, raw, at)

    def _read(self, raw: bytes, trace: _Trace) -> Envelope:
        try:
            with timed(self._observer, "parse"):
                envelope = read_request(raw, self._limits)
        except FormatFault as fault:
            _note(trace, fault.operation, fault.session_id)
            raise
        trace.message_id = _cut(getattr(envelope.message, "message_id", None))
        trace.correlation_id = _cut(getattr(envelope.message, "correlation_id", None))
        if envelope.operation.channel is not trace.channel:
            raise FormatFault("client.unknown_operation", f"{envelope.operation} is not offered at this address")
        _note(trace, envelope.operation, getattr(envelope.message, "session_id", None))
        return envelope

    def _fault(self, fault: GatewayFault, trace: _Trace) -> Answer:
        error = faults.error_info(fault, self._clock(), trace.session_id)
        operation = trace.operation or SEND[trace.channel]
        faultcode = _FAULT_CODES.get(fault.detail.code, FaultCode.SERVER)
        try:
            body = write_fault(operation, error, self._key, faultcode=faultcode)
        except KeyUnusable as away:
            # A token was taken out, say. A fault promises nothing; without a signature it still says what to do.
            _LOG.error("fault not signed", reason=str(away))
            body = write_fault(operation, error, None, faultcode=faultcode)
        return Answer(500, body, fault.retry_after)

    def _shed(self, channel: Channel) -> tuple[str, Answer]:
        """Answer without a look at the message; signed once a second, for signing costs more than all else here."""
        fault = faults.busy()
        second = self._clock().replace(microsecond=0)
        kept = self._busy.get(channel)
        if kept is None or kept[0] != second:
            kept = self._busy[channel] = (second, self._fault(fault, _Trace(channel)))
        return fault.code.value, kept[1]

    def _tell(self, trace: _Trace, code: str, seconds: float) -> None:
        operation = trace.operation.value if trace.operation else "unknown"
        self._observer.received(operation)
        self._observer.answered(operation, code, seconds)
        _LOG.info(
            "message answered",
            channel=trace.channel.value,
            operation=operation,
            sender=trace.sender,
            service=trace.service,
            message_id=trace.message_id,
            correlation_id=trace.correlation_id,
            code=code,
            milliseconds=round(seconds * 1000, 1),
        )


def _note(trace: _Trace, operation: Operation | None, session_id: str | None) -> None:
    """Keep what the fault needs; an operation of the other endpoint is answered with this endpoint's own fault."""
    if operation is not None and operation.channel is trace.channel:
        trace.operation = operation
    trace.session_id = session_id


def _service(message: Request) -> str | None:
    if isinstance(message, SyncRequest | AsyncMessage | MessagesQuery):
        return _cut(message.service_id)
    return None


def _cut(text: str | None) -> str | None:
    return text[:_LOGGED_LENGTH] if text else None


def _log_defect(error: BaseException) -> None:
    # the exception's own text may quote the message, so only its kind and its place are logged
    _LOG.error("message failed", kind=type(error).__name__, frames=frames(error)[-_LOGGED_FRAMES:])
