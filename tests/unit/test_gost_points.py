"""Elliptic curve arithmetic against the textbook, on every backend."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds.gost.curve import CRYPTOPRO_A, TC26_256_A, TC26_512_A, Curve, Point
from tests.support import gost
from tests.support.gost import EXAMPLE_256, EXAMPLE_512, POINTS, points

_CURVES = (CRYPTOPRO_A, TC26_256_A, TC26_512_A, EXAMPLE_256)
_names = pytest.mark.parametrize("curve", _CURVES, ids=lambda curve: curve.name)
_backends = pytest.mark.parametrize("backend", POINTS)


def _scalars(curve: Curve) -> st.SearchStrategy[int]:
    edges = st.sampled_from([0, 1, 2, 3, 31, 32, curve.q // 2, curve.q - 2, curve.q - 1])
    return edges | st.integers(0, curve.q - 1)


@_names
def test_generators_have_their_order(curve: Curve) -> None:
    """Each generator lies on its curve and q times it is infinity; so no digit of the parameters is wrong."""
    assert curve.holds(curve.generator)
    assert gost.multiply(curve, curve.q, curve.generator) is None
    assert gost.multiply(curve, curve.q - 1, curve.generator) is not None


@_names
@_backends
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_sums_are_those_of_the_textbook(curve: Curve, backend: str, data: st.DataObject) -> None:
    """k·G, z1·G + z2·Q and k·Q are what chord and tangent give, at the edges of the range too."""
    arithmetic = points(backend)
    d, z1, z2 = (data.draw(_scalars(curve)) for _ in range(3))
    key = arithmetic.base(curve, d)
    assert key == gost.multiply(curve, d, curve.generator)
    if key is None:
        return
    expected = gost.multiply(curve, (z1 + z2 * d) % curve.q, curve.generator)
    assert arithmetic.combine(curve, z1, z2, key) == expected
    assert arithmetic.multiply(curve, z1, key) == gost.multiply(curve, z1, key)


@_names
@_backends
def test_meeting_points_are_added_rightly(curve: Curve, backend: str) -> None:
    """A point added to itself is doubled, one added to its negative is infinity: the formulas' exceptions."""
    arithmetic, generator = points(backend), curve.generator
    negative = Point(generator.x, curve.p - generator.y)
    for z in (1, 2, 33, curve.q - 1):
        assert arithmetic.combine(curve, z, z, generator) == gost.multiply(curve, 2 * z % curve.q, generator)
        assert arithmetic.combine(curve, z, z, negative) is None
    assert arithmetic.combine(curve, 0, 0, generator) is None
    assert arithmetic.multiply(curve, curve.q, generator) is None


@_backends
def test_points_of_small_order_are_told_apart(backend: str) -> None:
    """On the curve with cofactor 4 a point outside the prime-order subgroup does not vanish when multiplied by q."""
    outside = gost.add(TC26_256_A, TC26_256_A.generator, _of_small_order())
    assert outside is not None
    arithmetic = points(backend)
    assert arithmetic.multiply(TC26_256_A, TC26_256_A.q, outside) is not None
    assert arithmetic.multiply(TC26_256_A, TC26_256_A.q * TC26_256_A.cofactor, outside) is None


def _of_small_order() -> Point:
    """Find a point of order 2 or 4: q times some point of the curve that is not in the subgroup."""
    curve = TC26_256_A
    for x in range(1, 100):
        square = (x**3 + curve.a * x + curve.b) % curve.p
        y = pow(square, (curve.p + 1) // 4, curve.p)  # p = 3 mod 4
        found = gost.multiply(curve, curve.q, Point(x, y)) if y * y % curve.p == square else None
        if found:
            return found
    raise AssertionError("no point of small order")


def test_a_key_of_small_order_makes_no_comb() -> None:
    """Pure Python refuses to precompute a point of small order instead of computing wrongly."""
    small = _of_small_order()
    twice = gost.add(TC26_256_A, small, small)
    for point in (small, twice) if twice else (small,):
        with pytest.raises(ValueError, match=r"order|invertible"):
            points("pure").combine(TC26_256_A, 1, 1, point)


def test_a_modulus_far_from_a_power_of_two_is_refused() -> None:
    """Pure Python says that it cannot compute on a curve with an unsuitable modulus; libcrypto can."""
    with pytest.raises(ValueError, match="power of two"):
        points("pure").base(EXAMPLE_512, 1)
    assert points("libcrypto").base(EXAMPLE_512, 1) == EXAMPLE_512.generator


def test_libcrypto_refuses_a_point_off_the_curve() -> None:
    """libcrypto reports a point that is not on the curve, and works on afterwards."""
    arithmetic = points("libcrypto")
    with pytest.raises(ArithmeticError):
        arithmetic.combine(TC26_512_A, 1, 1, Point(1, 1))
    assert arithmetic.base(TC26_512_A, 1) == TC26_512_A.generator


@_backends
def test_arithmetic_is_shared_between_threads(backend: str) -> None:
    """Threads that compute at the same time do not disturb one another, the first use included."""
    arithmetic = points(backend)
    expected = [gost.multiply(CRYPTOPRO_A, k, CRYPTOPRO_A.generator) for k in range(1, 40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda k: arithmetic.base(CRYPTOPRO_A, k), range(1, 40))) == expected
