"""The elliptic curves of GOST R 34.10 that NCA certificates use, in short Weierstrass form y² = x³ + ax + b."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Point(NamedTuple):
    """An affine point. The point at infinity is written None."""

    x: int
    y: int


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over GF(p) and a generator of prime order q. Compared by identity: it is a key of many caches."""

    name: str
    oid: str
    p: int
    a: int
    b: int
    q: int
    cofactor: int
    generator: Point

    @property
    def size(self) -> int:
        """Length of one coordinate and of one half of a signature, in bytes."""
        return (self.p.bit_length() + 7) // 8

    @cached_property
    def fold(self) -> tuple[int, int]:
        """(n, c) with p = 2**n - c and c small: 2**n may be replaced by c, which is cheaper than a division.

        Raises:
            ValueError: p is not so close to a power of two.
        """
        n = min((self.p.bit_length() - 1, self.p.bit_length()), key=lambda bits: abs((1 << bits) - self.p))
        c = (1 << n) - self.p
        if c.bit_length() > _LARGEST_FOLD_BITS:
            raise ValueError(f"{self.name}: the modulus is not close to a power of two")
        return n, c

    def holds(self, point: Point) -> bool:
        """Tell whether the coordinates are reduced and satisfy the curve's equation."""
        x, y = point
        in_range = 0 <= x < self.p and 0 <= y < self.p
        return in_range and (y * y - (x * x + self.a) * x - self.b) % self.p == 0


_LARGEST_FOLD_BITS = 11
"""`jacobian` proves its bounds for c < 2**11."""

CRYPTOPRO_A = Curve(
    # RFC 4357, section 11.4
    name="CryptoPro-A",
    oid="1.2.643.2.2.35.1",
    p=2**256 - 617,
    a=2**256 - 620,
    b=0xA6,
    q=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893,
    cofactor=1,
    generator=Point(1, 0x8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14),
)

TC26_256_A = Curve(
    # RFC 7836, appendix A.2: the Weierstrass form of the twisted Edwards curve
    name="tc26-256-A",
    oid="1.2.643.7.1.2.1.1.1",
    p=2**256 - 617,
    a=0xC2173F1513981673AF4892C23035A27CE25E2013BF95AA33B22C656F277E7335,
    b=0x295F9BAE7428ED9CCC20E7C359A9D41A22FCCD9108E17BF7BA9337A6F8AE9513,
    q=0x400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67,
    cofactor=4,
    generator=Point(
        0x91E38443A5E82C0D880923425712B2BB658B9196932E02C78B2582FE742DAA28,
        0x32879423AB1A0375895786C4BB46E9565FDE0B5344766740AF268ADB32322E5C,
    ),
)

TC26_512_A = Curve(
    # RFC 7836, appendix A.1
    name="tc26-512-A",
    oid="1.2.643.7.1.2.1.2.1",
    p=2**512 - 569,
    a=2**512 - 572,
    b=0xE8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760,
    q=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275,
    cofactor=1,
    generator=Point(
        3,
        0x7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4,
    ),
)
