"""One exchange on the wire: received bytes to the answer, whatever happens on the way."""

import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from uuid import uuid4

import structlog

from gateway.clock import Clock
from gateway.eds.keys import SigningKey
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

_LOG = structlog.get_logger("gateway.shep")
_FAULT_CODES = {
    "client.must_understand": FaultCode.MUST_UNDERSTAND,
    "client.soap_version": FaultCode.VERSION_MISMATCH,
}
_LOGGED_LENGTH = 64

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
    """What is known of a message so far, for its fault and its log line. Only authenticated values are logged."""

    channel: Channel
    id: str = field(default_factory=lambda: uuid4().hex)
    operation: Operation | None = None
    session_id: str | None = None
    sender: str | None = None
    service: str | None = None


class Exchange:
    """Takes messages of one gateway, up to a number at the same time."""

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
    ) -> None:
        """Take the parts and the limits."""
        self._operations = operations
        self._senders = senders
        self._verifier = verifier
        self._key = key
        self._clock = clock
        self._observer = observer
        self._limits = limits
        self._max_in_flight = max_in_flight
        self._in_flight = 0
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
        if self._in_flight >= self._max_in_flight:
            return self._shed(trace.channel)
        self._in_flight += 1
        try:
            return "OK", Answer(200, await self._process(trace, receive))
        except GatewayFault as fault:
            return fault.code.value, self._fault(fault, trace)
        except Exception as error:  # noqa: BLE001  a defect must not leave the sender without an answer
            _log_defect(error)
            defect = faults.internal()
            return defect.code.value, self._fault(defect, trace)
        finally:
            self._in_flight -= 1

    async def _process(self, trace: _Trace, receive: Receive) -> bytes:
        raw = await receive()
        at = self._clock()
        envelope = self._read(raw, trace)
        with timed(self._observer, "transport_verify"):
            verdict = judge(envelope, self._verifier, self._senders, at)
        admitted = admit(envelope.message, verdict, self._senders)
        trace.sender = admitted.sender.id
        trace.service = _service(envelope.message)
        return await self._operations.answer(envelope.message, admitted, raw, at)

    def _read(self, raw: bytes, trace: _Trace) -> Envelope:
        try:
            with timed(self._observer, "parse"):
                envelope = read_request(raw, self._limits)
        except FormatFault as fault:
            _note(trace, fault.operation, fault.session_id)
            raise
        if envelope.operation.channel is not trace.channel:
            raise FormatFault("client.unknown_operation", f"{envelope.operation} is not offered at this address")
        _note(trace, envelope.operation, getattr(envelope.message, "session_id", None))
        return envelope

    def _fault(self, fault: GatewayFault, trace: _Trace) -> Answer:
        error = faults.error_info(fault, self._clock(), trace.session_id)
        operation = trace.operation or SEND[trace.channel]
        faultcode = _FAULT_CODES.get(fault.detail.code, FaultCode.SERVER)
        return Answer(500, write_fault(operation, error, self._key, faultcode=faultcode), fault.retry_after)

    def _shed(self, channel: Channel) -> tuple[str, Answer]:
        """Answer without reading; signed once a second, for signing costs more than anything else here."""
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
        return message.service_id[:_LOGGED_LENGTH]
    return None


def _log_defect(error: BaseException) -> None:
    # the exception's own text may quote the message, so only its kind and its place are logged
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    _LOG.error("message failed", kind=type(error).__name__, frames=frames[-8:])
