"""GOST R 34.10 signatures (RFC 7091, section 6) in the encodings of the NCA (nca-profile, section 2.2).

Everything is little-endian: a public key is X ‖ Y, a signature r ‖ s, and the digest is read as a little-endian number.
"""

import secrets
from functools import lru_cache

from gateway.eds.gost import backend, nonce
from gateway.eds.gost.curve import Curve, Point
from gateway.eds.gost.points import Points


class PublicKeyInvalid(ValueError):  # noqa: N818  says what is wrong with the bytes
    """The bytes are not a point that a signature may be verified with."""


class SigningFailed(RuntimeError):  # noqa: N818  the name says what happened
    """A fresh signature did not verify: a fault of the machine. It was not handed out."""


@lru_cache(maxsize=4096)
def public_point(curve: Curve, public_key: bytes) -> Point:
    """Read a public key: a point of the curve, not infinity, of order q.

    Raises:
        PublicKeyInvalid: It is not such a point.
    """
    size = curve.size
    if len(public_key) != 2 * size:
        raise PublicKeyInvalid(f"{len(public_key)} bytes, {2 * size} expected on {curve.name}")
    point = Point(int.from_bytes(public_key[:size], "little"), int.from_bytes(public_key[size:], "little"))
    if not curve.holds(point):
        raise PublicKeyInvalid(f"not a point of {curve.name}")
    if curve.cofactor != 1 and backend.active().points.multiply(curve, curve.q, point) is not None:
        raise PublicKeyInvalid("not a point of the prime-order subgroup")
    return point


def encode_point(curve: Curve, point: Point) -> bytes:
    """Return X ‖ Y."""
    return point.x.to_bytes(curve.size, "little") + point.y.to_bytes(curve.size, "little")


def derive_public_key(curve: Curve, d: int) -> bytes:
    """Return the public key of the private key d.

    Raises:
        ValueError: d is not in 1 … q - 1.
    """
    point = backend.active().points.base(curve, d) if 0 < d < curve.q else None
    if point is None:
        raise ValueError("the private key is out of range")
    return encode_point(curve, point)


def verify(curve: Curve, public_key: bytes, digest: bytes, signature: bytes, points: Points | None = None) -> bool:
    """Tell whether a signature over a digest is good.

    Args:
        curve: The curve of the key.
        public_key: X ‖ Y.
        digest: As the hash function gives it; as long as one coordinate.
        signature: r ‖ s. One of a wrong length is not good, not an error.
        points: The arithmetic; the active one if None.

    Raises:
        PublicKeyInvalid: The key is not a point of prime order.
        ValueError: The digest is of another length.
    """
    size, q = curve.size, curve.q
    e = _digest_number(curve, digest)
    point = public_point(curve, public_key)
    r, s = int.from_bytes(signature[:size], "little"), int.from_bytes(signature[size:], "little")
    if len(signature) != 2 * size or not 0 < r < q or not 0 < s < q:
        return False
    v = pow(e, -1, q)
    total = (points or backend.active().points).combine(curve, s * v % q, -r * v % q, point)
    return total is not None and total.x % q == r


def sign(curve: Curve, d: int, public_key: bytes, digest: bytes, points: Points | None = None) -> bytes:
    """Sign a digest.

    Args:
        curve: The curve of the key.
        d: The private key.
        public_key: Its public key, X ‖ Y; the signature is verified with it before it is returned.
        digest: As the hash function gives it; as long as one coordinate.
        points: The arithmetic; the active one if None.

    Raises:
        PublicKeyInvalid: The public key is not a point of prime order.
        SigningFailed: The signature does not verify.
        ValueError: The digest is of another length.
    """
    points = points or backend.active().points
    e = _digest_number(curve, digest)
    signature = b""
    for k in nonce.candidates(curve.q, d, digest, secrets.token_bytes(64)):
        signature = _sign_with(curve, d, e, k, points)
        if signature:
            break
    if not verify(curve, public_key, digest, signature, points):
        raise SigningFailed("a new signature does not verify: the key pair does not match, or the machine is faulty")
    return signature


def _sign_with(curve: Curve, d: int, e: int, k: int, points: Points) -> bytes:
    """Return r ‖ s, or nothing if this k gives a zero."""
    point = points.base(curve, k)
    r = point.x % curve.q if point else 0
    s = (r * d + k * e) % curve.q
    if r == 0 or s == 0:
        return b""
    return r.to_bytes(curve.size, "little") + s.to_bytes(curve.size, "little")


def _digest_number(curve: Curve, digest: bytes) -> int:
    if len(digest) != curve.size:
        raise ValueError(f"a digest of {len(digest)} bytes does not go with {curve.name}")
    return int.from_bytes(digest, "little") % curve.q or 1
