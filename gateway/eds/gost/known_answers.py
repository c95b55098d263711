"""The self-test that every part must pass before it is used.

Hashes must give the digests printed in the standards. Arithmetic must give points whose SHA-256 stands below; they were
computed by this package and, independently, by OpenSSL 3.0 (the tests repeat both, and a textbook computation).
"""

import hashlib
from collections.abc import Iterator

from gateway.eds.gost.curve import CRYPTOPRO_A, TC26_256_A, TC26_512_A, Curve, Point
from gateway.eds.gost.hashes import HashAlgorithm, Hashes
from gateway.eds.gost.points import Points

_M1 = b"012345678901234567890123456789012345678901234567890123456789012"
_LONG = bytes(range(256)) * 5

DIGESTS = (
    # RFC 6986, section 10.1, bytes in memory order
    (
        HashAlgorithm.STREEBOG_512,
        _M1,
        "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48",
    ),
    (HashAlgorithm.STREEBOG_256, _M1, "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"),
    # RFC 5831, section 7.3.1
    (
        HashAlgorithm.GOST_94_TEST,
        b"This is message, length=32 bytes",
        "b1c466d37519b82e8319819ff32595e047a28cb6f83eff1c6916a815a637fffa",
    ),
    # many blocks and a rest: computed by this package and by libgcrypt 1.10
    (
        HashAlgorithm.STREEBOG_512,
        _LONG + b"-",
        "db26fa724a4cab2e9504dfab12874fe994f23b99d17fc6b3ff81fc6577ec280970c30803d644cf817bd3b67d0354989e9a28a09bc23a3a0f24b36ff004afb171",
    ),
    (HashAlgorithm.GOST_94_TEST, _LONG + b"-", "29570ea0ed2cc862e18564af20548e0b8a9ba0104c31c101cf248a84cc6d4ed1"),
)

POINTS = (
    (CRYPTOPRO_A, "579a6dedc4876a97e6963bf40233202b6b0b394ceb83800934335a60270e3b13"),
    (TC26_256_A, "9948721453afcaa8082736b9b4f331991f11f1f0d10e5920586ca032723d537f"),
    (TC26_512_A, "ea765d07c8a45b48e49bf66cf8608ec54c258c086841562ba2d7c86c4f8cbdf7"),
)


class WrongAnswer(RuntimeError):  # noqa: N818  the name says what happened
    """A part does not compute what it must."""


def check_hashes(hashes: Hashes) -> None:
    """Run the self-test of the hash functions.

    Raises:
        WrongAnswer: A digest differs.
    """
    for algorithm, data, expected in DIGESTS:
        state = hashes.new(algorithm, data[:20])
        other = state.copy()
        other.update(data[20:])
        state.update(b"-")
        if other.hexdigest() != expected:
            raise WrongAnswer(f"{hashes.name} computes {algorithm} wrongly")


def check_points(points: Points) -> None:
    """Run the self-test of the arithmetic.

    Raises:
        WrongAnswer: A point differs.
    """
    for curve, expected in POINTS:
        if fingerprint(points, curve) != expected:
            raise WrongAnswer(f"{points.name} computes on {curve.name} wrongly")


def fingerprint(points: Points, curve: Curve) -> str:
    """Return the SHA-256, in hexadecimal, of a row of computed points."""
    row = "\n".join(f"{point.x:x},{point.y:x}" if point else "infinity" for point in _row(points, curve))
    return hashlib.sha256(row.encode()).hexdigest()


def _row(points: Points, curve: Curve) -> Iterator[Point | None]:
    d, z1, z2 = (int.from_bytes(hashlib.sha512(b"%d" % i).digest(), "big") % curve.q for i in range(3))
    key = points.base(curve, d)
    yield key
    if key is None:
        return
    yield points.combine(curve, z1, z2, key)
    yield points.combine(curve, -d * z2 % curve.q, z2, key)  # infinity
    generator = curve.generator
    yield points.combine(curve, 1, 1, generator)  # adding a point to itself
    yield points.combine(curve, 1, 1, Point(generator.x, curve.p - generator.y))  # and to its negative
    yield points.multiply(curve, z1, key)
    yield points.multiply(curve, curve.q, key)
