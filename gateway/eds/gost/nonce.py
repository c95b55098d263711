"""The secret number k of a signature: RFC 6979, section 3.2, with fresh randomness mixed in as section 3.6 allows.

A weak random source then still gives a different, unpredictable k for every digest, and a fault that repeats a
computation does not repeat k.
"""

import hmac
from collections.abc import Iterator


def candidates(q: int, d: int, digest: bytes, fresh: bytes) -> Iterator[int]:
    """Yield numbers k with 0 < k < q, all but surely the first one is used.

    Args:
        q: Order of the group.
        d: The private key.
        digest: What is signed.
        fresh: Random bytes; may be empty, then k depends on the other arguments only.
    """
    bits = q.bit_length()
    size = (bits + 7) // 8
    seed = d.to_bytes(size, "big") + (int.from_bytes(digest, "little") % q).to_bytes(size, "big") + fresh
    key, value = b"\x00" * 64, b"\x01" * 64
    for step in (b"\x00", b"\x01"):
        key = _hmac(key, value + step + seed)
        value = _hmac(key, value)
    while True:
        octets = b""
        while len(octets) < size:
            value = _hmac(key, value)
            octets += value
        k = int.from_bytes(octets[:size], "big") >> (8 * size - bits)
        if 0 < k < q:
            yield k
        key = _hmac(key, value + b"\x00")
        value = _hmac(key, value)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha512")
