"""The few steps of DER reading that `cryptography` does not offer: the pieces of a TBSCertificate as they stand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_LONG_FORM = 0x80
_VERSION_TAG = 0xA0
_MAX_LENGTH_BYTES = 4


class Element(NamedTuple):
    """One tag-length-value; `start` and `end` bound it, `content` is where its value begins."""

    tag: int
    start: int
    content: int
    end: int


def element_at(data: bytes, offset: int) -> Element:
    """Read the element at `offset`.

    Raises:
        ValueError: the header or the value runs past the end, or the length is indefinite.
    """
    element = header_at(data, offset)
    if element.end > len(data):
        raise ValueError("truncated DER")
    return element


def header_at(data: bytes, offset: int) -> Element:
    """Read the header at `offset`; the value itself may lie elsewhere (in a file that is read by pieces).

    Raises:
        ValueError: the header runs past the end, or the length is indefinite.
    """
    try:
        tag, first = data[offset], data[offset + 1]
    except IndexError:
        raise ValueError("truncated DER") from None
    content = offset + 2
    length = first
    if first & _LONG_FORM:
        size = first & ~_LONG_FORM
        if not 0 < size <= _MAX_LENGTH_BYTES:
            raise ValueError("DER length of an unsupported form")
        if content + size > len(data):
            raise ValueError("truncated DER")
        length = int.from_bytes(data[content : content + size], "big")
        content += size
    return Element(tag, offset, content, content + length)


def children(data: bytes, parent: Element) -> Iterator[Element]:
    """Yield the elements inside a constructed one.

    Raises:
        ValueError: one of them runs past the end of the data.
    """
    offset = parent.content
    while offset < parent.end:
        child = element_at(data, offset)
        yield child
        offset = child.end


@dataclass(frozen=True, slots=True)
class TbsPieces:
    """The pieces of a TBSCertificate we need as they stand, DER."""

    issuer: bytes
    subject: bytes
    subject_public_key_info: bytes


def tbs_pieces(tbs_certificate: bytes) -> TbsPieces:
    """Cut a TBSCertificate (RFC 5280 section 4.1) into pieces.

    Raises:
        ValueError: not a TBSCertificate.
    """
    first = element_at(tbs_certificate, element_at(tbs_certificate, 0).content)
    serial_number = element_at(tbs_certificate, first.end) if first.tag == _VERSION_TAG else first
    signature = element_at(tbs_certificate, serial_number.end)
    issuer = element_at(tbs_certificate, signature.end)
    validity = element_at(tbs_certificate, issuer.end)
    subject = element_at(tbs_certificate, validity.end)
    key = element_at(tbs_certificate, subject.end)
    return TbsPieces(*(tbs_certificate[piece.start : piece.end] for piece in (issuer, subject, key)))


def object_identifier(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content octets (X.690 section 8.19).

    Raises:
        ValueError: empty or cut off.
    """
    if not content or content[-1] & _LONG_FORM:
        raise ValueError("truncated OBJECT IDENTIFIER")
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & ~_LONG_FORM
        if not octet & _LONG_FORM:
            arcs.append(arc)
            arc = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(str(number) for number in (root, arcs[0] - root * 40, *arcs[1:]))
