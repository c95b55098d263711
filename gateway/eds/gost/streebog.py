"""GOST R 34.11-2012 "Streebog", 256 and 512 bits (RFC 6986), in pure Python.

512-bit vectors are integers, read little-endian. The transformation LPS works on a matrix of 8×8 bytes: it substitutes
every byte, transposes the matrix, and multiplies each row, as 64 bits, by a binary matrix. All three are done at once
by looking up the product for each byte: 64 look-ups in 8 tables.
"""

from functools import cache
from struct import Struct

from gateway.eds.gost.blocks import BlockHash
from gateway.eds.gost.hashes import HashAlgorithm
from gateway.eds.gost.streebog_tables import LINEAR, PI, ROUND_CONSTANTS

_BLOCK = 64
_MASK = (1 << 512) - 1
_WORDS = Struct("<8Q")
_Tables = tuple[tuple[int, ...], ...]


@cache
def _tables() -> _Tables:
    """Return for each byte position of a row: byte -> its product with the binary matrix (RFC 6986, section 6.4)."""
    return tuple(tuple(_product(PI[byte] << 8 * position) for byte in range(256)) for position in range(8))


def _product(row: int) -> int:
    product = 0
    for bit, line in enumerate(reversed(LINEAR)):
        if row >> bit & 1:
            product ^= line
    return product


def _lps(vector: int, tables: _Tables) -> int:
    """Return L(P(S(vector))) (RFC 6986, section 6)."""
    t0, t1, t2, t3, t4, t5, t6, t7 = tables
    # fmt: off
    (
        a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7,
        c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7,
        e0, e1, e2, e3, e4, e5, e6, e7, f0, f1, f2, f3, f4, f5, f6, f7,
        g0, g1, g2, g3, g4, g5, g6, g7, h0, h1, h2, h3, h4, h5, h6, h7,
    ) = vector.to_bytes(_BLOCK, "little")
    # fmt: on
    words = _WORDS.pack(
        t0[a0] ^ t1[b0] ^ t2[c0] ^ t3[d0] ^ t4[e0] ^ t5[f0] ^ t6[g0] ^ t7[h0],
        t0[a1] ^ t1[b1] ^ t2[c1] ^ t3[d1] ^ t4[e1] ^ t5[f1] ^ t6[g1] ^ t7[h1],
        t0[a2] ^ t1[b2] ^ t2[c2] ^ t3[d2] ^ t4[e2] ^ t5[f2] ^ t6[g2] ^ t7[h2],
        t0[a3] ^ t1[b3] ^ t2[c3] ^ t3[d3] ^ t4[e3] ^ t5[f3] ^ t6[g3] ^ t7[h3],
        t0[a4] ^ t1[b4] ^ t2[c4] ^ t3[d4] ^ t4[e4] ^ t5[f4] ^ t6[g4] ^ t7[h4],
        t0[a5] ^ t1[b5] ^ t2[c5] ^ t3[d5] ^ t4[e5] ^ t5[f5] ^ t6[g5] ^ t7[h5],
        t0[a6] ^ t1[b6] ^ t2[c6] ^ t3[d6] ^ t4[e6] ^ t5[f6] ^ t6[g6] ^ t7[h6],
        t0[a7] ^ t1[b7] ^ t2[c7] ^ t3[d7] ^ t4[e7] ^ t5[f7] ^ t6[g7] ^ t7[h7],
    )
    return int.from_bytes(words, "little")


def _compress(counter: int, state: int, block: int) -> int:
    """Return g_N(h, m) (RFC 6986, section 8)."""
    tables = _tables()
    key = _lps(state ^ counter, tables)
    cipher = block
    for constant in ROUND_CONSTANTS:
        cipher = _lps(cipher ^ key, tables)
        key = _lps(key ^ constant, tables)
    return cipher ^ key ^ state ^ block


class Streebog(BlockHash):
    """A Streebog hash with the manners of `hashlib`."""

    block_size = _BLOCK

    def __init__(self, algorithm: HashAlgorithm = HashAlgorithm.STREEBOG_512, data: bytes = b"") -> None:
        short = algorithm is HashAlgorithm.STREEBOG_256
        self._state = int.from_bytes((b"\x01" if short else b"\x00") * _BLOCK, "little")
        self._bits = 0
        self._sum = 0
        super().__init__(algorithm, data)

    def _consume(self, block: bytes) -> None:
        message = int.from_bytes(block, "little")
        self._state = _compress(self._bits, self._state, message)
        self._bits += 8 * _BLOCK
        self._sum = self._sum + message & _MASK

    def _finish(self, rest: bytes) -> bytes:
        message = int.from_bytes(rest + b"\x01", "little")
        state = _compress(self._bits, self._state, message)
        state = _compress(0, state, self._bits + 8 * len(rest))
        state = _compress(0, state, self._sum + message & _MASK)
        return state.to_bytes(_BLOCK, "little")[-self.digest_size :]
