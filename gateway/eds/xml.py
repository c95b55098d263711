"""XML in: bytes to a tree, with everything refused that a signed message has no use for.

A document is refused before libxml2 sees it when it is too large, is not UTF-8, or may hold a DTD; counts that make
canonicalisation expensive are bounded, because canonicalisation comes before any signature is known to be good.
"""

import re
from dataclasses import dataclass

from lxml import etree

from gateway.eds.verdict import Defect, Finding, Reason

BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(
    rb"<\?xml\s+version\s*=\s*([\"'])1\.0\1(?:\s+encoding\s*=\s*([\"'])([A-Za-z0-9._\-]+)\2)?"
    rb"(?:\s+standalone\s*=\s*([\"'])(?:yes|no)\4)?\s*\?>"
)
_ENCODINGS = frozenset({b"UTF-8", b"UTF8", b"US-ASCII", b"ASCII"})


class XmlRejected(Exception):  # noqa: N818  the name says what happened to the document
    """The bytes are not a document we read. `reason` is short, English and quotes nothing of the content."""

    def __init__(self, reason: str, defect: Defect | None = None) -> None:
        """Take the reason, and the defect where it has a name."""
        super().__init__(reason)
        self.reason = reason
        self.finding = Finding(Reason.FORMAT_FAILURE, reason, defect)


class XmlTooCostly(XmlRejected):
    """The document exceeds one of the limits."""

    def __init__(self, reason: str) -> None:
        """Take the reason."""
        super().__init__(reason, Defect.LIMIT_EXCEEDED)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may cost. Depth is limited to 256 by libxml2 itself."""

    max_bytes: int = 8_000_000
    max_elements: int = 100_000
    max_namespaces: int = 2_000
    """Namespace declarations in the whole document."""
    max_attributes: int = 256
    """Attributes of one element: canonicalisation sorts them by insertion."""
    max_scope_work: int = 20_000_000
    """Sum over all elements of the square of their namespaces in scope, which is what inclusive canonicalisation costs
    in libxml2 (about 2.5 ns each)."""


_DEFAULT = Limits()


def parse(raw: bytes, limits: Limits = _DEFAULT, *, keep_comments: bool = True) -> etree._Element:
    """Parse a document and return its root element.

    Args:
        raw: UTF-8 or US-ASCII, with or without a byte order mark.
        limits: what the document may cost.
        keep_comments: False drops comments, so that text they interrupt is read whole. No signature of our
            profiles covers comments; a reader of signed text should drop them.

    Raises:
        XmlRejected: too large, another encoding, a DTD, not well-formed, too many elements, namespaces or attributes.
    """
    body = _prescan(raw, limits)
    try:
        root = etree.fromstring(body, _PARSERS[keep_comments])
    except etree.XMLSyntaxError as error:
        # libxml2's own text may quote the content
        raise XmlRejected(f"not well-formed XML (line {error.lineno})") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRejected("holds a document type declaration")
    _check_costs(body, root, limits)
    return root


def _parser(*, keep_comments: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="UTF-8",  # what the document declares was checked; it is never trusted
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        collect_ids=False,
        strip_cdata=False,
        remove_comments=not keep_comments,
    )


_PARSERS = {True: _parser(keep_comments=True), False: _parser(keep_comments=False)}


def _prescan(raw: bytes, limits: Limits) -> bytes:
    if len(raw) > limits.max_bytes:
        raise XmlTooCostly(f"larger than {limits.max_bytes} bytes")
    body = raw.removeprefix(BOM)
    if b"\x00" in body or body.startswith((b"\xfe\xff", b"\xff\xfe")):
        raise XmlRejected("not UTF-8")
    if body.startswith(b"<?xml") and body[5:6].isspace():
        declared = _DECLARATION.match(body)
        if declared is None:
            raise XmlRejected("not an XML 1.0 declaration")
        if (declared[3] or b"UTF-8").upper() not in _ENCODINGS:
            raise XmlRejected("declares an encoding other than UTF-8 or US-ASCII")
    if b"<!" in body and (b"<!DOCTYPE" in body or b"<!ENTITY" in body):
        raise XmlRejected("holds a document type declaration")
    tags = body.count(b"<")
    if tags > limits.max_elements and tags - body.count(b"</") > limits.max_elements:
        raise XmlTooCostly(f"more than {limits.max_elements} elements")
    if body.count(b"xmlns") > limits.max_namespaces:
        raise XmlTooCostly(f"more than {limits.max_namespaces} namespace declarations")
    return body


def _check_costs(body: bytes, root: etree._Element, limits: Limits) -> None:
    """Refuse what would take long to canonicalise; ordinary documents pass on counts of bytes alone."""
    if body.count(b"=") > limits.max_attributes and _MORE_ATTRIBUTES(root, limit=limits.max_attributes):
        raise XmlTooCostly(f"an element with more than {limits.max_attributes} attributes")
    declarations, tags = body.count(b"xmlns"), body.count(b"<")
    if tags * declarations**2 > limits.max_scope_work and _scope_work(root) > limits.max_scope_work:
        raise XmlTooCostly("more than is affordable of namespaces in scope, over all elements")


_MORE_ATTRIBUTES = etree.XPath("boolean(//*[count(@*) > $limit])")


def _scope_work(root: etree._Element) -> int:
    work = in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start", "start-ns", "end-ns")):
        if event == "start":
            work += in_scope**2
        else:
            in_scope += 1 if event == "start-ns" else -1
    return work
