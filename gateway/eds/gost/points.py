"""What a signature needs of elliptic curve arithmetic; implemented by `jacobian` and `libcrypto`."""

from typing import Protocol

from gateway.eds.gost.curve import Curve, Point


class Points(Protocol):
    """Scalar multiplication on any `Curve`. Implementations are safe to share between threads."""

    @property
    def name(self) -> str:
        """Who computes: `pure Python`, `gmpy2`, `libcrypto`."""

    def base(self, curve: Curve, k: int) -> Point | None:
        """Return k·G for 0 <= k < q."""

    def combine(self, curve: Curve, z1: int, z2: int, point: Point) -> Point | None:
        """Return z1·G + z2·point for 0 <= z1, z2 < q and a point of order q."""

    def multiply(self, curve: Curve, k: int, point: Point) -> Point | None:
        """Return k·point for any k >= 0 and any point of the curve, of whatever order."""
