"""GOST R 34.11-94 (ГОСТ 34.311-95, RFC 5831) with the test S-box, in pure Python.

The NCA's GOST 34.310-2004 signatures use the S-box of id-GostR3411-94-TestParamSet (the standard's example), not the
CryptoPro one. 256-bit vectors are integers, read little-endian.
"""

from functools import cache
from struct import Struct

from gateway.eds.gost.blocks import BlockHash
from gateway.eds.gost.hashes import HashAlgorithm

_BLOCK = 32
_MASK = (1 << 256) - 1
_KEY = Struct("<8I")
_HALFWORDS = Struct("<16H")
_KEY_CONSTANTS = (0, 0xFF00FFFF000000FFFF0000FF00FFFF0000FF00FF00FF00FFFF00FF00FF00FF00, 0)
"""C_2, C_3, C_4 of RFC 5831, section 5.1."""

_TEST_S_BOX = (
    # GOST R 34.11-94, appendix A (RFC 5831, section 7.1); the first row substitutes the lowest four bits
    (0x4, 0xA, 0x9, 0x2, 0xD, 0x8, 0x0, 0xE, 0x6, 0xB, 0x1, 0xC, 0x7, 0xF, 0x5, 0x3),
    (0xE, 0xB, 0x4, 0xC, 0x6, 0xD, 0xF, 0xA, 0x2, 0x3, 0x8, 0x1, 0x0, 0x7, 0x5, 0x9),
    (0x5, 0x8, 0x1, 0xD, 0xA, 0x3, 0x4, 0x2, 0xE, 0xF, 0xC, 0x7, 0x6, 0x0, 0x9, 0xB),
    (0x7, 0xD, 0xA, 0x1, 0x0, 0x8, 0x9, 0xF, 0xE, 0x4, 0x6, 0xC, 0xB, 0x2, 0x5, 0x3),
    (0x6, 0xC, 0x7, 0x1, 0x5, 0xF, 0xD, 0x8, 0x4, 0xA, 0x9, 0xE, 0x0, 0x3, 0xB, 0x2),
    (0x4, 0xB, 0xA, 0x0, 0x7, 0x2, 0x1, 0xD, 0x3, 0x6, 0x8, 0x5, 0x9, 0xC, 0xF, 0xE),
    (0xD, 0xB, 0x4, 0x1, 0x3, 0xF, 0x5, 0x9, 0x0, 0xA, 0xE, 0x7, 0x6, 0x8, 0x2, 0xC),
    (0x1, 0xF, 0xD, 0x0, 0x5, 0x7, 0xA, 0x4, 0x9, 0x2, 0x3, 0xE, 0x6, 0xB, 0x8, 0xC),
)


@cache
def _tables() -> tuple[tuple[int, ...], ...]:
    """Return for each of the four bytes of a word: byte -> its substitution, in place and rotated left by 11."""
    return tuple(tuple(_substitute(byte, position) for byte in range(256)) for position in range(4))


def _substitute(byte: int, position: int) -> int:
    low, high = _TEST_S_BOX[2 * position], _TEST_S_BOX[2 * position + 1]
    word = (low[byte & 15] | high[byte >> 4] << 4) << 8 * position
    return (word << 11 | word >> 21) & 0xFFFFFFFF


def _encrypt(key: tuple[int, ...], block: int) -> int:
    """Encrypt 64 bits with GOST 28147-89 (RFC 5830, section 5)."""
    t0, t1, t2, t3 = _tables()
    left, right = block & 0xFFFFFFFF, block >> 32
    for subkey in key * 3 + key[::-1]:
        word = left + subkey
        right ^= t0[word & 255] ^ t1[word >> 8 & 255] ^ t2[word >> 16 & 255] ^ t3[word >> 24 & 255]
        left, right = right, left
    return left << 32 | right


def _subkeys(vector: int) -> tuple[int, ...]:
    """Return P(vector), the transposition of its 4×8 bytes, as eight words of a key."""
    octets, key = vector.to_bytes(_BLOCK, "little"), bytearray(_BLOCK)
    for row in range(4):
        key[row::4] = octets[8 * row : 8 * row + 8]
    return _KEY.unpack(key)


def _a(vector: int) -> int:
    """Return A(vector) = (x1 ^ x2, x4, x3, x2) of RFC 5831, section 5.1."""
    return vector >> 64 | ((vector ^ vector >> 64) & 0xFFFFFFFFFFFFFFFF) << 192


def _psi(vector: int, times: int) -> int:
    """Return psi**times(vector): a shift register of 16 half-words (RFC 5831, section 5.3)."""
    words = list(_HALFWORDS.unpack(vector.to_bytes(_BLOCK, "little")))
    for i in range(times):
        words.append(words[i] ^ words[i + 1] ^ words[i + 2] ^ words[i + 3] ^ words[i + 12] ^ words[i + 15])
    return int.from_bytes(_HALFWORDS.pack(*words[-16:]), "little")


def _step(state: int, message: int) -> int:
    """Return the step function of RFC 5831, section 5."""
    u, v = state, message
    cipher = _encrypt(_subkeys(u ^ v), state & 0xFFFFFFFFFFFFFFFF)
    for i, constant in enumerate(_KEY_CONSTANTS, start=1):
        u = _a(u) ^ constant
        v = _a(_a(v))
        cipher |= _encrypt(_subkeys(u ^ v), state >> 64 * i & 0xFFFFFFFFFFFFFFFF) << 64 * i
    return _psi(_psi(_psi(cipher, 12) ^ message, 1) ^ state, 61)


class Gost94(BlockHash):
    """A GOST R 34.11-94 hash with the manners of `hashlib`."""

    block_size = _BLOCK

    def __init__(self, data: bytes = b"") -> None:
        self._state = 0
        self._bits = 0
        self._sum = 0
        super().__init__(HashAlgorithm.GOST_94_TEST, data)

    def _consume(self, block: bytes) -> None:
        message = int.from_bytes(block, "little")
        self._state = _step(self._state, message)
        self._bits += 8 * _BLOCK
        self._sum = self._sum + message & _MASK

    def _finish(self, rest: bytes) -> bytes:
        message = int.from_bytes(rest, "little")
        state = _step(self._state, message) if rest else self._state
        state = _step(state, self._bits + 8 * len(rest))
        state = _step(state, self._sum + message & _MASK)
        return state.to_bytes(_BLOCK, "little")
