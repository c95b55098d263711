"""Ids that tell when their case began (RFC 9562), so that a look-up by id finds the month it lies in.

A case's id is a UUIDv7: 48 bits of Unix time in milliseconds, then random bits. The ids of its messages and deliveries
are UUIDv8 that begin with the same 48 bits and end in a hash of the case's id and a name: whoever is given one of them
knows the moment of its case without asking.
"""

import secrets
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

_TIME_SHIFT = 80
_TIME_BITS = 48
_VERSION_MASK = 0xF << 76 | 0x3 << 62
_VERSION_7 = 0x7 << 76 | 0x2 << 62
_VERSION_8 = 0x8 << 76 | 0x2 << 62
_TAIL = (1 << _TIME_SHIFT) - 1


def case_id(at: datetime) -> UUID:
    """Return a new id for a case that began at `at`."""
    return _assembled(_milliseconds(at), secrets.randbits(_TIME_SHIFT), _VERSION_7)


def part_id(case: UUID, name: str) -> UUID:
    """Return the id of a part of a case: the same for the same name, another for any other."""
    digest = sha256(case.bytes + name.encode()).digest()
    return _assembled(case.int >> _TIME_SHIFT, int.from_bytes(digest[:10], "big"), _VERSION_8)


def siblings(part: UUID) -> tuple[UUID, UUID]:
    """Return the first and the last id that a case of the same millisecond can have."""
    time = part.int >> _TIME_SHIFT << _TIME_SHIFT
    return UUID(int=time), UUID(int=time | _TAIL)


def began(case: UUID) -> datetime:
    """Return the moment that an id tells, in UTC."""
    return datetime.fromtimestamp((case.int >> _TIME_SHIFT) / 1000, UTC)


def lower_bound(at: datetime) -> UUID:
    """Return the id below which all cases lie that began before `at`."""
    return UUID(int=_milliseconds(at) << _TIME_SHIFT)


def read_id(text: str) -> UUID | None:
    """Return the id that a text is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _assembled(milliseconds: int, tail: int, version: int) -> UUID:
    return UUID(int=milliseconds << _TIME_SHIFT | tail & ~_VERSION_MASK | version)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000) & (1 << _TIME_BITS) - 1
