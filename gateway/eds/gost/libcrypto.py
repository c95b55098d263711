"""`Points` on OpenSSL's libcrypto, through ctypes: its arithmetic works on any prime curve.

Only the arithmetic is used: no engine, no provider, no GOST support is asked of OpenSSL. k·G runs through libcrypto's
constant-time ladder, which neither Python nor gmpy2 can offer. Calls release the interpreter's lock.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_void_p
from functools import lru_cache

from gateway.eds.gost.curve import Curve, Point

_LIBRARY = "libcrypto.so.3"
_SIGNATURES = {
    # name: (result, arguments); the last argument of most is a BN_CTX, for which None lets libcrypto make its own
    "BN_bin2bn": (c_void_p, [c_char_p, c_int, c_void_p]),
    "BN_bn2binpad": (c_int, [c_void_p, c_char_p, c_int]),
    "BN_clear_free": (None, [c_void_p]),
    "EC_GROUP_new_curve_GFp": (c_void_p, [c_void_p, c_void_p, c_void_p, c_void_p]),
    "EC_GROUP_set_generator": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p]),
    "EC_POINT_new": (c_void_p, [c_void_p]),
    "EC_POINT_clear_free": (None, [c_void_p]),
    "EC_POINT_set_affine_coordinates": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EC_POINT_get_affine_coordinates": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EC_POINT_is_at_infinity": (c_int, [c_void_p, c_void_p]),
    "ERR_clear_error": (None, []),
    "EC_POINT_mul": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
}


class LibcryptoError(ArithmeticError):
    """A call into libcrypto failed: a point is not on its curve, or memory is exhausted."""


class LibcryptoPoints:
    """`Points` computed by libcrypto 3.

    Raises:
        OSError: There is no libcrypto 3 on this machine.
        AttributeError: It was built without elliptic curves.
    """

    name = "libcrypto"

    def __init__(self) -> None:
        self._library = ctypes.CDLL(_LIBRARY)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._group = lru_cache(maxsize=16)(self._new_group)

    def base(self, curve: Curve, k: int) -> Point | None:
        """Return k·G for 0 <= k < q."""
        with self._numbers(k) as (scalar,):
            return self._multiply(curve, scalar, None, None)

    def combine(self, curve: Curve, z1: int, z2: int, point: Point) -> Point | None:
        """Return z1·G + z2·point for 0 <= z1, z2 < q and a point of order q."""
        with self._numbers(z1, z2) as (first, second), self._point(self._group(curve), point) as other:
            return self._multiply(curve, first, other, second)

    def multiply(self, curve: Curve, k: int, point: Point) -> Point | None:
        """Return k·point for any k >= 0 and any point of the curve, of whatever order."""
        with self._numbers(k) as (scalar,), self._point(self._group(curve), point) as other:
            return self._multiply(curve, None, other, scalar)

    def _multiply(self, curve: Curve, base: int | None, other: int | None, scalar: int | None) -> Point | None:
        group = self._group(curve)
        with self._point(group) as result:
            self._succeed(self._library.EC_POINT_mul(group, result, base, other, scalar, None))
            if self._library.EC_POINT_is_at_infinity(group, result):
                return None
            with self._numbers(0, 0) as (x, y):
                self._succeed(self._library.EC_POINT_get_affine_coordinates(group, result, x, y, None))
                return Point(self._read(x, curve.size), self._read(y, curve.size))

    def _new_group(self, curve: Curve) -> int:
        """Make a group that lives as long as the process."""
        with self._numbers(curve.p, curve.a, curve.b) as (p, a, b):
            group: int = self._succeed(self._library.EC_GROUP_new_curve_GFp(p, a, b, None))
        with self._point(group, curve.generator) as generator, self._numbers(curve.q, curve.cofactor) as (q, cofactor):
            self._succeed(self._library.EC_GROUP_set_generator(group, generator, q, cofactor))
        return group

    @contextmanager
    def _point(self, group: int, point: Point | None = None) -> Iterator[int]:
        handle: int = self._succeed(self._library.EC_POINT_new(group))
        try:
            if point is not None:
                with self._numbers(*point) as (x, y):
                    self._succeed(self._library.EC_POINT_set_affine_coordinates(group, handle, x, y, None))
            yield handle
        finally:
            self._library.EC_POINT_clear_free(handle)

    @contextmanager
    def _numbers(self, *values: int) -> Iterator[list[int]]:
        handles: list[int] = []
        try:
            for value in values:
                octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
                handles.append(self._succeed(self._library.BN_bin2bn(octets, len(octets), None)))
            yield handles
        finally:
            for handle in handles:
                self._library.BN_clear_free(handle)

    def _read(self, handle: int, size: int) -> int:
        octets = ctypes.create_string_buffer(size)
        self._succeed(self._library.BN_bn2binpad(handle, octets, size) == size)
        return int.from_bytes(octets.raw, "big")

    def _succeed(self, result: int | None) -> int:
        if not result:
            self._library.ERR_clear_error()  # the queue is shared with the interpreter's own TLS
            raise LibcryptoError("libcrypto refused an operation on a curve")
        return result
