"""The migration files: one number is one release's schema, with what is done before it runs and what after.

`NNNN_name.sql` is applied before the first process of the new version starts: the version before must run on what it
leaves. `NNNN_name.after.sql` is applied when the last process of the version before has ended: it removes what only
that one needed. A release adds at most one number (docs/decisions/0051-two-phases.md).
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from gateway.cases.store.errors import MigrationError

FOLDER = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+?)(\.after)?\.sql")


class Phase(StrEnum):
    """When a migration may be applied, seen from the start of the version it belongs to."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file."""

    number: int
    phase: Phase
    name: str
    text: str

    @property
    def key(self) -> tuple[int, Phase]:
        """What it is recorded under."""
        return self.number, self.phase

    @property
    def checksum(self) -> str:
        """SHA-256 of the text: an applied migration must never change."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def __str__(self) -> str:
        """As operators know it."""
        return f"{self.number:04}_{self.name} ({self.phase})"


@dataclass(frozen=True, slots=True)
class Schema:
    """What one version of the product knows of the database's shape."""

    migrations: tuple[Migration, ...]
    """In the order in which they are applied."""

    @property
    def number(self) -> int:
        """Of the newest migration: the version of the schema."""
        return max((one.number for one in self.migrations), default=0)

    def until(self, phase: Phase) -> tuple[Migration, ...]:
        """Return what must be applied when `phase` of this version is over, older versions' second phases included."""
        last = (self.number, Phase.AFTER)
        return tuple(one for one in self.migrations if phase is Phase.AFTER or one.key != last)


@cache
def schema(folder: Path = FOLDER) -> Schema:
    """Return what this version knows. Numbers run from 1 without gaps, and each has its first phase.

    Raises:
        MigrationError: the files do not.
    """
    found = []
    for path in folder.glob("*.sql"):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named NNNN_name.sql or NNNN_name.after.sql")
        phase = Phase.AFTER if match[3] else Phase.BEFORE
        found.append(Migration(int(match[1]), phase, match[2], path.read_text("utf-8")))
    found.sort(key=lambda one: (one.number, one.phase is Phase.AFTER))
    firsts = [one.number for one in found if one.phase is Phase.BEFORE]
    seconds = [one.number for one in found if one.phase is Phase.AFTER]
    if firsts != list(range(1, len(firsts) + 1)) or len(seconds) != len(set(seconds)) or set(seconds) - set(firsts):
        raise MigrationError("migration numbers have gaps or repeat")
    return Schema(tuple(found))
