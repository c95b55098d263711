"""The provider's SOAP side by `schemas/providers/provider.wsdl`: what comes and what goes is checked by its XSD."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from aiohttp import web
from lxml import etree

from gateway.catalogue import result_document
from gateway.clock import local
from gateway.eds.xml import Limits, XmlRejected, parse
from gateway.resources import schemas
from gateway.sandbox.provider import ProviderSystem
from gateway.sandbox.rules import Progress, Step, Turn, read_facts

_NAMESPACE = "urn:qaqpa:provider:1"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_WSDL = schemas() / "providers"
_LIMITS = Limits(max_bytes=40_000_000)

Operation = Callable[[ProviderSystem, etree._Element], etree._Element]  # noqa: SLF001  lxml's name of its public class


class _Fault(Exception):  # noqa: N818  "fault" is SOAP's own word for it
    """What goes back as ProviderFault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def routes(*providers: ProviderSystem) -> list[web.RouteDef]:
    """Return the SOAP endpoints `/provider/<slug>` with their WSDL, and the list of cases as JSON for people."""

    async def cases(_: web.Request) -> web.Response:
        return web.json_response([_as_dict(one, record.number) for one in providers for record in one.register.all()])

    endpoints = [route for one in providers for route in _endpoint(one)]
    return [*endpoints, web.get("/provider/provider.xsd", _contract), web.get("/provider/cases.json", cases)]


def _endpoint(provider: ProviderSystem) -> list[web.RouteDef]:
    async def call(request: web.Request) -> web.Response:
        try:
            body, status = _answer(provider, await request.read()), 200
        except _Fault as fault:
            body, status = _fault(fault), 500
        return web.Response(body=_envelope(body), status=status, content_type="text/xml", charset="utf-8")

    path = f"/provider/{provider.organization.slug}"
    return [web.post(path, call), web.get(path, _contract)]


async def _contract(request: web.Request) -> web.Response:
    name = "provider.xsd" if "xsd" in request.path else "provider.wsdl"
    return web.Response(body=(_WSDL / name).read_bytes(), content_type="text/xml", charset="utf-8")


def _answer(provider: ProviderSystem, raw: bytes) -> etree._Element:
    request = _open(raw)
    operation = _OPERATIONS.get(etree.QName(request).localname)
    if operation is None or not _schema().validate(request):
        raise _Fault("request.invalid", "The request is not valid by provider.xsd.")
    try:
        return operation(provider, request)
    except KeyError:
        raise _Fault("case.unknown", "There is no such case, or it is not decided.") from None
    except XmlRejected:
        raise _Fault("document.unreadable", "The application is not readable XML.") from None


def _open(raw: bytes) -> etree._Element:
    try:
        body = parse(raw, _LIMITS).find(f"{{{_SOAP}}}Body")
    except XmlRejected:
        body = None
    if body is None or len(body) != 1:
        raise _Fault("request.invalid", "The request is not a SOAP 1.1 envelope with one element in its Body.")
    return etree.fromstring(etree.tostring(body[0], with_tail=False))  # by itself, as the schema looks at it


def _submit(provider: ProviderSystem, request: etree._Element) -> etree._Element:
    number, service = _text(request, "case/number"), _text(request, "case/serviceId")
    deadline = datetime.fromisoformat(_text(request, "case/deadline"))
    document = b64decode(_text(request, "case/document"))
    progress = provider.submit(number, service, deadline, document, _files(request))
    return _status("SubmitCaseResponse", progress)


def _supplement(provider: ProviderSystem, request: etree._Element) -> etree._Element:
    document = b64decode(_text(request, "case/document"))
    return _status(
        "SupplementCaseResponse", provider.supplement(_text(request, "case/number"), document, _files(request))
    )


def _files(request: etree._Element) -> list[str]:
    """Return the SHA-256 of each attachment."""
    contents = request.iterfind(f".//{_name('attachment')}/{_name('content')}")
    return [sha256(b64decode(content.text or "")).hexdigest() for content in contents]


def _get_status(provider: ProviderSystem, request: etree._Element) -> etree._Element:
    return _status("GetCaseStatusResponse", provider.status(_text(request, "number")))


def _fetch(provider: ProviderSystem, request: etree._Element) -> etree._Element:
    record = provider.decision(_text(request, "number"))
    response = etree.Element(_name("FetchDecisionResponse"), nsmap={"p": _NAMESPACE})
    decision = _add(response, "decision")
    _add(decision, "outcome", (record.outcome or "").upper())
    _add(decision, "at", _instant(record.decided_at or record.received_at))
    _add(decision, "name", f"result-{record.number}.xml")
    _add(decision, "document", b64encode(record.decision or b"").decode())
    ground = result_document.read(record.decision or b"").ground
    if ground is not None:
        _add_text(decision, "ground", ground.kk, ground.ru)
    return response


def _refused(provider: ProviderSystem, request: etree._Element) -> etree._Element:
    provider.refused(_text(request, "number"), _text(request, "code"))
    return etree.Element(_name("ReportRefusedResponse"), nsmap={"p": _NAMESPACE})


_OPERATIONS: dict[str, Operation] = {
    "SubmitCase": _submit,
    "SupplementCase": _supplement,
    "GetCaseStatus": _get_status,
    "FetchDecision": _fetch,
    "ReportRefused": _refused,
}


def _status(name: str, progress: Progress) -> etree._Element:
    response = etree.Element(_name(name), nsmap={"p": _NAMESPACE})
    status = _add(response, "status")
    _add(status, "stage", progress.step.name)
    _add(status, "at", _instant(progress.since))
    if progress.step is Step.DOCUMENTS_NEEDED and progress.rule is not None and progress.next_at is not None:
        _add_text(status, "document", progress.rule.kk, progress.rule.ru)
        _add(status, "until", local(progress.next_at).date().isoformat())
    if progress.turn is not None:
        _add_turn(status, progress.turn)
    return response


def _add_turn(status: etree._Element, turn: Turn) -> None:
    if turn.at is not None:
        step = _add(status, "step")
        _add(step, "no", turn.at)
        _add(step, "course", "ALTERNATIVE" if turn.alternative else "MAIN")
    for ground in turn.grounds:
        _add(status, "ground", ground)
    if turn.extension:
        _add_text(status, "extension", turn.rule.kk, turn.rule.ru)
    if turn.duty_met is not None:
        _add(status, "dutyMet", turn.duty_met.isoformat())


def _fault(fault: _Fault) -> etree._Element:
    element = etree.Element(f"{{{_SOAP}}}Fault", nsmap={"S": _SOAP})
    etree.SubElement(element, "faultcode").text = "S:Client"
    etree.SubElement(element, "faultstring").text = str(fault)
    detail = etree.SubElement(etree.SubElement(element, "detail"), _name("ProviderFault"), nsmap={"p": _NAMESPACE})
    _add(detail, "code", fault.code)
    _add(detail, "retryable", "false")
    _add(detail, "message", str(fault))
    return element


def _envelope(content: etree._Element) -> bytes:
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"S": _SOAP})
    etree.SubElement(envelope, f"{{{_SOAP}}}Body").append(content)
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)


def _as_dict(provider: ProviderSystem, number: str) -> dict[str, object]:
    record, progress = provider.register.get(number), provider.status(number)
    return {
        "number": number,
        "service": record.service,
        "request_number": read_facts(record.service, record.document).request_number,
        "step": progress.step,
        "outcome": record.outcome,
        "submissions": record.submissions,
        "refused": record.refused,
    }


def _text(request: etree._Element, path: str) -> str:
    return (request.findtext("/".join(_name(step) for step in path.split("/"))) or "").strip()


def _name(local_name: str) -> str:
    return f"{{{_NAMESPACE}}}{local_name}"


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, _name(name))
    element.text = text
    return element


def _add_text(parent: etree._Element, name: str, kk: str, ru: str) -> None:
    element = _add(parent, name)
    _add(element, "kk", kk)
    _add(element, "ru", ru)


def _instant(at: datetime) -> str:
    return local(at).isoformat(timespec="milliseconds")


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(_WSDL / "provider.xsd"))
