"""Canonical XML: the methods we accept, and the places where lxml needs help.

Five traps of `lxml.etree.tostring(method="c14n")`, each with its test:

1. An inner element loses the `xml:*` attributes it inherits, which Canonical XML 1.0 section 2.4 puts on the apex.
2. A same-document reference excludes comments (XML Signature 1.1 section 4.4.3.3), whatever the transform says.
3. Only the tree carries processing instructions outside the root; and lxml removes an element with its tail text.
4. Grandchildren of an inner element get `xmlns=""` where a default namespace is in scope: lxml gives the apex a new
   parent, and libxml2 then takes its namespace for another one. Inclusive canonicalisation only.
5. A prefix of InclusiveNamespaces is dropped when libxml2's dictionary does not hold it, and `#default` is never there.
"""

from dataclasses import dataclass
from typing import Any, Final, cast

from lxml import etree

C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_COMMENTS: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
EXC_C14N_COMMENTS: Final = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
_DEFAULT_NAMESPACE: Final = "#default"
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(frozen=True, slots=True)
class Canonicalization:
    """One canonicalisation method. Comments never matter here: what we canonicalise is without them."""

    uri: str
    exclusive: bool


METHODS: Final = {
    method.uri: method
    for method in (
        Canonicalization(C14N, exclusive=False),
        Canonicalization(C14N_COMMENTS, exclusive=False),
        Canonicalization(EXC_C14N, exclusive=True),
        Canonicalization(EXC_C14N_COMMENTS, exclusive=True),
    )
}


class NotCanonicalizable(Exception):  # noqa: N818  a property of the document
    """The document has no canonical form, e.g. it uses a relative namespace URI."""


def document(root: etree._Element) -> bytes:
    """Canonicalise a whole document, inclusive, without comments: the node-set of `URI=""`.

    Raises:
        NotCanonicalizable: it has no canonical form.
    """
    return _write(root, exclusive=False, prefixes=(), whole=True)


def subtree(element: etree._Element, method: Canonicalization, prefixes: tuple[str, ...] = ()) -> bytes:
    """Canonicalise one element in its context, without comments and without its tail.

    Args:
        element: stays as it is.
        method: how.
        prefixes: InclusiveNamespaces of Exclusive XML Canonicalization; `#default` is the default namespace.

    Raises:
        NotCanonicalizable: it has no canonical form.
    """
    if method.exclusive:
        if _DEFAULT_NAMESPACE in prefixes:
            _make_default_known()
        return _write(element, exclusive=True, prefixes=prefixes)
    return _write(_alone(element), exclusive=False, prefixes=())


def remove(element: etree._Element) -> None:
    """Take an element out of its parent and leave its tail text where it stands."""
    parent = element.getparent()
    if parent is None:
        raise ValueError("the root cannot be removed")
    tail, previous = element.tail, element.getprevious()
    if tail and previous is not None:
        previous.tail = (previous.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _make_default_known() -> None:
    """Put `#default` into this thread's libxml2 dictionary; only a parser's tag filter gets it in."""
    parser = etree.XMLPullParser(events=("start",), tag=_DEFAULT_NAMESPACE)
    parser.feed(b"<a/>")
    parser.close()


def _write(element: etree._Element, *, exclusive: bool, prefixes: tuple[str, ...], whole: bool = False) -> bytes:
    try:
        return etree.tostring(
            element.getroottree() if whole else element,
            method="c14n",
            exclusive=exclusive,
            with_comments=False,
            inclusive_ns_prefixes=prefixes or None,
        )
    except etree.LxmlError as error:
        raise NotCanonicalizable(f"no canonical form ({type(error).__name__})") from None


def _alone(element: etree._Element) -> etree._Element:
    """Return an element as the root of a document of its own, with all namespaces and xml:* attributes in scope."""
    # Written in place, an element carries every namespace that is in scope; a copy would take those it uses only.
    alone = etree.fromstring(etree.tostring(element, encoding="UTF-8", with_tail=False), _PARSER)
    for ancestor in element.iterancestors():
        for key, value in ancestor.attrib.items():
            name = str(key)
            if name.startswith(_XML) and name not in alone.attrib:
                alone.set(name, value)
    return alone


_PARSER: Final = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, collect_ids=False
)
"""For what `gateway.eds.xml` has let in; comments are never canonicalised."""


def elements_with_id(anywhere: etree._Element, identifier: str) -> list[etree._Element]:
    """Return every element of the document around `anywhere` that has this value as Id, ID or id, in any namespace.

    There is no DTD to say which attribute is an identifier; whatever any reader may take for one counts.
    """
    found: list[etree._Element] = cast("Any", _BY_ID)(anywhere, value=identifier)
    return found


_BY_ID: Final = etree.XPath(
    "/descendant::*[@*[. = $value and (local-name() = 'Id' or local-name() = 'ID' or local-name() = 'id')]]"
)


def serialise(root: etree._Element, *, declaration: bool) -> bytes:
    """Write a document in UTF-8 so that its canonical form stays the same."""
    tree = root.getroottree()
    standalone = tree.docinfo.standalone
    if not declaration:
        return etree.tostring(tree, encoding="UTF-8", xml_declaration=False)
    if standalone is None:
        return etree.tostring(tree, encoding="UTF-8", xml_declaration=True)
    return etree.tostring(tree, encoding="UTF-8", xml_declaration=True, standalone=standalone)
