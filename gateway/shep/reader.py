"""Bytes to typed messages: tolerant of what peers were seen to send (protocol.md section 4.4), strict on structure.

Nothing is validated against the schema: real traffic is not valid. What is required is only what a message cannot be
understood without.
"""

from dataclasses import dataclass, field

from lxml import etree

from gateway.eds.xml import Limits
from gateway.shep.contract import SOAP, Operation
from gateway.shep.envelope import Transport, open_envelope
from gateway.shep.faults import FormatFault
from gateway.shep.fields import Fields, local_name, whole_text
from gateway.shep.messages import AsyncMessage, Data, ErrorInfo, MessagesAnswer, Request, Response, SyncRequest
from gateway.shep.requests import REQUESTS, read_error, session_of
from gateway.shep.responses import EMPTY_RECEIPT, RESPONSES

_DEFAULT = Limits()
_FAULT = f"{{{SOAP}}}Fault"
_REQUESTS = {operation.request_tag: operation for operation in Operation}
_RESPONSES = {operation.response_tag: operation for operation in Operation}


class ReplyFault(Exception):  # noqa: N818  "fault" is SOAP's own word for it
    """The other side answered with a fault. Its texts are the other side's and are not for logs."""

    def __init__(self, error: ErrorInfo) -> None:
        """Take what the fault says."""
        super().__init__("the peer answered with a SOAP fault")
        self.error = error


class ReplyUnreadable(Exception):  # noqa: N818  says what the reply is
    """The other side answered with something that is not a reply of the contract. The text quotes none of it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request as read: what it asks for, and what its signature is verified on."""

    operation: Operation
    message: Request
    transport: Transport = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as read: a response or a fault, and what its signature is verified on."""

    content: Response | ErrorInfo
    transport: Transport = field(repr=False)


def read_request(raw: bytes, limits: Limits = _DEFAULT) -> Envelope:
    """Read a request.

    Raises:
        FormatFault: it is none of the contract's; the detail says precisely what is wrong.
    """
    transport, wrapper = open_envelope(raw, limits)
    operation = _REQUESTS.get(str(wrapper.tag))
    if operation is None:
        raise FormatFault("client.unknown_operation", "the Body holds no request of SyncChannel or AsyncChannel v10")
    fields = Fields(wrapper, operation.value)
    try:
        return Envelope(operation, REQUESTS[operation](fields.group("request")), transport)
    except FormatFault as fault:
        fault.operation = operation
        fault.session_id = _session_id(fields)
        raise


def read_taken(raw: bytes, limits: Limits = _DEFAULT) -> Data:
    """Read the business data of an application message again, out of the bytes that were kept: pushed or fetched.

    Raises:
        FormatFault: it is no such message.
    """
    _, wrapper = open_envelope(raw, limits)
    fetched = _RESPONSES.get(str(wrapper.tag)) is Operation.GET_MESSAGES
    match _read_response(wrapper) if fetched else read_request(raw, limits).message:
        case MessagesAnswer(messages=(message,)):
            return message.data
        case SyncRequest(data=data) | AsyncMessage(data=data):
            return data
        case _:
            raise FormatFault("client.unknown_operation", "the Body holds no application")


def read_signed_reply(raw: bytes, limits: Limits = _DEFAULT) -> Reply:
    """Read a reply, a fault included; the signature is for the caller to verify.

    Raises:
        ReplyUnreadable: it is none of the contract's.
    """
    try:
        transport, wrapper = open_envelope(raw, limits)
        if wrapper.tag == _FAULT:
            return Reply(_read_fault(wrapper), transport)
        return Reply(_read_response(wrapper), transport)
    except FormatFault as fault:
        raise ReplyUnreadable(f"{fault.detail.code}: {fault.detail.text}") from None


def read_reply(raw: bytes, limits: Limits = _DEFAULT) -> Response:
    """Read a reply whose signature plays no part.

    Raises:
        ReplyFault: it is a fault.
        ReplyUnreadable: it is none of the contract's.
    """
    content = read_signed_reply(raw, limits).content
    if isinstance(content, ErrorInfo):
        raise ReplyFault(content)
    return content


def _session_id(wrapper: Fields) -> str | None:
    """Find the session id of a request that could not be read, so that its fault carries it."""
    try:
        request = wrapper.group("request")
        info = request.optional_group("requestInfo") or request.optional_group("messageInfo") or request
        return session_of(info)
    except FormatFault:
        return None


def _read_response(wrapper: etree._Element) -> Response:
    operation = _RESPONSES.get(str(wrapper.tag))
    if operation is None:
        raise FormatFault("client.unknown_operation", "the Body holds no response of SyncChannel or AsyncChannel v10")
    fields = Fields(wrapper, wrapper_name := f"{operation.value}Response")
    response = fields.element("response")
    if response is None and operation is Operation.SEND_MESSAGE:
        return EMPTY_RECEIPT
    if response is None:
        raise FormatFault("client.missing_field", f"{wrapper_name}/response is required")
    return RESPONSES[operation](Fields(response, f"{wrapper_name}/response"))


def _read_fault(fault: etree._Element) -> ErrorInfo:
    parts = {local_name(child): child for child in fault if isinstance(child.tag, str)}
    for entry in parts.get("detail", ()):
        # the element's own name plays no part: peers name it as they like
        if isinstance(entry.tag, str) and any(local_name(child) == "errorCode" for child in entry.iterchildren("*")):
            return read_error(Fields(entry, "detail"))
    code, text = (whole_text(parts[name]).strip() if name in parts else "" for name in ("faultcode", "faultstring"))
    return ErrorInfo(code=code.rpartition(":")[2], message=text, date=None)
