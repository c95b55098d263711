"""Which implementation is chosen, and that a wrong one never is."""

from collections.abc import Callable

import pytest

from gateway.eds.gost import backend, known_answers
from gateway.eds.gost.comb import CombPoints
from gateway.eds.gost.curve import Curve, Point
from gateway.eds.gost.hashes import Hash, HashAlgorithm
from gateway.eds.gost.known_answers import WrongAnswer
from gateway.eds.gost.pure import PureHashes
from tests.support import gost
from tests.support.gost import HASHES, POINTS, hashes, points


@pytest.mark.parametrize("name", POINTS)
def test_every_arithmetic_passes_the_self_test(name: str) -> None:
    """Pure Python, gmpy2 and libcrypto all give the known points."""
    known_answers.check_points(points(name))


@pytest.mark.parametrize("name", HASHES)
def test_every_hash_passes_the_self_test(name: str) -> None:
    """Pure Python and libgcrypt give the known digests."""
    known_answers.check_hashes(hashes(name))


class _TextbookPoints:
    name = "textbook"

    def base(self, curve: Curve, k: int) -> Point | None:
        return gost.multiply(curve, k, curve.generator)

    def combine(self, curve: Curve, z1: int, z2: int, point: Point) -> Point | None:
        return gost.add(curve, gost.multiply(curve, z1, curve.generator), gost.multiply(curve, z2, point))

    def multiply(self, curve: Curve, k: int, point: Point) -> Point | None:
        return gost.multiply(curve, k, point)


def test_the_known_points_are_those_of_the_textbook() -> None:
    """The self-test's answers are no invention of the code they test."""
    known_answers.check_points(_TextbookPoints())


class _AlmostRightPoints(CombPoints):
    """Forgets the sign of a point that meets its negative."""

    def combine(self, curve: Curve, z1: int, z2: int, point: Point) -> Point | None:
        return super().combine(curve, z1, z2, point) or curve.generator


class _AlmostRightHashes(PureHashes):
    """Computes GOST 34.11-94 as Streebog-256."""

    name = "almost right"

    def new(self, algorithm: HashAlgorithm, data: bytes = b"") -> Hash:
        wrong = algorithm is HashAlgorithm.GOST_94_TEST
        return super().new(HashAlgorithm.STREEBOG_256 if wrong else algorithm, data)


def test_the_fastest_that_is_right_is_taken() -> None:
    """Where all libraries are present and right, the first of the list is taken, and no note is made."""
    points("libcrypto")
    hashes("libgcrypt")
    chosen = backend.choose("")
    assert (chosen.points.name, chosen.hashes.name, chosen.notes) == ("libcrypto", "libgcrypt", ())
    assert str(chosen) == "points: libcrypto, hashes: libgcrypt"


def test_a_wrong_library_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library with one wrong answer is not used; the next is, and a note says why."""
    monkeypatch.setattr(backend, "LibcryptoPoints", lambda: _AlmostRightPoints("almost right"))
    monkeypatch.setattr(backend, "LibgcryptHashes", _AlmostRightHashes)
    points("gmpy2")
    chosen = backend.choose("")
    assert (chosen.points.name, chosen.hashes.name) == ("gmpy2", "pure Python")
    assert len(chosen.notes) == 2
    assert all("almost right computes" in note for note in chosen.notes)


def _absent() -> CombPoints:
    raise OSError("libcrypto.so.3: cannot open shared object file")


@pytest.mark.parametrize("maker", [_absent, lambda: CombPoints("broken", lambda _: 1 // 0)])
def test_without_libraries_pure_python_computes(
    maker: Callable[[], CombPoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing or failing library is noted and pure Python takes over."""
    monkeypatch.setattr(backend, "LibcryptoPoints", maker)
    monkeypatch.setattr(backend, "_gmpy2", maker)
    chosen = backend.choose("")
    assert chosen.points.name == "pure Python"
    assert len(chosen.notes) == 2


def test_gmpy2_can_be_demanded() -> None:
    """QAQPA_GOST_BACKEND=gmpy2 leaves libcrypto out and nothing else."""
    points("gmpy2")
    hashes("libgcrypt")
    assert str(backend.choose("gmpy2")) == "points: gmpy2, hashes: libgcrypt"


def test_pure_python_can_be_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """QAQPA_GOST_BACKEND=pure leaves all libraries out."""
    monkeypatch.setenv(backend.VARIABLE, "pure")
    backend.active.cache_clear()
    try:
        assert str(backend.active()) == "points: pure Python, hashes: pure Python"
        assert backend.active().notes == ()
    finally:
        backend.active.cache_clear()


def test_a_machine_that_computes_wrongly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """If even pure Python fails its self-test, nothing is verified at all."""
    monkeypatch.setattr(backend, "PureHashes", _AlmostRightHashes)
    with pytest.raises(WrongAnswer):
        backend.choose("pure")
