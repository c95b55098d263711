"""Reading the unqualified children of a message by name: in any order, empty ones as absent, comments ignored."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from lxml import etree

from gateway.shep.faults import FormatFault
from gateway.shep.values import read_date, read_int

_Value = TypeVar("_Value")


def local_name(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def whole_text(element: etree._Element) -> str:
    """Return an element's text, with what stands behind comments in it.

    `.text` ends at the first comment; since the signature does not cover comments, reading only that much would let
    anyone cut a signed value.
    """
    parts = [element.text or ""]
    parts += [child.tail or "" for child in element if not isinstance(child.tag, str)]
    return "".join(parts)


class Fields:
    """The children of one element. `path` is for faults and consists of the contract's names only."""

    __slots__ = ("_children", "path")

    def __init__(self, element: etree._Element, path: str) -> None:
        """Take the element and where it stands."""
        self.path = path
        self._children: dict[str, list[etree._Element]] = {}
        for child in element:
            if isinstance(child.tag, str):
                self._children.setdefault(local_name(child), []).append(child)

    def element(self, name: str) -> etree._Element | None:
        """Return the child, or None.

        Raises:
            FormatFault: it stands there twice, and two readers could read two different messages.
        """
        found = self._children.get(name)
        if not found:
            return None
        if len(found) > 1:
            raise FormatFault("client.repeated_field", f"{self.path}/{name} stands more than once")
        return found[0]

    def all(self, name: str) -> Iterator["Fields"]:
        """Return the children of that name that hold elements."""
        return (Fields(child, f"{self.path}/{name}") for child in self._children.get(name, ()) if len(child))

    def group(self, name: str) -> "Fields":
        """Return the fields of a required child.

        Raises:
            FormatFault: it is absent.
        """
        element = self.element(name)
        if element is None:
            raise self._missing(name)
        return Fields(element, f"{self.path}/{name}")

    def optional_group(self, name: str) -> "Fields | None":
        """Return the fields of a child, or None if it is absent or empty."""
        element = self.element(name)
        return None if element is None or not len(element) else Fields(element, f"{self.path}/{name}")

    def verbatim(self, name: str) -> str | None:
        """Return a text as it stands, or None if it is absent or empty."""
        element = self.element(name)
        if element is None:
            return None
        if any(isinstance(child.tag, str) for child in element):
            raise FormatFault("client.invalid_field", f"{self.path}/{name} holds elements instead of text")
        return whole_text(element) or None

    def text(self, name: str) -> str | None:
        """Return a text without surrounding white space, or None if it is absent or empty."""
        text = self.verbatim(name)
        return (text.strip() or None) if text else None

    def required(self, name: str) -> str:
        """Return a text.

        Raises:
            FormatFault: it is absent or empty.
        """
        text = self.text(name)
        if text is None:
            raise self._missing(name)
        return text

    def date(self, name: str) -> datetime | None:
        """Return a date, or None if there is none."""
        return read_date(self.text(name))

    def number(self, name: str) -> int | None:
        """Return an `xs:int`, or None if it is absent.

        Raises:
            FormatFault: it is something else.
        """
        text = self.text(name)
        try:
            return None if text is None else read_int(text)
        except ValueError:
            raise FormatFault("client.invalid_field", f"{self.path}/{name} is not an xs:int") from None

    def choice(self, name: str, values: Mapping[str, _Value]) -> _Value:
        """Return a value of an enumeration.

        Raises:
            FormatFault: it is absent or not one of `values`.
        """
        text = self.required(name)
        if text not in values:
            raise FormatFault("client.invalid_field", f"{self.path}/{name} is none of {', '.join(values)}")
        return values[text]

    def _missing(self, name: str) -> FormatFault:
        return FormatFault("client.missing_field", f"{self.path}/{name} is required")
