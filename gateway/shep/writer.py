"""Typed messages to bytes: exactly the contract's schema, optional absent elements left out (protocol.md section 3)."""

from enum import StrEnum

from lxml import etree

from gateway.eds.keys import SigningKey
from gateway.eds.wsse import sign
from gateway.shep.contents import REQUESTS, RESPONSES
from gateway.shep.contract import SOAP, Operation
from gateway.shep.elements import add, fill_error
from gateway.shep.messages import ErrorInfo, Request, Response

_ENVELOPE = f"{{{SOAP}}}Envelope"
_BODY = f"{{{SOAP}}}Body"
_FAULT = f"{{{SOAP}}}Fault"


class FaultCode(StrEnum):
    """SOAP 1.1 section 4.4.1, as qualified by our prefix."""

    SERVER = "S:Server"
    """What JAX-WS sends for every fault of the contract."""
    MUST_UNDERSTAND = "S:MustUnderstand"
    VERSION_MISMATCH = "S:VersionMismatch"


def write(message: Request | Response, key: SigningKey | None) -> bytes:
    """Write a message as a SOAP envelope; its Body is signed if there is a key.

    Raises:
        ValueError: the message lacks what the contract requires.
    """
    envelope, body = _envelope()
    if type(message) in REQUESTS:
        operation, fill = REQUESTS[type(message)]
        tag, part = operation.request_tag, "request"
    else:
        operation, fill = RESPONSES[type(message)]
        tag, part = operation.response_tag, "response"
    wrapper = etree.SubElement(body, tag, nsmap={"ns2": operation.namespace})
    fill(add(wrapper, part), message)
    return _serialise(envelope, key)


def write_fault(
    operation: Operation, error: ErrorInfo, key: SigningKey | None, *, faultcode: FaultCode = FaultCode.SERVER
) -> bytes:
    """Write a fault the way JAX-WS renders the contract (protocol.md section 4.2); signed if there is a key."""
    envelope, body = _envelope()
    fault = etree.SubElement(body, _FAULT)
    add(fault, "faultcode", faultcode.value)
    add(fault, "faultstring", error.message)
    detail = add(fault, "detail")
    fill_error(etree.SubElement(detail, operation.fault_tag, nsmap={"ns2": operation.namespace}), error)
    return _serialise(envelope, key)


def _envelope() -> tuple[etree._Element, etree._Element]:
    envelope = etree.Element(_ENVELOPE, nsmap={"S": SOAP})
    return envelope, etree.SubElement(envelope, _BODY)


def _serialise(envelope: etree._Element, key: SigningKey | None) -> bytes:
    if key is None:
        return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)
    return sign(envelope, key)
