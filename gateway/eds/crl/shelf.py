"""The folder of lists: what is usable stands there verified and indexed, and survives a restart.

`<sha256>.crl` is a list, `<hash of its origin>.index` its index. A list is in use when an index names it; the index is
replaced at once, so that a crash leaves the old list or the new one. Several processes may share the folder.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.eds.certificate import Certificate
from gateway.eds.crl import header as headers
from gateway.eds.crl import index
from gateway.eds.crl.entries import Entry, entry_at, walk
from gateway.eds.crl.header import Header
from gateway.eds.crl.index import Index, IndexUnusable, Label
from gateway.eds.crl.list_file import ListFile, ListUnusable
from gateway.eds.crl.signature import issuer_of
from gateway.eds.revocation import Proof, Source

_UNUSED_SECONDS: Final = 86_400
"""A list that is no longer in use stays so long: somebody may still be keeping it as evidence."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list, open for look-ups."""

    index: Index
    file: ListFile

    @property
    def label(self) -> Label:
        """What it says of itself."""
        return self.index.label

    @property
    def proof(self) -> Proof:
        """The list as evidence."""
        return Proof(Source.CRL, self.label.sha256, self.file.path)

    def find(self, serial_number: int) -> Entry | None:
        """Return the entry about a certificate, or None."""
        offset = self.index.find(serial_number)
        return None if offset is None else entry_at(self.file, offset)


class Shelf:
    """The lists in one folder, one for each origin."""

    def __init__(
        self,
        folder: Path,
        authorities: Sequence[Certificate],
        *,
        skew: timedelta = timedelta(minutes=1),
        max_bytes: int = 64_000_000,
    ) -> None:
        """Keep lists of `authorities` in `folder`, which is made when missing; open those that stand there.

        Args:
            folder: the gateway's own.
            authorities: whose lists are accepted.
            skew: how far an authority's clock may be ahead of ours.
            max_bytes: a larger list is refused.

        Raises:
            OSError: the folder cannot be used.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._authorities = authorities
        self._skew = skew
        self.max_bytes = min(max_bytes, index.MAX_LIST_BYTES)
        self._lists: dict[str, RevocationList] = {}
        self._identities: dict[str, tuple[int, int]] = {}
        self.reopen()

    @property
    def lists(self) -> tuple[RevocationList, ...]:
        """All lists, the expired among them."""
        return tuple(self._lists.values())

    def of(self, origin: str) -> RevocationList | None:
        """Return the list of an origin."""
        return self._lists.get(_name(origin))

    def reopen(self) -> None:
        """Open what another process has put into the folder since. Raises OSError."""
        for path in self._folder.glob("*.index"):
            identity = _identity(path)
            if identity is not None and self._identities.get(path.stem) != identity:
                with suppress(IndexUnusable, OSError):  # it is downloaded again
                    self._open(path, identity)

    def _open(self, path: Path, identity: tuple[int, int]) -> None:
        opened = Index.open(path)
        self._lists[path.stem] = RevocationList(opened, ListFile(self._list_path(opened.label.sha256)))
        self._identities[path.stem] = identity

    def add(self, content: Path, origin: str, now: datetime, last_modified: str | None = None) -> RevocationList:
        """Verify and index a list, and let it take the place of the origin's earlier one.

        Takes a second for a large list: call it in a thread.

        Args:
            content: the list, DER; the file is copied, and stays.
            origin: the address or file it is of.
            now: the time, aware.
            last_modified: what the server said.

        Raises:
            ListUnusable: nobody signed it who may, it is not current, or it is older than what stands here.
            OSError: it cannot be read or kept.
        """
        with ListFile(content) as file:
            if file.size > self.max_bytes:
                raise ListUnusable(f"larger than {self.max_bytes} bytes")
            digest = file.sha256()
            current = self.of(origin)
            if current is not None and current.label.sha256 == digest:
                return current
            header = headers.read(file)
            label = _label(header, issuer_of(file, header, self._authorities), digest, origin, last_modified)
            _require_current(label, current, now + self._skew)
            self._keep(file, digest)
            path = self._folder / f"{_name(origin)}.index"
            index.build(path, label, walk(file, header.entries))
        identity = _identity(path)
        if identity is None:
            raise ListUnusable("its index disappeared")
        self._open(path, identity)
        return self._lists[path.stem]

    def _keep(self, file: ListFile, digest: str) -> None:
        path = self._list_path(digest)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".list-", delete=False) as copy:
            try:
                for piece in file.pieces(0, file.size):
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
                Path(copy.name).replace(path)
            except BaseException:
                Path(copy.name).unlink(missing_ok=True)
                raise

    def _list_path(self, digest: str) -> Path:
        return self._folder / f"{digest}.crl"

    def sweep(self) -> None:
        """Remove lists that have not been in use for a day, and what crashes left behind. Raises OSError."""
        used = {one.label.sha256 for one in self._lists.values()}
        for path in self._folder.iterdir():
            removable = path.name.startswith(".") or (path.suffix == ".crl" and path.stem not in used)
            with suppress(FileNotFoundError):  # another process sweeps as well
                if removable and path.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                    path.unlink()


def _name(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()[:32]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def key_name(authority: Certificate) -> str:
    """Return the name of an authority's key, as labels have it."""
    return hashlib.sha256(authority.spki).hexdigest()


def _label(header: Header, authority: Certificate, digest: str, origin: str, last_modified: str | None) -> Label:
    return Label(
        sha256=digest,
        issuer_key=key_name(authority),
        number=header.number,
        base_number=header.base_number,
        this_update=header.this_update,
        next_update=header.next_update,
        origin=origin,
        last_modified=last_modified,
    )


def _require_current(label: Label, earlier: RevocationList | None, now: datetime) -> None:
    if label.this_update > now:
        raise ListUnusable("from the future: a clock is wrong")
    if label.next_update < now:
        raise ListUnusable(f"expired {label.next_update:%Y-%m-%dT%H:%M:%SZ}")
    if earlier is None or earlier.label.issuer_key != label.issuer_key:
        return
    if (label.number, label.this_update) < (earlier.label.number, earlier.label.this_update):
        raise ListUnusable("older than the list that stands here")
