"""The portal's incoming side: AsyncChannelClient. Takes what ShEP brings into the cabinet, each message once."""

import asyncio
from dataclasses import dataclass, field

from gateway.catalogue import cabinet_message, result_document
from gateway.catalogue.cabinet_message import CabinetMessage, Kind
from gateway.catalogue.xml_input import XmlUnusable
from gateway.clock import Clock
from gateway.eds.certificate import Certificate
from gateway.eds.verifier import Verifier
from gateway.faults import Code
from gateway.sandbox.cabinet import Cabinet, Fault, Message, Request, Result, State, Words
from gateway.sandbox.courier import session_id
from gateway.sandbox.participants import fault, verify
from gateway.shep.contract import guid
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    ErrorInfo,
    MessageState,
    MessageType,
    Response,
    StatusChange,
    StatusChangeReceipt,
)
from gateway.shep.reader import Envelope
from gateway.texts import Text

_KINDS = {MessageType.NOTIFICATION: Kind.NOTIFICATION, MessageType.RESPONSE: Kind.RESPONSE}


@dataclass(slots=True)
class Mailroom:
    """Answers ShEP's pushes."""

    cabinet: Cabinet
    verifier: Verifier
    shep: Certificate
    """Whose signature every push must carry."""
    clock: Clock
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answer(self, envelope: Envelope) -> Response:
        """Answer one push.

        Raises:
            GatewayFault: it was not taken; with SCE909 it may be pushed again.
        """
        signer = verify(envelope, self.verifier, self.clock, [self.shep]).signers[0].certificate
        if signer != self.shep:
            raise fault(Code.TRANSPORT_SIGNATURE, "client.sender", "Only ShEP may push messages here.")
        async with self._one_at_a_time:
            match envelope.message:
                case AsyncMessage() as message:
                    return await self._take(message)
                case StatusChange() as change:
                    return self._change(change)
        raise fault(
            Code.SERVICE, "client.operation", f"{envelope.operation} is not an operation of AsyncChannelClient."
        )

    async def _take(self, message: AsyncMessage) -> AsyncReceipt:
        request = self.cabinet.by_correlation(message.correlation_id or "")
        if request is None or message.message_id is None:
            # ShEP's receipt for the application may still be on its way
            raise fault(Code.INTERNAL, "client.correlation", "No request of this correlation; push it again.")
        name, document = f"{message.message_id}-{message.message_type}.xml", message.data.readings[0]
        if name in self.cabinet.files(request.number):
            self.cabinet.save(request.model_copy(update={"repeats": request.repeats + 1}))
        else:
            changed = await self._read(request, message.message_id, _open(document, message, request))
            self.cabinet.keep(request.number, name, document)
            self.cabinet.save(changed)
        own_id = f"{request.number}-in-{message.message_id}"
        return AsyncReceipt(own_id, message.correlation_id, self.clock(), guid(message.session_id) or session_id())

    async def _read(self, request: Request, shep_id: str, content: CabinetMessage) -> Request:
        if content.kind is Kind.NOTIFICATION:
            return request.moved(State.IN_PROCESSING, messages=(*request.messages, _message(shep_id, content)))
        if request.responses:
            return request.model_copy(update={"surplus_responses": request.surplus_responses + 1})
        result = await self._result(request, content)
        return request.moved(State.COMPLETED, messages=(*request.messages, _message(shep_id, content)), result=result)

    async def _result(self, request: Request, content: CabinetMessage) -> Result | None:
        """Keep the result document, with what its verification says: the citizen gets it as it is."""
        if content.result is None or content.result.document is None:
            return None
        file = content.result.document
        verdict = await self.verifier.enveloped(file.content, at=self.clock())
        reasons: list[str] = sorted(verdict.reasons)
        if not _is_about(file.content, content):
            reasons.append("ANOTHER_CASE")
        signer = verdict.signers[-1].certificate if verdict.signers else None
        self.cabinet.keep(request.number, "result.xml", file.content)
        return Result(
            name=file.name,
            outcome=content.result.outcome,
            verdict=verdict.indication,
            reasons=tuple(reasons),
            signer_bin=signer.bin if signer else None,
        )

    def _change(self, change: StatusChange) -> StatusChangeReceipt:
        request = self.cabinet.by_shep_id(change.message_id)
        if request is None:
            raise fault(Code.INTERNAL, "client.message", "No message of this id; push it again.")
        if change.state is MessageState.DELIVERED:
            self.cabinet.save(request.moved(State.ACCEPTED))
        elif change.state is not MessageState.ON_DELIVERY:
            self.cabinet.save(request.moved(State.TECH_ERROR, fault=_fault(change.error, change.state)))
        return StatusChangeReceipt(self.clock(), guid(change.session_id) or session_id())


def _open(document: bytes, message: AsyncMessage, request: Request) -> CabinetMessage:
    try:
        content = cabinet_message.read(document)
    except XmlUnusable as error:
        raise fault(Code.FORMAT, "client.data", str(error)) from None
    header = content.header
    if (header.request_number, header.service_id) != (request.number, request.service):
        raise fault(Code.FORMAT, "client.data", "The message is about another request.")
    if _KINDS.get(message.message_type) is not content.kind:
        raise fault(Code.FORMAT, "client.data", "The message type and the content's kind differ.")
    return content


def _is_about(document: bytes, content: CabinetMessage) -> bool:
    try:
        decided = result_document.read(document)
    except XmlUnusable:
        return False
    return (decided.case_number, decided.service_id) == (content.header.case_number, content.header.service_id)


def _message(shep_id: str, content: CabinetMessage) -> Message:
    ground = content.result.ground if content.result else None
    details = [finding.text for finding in content.findings] + list(content.status.documents_needed)
    return Message(
        shep_id=shep_id,
        kind=content.kind.name,
        status=content.status.code,
        text=_words(content.status.text),
        at=content.header.at,
        case_number=content.header.case_number,
        deadline=content.status.deadline,
        codes=tuple(finding.code for finding in content.findings),
        details=tuple(map(_words, [*details, ground] if ground else details)),
    )


def _words(text: Text) -> Words:
    return Words(kk=text.kk, ru=text.ru)


def _fault(error: ErrorInfo | None, state: MessageState) -> Fault:
    if error is None:
        return Fault(code=state, message="ShEP could not deliver the message")
    return Fault(code=error.code, message=error.message, detail=error.sub_error.code if error.sub_error else None)
