"""The entries of a list: walked for the index, read one by one when looked up (RFC 5280 section 5.3)."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.eds.crl.header import TIMES, extension_parts, instant
from gateway.eds.crl.list_file import PIECE_BYTES, ListFile, ListUnusable
from gateway.eds.der import Element, children, element_at
from gateway.eds.revocation import RevocationReason, Withdrawal

_INTEGER, _SEQUENCE, _LONG_FORM = 0x02, 0x30, 0x80
_CRITICAL: Final = b"\x01\x01\xff"
"""BOOLEAN TRUE, as `critical` is encoded. Where these bytes stand, the entry is looked at closely."""
_MAX_ENTRY: Final = 4096
_REASON: Final = "2.5.29.21"
_REMOVED: Final = 8
_REASONS: Final = {
    0: RevocationReason.UNSPECIFIED,
    1: RevocationReason.KEY_COMPROMISE,
    2: RevocationReason.CA_COMPROMISE,
    3: RevocationReason.AFFILIATION_CHANGED,
    4: RevocationReason.SUPERSEDED,
    5: RevocationReason.CESSATION_OF_OPERATION,
    6: RevocationReason.CERTIFICATE_HOLD,
    9: RevocationReason.PRIVILEGE_WITHDRAWN,
    10: RevocationReason.AA_COMPROMISE,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list."""

    withdrawal: Withdrawal | None
    """None: the entry takes an earlier revocation back (removeFromCRL, in a delta)."""


def walk(file: ListFile, entries: Element | None) -> Iterator[tuple[bytes, int]]:
    """Yield each entry's serial number (the INTEGER's octets) and its offset in the file, in the list's order.

    Raises:
        ListUnusable: an entry is malformed, or critical for something that is not understood here.
    """
    position, end = (0, 0) if entries is None else (entries.content, entries.end)
    while position < end:
        piece = file.read(position, min(position + PIECE_BYTES, end))
        try:
            consumed = yield from _walk_piece(piece, position, last=position + len(piece) == end)
        except (ValueError, IndexError):
            raise ListUnusable("a malformed entry") from None
        if consumed == 0:
            raise ListUnusable("an entry is cut off")
        position += consumed


def _walk_piece(piece: bytes, base: int, *, last: bool) -> Generator[tuple[bytes, int], None, int]:
    """Yield the entries of a piece and return how long they are; what may be cut off at its end is left.

    Half a million entries pass here: no function is called for the ordinary one.
    """
    position, size = 0, len(piece)
    stop = size if last else size - _MAX_ENTRY
    critical = piece.find(_CRITICAL)
    while position < stop:
        content, end = position + 2, position + 2 + piece[position + 1]
        if piece[position + 1] & _LONG_FORM:
            _, _, content, end = element_at(piece, position)
        serial_end = content + 2 + piece[content + 1]
        if (
            end > size
            or serial_end >= end
            or piece[position] != _SEQUENCE
            or piece[content] != _INTEGER
            or piece[serial_end] not in TIMES
        ):
            raise ListUnusable("a malformed entry")
        if -1 < critical < end:
            _require_understood(piece, position)
            critical = piece.find(_CRITICAL, end)
        yield piece[content + 2 : serial_end], base + position
        position = end
    return position


def _require_understood(piece: bytes, position: int) -> None:
    """Refuse the list if the entry is critical for something unknown, e.g. an entry of another issuer."""
    _serial, _time, *rest = children(piece, element_at(piece, position))
    for extensions in rest:
        for extension in children(piece, extensions):
            name, critical, _ = extension_parts(piece, extension)
            if critical and name != _REASON:
                raise ListUnusable(f"a critical extension of an entry that is not understood: {name}")


def entry_at(file: ListFile, offset: int) -> Entry:
    """Read the entry that `walk` gave the offset of. What is unreadable in it does not make it less revoked."""
    der = file.read(offset, offset + _MAX_ENTRY)
    _serial, since, *rest = children(der, element_at(der, 0))
    try:
        at = instant(since.tag, der[since.content : since.end])
    except ValueError:
        at = None
    code = _reason_code(der, rest)
    if code == _REMOVED:
        return Entry(None)
    return Entry(Withdrawal(at, _REASONS.get(code, RevocationReason.UNSPECIFIED)))


def _reason_code(der: bytes, rest: list[Element]) -> int:
    try:
        for extensions in rest:
            for extension in children(der, extensions):
                name, _, value = extension_parts(der, extension)
                if name == _REASON:
                    enumerated = element_at(value, 0)
                    return int.from_bytes(value[enumerated.content : enumerated.end], "big")
    except ValueError:
        pass
    return 0
