"""What a revocation list of NCA's size costs: 420,000 entries, verified, indexed, looked up, opened again.

Run: `python -m benchmarks.crl`. Prints each figure, and the ratio of loading to `cryptography` parsing the same bytes
in the same run (which neither verifies nor survives a restart); the last line is one JSON object. Each load runs in a
process of its own, whose memory is its own.
"""

import asyncio
import gc
import hashlib
import json
import multiprocessing
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509

from gateway.eds.certificate import Certificate
from gateway.eds.crl.list_file import ListFile
from gateway.eds.crl.lists import Lists
from gateway.eds.crl.shelf import Shelf
from gateway.eds.gost import backend
from gateway.eds.gost.suites import GOST_2015_512
from tests.support import eds, gost
from tests.support.crl import ListTemplate, Revoked, revocation_list

T = TypeVar("T")

_ENTRIES = 420_000
_LOOKUPS = 20_000
_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_ROUNDS = 3


def _make(path: Path, issuer: eds.Issued | gost.Issued) -> None:
    source = random.Random(1)  # noqa: S311  serial numbers of a benchmark
    since = _NOW - timedelta(days=30)
    revoked = tuple(Revoked(source.getrandbits(159), since, source.choice((1, 3, 4, 6))) for _ in range(_ENTRIES))
    template = ListTemplate(this_update=_NOW - timedelta(hours=1), next_update=_NOW + timedelta(hours=26), number=7)
    path.write_bytes(revocation_list(issuer, revoked, template))


def _apart(measured: Callable[..., dict[str, Any]], *arguments: object) -> dict[str, Any]:
    """Run in a fresh process: peak memory cannot be measured in one that has had other peaks."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, arguments)


def _resident(field: str) -> int:
    """Return a figure of resident memory in bytes: `VmRSS` is now, `VmHWM` the highest since `_forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def _forget_peak() -> int:
    """Begin to measure the peak anew; return what is resident now."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _resident("VmRSS")


def _timed(operation: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = operation()
    return time.perf_counter() - start, result


def _load(path: Path, authority: bytes) -> dict[str, Any]:
    issuer = Certificate.from_der(authority)
    backend.active()  # chosen once in a process, with a self-test
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder), [issuer])
        before = _forget_peak()
        seconds, opened = _timed(lambda: shelf.add(path, "benchmark", _NOW))
        memory = _resident("VmHWM") - before
        reopening, again = _timed(lambda: Shelf(Path(folder), [issuer]))
        assert opened.label.entries == again.lists[0].label.entries == _ENTRIES
        return {
            "load s": seconds,
            "extra memory MB": memory / 1e6,
            "open after a restart ms": reopening * 1e3,
            **_lookups(again, issuer),
        }


def _lookups(shelf: Shelf, issuer: Certificate) -> dict[str, float]:
    (one,) = shelf.lists
    source = random.Random(2)  # noqa: S311  same
    strangers = [source.getrandbits(159) for _ in range(_LOOKUPS)]
    known = random.Random(1)  # noqa: S311  same
    present = []
    for _ in range(_LOOKUPS):
        present.append(known.getrandbits(159))
        known.choice((1, 3, 4, 6))
    absent_seconds, found = _timed(lambda: [one.find(serial) for serial in strangers])
    assert not any(found)
    present_seconds, entries = _timed(lambda: [one.find(serial) for serial in present])
    assert all(entries)
    lists = Lists(shelf, lambda: _NOW)
    citizen = eds.citizen().certificate

    async def ask() -> None:
        for _ in range(1000):
            await lists.ask(citizen, issuer)

    asking, _ = _timed(lambda: asyncio.run(ask()))
    return {
        "look-up, absent us": absent_seconds / _LOOKUPS * 1e6,
        "look-up, present us": present_seconds / _LOOKUPS * 1e6,
        "whole question us": asking / 1000 * 1e6,
    }


def _cryptography(path: Path) -> dict[str, Any]:
    before = _forget_peak()
    data = path.read_bytes()
    parse, parsed = _timed(lambda: x509.load_der_x509_crl(data))
    find, _ = _timed(lambda: parsed.get_revoked_certificate_by_serial_number(1))
    return {"parse s": parse, "first look-up s": find, "extra memory MB": (_resident("VmHWM") - before) / 1e6}


def _bare(path: Path) -> dict[str, float]:
    """The primitives: the digest of all bytes."""
    data = path.read_bytes()
    digest = backend.active().hashes
    return {
        "SHA-256 s": _timed(lambda: hashlib.sha256(data).digest())[0],
        f"Streebog-512 ({digest.name}) s": _timed(lambda: digest.new(GOST_2015_512.hash, data).digest())[0],
    }


def _medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    return {name: round(statistics.median(run[name] for run in runs), 4) for name in runs[0]}


def main() -> None:
    """Measure and print."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, issuer in (("RSA", eds.nca()), ("GOST-2015-512", gost.nca(GOST_2015_512))):
            path = Path(folder) / f"{name}.crl"
            _make(path, issuer)
            results[name] = _medians([_apart(_load, path, issuer.certificate.der) for _ in range(_ROUNDS)])
            results[name]["bytes"] = path.stat().st_size
        rsa = Path(folder) / "RSA.crl"
        results["cryptography"] = _medians([_apart(_cryptography, rsa) for _ in range(_ROUNDS)])
        results["primitives"] = _bare(rsa)
        with ListFile(rsa) as file:
            results["primitives"]["read s"] = _timed(lambda: sum(len(one) for one in file.pieces(0, file.size)))[0]
    whole = results["cryptography"]["parse s"] + results["cryptography"]["first look-up s"]
    results["ratio of loading to cryptography's parsing and first look-up"] = round(results["RSA"]["load s"] / whole, 2)
    for name, figures in results.items():
        print(name)
        for label, value in figures.items() if isinstance(figures, dict) else {"": figures}.items():
            print(f"  {label:28} {value:.4g}")
    print(json.dumps(results | {"python": platform.python_version(), "entries": _ENTRIES}, ensure_ascii=False))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
