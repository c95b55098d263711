"""What the signatures of an XML document cover: the whole of it, or the one element that they name.

NCALayer knows two forms (nca-profile 2.3). Without XPaths it signs the document, and the signature becomes the last
child of the root. With XPaths it signs one element, by its Id, and puts the signature elsewhere; what is beside that
element is then not signed, so it is accepted only where there is nothing beside it that anyone could read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import Final

from lxml import etree

from gateway.eds import canonical
from gateway.eds.canonical import C14N, C14N_COMMENTS, METHODS
from gateway.eds.dsig import SIGNATURE, SignatureElement
from gateway.eds.verdict import Defect, Failure, Reason

ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_TEXT: Final = etree.XPath("boolean(text()[normalize-space()] | processing-instruction())")


class Scope(Enum):
    """What one signature covers."""

    DOCUMENT = auto()
    """`URI=""`: everything but signatures, what stands beside the root included."""
    ROOT = auto()
    """The root element, by its Id."""
    PART = auto()
    """The one child of the root that is no signature, by its Id."""


_TRANSFORMS: Final = {
    Scope.DOCUMENT: ((ENVELOPED, C14N), (ENVELOPED, C14N_COMMENTS)),
    Scope.ROOT: ((ENVELOPED, C14N), (ENVELOPED, C14N_COMMENTS)),
    Scope.PART: ((C14N,), (C14N_COMMENTS,)),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a document and its signatures stand to each other."""

    root: etree._Element
    at_end: bool
    """The signatures are the last children of the root."""
    part: etree._Element | None
    """What the root holds besides signatures, if that is one element and nothing else."""

    def scope(self, signature: SignatureElement) -> Scope:
        """Return what a signature covers, by its reference; the signatures must still stand in the document.

        Raises:
            Failure: SIG_CONSTRAINTS_FAILURE when that is not what is read.
        """
        reference, *more = signature.references
        if more:
            raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "more than one reference")
        scope = self._resolve(reference.uri)
        if tuple(transform.uri for transform in reference.transforms) not in _TRANSFORMS[scope]:
            needed = "Canonical XML 1.0 alone" if scope is Scope.PART else "enveloped-signature, then Canonical XML 1.0"
            raise _refused(f"transforms must be {needed}", Defect.TRANSFORM_NOT_ALLOWED)
        if scope is not Scope.PART and not self.at_end:
            raise _refused("signatures must stand at the end of the root, and nowhere else")
        return scope

    def _resolve(self, uri: str) -> Scope:
        if uri == "":
            return Scope.DOCUMENT
        if not uri.startswith("#"):
            raise _refused("the reference leads out of the document", Defect.EXTERNAL_REFERENCE)
        named = canonical.elements_with_id(self.root, uri[1:])
        if len(named) > 1:
            raise _refused(f"the Id that the reference names stands {len(named)} times", Defect.DUPLICATE_ID)
        if named == [self.root]:
            return Scope.ROOT
        if self.part is not None and named == [self.part]:
            return Scope.PART
        raise self._elsewhere(named)

    def _elsewhere(self, named: Sequence[etree._Element]) -> Failure:
        if not named or any(ancestor.tag == SIGNATURE for ancestor in (named[0], *named[0].iterancestors())):
            return _refused("the reference names nothing that is read", Defect.REFERENCE_ELSEWHERE)
        if named[0].getparent() is self.root:
            return _refused("beside the signed element stands what is not signed", Defect.UNSIGNED_CONTENT)
        return _refused("the signed element does not stand where it is read", Defect.WRAPPED_PAYLOAD)

    def octets(self, scope: Scope) -> bytes:
        """Return the canonical bytes of what is covered; for all but a part the signature must have been taken out.

        Raises:
            NotCanonicalizable: it has no canonical form.
        """
        if scope is Scope.DOCUMENT:
            return canonical.document(self.root)
        element = self.root if scope is Scope.ROOT else self.part
        if element is None:
            raise ValueError("there is no such part")
        return canonical.subtree(element, METHODS[C14N])


def layout(root: etree._Element, signatures: Sequence[etree._Element]) -> Layout:
    """Tell how a document and its signatures, in document order, stand to each other.

    Raises:
        Failure: SIG_CONSTRAINTS_FAILURE when a signature stands where none may.
    """
    last = list(islice(root.iterchildren("*", reversed=True), len(signatures)))
    at_end = last == list(signatures)[::-1]
    part = _part(root)
    for signature in signatures if not at_end else ():
        parent = signature.getparent()
        if parent is not root and (parent is None or parent.getparent() is not root or not _is_place(parent)):
            raise _refused("a signature stands deeper in the document than any may", Defect.WRAPPED_PAYLOAD)
    if not at_end and part is None:
        raise _refused("signatures must stand at the end of the root, and nowhere else", Defect.UNSIGNED_CONTENT)
    return Layout(root, at_end, part)


def _part(root: etree._Element) -> etree._Element | None:
    if any(not str(name).startswith(_XML) for name in root.attrib):
        return None
    others = (child for child in root.iterchildren("*") if child.tag != SIGNATURE and not _is_place(child))
    parts = list(islice(others, 2))  # most documents have many children: the second says enough
    return parts[0] if len(parts) == 1 and not _TEXT(root) else None


def _is_place(element: etree._Element) -> bool:
    """Whether an element is there for signatures only: it holds at least one, and nothing else."""
    inside = {child.tag for child in element}
    return inside == {SIGNATURE} and not element.attrib and not _TEXT(element)


def _refused(detail: str, defect: Defect | None = None) -> Failure:
    return Failure(Reason.SIG_CONSTRAINTS_FAILURE, detail, defect)
