"""The SOAP 1.1 envelope: bytes to the one element in its Body (SOAP 1.1 section 4, WS-I Basic Profile 1.1)."""

from dataclasses import dataclass, field

from lxml import etree

from gateway.eds.xml import Limits, XmlRejected, parse
from gateway.shep.contract import SOAP
from gateway.shep.faults import FormatFault

_ENVELOPE = f"{{{SOAP}}}Envelope"
_HEADER = f"{{{SOAP}}}Header"
_BODY = f"{{{SOAP}}}Body"
_MUST_UNDERSTAND = f"{{{SOAP}}}mustUnderstand"
_ACTOR = f"{{{SOAP}}}actor"
_NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
_SECURITY = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}Security"


@dataclass(frozen=True, slots=True)
class Transport:
    """The trees the transport signature is verified on: the envelope and the very Body that was read."""

    envelope: etree._Element = field(repr=False)
    body: etree._Element = field(repr=False)


def open_envelope(raw: bytes, limits: Limits) -> tuple[Transport, etree._Element]:
    """Parse an envelope and return its trees and the one element in its Body.

    Raises:
        FormatFault: `client.too_large`, `client.dtd`, `client.too_complex`, `client.not_xml`, `client.not_soap`,
            `client.soap_version`, `client.must_understand`, `client.empty_body` or `client.several_operations`.
    """
    envelope = _parse(raw, limits)
    if envelope.tag != _ENVELOPE:
        raise _not_envelope(str(envelope.tag))
    headers, bodies = envelope.findall(_HEADER), envelope.findall(_BODY)
    if len(bodies) != 1 or len(headers) > 1:
        raise FormatFault("client.not_soap", "an Envelope holds one Body and at most one Header")
    for header in headers:
        _understand(header)
    content = [child for child in bodies[0] if isinstance(child.tag, str)]
    if not content:
        raise FormatFault("client.empty_body", "the Body is empty")
    if len(content) > 1:
        raise FormatFault("client.several_operations", "the Body holds more than one element")
    return Transport(envelope, bodies[0]), content[0]


def _parse(raw: bytes, limits: Limits) -> etree._Element:
    try:
        return parse(raw, limits)
    except XmlRejected as rejected:
        raise FormatFault(_rejection_code(rejected.reason), f"the message was not read: {rejected.reason}") from None


def _rejection_code(reason: str) -> str:
    if reason.startswith("larger than"):
        return "client.too_large"
    if "document type declaration" in reason:
        return "client.dtd"
    return "client.too_complex" if "more than" in reason else "client.not_xml"


def _not_envelope(tag: str) -> FormatFault:
    if tag.rpartition("}")[2] == "Envelope":
        return FormatFault("client.soap_version", "not a SOAP 1.1 envelope; the contract is SOAP 1.1")
    return FormatFault("client.not_soap", "the root element is not a SOAP envelope")


def _understand(header: etree._Element) -> None:
    for block in header:
        if not isinstance(block.tag, str) or block.tag == _SECURITY:
            continue
        for_us = block.get(_ACTOR, _NEXT) in {_NEXT, ""}
        if for_us and block.get(_MUST_UNDERSTAND, "0").strip() in {"1", "true"}:
            raise FormatFault("client.must_understand", "a header other than wsse:Security must be understood")
