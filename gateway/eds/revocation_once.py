"""Revocation asked for one verification: OCSP over the network, and lists from files."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from gateway.clock import utc_now
from gateway.eds.anchors import Anchors
from gateway.eds.crl import header
from gateway.eds.crl.list_file import ListFile, ListUnusable
from gateway.eds.crl.lists import Lists
from gateway.eds.crl.shelf import Shelf
from gateway.eds.fetch import Fetch
from gateway.eds.ocsp import Ocsp, OcspLimits
from gateway.eds.revocation import Asks, RevocationSource, Source
from gateway.eds.revocation_policy import Mode, Policy, Revocations

_MAX_LIST_BYTES = 256_000_000


class Sources(NamedTuple):
    """Whom to ask, and which lists cannot help."""

    source: RevocationSource | None
    """None only if revocation is off."""
    unused: tuple[str, ...]
    """One line for each list that was left out, with the reason."""


async def revocation_once(  # noqa: PLR0913  the parts it joins
    mode: Mode, *, anchors: Anchors, lists: Iterable[Path], folder: Path, fetch: Fetch, at: datetime
) -> Sources:
    """Put together whom to ask about every certificate below the anchors.

    Where nobody can be asked (no list, no network) the answer is INDETERMINATE, never VALID.

    Args:
        mode: which sources are asked.
        anchors: whose lists are accepted.
        lists: revocation lists, DER, full ones and deltas.
        folder: an empty folder for the lists' indexes; must stand as long as the source is used.
        fetch: the network.
        at: the instant of judgement, aware; a list is accepted that is current then, or now.

    Raises:
        ListUnusable: a file is not a revocation list.
        OSError: a file cannot be read.
    """
    shelf = Shelf(folder, anchors.certificates, max_bytes=_MAX_LIST_BYTES)
    unused = [line for path in lists if (line := await asyncio.to_thread(_add, shelf, path, at))]
    if mode is Mode.OFF:
        return Sources(None, tuple(unused))
    sources: dict[Source, Asks] = {
        Source.OCSP: Ocsp(fetch, utc_now, OcspLimits()),
        Source.CRL: Lists(shelf, lambda: at),
    }
    return Sources(Revocations(Policy(signers=mode, authorities=mode), sources), tuple(unused))


def _add(shelf: Shelf, path: Path, at: datetime) -> str | None:
    """Add a list that is current at `at`, or now: a later one knows more of that time, not less."""
    try:
        with ListFile(path) as file:
            header.read(file)
    except ListUnusable as error:
        raise ListUnusable(f"{path}: not a revocation list in DER ({error})") from None
    why = ""
    for instant in (at, utc_now()):
        try:
            shelf.add(path, str(path), instant)
        except ListUnusable as error:
            why = str(error)
        else:
            return None
    return f"{path}: {why}"
