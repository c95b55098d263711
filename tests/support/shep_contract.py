"""A semantic model of a WSDL and its schemas: what two descriptions must share to be the same contract.

Documentation, prefixes, file layout, the order of components and addresses play no part; everything else does.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"

Model = dict[str, Any]


def contract(*entries: Path) -> Model:
    """Return the model of all definitions and schemas reachable from the entry WSDLs."""
    model: Model = {}
    for root in _documents(entries):
        if root.tag == f"{WSDL}definitions":
            _definitions(root, model)
        for schema in root.iter(f"{XSD}schema"):
            _schema(schema, model)
    return model


def _documents(entries: tuple[Path, ...]) -> Iterator[etree._Element]:
    waiting = [entry.resolve() for entry in entries]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        root = etree.parse(path).getroot()
        yield root
        references = root.iter(f"{WSDL}import", f"{XSD}import", f"{XSD}include")
        locations = (item.get("location") or item.get("schemaLocation") or "" for item in references)
        waiting.extend((path.parent / location).resolve() for location in locations)


def _put(model: Model, kind: str, name: str, value: object) -> None:
    """Add a component; two files may repeat one, but not contradict each other."""
    assert model.setdefault(f"{kind} {name}", value) == value


def _definitions(root: etree._Element, model: Model) -> None:
    own = root.get("targetNamespace")
    _put(model, "definitions", f"{{{own}}}", root.get("name"))
    for message in root.findall(f"{WSDL}message"):
        parts = [(part.get("name"), _name(part, part.get("element"))) for part in message.findall(f"{WSDL}part")]
        _put(model, "message", f"{{{own}}}{message.get('name')}", parts)
    for port_type in root.findall(f"{WSDL}portType"):
        operations = [_operation(item) for item in port_type.findall(f"{WSDL}operation")]
        _put(model, "portType", f"{{{own}}}{port_type.get('name')}", operations)
    for binding in root.findall(f"{WSDL}binding"):
        _put(model, "binding", f"{{{own}}}{binding.get('name')}", _binding(binding))
    for service in root.findall(f"{WSDL}service"):
        ports = [(port.get("name"), _name(port, port.get("binding"))) for port in service.findall(f"{WSDL}port")]
        _put(model, "service", f"{{{own}}}{service.get('name')}", ports)


def _operation(operation: etree._Element) -> tuple[object, ...]:
    parts = [
        (etree.QName(part).localname, part.get("name"), _name(part, part.get("message")))
        for part in operation.iterchildren("*")
        if part.tag != f"{WSDL}documentation"
    ]
    return (operation.get("name"), parts)


def _binding(binding: etree._Element) -> tuple[object, ...]:
    soap = binding.find(f"{SOAP}binding")
    assert soap is not None
    operations = []
    for operation in binding.findall(f"{WSDL}operation"):
        action = operation.find(f"{SOAP}operation")
        assert action is not None
        parts = [
            (etree.QName(part).localname, part.get("name"), [(item.tag, sorted(item.attrib.items())) for item in part])
            for part in operation.iterchildren(f"{WSDL}input", f"{WSDL}output", f"{WSDL}fault")
        ]
        operations.append((operation.get("name"), sorted(action.attrib.items()), parts))
    return (_name(binding, binding.get("type")), soap.get("style"), soap.get("transport"), operations)


def _schema(schema: etree._Element, model: Model) -> None:
    own = schema.get("targetNamespace")
    form = (schema.get("elementFormDefault", "unqualified"), schema.get("attributeFormDefault", "unqualified"))
    _put(model, "form", f"{{{own}}}", form)
    for item in schema:
        if item.tag == f"{XSD}element":
            _put(model, "element", f"{{{own}}}{item.get('name')}", _element(item))
        elif item.tag in {f"{XSD}complexType", f"{XSD}simpleType"}:
            _put(model, "type", f"{{{own}}}{item.get('name')}", _type(item))


def _element(element: etree._Element) -> tuple[object, ...]:
    anonymous = [_type(item) for item in element.iterchildren(f"{XSD}complexType", f"{XSD}simpleType")]
    return (
        element.get("name"),
        _name(element, element.get("type")),
        anonymous,
        element.get("minOccurs", "1"),
        element.get("maxOccurs", "1"),
        element.get("nillable", "false"),
        element.get("form"),
        element.get("default"),
        element.get("fixed"),
    )


def _type(item: etree._Element) -> tuple[object, ...]:
    if item.tag == f"{XSD}simpleType":
        (restriction,) = item.iterchildren(f"{XSD}restriction")
        facets = sorted(
            (etree.QName(facet).localname, facet.get("value", ""))
            for facet in restriction.iterchildren("*")
            if facet.tag != f"{XSD}annotation"
        )
        return (_name(restriction, restriction.get("base")), facets)
    particles = [child for child in item.iterchildren("*") if child.tag != f"{XSD}annotation"]
    return tuple((particle.tag, [_element(field) for field in particle.iterchildren("*")]) for particle in particles)


def _name(at: etree._Element, prefixed: str | None) -> str | None:
    if prefixed is None:
        return None
    prefix, _, local = prefixed.rpartition(":")
    return f"{{{at.nsmap[prefix or None]}}}{local}"
