"""XML Schema made from the declared forms: `common.xsd`, and each service's `application.xsd` and `result.xsd`.

`common.xsd` has no target namespace: a schema that includes it takes its types into its own namespace (XML Schema
part 1, section 4.2.1, "chameleon" inclusion).
"""

from collections.abc import Iterable

from lxml import etree

from gateway.catalogue.application_form import ApplicationForm
from gateway.catalogue.form_field import Choice, CommonBlocks, FormField, Kind, Label
from gateway.catalogue.value import LEXICAL, Lexical

XSD = "http://www.w3.org/2001/XMLSchema"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MADE = " Made by `python -m gateway.catalogue.generate` from {}; edit those, not this file. "
_SCHEMA = (
    '<xs:schema xmlns:xs="{xsd}" xmlns="{namespace}" targetNamespace="{namespace}" elementFormDefault="qualified"/>'
)


def _xs(tag: str, *children: etree._Element, **attributes: str) -> etree._Element:
    element = etree.Element(f"{{{XSD}}}{tag}", attributes, nsmap={"xs": XSD})
    element.extend(children)
    return element


def _documentation(text: str, language: str) -> etree._Element:
    element = _xs("documentation")
    element.set(_LANG, language)
    element.text = text
    return element


def common_schema(common: CommonBlocks) -> bytes:
    """Return common.xsd: the simple types and the blocks that all applications share."""
    schema = _xs("schema", elementFormDefault="qualified")
    schema.extend(_simple_type(lexical) for lexical in LEXICAL.values())
    for block in (common.header, common.applicant, common.representative, common.acceptance):
        schema.append(_named_block(block))
    return _document(schema, "common.json")


def application_schema(form: ApplicationForm) -> bytes:
    """Return application.xsd of one service."""
    schema = etree.fromstring(_SCHEMA.format(xsd=XSD, namespace=form.namespace))
    schema.append(_xs("include", schemaLocation="../../application/common.xsd"))
    application = _xs("element", _annotation(form.root.label), name="application")
    content = _xs("sequence", *(_application_part(field) for field in form.root.fields))
    # Signatures are verified elsewhere, by their own rules; here they only may stand.
    content.append(_xs("any", namespace=SIGNATURE, processContents="skip", minOccurs="0", maxOccurs="unbounded"))
    # NCALayer signs one element of a document by its attribute Id (nca-profile 2.3).
    application.append(_xs("complexType", content, _xs("attribute", name="Id", type="xs:NCName")))
    schema.append(application)
    return _document(schema, "form.json, documents.json, passport.json and ../../application/common.json")


def result_schema(target: str, papers: Iterable[FormField]) -> bytes:
    """Return result.xsd of one service: the particulars of each paper of a result, in the namespace `target`."""
    schema = etree.fromstring(_SCHEMA.format(xsd=XSD, namespace=target))
    schema.append(_xs("include", schemaLocation="../../application/common.xsd"))
    schema.extend(_element(paper) for paper in papers)
    return _document(schema, "result.json and passport.json")


_COMMON = frozenset({"header", "applicant", "representative", "acceptance"})


def _application_part(field: FormField) -> etree._Element:
    if field.name in _COMMON:
        return _element(field, _type_name(field))
    return _element(field)


def _document(schema: etree._Element, sources: str) -> bytes:
    schema.insert(0, etree.Comment(_MADE.format(sources)))
    etree.indent(schema, "  ")
    return etree.tostring(schema, xml_declaration=True, encoding="UTF-8") + b"\n"


def _simple_type(lexical: Lexical) -> etree._Element:
    restriction = _xs("restriction", base=lexical.base)
    for name, value in lexical.facets.items():
        restriction.append(_xs(name, value=str(value)))
    if lexical.pattern is not None:
        restriction.append(_xs("pattern", value=lexical.pattern))
    return _xs("simpleType", restriction, name=lexical.type_name)


def _named_block(field: FormField) -> etree._Element:
    return _xs("complexType", _annotation(field.label), _sequence(field), name=_type_name(field))


def _type_name(field: FormField) -> str:
    return field.name[0].upper() + field.name[1:]


def _element(field: FormField, type_name: str | None = None) -> etree._Element:
    element = _xs("element", _annotation(field.label, field.source), name=field.name)
    if not field.required or field.when is not None:
        element.set("minOccurs", "0")
    if field.many > 1:
        element.set("maxOccurs", str(field.many))
    if type_name is not None:
        element.set("type", type_name)
    elif field.type is Kind.BLOCK:
        element.append(_xs("complexType", _sequence(field)))
    elif field.type is Kind.CHOICE:
        element.append(_xs("simpleType", _xs("restriction", *map(_enumeration, field.choices), base="xs:token")))
    elif field.minimum is not None or field.maximum is not None:
        element.append(_xs("simpleType", _range(field)))
    else:
        element.set("type", LEXICAL[field.type].type_name)
    return element


def _range(field: FormField) -> etree._Element:
    restriction = _xs("restriction", base=LEXICAL[field.type].type_name)
    for name, value in (("minInclusive", field.minimum), ("maxInclusive", field.maximum)):
        if value is not None:
            restriction.append(_xs(name, value=str(value)))
    return restriction


def _sequence(block: FormField) -> etree._Element:
    sequence = _xs("sequence", *(_element(field) for field in block.fields if field.name not in block.one_of))
    if block.one_of:
        alternatives = [field.model_copy(update={"required": True}) for field in block.fields[-len(block.one_of) :]]
        sequence.append(_xs("choice", *map(_element, alternatives)))
    return sequence


def _enumeration(choice: Choice) -> etree._Element:
    return _xs("enumeration", _annotation(choice.label, choice.source), value=choice.value)


def _annotation(label: Label, source: str | None = None) -> etree._Element:
    annotation = _xs(
        "annotation",
        _documentation(label.kk, "kk"),
        _documentation(label.ru, "ru"),
    )
    if source is not None:
        annotation.append(_documentation(f"Source: {source}", "en"))
    return annotation
