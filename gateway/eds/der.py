"""The few steps of DER that `cryptography` does not offer: pieces as they stand, structures read strictly, written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_LONG_FORM = 0x80
_VERSION_TAG = 0xA0
_MAX_LENGTH_BYTES = 4
_MAX_OID_BYTES = 128


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


class Fields:
    """The elements of one constructed value, taken in order; nothing may be left over at the end."""

    def __init__(self, data: bytes, tag: int = 0x30) -> None:
        """Take one whole value.

        Raises:
            ValueError: it has another tag, or is not one DER value.
        """
        value(data, tag)
        self._data = data
        self._left = list(children(data, element_at(data, 0)))[::-1]

    def next_is(self, tag: int) -> bool:
        """Whether the next element has this tag."""
        return bool(self._left) and self._left[-1].tag == tag

    def whole(self, tag: int) -> bytes:
        """Take the next element, header and all.

        Raises:
            ValueError: there is none, or it has another tag.
        """
        return self._data[self._take(tag).start : self._end]

    def content(self, tag: int) -> bytes:
        """Take the content of the next element.

        Raises:
            ValueError: there is none, or it has another tag.
        """
        return self._data[self._take(tag).content : self._end]

    def optional(self, tag: int) -> bytes | None:
        """Take the next element, header and all, if it has this tag."""
        return self.whole(tag) if self.next_is(tag) else None

    def all(self) -> Iterator[bytes]:
        """Take all that is left, header and all, whatever it is."""
        while self._left:
            yield self.whole(self._left[-1].tag)

    def end(self) -> None:
        """Require that nothing is left.

        Raises:
            ValueError: something is.
        """
        if self._left:
            raise ValueError("an element too many")

    def _take(self, tag: int) -> Element:
        if not self.next_is(tag):
            raise ValueError("an element is missing or of another kind than expected")
        element = self._left.pop()
        self._end = element.end
        return element


def value(data: bytes, tag: int) -> bytes:
    """Return the content of the one value that `data` is.

    Raises:
        ValueError: it has another tag, or is not one DER value.
    """
    element = element_at(data, 0)
    if element.tag != tag or element.end != len(data):
        raise ValueError("an element of another kind than expected")
    return data[element.content :]


def encoded(tag: int, *parts: bytes) -> bytes:
    """Write one value whose content is `parts`, with a definite length."""
    length = sum(map(len, parts))
    if length < _LONG_FORM:
        return b"".join((bytes((tag, length)), *parts))
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return b"".join((bytes((tag, _LONG_FORM | len(size))), size, *parts))


def integer(content: bytes) -> int:
    """Return the number of an INTEGER's content octets.

    Raises:
        ValueError: it has none.
    """
    if not content:
        raise ValueError("an INTEGER without content")
    return int.from_bytes(content, "big", signed=True)


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
        ValueError: empty, cut off, or longer than any.
    """
    if not 0 < len(content) <= _MAX_OID_BYTES or content[-1] & _LONG_FORM:
        raise ValueError("truncated or enormous OBJECT IDENTIFIER")
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & ~_LONG_FORM
        if not octet & _LONG_FORM:
            arcs.append(arc)
            arc = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(str(number) for number in (root, arcs[0] - root * 40, *arcs[1:]))
