"""What GOST costs with each implementation: pure Python, gmpy2, libcrypto, libgcrypt, all in one run.

Run: `python -m benchmarks.gost`. Prints medians in milliseconds, and how many times slower pure Python is; the last
line is one JSON object. A key is *new* when it is verified with for the first time, *known* afterwards.
"""

import asyncio
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import TypeVar

from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.gost import backend, signature
from gateway.eds.gost.hashes import HashAlgorithm, Hashes
from gateway.eds.gost.keys import PrivateKey
from gateway.eds.gost.points import Points
from gateway.eds.gost.suites import GOST_2015_512, SUITES, Suite
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from tests.support import eds, gost

_Argument = TypeVar("_Argument")
_ROUNDS = 100
_DATA = os.urandom(4096)
_ARITHMETIC = {name: gost.points(name) for name in gost.POINTS}
_HASHES = {name: gost.hashes(name) for name in gost.HASHES}


def _median(operation: Callable[[_Argument], object], arguments: Iterable[_Argument]) -> float:
    times = []
    for argument in arguments:
        start = time.perf_counter()
        operation(argument)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def _verify(points: Points, suite: Suite, keys: Iterable[PrivateKey]) -> float:
    digest = os.urandom(suite.curve.size)
    signed = [(key.public.value, key.sign_digest(digest)) for key in keys]
    points.base(suite.curve, 1)  # the generator's table is made once in a process

    def verify(pair: tuple[bytes, bytes]) -> None:
        assert signature.verify(suite.curve, pair[0], digest, pair[1], points)

    return _median(verify, signed)


def _curve(points: Points, suite: Suite) -> dict[str, float]:
    key = PrivateKey.generate(suite)
    digest = os.urandom(suite.curve.size)
    return {
        "verify, new key": _verify(points, suite, (PrivateKey.generate(suite) for _ in range(_ROUNDS))),
        "verify, known key": _verify(points, suite, repeat(key, _ROUNDS)),
        "sign": _median(lambda _: signature.sign(suite.curve, key.d, key.public.value, digest, points), range(_ROUNDS)),
    }


def _hash(hashes: Hashes, algorithm: HashAlgorithm) -> float:
    return _median(lambda _: hashes.new(algorithm, _DATA).digest(), range(_ROUNDS))


def _documents() -> dict[str, float]:
    """Measure a whole enveloped document of 4.4 KB with the active backend, chain known."""
    key = gost.citizen(GOST_2015_512).key
    verifier = Verifier(Anchors.of([gost.nca(GOST_2015_512).certificate]))
    loop = asyncio.new_event_loop()
    plain = b"<form>" + b"<field name='a'>text</field>" * 75 + b"</form>"
    signed = enveloped.sign(plain, key)

    def verify(_: int) -> None:
        verdict = loop.run_until_complete(verifier.enveloped(signed, at=eds.AT))
        assert verdict.indication is Indication.VALID

    verify(0)
    return {
        f"enveloped verify, {len(signed)} bytes": _median(verify, range(_ROUNDS)),
        "enveloped sign": _median(lambda _: enveloped.sign(plain, key), range(_ROUNDS)),
    }


def _with_backend(wish: str) -> dict[str, float]:
    os.environ[backend.VARIABLE] = wish
    backend.active.cache_clear()
    return _documents()


def _print(title: str, columns: dict[str, dict[str, float]]) -> None:
    print(title)
    for row in columns["pure"]:
        base = columns["pure"][row]
        cells = (f"{name} {column[row]:8.3f} ({base / column[row]:5.1f}x)" for name, column in columns.items())
        print(f"  {row:28} " + "   ".join(cells))


def main() -> None:
    """Measure and print."""
    print(
        f"{platform.machine()}, Python {platform.python_version()}, {_ROUNDS} rounds each; active: {backend.active()}"
    )
    tables = {suite.name: {name: _curve(points, suite) for name, points in _ARITHMETIC.items()} for suite in SUITES}
    tables["4 KiB"] = {
        name: {str(algorithm): _hash(hashes, algorithm) for algorithm in HashAlgorithm}
        for name, hashes in _HASHES.items()
    }
    tables["XML, GOST 34.310-2015 (512)"] = {
        name: _with_backend(wish) for name, wish in (("pure", "pure"), ("gmpy2", "gmpy2"), ("all", ""))
    }
    for title, columns in tables.items():
        _print(title, columns)
    print(json.dumps(tables))


if __name__ == "__main__":
    main()
