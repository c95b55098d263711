"""A list on disk, read by pieces: NCA RK's full list has 21 MB and never comes into memory as a whole."""

import hashlib
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from gateway.eds.der import Element, header_at

PIECE_BYTES: Final = 1 << 18
_HEADER_BYTES: Final = 16
_MAX_WHOLE: Final = 65_536
"""What is read as a whole (names, extensions, signatures) is smaller."""


class ListUnusable(Exception):  # noqa: N818  says what the list is
    """The list cannot be relied on. The text says why."""


class ListFile:
    """An open file with positional reading; DER errors become ListUnusable."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises OSError."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.close = weakref.finalize(self, os.close, self._descriptor)
        """Close the file; nothing can be read any more. Happens by itself when nobody holds the object."""
        self.size = os.fstat(self._descriptor).st_size

    def __enter__(self) -> Self:
        """Return the open file."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        self.close()

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end`, or to the end of the file."""
        return os.pread(self._descriptor, end - start, start)

    def element(self, start: int, end: int) -> Element:
        """Read the header of the element at `start`, which must lie before `end`.

        Raises:
            ListUnusable: there is none.
        """
        try:
            tag, _, content, after = header_at(self.read(start, start + _HEADER_BYTES), 0)
        except ValueError:
            raise ListUnusable("not DER") from None
        if start + after > end:
            raise ListUnusable("an element runs past its end")
        return Element(tag, start, start + content, start + after)

    def children(self, parent: Element) -> Iterator[Element]:
        """Yield the elements inside a constructed one. Raises ListUnusable."""
        position = parent.content
        while position < parent.end:
            child = self.element(position, parent.end)
            yield child
            position = child.end

    def content(self, element: Element) -> bytes:
        """Return an element's value, which must be small. Raises ListUnusable."""
        return self._whole(element.content, element.end)

    def der(self, element: Element) -> bytes:
        """Return an element with its header, which must be small. Raises ListUnusable."""
        return self._whole(element.start, element.end)

    def _whole(self, start: int, end: int) -> bytes:
        if end - start > _MAX_WHOLE:
            raise ListUnusable("an element is too large")
        return self.read(start, end)

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `end` by pieces."""
        for position in range(start, end, PIECE_BYTES):
            yield self.read(position, min(position + PIECE_BYTES, end))

    def sha256(self) -> str:
        """Return the file's SHA-256, lower-case hexadecimal."""
        digest = hashlib.sha256()
        for piece in self.pieces(0, self.size):
            digest.update(piece)
        return digest.hexdigest()
