"""Writing and reading our own XML messages: one namespace, texts in two languages, checked against their schema."""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from lxml import etree

from gateway import resources
from gateway.catalogue import value as values
from gateway.catalogue import xml_input
from gateway.catalogue.xml_input import XmlUnusable
from gateway.texts import Text

# What XML 1.0 cannot carry (section 2.2): a provider's free text may hold it, and a message must not fail for it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NAME = re.compile("[A-Za-z]{1,40}")


class Writer:
    """Builds one element and its children, in one namespace that is the document's default."""

    def __init__(self, element: etree._Element) -> None:
        """Take the element to add to."""
        self._element = element
        self._namespace = etree.QName(element).namespace

    @classmethod
    def begin(cls, namespace: str, name: str) -> "Writer":
        """Begin a document with the root `name`."""
        return cls(etree.fromstring(f'<{name} xmlns="{namespace}"/>'))

    def inside(self, name: str) -> "Writer":
        """Add an element and return a writer that adds to it."""
        return Writer(self._add(name))

    def foreign(self, namespace: str, name: str) -> "Writer":
        """Add an element of another namespace, its default from there on, and return a writer that adds to it."""
        element = etree.fromstring(f'<{name} xmlns="{namespace}"/>')
        self._element.append(element)
        return Writer(element)

    def reader(self) -> "Reader":
        """Return a reader of what was written."""
        return Reader(self._element)

    def value(self, name: str, value: str | None) -> None:
        """Add an element with a text, unless the value is None."""
        if value is not None:
            self._add(name).text = _NOT_XML.sub("\ufffd", value)

    def text(self, name: str, text: Text) -> None:
        """Add an element for each language."""
        for language, value in (("kk", text.kk), ("ru", text.ru)):
            element = self._add(name)
            element.set("lang", language)
            element.text = _NOT_XML.sub("\ufffd", value)

    def document(self) -> bytes:
        """Return the element as a document: UTF-8 with a declaration, the same bytes for the same content."""
        return etree.tostring(self._element, xml_declaration=True, encoding="UTF-8")

    def _add(self, name: str) -> etree._Element:
        return etree.SubElement(self._element, f"{{{self._namespace}}}{name}")


class Reader:
    """Reads the children of one element of a document that is valid by its schema."""

    def __init__(self, element: etree._Element) -> None:
        """Take the element."""
        self._element = element
        self._namespace = f"{{{etree.QName(element).namespace}}}"

    @property
    def name(self) -> str:
        """The element's local name."""
        return etree.QName(self._element).localname

    @property
    def namespace(self) -> str:
        """The element's namespace."""
        return self._namespace[1:-1]

    @property
    def element(self) -> etree._Element:
        """The element itself."""
        return self._element

    def only(self) -> "Reader | None":
        """Return the first child, of whatever name, or None."""
        return next((Reader(child) for child in self._element), None)

    @property
    def content(self) -> str:
        """The element's own text, as it stands."""
        return self._element.text or ""

    @property
    def language(self) -> str:
        """The language of the element's text; empty where it has none."""
        return self._element.get("lang", "")

    def all(self, name: str) -> list["Reader"]:
        """Return the children of that name."""
        return [Reader(child) for child in self._element.iterchildren(f"{self._namespace}{name}")]

    def first(self, name: str) -> "Reader | None":
        """Return the first child of that name, or None."""
        return next(iter(self.all(name)), None)

    def one(self, name: str) -> "Reader":
        """Return the child of that name, which the schema says is there."""
        return self.all(name)[0]

    def value(self, name: str) -> str:
        """Return the text of a child that the schema says is there, white space at its ends taken off."""
        return self.one(name).content.strip()

    def optional(self, name: str) -> str | None:
        """Return the text of a child, or None if there is no such child."""
        return self.value(name) if self.all(name) else None

    def moment(self, name: str) -> datetime:
        """Return the instant in a child that the schema says is there; aware.

        Raises:
            XmlUnusable: it has no zone, or its year is out of reason, which the schema does not tell.
        """
        try:
            return values.moment(self.value(name))
        except ValueError:
            raise XmlUnusable(f"{name} is not a time with its zone between 1900 and 2100") from None

    def day(self, name: str) -> date | None:
        """Return the date in a child, or None if there is no such child.

        Raises:
            XmlUnusable: it has a zone, or its year is out of reason, which the schema does not tell.
        """
        value = self.optional(name)
        try:
            return None if value is None else values.day(value)
        except ValueError:
            raise XmlUnusable(f"{name} is not a date between 1900 and 2100") from None

    def text(self, name: str) -> Text:
        """Return the text that stands in both languages.

        Raises:
            XmlUnusable: a language is missing.
        """
        by_language = {child.language: child.content for child in self.all(name)}
        try:
            return Text(kk=by_language["kk"], ru=by_language["ru"])
        except KeyError:
            raise XmlUnusable(f"{name} must stand once in each language") from None


def read(document: bytes, schema: str) -> Reader:
    """Return a reader of a document's root.

    Args:
        document: UTF-8 XML.
        schema: path of its schema in the schemas folder.

    Raises:
        XmlUnusable: the document is not valid by the schema.
    """
    root = xml_input.parse(document)
    if not _schema(schema).validate(root):
        raise XmlUnusable(f"the document is not valid by {schema}")
    return Reader(root)


def misplaced(root: etree._Element, schema: str) -> tuple[str, ...]:
    """Return where a document is not as its schema says, as paths of element names; nothing if it is valid.

    Args:
        root: the document.
        schema: path of its schema in the schemas folder.
    """
    compiled = _schema(schema)
    if compiled.validate(root):
        return ()
    tree: Any = root.getroottree()
    log: Any = compiled.error_log  # lxml's stubs leave its iteration out
    # A path such as /*/*[2] is of this very document; what it names may be nothing of the schema.
    found = [element for error in log for element in tree.xpath(error.path or "/*")]
    return tuple(dict.fromkeys(_place(element) for element in found)) or ("",)


def _place(element: etree._Element) -> str:
    """Return the names from below the root to an element, as far as they look like names of the contract."""
    names = [etree.QName(one).localname for one in (element, *element.iterancestors())][-2::-1]
    return "/".join(name if _NAME.fullmatch(name) else "?" for name in names)


@lru_cache(maxsize=8)
def _schema(path: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(resources.schemas() / path))
