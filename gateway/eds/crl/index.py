"""A list's index on disk: sorted records, looked up by bisection in a memory map. A restart needs no parsing.

Layout: magic, length of the label (4 bytes), label (JSON), then one record for each entry: the serial number as 20
bytes little-endian, and the entry's offset in the list (4 bytes big-endian). Little-endian, since the last octet of
serial numbers is spread evenly and the first is not: 256 small heaps are sorted instead of one large one, which keeps
the memory of a list with half a million entries near 10 MB.
"""

import bisect
import hashlib
import json
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self, overload

from gateway.eds.crl.list_file import ListUnusable

_MAGIC: Final = b"QAQPACRL1\n"
_SERIAL: Final = 20
_OFFSET: Final = 4
_RECORD: Final = _SERIAL + _OFFSET
_LENGTH: Final = 4
MAX_LIST_BYTES: Final = 256**_OFFSET - 1


class IndexUnusable(Exception):  # noqa: N818  says what it is
    """The index is not whole: it must be built again."""


@dataclass(frozen=True, slots=True)
class Label:
    """What the index says of its list."""

    sha256: str
    """Of the list."""
    issuer_key: str
    """SHA-256 of the SubjectPublicKeyInfo under which the list's signature was verified, hexadecimal."""
    number: int
    base_number: int | None
    this_update: datetime
    next_update: datetime
    origin: str
    """Where it came from: an address or a file."""
    last_modified: str | None
    """What the server said, for If-Modified-Since."""
    entries: int = 0
    records_sha256: str = ""

    def dump(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self), default=datetime.isoformat, sort_keys=True).encode()

    @classmethod
    def load(cls, data: bytes) -> Self:
        """Read what `dump` wrote. Raises ValueError, TypeError or KeyError."""
        values: dict[str, Any] = json.loads(data)
        times = {name: datetime.fromisoformat(values[name]) for name in ("this_update", "next_update")}
        return cls(**(values | times))


def build(path: Path, label: Label, entries: Iterable[tuple[bytes, int]]) -> None:
    """Write the index of a list to `path`, at once or not at all.

    Args:
        path: where it will stand; what stands there is replaced.
        label: without the two fields that describe the records.
        entries: serial numbers (octets of an INTEGER) with their offsets.

    Raises:
        ListUnusable: a serial number is longer than RFC 5280 section 4.1.2.2 allows.
        OSError: it cannot be written.
    """
    heaps = _heaps(entries)
    digest, count = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".index-", delete=False) as records:
        try:
            records.seek(_room(label))
            for heap in _sorted(heaps):
                digest.update(heap)
                count += len(heap) // _RECORD
                records.write(heap)
            records.seek(0)
            records.write(_head(replace(label, entries=count, records_sha256=digest.hexdigest())))
            records.flush()
            os.fsync(records.fileno())
            Path(records.name).replace(path)
        except BaseException:
            Path(records.name).unlink(missing_ok=True)
            raise


def _heaps(entries: Iterable[tuple[bytes, int]]) -> list[bytearray]:
    heaps = [bytearray() for _ in range(256)]
    for serial, offset in entries:
        record = serial[::-1].ljust(_SERIAL, b"\x00") + offset.to_bytes(_OFFSET, "big")
        if len(record) != _RECORD:
            record = _long(serial) + offset.to_bytes(_OFFSET, "big")
        heaps[record[0]] += record
    return heaps


def _long(serial: bytes) -> bytes:
    if len(serial) == _SERIAL + 1 and serial[0] == 0:  # 20 octets whose first bit is set
        return serial[:0:-1]
    raise ListUnusable("a serial number of more than 20 octets")


def _sorted(heaps: list[bytearray]) -> Iterator[bytes]:
    for number, heap in enumerate(heaps):
        yield b"".join(sorted(bytes(heap[start : start + _RECORD]) for start in range(0, len(heap), _RECORD)))
        heaps[number] = bytearray()


def _room(label: Label) -> int:
    """Return how long the head will be at most: the label with the fields that are not known yet."""
    return len(_MAGIC) + _LENGTH + len(replace(label, entries=10**12, records_sha256="0" * 64).dump())


def _head(label: Label) -> bytes:
    text = label.dump()
    padding = _room(label) - len(_MAGIC) - _LENGTH - len(text)
    text += b" " * padding  # JSON does not mind
    return _MAGIC + len(text).to_bytes(_LENGTH, "big") + text


class _Keys(Sequence[bytes]):
    """The serial numbers of a memory map, for bisection."""

    def __init__(self, records: mmap.mmap, start: int, count: int) -> None:
        self._records = records
        self._start = start
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, position: int) -> bytes: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[bytes]: ...
    def __getitem__(self, position: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(position, slice):
            raise TypeError("one at a time")
        start = self._start + position * _RECORD
        return self._records[start : start + _SERIAL]


class Index:
    """An open index."""

    def __init__(self, label: Label, records: mmap.mmap, start: int) -> None:
        """Take what `open` has read."""
        self.label = label
        self._records = records
        self._start = start
        self._keys = _Keys(records, start, label.entries)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an index and check that it is whole.

        Raises:
            IndexUnusable: it is missing, or not as it was written.
        """
        try:
            with path.open("rb") as file:
                records = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            label, start = _label(records)
            if start + label.entries * _RECORD != len(records):
                raise IndexUnusable("of another length")
            digest = hashlib.sha256(memoryview(records)[start:]).hexdigest()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise IndexUnusable(type(error).__name__) from None
        if digest != label.records_sha256:
            raise IndexUnusable("changed on disk")
        return cls(label, records, start)

    def find(self, serial_number: int) -> int | None:
        """Return the offset of an entry in the list, or None."""
        if not 0 <= serial_number < 256**_SERIAL:
            return None
        key = serial_number.to_bytes(_SERIAL, "little")
        position = bisect.bisect_left(self._keys, key)
        if position == len(self._keys) or self._keys[position] != key:
            return None
        start = self._start + position * _RECORD + _SERIAL
        return int.from_bytes(self._records[start : start + _OFFSET], "big")


def _label(records: mmap.mmap) -> tuple[Label, int]:
    start = len(_MAGIC) + _LENGTH
    if records[: len(_MAGIC)] != _MAGIC:
        raise IndexUnusable("of another version")
    end = start + int.from_bytes(records[len(_MAGIC) : start], "big")
    return Label.load(records[start:end]), end
