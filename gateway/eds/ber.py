"""BER made definite: what Java's libraries stream out (X.690 section 8.1.3.6) in the one form our readers know.

Lengths become definite and as short as possible, an OCTET STRING in pieces becomes one. Values stay as they are, and
so does the order of sets: this is not yet DER, but DER goes through unchanged.
"""

from typing import Final

from gateway.eds.der import encoded

MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 100_000
_CONSTRUCTED: Final = 0x20
_LONG_TAG: Final = 0x1F
_LONG_LENGTH: Final = 0x80
_MAX_LENGTH_BYTES: Final = 4
_OCTET_STRING: Final = 0x04


def definite(data: bytes) -> bytes:
    """Return the one BER value that `data` is, with definite lengths.

    Raises:
        ValueError: not one BER value; or deeper, or of more elements than any message of ours.
    """
    reader = _Reader(data)
    value, end = reader.element(0, len(data), 0)
    if end != len(data):
        raise ValueError("data after the end")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._elements = 0

    def element(self, offset: int, limit: int, depth: int) -> tuple[bytes, int]:
        """Return the element at `offset`, definite, and where it ends; it must end by `limit`."""
        self._elements += 1
        if depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise ValueError("too deep, or too many elements")
        tag, content, length = self._header(offset, limit)
        if not tag & _CONSTRUCTED:
            if length is None:
                raise ValueError("a primitive value of indefinite length")
            return encoded(tag, self._data[content : content + length]), content + length
        parts, end = self._parts(content, limit if length is None else content + length, depth, open_end=length is None)
        if tag == _OCTET_STRING | _CONSTRUCTED:
            return encoded(_OCTET_STRING, *map(_octets, parts)), end
        return encoded(tag, *parts), end

    def _parts(self, offset: int, limit: int, depth: int, *, open_end: bool) -> tuple[list[bytes], int]:
        parts: list[bytes] = []
        while offset < limit:
            if open_end and self._data[offset : offset + 2] == b"\x00\x00":
                return parts, offset + 2
            part, offset = self.element(offset, limit, depth + 1)
            parts.append(part)
        if open_end:
            raise ValueError("truncated")
        return parts, offset

    def _header(self, offset: int, limit: int) -> tuple[int, int, int | None]:
        """Return tag, where the content begins, and its length; None is indefinite."""
        if offset + 2 > limit:
            raise ValueError("truncated")
        tag, length = self._data[offset], self._data[offset + 1]
        if tag == 0 or tag & _LONG_TAG == _LONG_TAG:
            raise ValueError("a tag that no message of ours has")
        content = offset + 2
        if length == _LONG_LENGTH:
            return tag, content, None
        if length > _LONG_LENGTH:
            size = length - _LONG_LENGTH
            if size > _MAX_LENGTH_BYTES:
                raise ValueError("a length of an unsupported form")
            length = int.from_bytes(self._data[content : content + size], "big")
            content += size
        if content + length > limit:
            raise ValueError("truncated")
        return tag, content, length


def _octets(part: bytes) -> bytes:
    """Return the value of a piece of an OCTET STRING."""
    if part[0] != _OCTET_STRING:
        raise ValueError("an OCTET STRING of pieces that are none")
    length = part[1]
    return part[2 + (length - _LONG_LENGTH if length > _LONG_LENGTH else 0) :]
