"""RC2 (RFC 2268), decryption only: NCA RK encrypts the certificates of its PKCS #12 files with RC2 of 40 bits.

It hides nothing from anybody; it only has to be opened. `cryptography` knows RC2 with 128 bits alone.
"""

from collections.abc import Iterable
from typing import Final

BLOCK_BYTES: Final = 8
MAX_KEY_BYTES: Final = 128
_WORD: Final = 0xFFFF

# RFC 2268 section 2: digits of pi
_PI_TABLE: Final = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)


def decrypt_cbc(key: bytes, effective_bits: int, iv: bytes, data: bytes) -> bytes:
    """Decrypt whole blocks in CBC mode; padding stays where it is.

    Args:
        key: 1 to 128 bytes.
        effective_bits: how many bits of the key count (RFC 2268: T1), 1 to 1024.
        iv: one block.
        data: whole blocks.

    Raises:
        ValueError: one of these has a wrong length.
    """
    if len(iv) != BLOCK_BYTES or len(data) % BLOCK_BYTES:
        raise ValueError("not whole blocks")
    words = expand(key, effective_bits)
    plain, previous = bytearray(), iv
    for start in range(0, len(data), BLOCK_BYTES):
        block = data[start : start + BLOCK_BYTES]
        plain += bytes(a ^ b for a, b in zip(decrypt_block(words, block), previous, strict=True))
        previous = block
    return bytes(plain)


def expand(key: bytes, effective_bits: int) -> tuple[int, ...]:
    """Return the 64 words of the expanded key (RFC 2268 section 2).

    Raises:
        ValueError: the key or its effective length is out of range.
    """
    if not 0 < len(key) <= MAX_KEY_BYTES or not 0 < effective_bits <= 8 * MAX_KEY_BYTES:
        raise ValueError("an RC2 key out of range")
    octets = bytearray(key)
    for i in range(len(key), MAX_KEY_BYTES):
        octets.append(_PI_TABLE[(octets[i - 1] + octets[i - len(key)]) & 0xFF])
    effective = (effective_bits + 7) // 8
    octets[-effective] = _PI_TABLE[octets[-effective] & (0xFF >> (8 * effective - effective_bits))]
    for i in reversed(range(MAX_KEY_BYTES - effective)):
        octets[i] = _PI_TABLE[octets[i + 1] ^ octets[i + effective]]
    return tuple(_words(octets))


def decrypt_block(words: tuple[int, ...], block: bytes) -> bytes:
    """Decrypt one block (RFC 2268 section 4): 16 mixing rounds, with mashing after the fifth and the eleventh."""
    r = _words(block)
    for mixing in reversed(range(16)):
        for i in (3, 2, 1, 0):
            rotated = (r[i] << (16 - _ROTATIONS[i]) | r[i] >> _ROTATIONS[i]) & _WORD
            chosen = (r[i - 1] & r[i - 2]) + (~r[i - 1] & r[i - 3])
            r[i] = (rotated - words[4 * mixing + i] - chosen) & _WORD
        if mixing in _MASHED:
            for i in (3, 2, 1, 0):
                r[i] = (r[i] - words[r[i - 1] & 63]) & _WORD
    return b"".join(word.to_bytes(2, "little") for word in r)


_ROTATIONS: Final = (1, 2, 3, 5)
_MASHED: Final = frozenset({11, 5})
"""Mixing rounds, counted from 0, before which encryption mashes."""


def _words(octets: Iterable[int]) -> list[int]:
    low_first = iter(octets)
    return [low | high << 8 for low, high in zip(low_first, low_first, strict=True)]
