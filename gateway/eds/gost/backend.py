"""Who computes: the fastest of the libraries found on this machine that answers as pure Python does.

The choice is made once, at the first use. A library is taken only after it has reproduced known answers; otherwise it
is left out, with a note that says why. The environment variable QAQPA_GOST_BACKEND=pure leaves all of them out,
QAQPA_GOST_BACKEND=gmpy2 libcrypto only.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from gateway.eds.gost import known_answers
from gateway.eds.gost.comb import CombPoints
from gateway.eds.gost.hashes import Hashes
from gateway.eds.gost.libcrypto import LibcryptoPoints
from gateway.eds.gost.libgcrypt import LibgcryptHashes
from gateway.eds.gost.points import Points
from gateway.eds.gost.pure import PureHashes

VARIABLE = "QAQPA_GOST_BACKEND"

_Part = TypeVar("_Part", Points, Hashes)


@dataclass(frozen=True, slots=True)
class Backends:
    """What computes GOST in this process."""

    points: Points
    hashes: Hashes
    notes: tuple[str, ...] = ()
    """Why a faster one was not taken, in English."""

    def __str__(self) -> str:
        """Say it in one line."""
        return f"points: {self.points.name}, hashes: {self.hashes.name}"


@cache
def active() -> Backends:
    """Return the parts in use."""
    return choose(os.environ.get(VARIABLE, ""))


def choose(wish: str) -> Backends:
    """Try the libraries, fastest first; all but libcrypto if the wish is `gmpy2`, none of them if it is `pure`.

    Raises:
        known_answers.WrongAnswer: Pure Python itself computes wrongly: this machine cannot be trusted.
    """
    arithmetic = {"pure": (), "gmpy2": (_gmpy2,)}.get(wish, (LibcryptoPoints, _gmpy2))
    notes: list[str] = []
    points = _first("points", arithmetic, known_answers.check_points, notes)
    hashes = _first("hashes", () if wish == "pure" else (LibgcryptHashes,), known_answers.check_hashes, notes)
    return Backends(points or _checked_points(), hashes or _checked_hashes(), tuple(notes))


def _first(
    kind: str, makers: Iterable[Callable[[], _Part]], check: Callable[[_Part], None], notes: list[str]
) -> _Part | None:
    for make in makers:
        try:
            part = make()
            check(part)
        except (ImportError, OSError, AttributeError, ArithmeticError, RuntimeError) as error:
            notes.append(f"{kind}: {make.__name__.strip('_')} not used: {error}")
        else:
            return part
    return None


def _gmpy2() -> Points:
    from gmpy2 import mpz  # noqa: PLC0415 - an optional dependency

    return CombPoints("gmpy2", mpz)


def _checked_points() -> Points:
    points = CombPoints()
    known_answers.check_points(points)
    return points


def _checked_hashes() -> Hashes:
    hashes = PureHashes()
    known_answers.check_hashes(hashes)
    return hashes
