"""One curve's group operations in Jacobian coordinates: (X, Y, Z) stands for (X/Z², Y/Z³).

Formulas: "dbl-2001-b" and the mixed addition of Cohen, Miyaji and Ono, both in the Explicit-Formulas Database
(hyperelliptic.org/EFD). Numbers are Python integers or any type that computes like them (`gmpy2.mpz`).

Reduction: p = 2**n - c with a small c (`Curve.fold`), so a product is reduced by replacing 2**n with c, which costs a
third of a division. One fold leaves some tens of bits above n, and the next product can carry them. Two folds leave a
value in (-2**100, 2**n + 2**100), called *tidy* here: it is 0 modulo p only if it is 0 or p itself. Coordinates that
leave an operation are tidy.

Nothing here runs in constant time.
"""

from collections.abc import Callable, Iterable
from itertools import accumulate

from gateway.eds.gost.curve import Curve, Point

Jacobian = tuple[int, int, int]


class Group:
    """The points of one curve. The point at infinity is None."""

    def __init__(self, curve: Curve, number: Callable[[int], int]) -> None:
        n, c = curve.fold
        self._number = number
        self._n = n
        self._c = number(c)
        self._mask = number((1 << n) - 1)
        self._p = number(curve.p)
        self._a = number(curve.a)
        self._a_is_minus_three = curve.a == curve.p - 3

    def double(self, point: Jacobian, times: int = 1) -> Jacobian:
        """Return 2**times · point; its Z is 0 modulo p if that is infinity."""
        n, c, mask = self._n, self._c, self._mask
        x, y, z = point
        for _ in range(times):
            zz = z * z
            zz = (zz & mask) + (zz >> n) * c
            yy = y * y
            yy = (yy & mask) + (yy >> n) * c
            s = x * yy
            s = (s & mask) + (s >> n) * c << 2
            m = 3 * (x - zz) * (x + zz) if self._a_is_minus_three else self._slope(x, zz)
            m = (m & mask) + (m >> n) * c
            z = y * z << 1
            z = (z & mask) + (z >> n) * c
            z = (z & mask) + (z >> n) * c
            x = m * m - (s << 1)
            x = (x & mask) + (x >> n) * c
            x = (x & mask) + (x >> n) * c
            y = m * (s - x) - (yy * yy << 3)
            y = (y & mask) + (y >> n) * c
            y = (y & mask) + (y >> n) * c
        return x, y, z

    def _slope(self, x: int, zz: int) -> int:
        """Return 3X² + aZ⁴, for a curve whose a is not -3."""
        zzzz = zz * zz
        zzzz = (zzzz & self._mask) + (zzzz >> self._n) * self._c
        return 3 * x * x + self._a * zzzz

    def add(self, point: Jacobian | None, other: Point) -> Jacobian | None:
        """Return the sum of any point and an affine one."""
        if point is None:
            return (*other, self._number(1))
        n, c, mask = self._n, self._c, self._mask
        x, y, z = point
        zz = z * z
        zz = (zz & mask) + (zz >> n) * c
        zzz = z * zz
        zzz = (zzz & mask) + (zzz >> n) * c
        h = other[0] * zz - x
        h = (h & mask) + (h >> n) * c
        h = (h & mask) + (h >> n) * c
        r = other[1] * zzz - y
        r = (r & mask) + (r >> n) * c
        if h in (0, self._p):
            return self.double(point) if r % self._p == 0 else None
        hh = h * h
        hh = (hh & mask) + (hh >> n) * c
        hhh = h * hh
        hhh = (hhh & mask) + (hhh >> n) * c
        v = x * hh
        v = (v & mask) + (v >> n) * c
        return self._sum(r, v, hhh, y, z * h)

    def _sum(self, r: int, v: int, hhh: int, y: int, z: int) -> Jacobian:
        """Finish an addition: X = r² - H³ - 2V, Y = r(V - X) - Y·H³, Z = Z·H."""
        n, c, mask = self._n, self._c, self._mask
        x = r * r - hhh - (v << 1)
        x = (x & mask) + (x >> n) * c
        x = (x & mask) + (x >> n) * c
        y = r * (v - x) - y * hhh
        y = (y & mask) + (y >> n) * c
        y = (y & mask) + (y >> n) * c
        z = (z & mask) + (z >> n) * c
        z = (z & mask) + (z >> n) * c
        return x, y, z

    def finite(self, point: Jacobian) -> Jacobian | None:
        """Return the point, or None where doubling a point of order two has led to infinity (Z = 0)."""
        return None if point[2] in (0, self._p) else point

    def affine(self, points: Iterable[Jacobian]) -> list[Point]:
        """Bring points to affine coordinates; one inversion for all of them (Montgomery's trick).

        Raises:
            ValueError: One of them is infinity.
        """
        p, points = self._p, list(points)
        products = list(accumulate((z for _, _, z in points), lambda left, right: left * right % p, initial=1))
        inverse = pow(products.pop(), -1, p)
        affine = []
        for (x, y, z), before in zip(reversed(points), reversed(products), strict=True):
            reciprocal = inverse * before % p
            inverse = inverse * z % p
            square = reciprocal * reciprocal % p
            affine.append(Point(x * square % p, y * square * reciprocal % p))
        return affine[::-1]

    def point(self, point: Point) -> Point:
        """Return the point in this group's type of number."""
        return Point(self._number(point.x), self._number(point.y))
