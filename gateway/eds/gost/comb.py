"""Scalar multiplication by fixed-base combs (Lim and Lee, CRYPTO '94) over `jacobian`.

A comb of t teeth holds the sums of every subset of P, 2**d·P, 2**2d·P, … 2**(t-1)d·P. A scalar of t·d bits then needs
d doublings and d additions. All terms of a sum share the doublings. The generator's comb is made once; a public key's
is kept, because the issuers' keys come again with every message.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from gateway.eds.gost.curve import Curve, Point
from gateway.eds.gost.jacobian import Group, Jacobian

_GENERATOR_TEETH = 8
"""255 points."""
_KEY_TEETH = 5
"""31 points: a verification with a new key costs hardly more than without a comb, every further one a third."""
_KEPT_KEYS = 256
"""Public keys whose combs are kept: 7 KB each for 512 bits."""


@dataclass(frozen=True, slots=True)
class Comb:
    """The points; `table[i]` is the sum of the teeth whose bits are set in i; entry 0 is never used."""

    teeth: int
    spacing: int
    table: tuple[Point, ...]

    @classmethod
    def of(cls, group: Group, point: Point, teeth: int, bits: int) -> "Comb":
        """Precompute a comb for scalars of `bits` bits.

        Raises:
            ValueError: The point is of too small an order.
        """
        spacing = -(-bits // teeth)
        tooth: Jacobian = (*group.point(point), 1)
        roots = [tooth] + [tooth := group.double(tooth, spacing) for _ in range(teeth - 1)]
        table: list[Jacobian | None] = [None]
        for root in group.affine(roots):
            table += [group.add(entry, root) for entry in table]
        # No sum is infinity if P has order q: each is a multiple of P by a number between 0 and q.
        sums = group.affine(entry for entry in table[1:] if entry)
        if len(sums) != 2**teeth - 1:
            raise ValueError("the point is not of order q")
        return cls(teeth, spacing, (point, *sums))

    def columns(self, scalar: int) -> list[int]:
        """Split the scalar into `spacing` indices of the table, most significant first."""
        bits = format(scalar, f"0{self.teeth * self.spacing}b")
        return [int(bits[column :: self.spacing], 2) for column in range(self.spacing)]


class _CombGroup:
    """One curve with its generator's comb and the combs of recent public keys."""

    def __init__(self, curve: Curve, number: Callable[[int], int]) -> None:
        self.curve = curve
        self.group = Group(curve, number)
        self.key = lru_cache(_KEPT_KEYS)(lambda point: self._comb(point, _KEY_TEETH))

    @cached_property
    def generator(self) -> Comb:
        return self._comb(self.curve.generator, _GENERATOR_TEETH)

    def _comb(self, point: Point, teeth: int) -> Comb:
        return Comb.of(self.group, point, teeth, self.curve.q.bit_length())

    def sum(self, *terms: tuple[Comb, int]) -> Point | None:
        """Return the sum of each comb's point times its scalar."""
        length = max(comb.spacing for comb, _ in terms)
        tables = [comb.table for comb, _ in terms]
        columns = [[0] * (length - comb.spacing) + comb.columns(scalar) for comb, scalar in terms]
        total: Jacobian | None = None
        for indices in zip(*columns, strict=True):
            if total is not None:
                total = self.group.double(total)
            for index, table in zip(indices, tables, strict=True):
                if index:
                    total = self.group.add(total, table[index])
        return self.affine(total)

    def affine(self, point: Jacobian | None) -> Point | None:
        if point is None or self.group.finite(point) is None:
            return None
        x, y = self.group.affine([point])[0]
        return Point(int(x), int(y))


class CombPoints:
    """`Points` on Python integers, or on another type of number that is given."""

    def __init__(self, name: str = "pure Python", number: Callable[[int], int] = int) -> None:
        self.name = name
        self._on = lru_cache(maxsize=16)(lambda curve: _CombGroup(curve, number))

    def base(self, curve: Curve, k: int) -> Point | None:
        """Return k·G for 0 <= k < q."""
        on = self._on(curve)
        return on.sum((on.generator, k))

    def combine(self, curve: Curve, z1: int, z2: int, point: Point) -> Point | None:
        """Return z1·G + z2·point for 0 <= z1, z2 < q and a point of order q."""
        on = self._on(curve)
        return on.sum((on.generator, z1), (on.key(point), z2))

    def multiply(self, curve: Curve, k: int, point: Point) -> Point | None:
        """Return k·point for any k >= 0 and any point of the curve, by doubling and adding."""
        on = self._on(curve)
        affine, total = on.group.point(point), None
        for bit in format(k, "b"):
            total = on.group.finite(on.group.double(total)) if total else None
            total = on.group.add(total, affine) if bit == "1" else total
        return on.affine(total)
