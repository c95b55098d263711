"""Reading an application against its declared form: every finding, not only the first.

A validating XML Schema processor stops judging a block at its first misplaced element, so it cannot list all that is
wrong. This walk can; `gateway.catalogue.form` still lets the compiled schema have the last word.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from gateway.catalogue import phrases
from gateway.catalogue.findings import Finding
from gateway.catalogue.form_field import FormField, Kind
from gateway.catalogue.value import LEXICAL, collapse, has_control_characters
from gateway.texts import Text

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_DOCUMENTS = "documents"


@dataclass(slots=True)
class Block:
    """What a block holds: only values that are as they must be, white space collapsed."""

    texts: dict[str, str] = field(default_factory=dict, repr=False)
    """By name; of a field that may stand several times by name and number, e.g. `expense[1]`."""
    blocks: dict[str, list["Block"]] = field(default_factory=dict, repr=False)
    where: str = ""
    """Path of the block in the application, e.g. `documents/document[2]`."""

    def block(self, name: str) -> "Block":
        """Return the first block of that name; an empty one if there is none."""
        return next(iter(self.blocks.get(name, ())), Block())

    def flat(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Yield every value with its path below this block."""
        for name, value in self.texts.items():
            yield f"{prefix}{name}", value
        for name, blocks in self.blocks.items():
            for block in blocks:
                yield from block.flat(f"{prefix}{block.where.rpartition('/')[2] or name}/")


def read(root: etree._Element, declared: FormField, findings: list[Finding]) -> Block:
    """Return what stands in `root`, and add to `findings` everything that is wrong with it."""
    namespace = etree.QName(root).namespace or ""
    return _Walk(f"{{{namespace}}}", findings).block(root, declared, "")


class _Walk:
    """One pass over an application."""

    def __init__(self, namespace: str, findings: list[Finding]) -> None:
        self._namespace = namespace
        self._findings = findings

    def block(self, element: etree._Element, declared: FormField, where: str) -> Block:
        result = Block(where=where)
        found = self._children(element, declared, where)
        self._alternatives(found, declared, where)
        for child in declared.fields:
            elements = found.get(child.name, [])
            path = _join(where, child.name)
            if not elements and child.required and child.when is None and child.name not in declared.one_of:
                self._report(path, phrases.missing(child.label.text))
            if len(elements) > child.many:
                self._report(path, phrases.too_many(child.label.text, child.many))
            for index, item in enumerate(elements[: child.many], start=1):
                self._value(item, child, f"{path}[{index}]" if child.many > 1 else path, result)
        return result

    def _children(self, element: etree._Element, declared: FormField, where: str) -> dict[str, list[etree._Element]]:
        """Return the children by name, and report what does not belong here."""
        order = {child.name: index for index, child in enumerate(declared.fields)}
        found: dict[str, list[etree._Element]] = {}
        last = 0
        label = declared.label.text
        if _has_attributes(element, but=() if where else ("Id",)) or _has_text(element):
            self._report(where or None, phrases.unknown(label))
        for child in element:
            name = str(child.tag).removeprefix(self._namespace)
            if name in order:
                found.setdefault(name, []).append(child)
                if order[name] < last:
                    self._report(_join(where, name), phrases.misplaced(label))
                last = max(last, order[name])
            elif where or child.tag != SIGNATURE:
                self._report(_join(where, _safe_name(name)), phrases.unknown(label))
        return found

    def _alternatives(self, found: dict[str, list[etree._Element]], declared: FormField, where: str) -> None:
        if declared.one_of and sum(name in found for name in declared.one_of) != 1:
            self._report(where, phrases.ONE_OF_FILE)

    def _value(self, element: etree._Element, declared: FormField, where: str, into: Block) -> None:
        if declared.type is Kind.BLOCK:
            into.blocks.setdefault(declared.name, []).append(self.block(element, declared, where))
            return
        value = collapse(element.text or "")
        problem = _problem(element, declared, value)
        if problem is None:
            into.texts[where.rpartition("/")[2]] = value
        else:
            self._report(where, problem)

    def _report(self, where: str | None, text: Text) -> None:
        self._findings.append(Finding(code_of(where), in_document(where, text), where))


def _problem(element: etree._Element, declared: FormField, value: str) -> Text | None:
    label = declared.label.text
    if len(element) or _has_attributes(element):
        return phrases.unknown(label)
    if not value:
        return phrases.empty(label)
    if has_control_characters(value):
        return phrases.control_characters(label)
    if declared.type is Kind.CHOICE:
        known = any(choice.value == value for choice in declared.choices)
        return None if known else phrases.wrong(label, phrases.CHOOSE)
    lexical = LEXICAL[declared.type]
    if not lexical.accepts(value):
        return phrases.wrong(label, lexical.hint)
    return None if _in_range(declared, value) else phrases.out_of_range(label, declared.minimum, declared.maximum)


def _in_range(declared: FormField, value: str) -> bool:
    if declared.minimum is None and declared.maximum is None:
        return True
    number = int(value)
    return (declared.minimum is None or number >= declared.minimum) and (
        declared.maximum is None or number <= declared.maximum
    )


def code_of(where: str | None) -> str:
    """Return the code of a finding about that place."""
    return "applicant.documents" if (where or "").split("/")[0] == _DOCUMENTS else "applicant.form"


def in_document(where: str | None, text: Text) -> Text:
    """Let `text` say which attached document it is about, if `where` is in one."""
    number = (where or "").removeprefix(f"{_DOCUMENTS}/document[").split("]")[0]
    return phrases.document(int(number), text) if number.isdigit() else text


def _join(where: str, name: str) -> str:
    return f"{where}/{name}" if where else name


def _has_attributes(element: etree._Element, but: tuple[str, ...] = ()) -> bool:
    # Attributes of XML Schema's own (xsi:schemaLocation, xsi:type) are the schema processor's to judge.
    return any(not str(name).startswith(_SCHEMA_INSTANCE) and name not in but for name in element.attrib)


def _has_text(element: etree._Element) -> bool:
    texts = [element.text, *(child.tail for child in element)]
    return any(text and text.strip(" \t\r\n") for text in texts)


def _safe_name(name: str) -> str:
    # The name of an unknown element is the sender's own text: it is repeated only if it looks like a name of a field.
    return name if name.isascii() and name.isalpha() and len(name) <= 40 else "*"  # noqa: PLR2004  longer is no field
