"""The GOST hash functions by name, and what they look like: `hashlib`'s objects."""

from enum import StrEnum
from typing import Protocol, Self


class HashAlgorithm(StrEnum):
    """The hash functions that NCA signatures use."""

    GOST_94_TEST = "gost94-test"
    """GOST R 34.11-94 (ГОСТ 34.311-95) with the S-box of id-GostR3411-94-TestParamSet."""
    STREEBOG_256 = "streebog-256"
    STREEBOG_512 = "streebog-512"

    @property
    def digest_size(self) -> int:
        """Length of a digest in bytes."""
        return 64 if self is HashAlgorithm.STREEBOG_512 else 32


class Hash(Protocol):
    """A hash being computed, as in `hashlib`; not to be shared between threads."""

    @property
    def name(self) -> str:
        """The algorithm's name."""

    @property
    def digest_size(self) -> int:
        """Length of the digest in bytes."""

    @property
    def block_size(self) -> int:
        """Length of a block in bytes."""

    def update(self, data: bytes, /) -> None:
        """Append data."""

    def digest(self) -> bytes:
        """Return the digest of the data so far; more data may follow."""

    def hexdigest(self) -> str:
        """Return the digest in hexadecimal."""

    def copy(self) -> Self:
        """Return an independent copy."""


class Hashes(Protocol):
    """A maker of hashes. Implementations are safe to share between threads."""

    @property
    def name(self) -> str:
        """Who computes: `pure Python`, `libgcrypt`."""

    def new(self, algorithm: HashAlgorithm, data: bytes = b"") -> Hash:
        """Return a hash object, already fed with the data."""
