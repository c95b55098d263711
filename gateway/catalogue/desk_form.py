"""An application as a clerk writes it at a counter: the blank with its questions, and the scans put into it."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from lxml import etree

from gateway.catalogue import file_types, xml_input
from gateway.catalogue.form_field import FormField, Kind
from gateway.catalogue.service import Service
from gateway.clock import local
from gateway.texts import Text

_ELSEWHERE = frozenset({"documents", "acceptance"})
"""Blocks that the clerk does not write: scans are attached, and who took the papers is asked by the command."""


def blank(service: Service, number: str, at: datetime) -> bytes:
    """Return the empty application of a service, each field after a comment that asks for it.

    What need not stand is there as a comment: to fill it in is to take the comment's marks away.

    Args:
        service: what is applied for.
        number: of the request, as the desk counts them.
        at: when the applicant came.
    """
    given = {
        "serviceId": service.id,
        "requestNumber": number,
        "submittedAt": local(at).isoformat(timespec="seconds"),
        "language": "kk",
    }
    lines = [f'<application xmlns="{service.namespace}">']
    for field in service.form.root.fields:
        if field.name == "documents":
            lines.append(_attachments(service))
        elif field.name not in _ELSEWHERE:
            lines += _asked(field, "  ", given)
    return "\n".join([*lines, "</application>", ""]).encode()


def with_files(document: bytes, files: Iterable[tuple[str, str, bytes]]) -> bytes:
    """Return an application with files attached: kind of document, name and content of each.

    What cannot be read comes back as it is, to be judged so.
    """
    try:
        root = xml_input.parse(document)
    except xml_input.XmlUnusable:
        return document
    namespace = etree.QName(root).namespace
    holder = root.find(f"{{{namespace}}}documents")
    if holder is None:
        holder = etree.Element(etree.QName(namespace, "documents"))
        before = root.find(f"{{{namespace}}}consent")
        root.insert(root.index(before) if before is not None else len(root), holder)
    for kind, name, content in files:
        values = {"kind": kind, "name": name, "mime": file_types.told(content), "content": b64encode(content).decode()}
        one = etree.SubElement(holder, etree.QName(namespace, "document"))
        for field, value in values.items():
            etree.SubElement(one, etree.QName(namespace, field)).text = value
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _asked(field: FormField, indent: str, given: Mapping[str, str]) -> Iterator[str]:
    if field.required and field.when is None:
        yield f"{indent}<!-- {_question(field)} -->"
        yield from _written(field, indent, given, asking=True)
        return
    inner = "".join(f"\n{indent}  {child.name}: {_question(child)}" for child in _leaves(field.fields))
    yield f"{indent}<!-- {_IF_ANY.kk} / {_IF_ANY.ru}: {_question(field)}{inner} -->"
    yield f"{indent}<!--"
    yield from _written(field, indent, given, asking=False)
    yield f"{indent}-->"


def _written(field: FormField, indent: str, given: Mapping[str, str], *, asking: bool) -> Iterator[str]:
    if not field.fields:  # a block without fields must be empty: not even a line break may stand in it
        yield f"{indent}<{field.name}>{given.get(field.name, '')}</{field.name}>"
        return
    yield f"{indent}<{field.name}>"
    for child in field.fields:
        deeper = f"{indent}  "
        yield from _asked(child, deeper, given) if asking else _written(child, deeper, given, asking=False)
    yield f"{indent}</{field.name}>"


def _leaves(fields: Iterable[FormField]) -> Iterator[FormField]:
    for field in fields:
        if field.type is Kind.BLOCK:
            yield from _leaves(field.fields)
        else:
            yield field


def _question(field: FormField) -> str:
    """Return what is asked, in both languages; two hyphens would end the comment that it stands in."""
    parts = [f"{field.label.kk} / {field.label.ru}"]
    if field.many > 1:
        parts.append(f"≤ {field.many}")
    if field.choices:
        parts += [f"{choice.value} = {choice.label.kk} / {choice.label.ru}" for choice in field.choices]
    elif field.type in _EXAMPLES:
        parts.append(_EXAMPLES[field.type])
    return "; ".join(parts).replace("--", "–")


def _attachments(service: Service) -> str:
    kinds = (f"{kind.value} = {kind.label.kk} / {kind.label.ru}" for kind in service.form.documents.kinds)
    listed = "".join(f"\n    {kind}" for kind in kinds).replace("--", "–")
    return f"  <!-- {_ATTACH.kk} / {_ATTACH.ru}:{listed} -->"


_EXAMPLES = {
    Kind.DATE: "2026-01-31",
    Kind.MOMENT: "2026-01-31T10:00:00+05:00",
    Kind.PHONE: "+7 700 000 00 00",
    Kind.DECIMAL: "1.5",
    Kind.MONEY: "15000.50",
    Kind.BOOLEAN: "true = иә / да; false = жоқ / нет",
    Kind.AFFIRMATION: "true = растаймын / подтверждаю",
}
"""How values are written that a person would write otherwise."""
_IF_ANY = Text("бар болса", "если есть")
_ATTACH = Text("Құжаттардың көшірмелері енгізу кезінде тіркеледі", "Копии документов прилагаются при вводе заявления")
