"""What the two pure Python hashes share: cutting data into blocks, and `hashlib`'s manners."""

from abc import ABC, abstractmethod
from copy import copy
from typing import Self

from gateway.eds.gost.hashes import HashAlgorithm


class BlockHash(ABC):
    """A hash that consumes its data block by block. `copy` is shallow: subclasses keep only immutable state."""

    block_size: int

    def __init__(self, algorithm: HashAlgorithm, data: bytes = b"") -> None:
        self.name = str(algorithm)
        self.digest_size = algorithm.digest_size
        self._pending = b""
        self.update(data)

    @abstractmethod
    def _consume(self, block: bytes) -> None:
        """Take one full block."""

    @abstractmethod
    def _finish(self, rest: bytes) -> bytes:
        """Return the digest, given the data that fill no block, and change nothing."""

    def update(self, data: bytes) -> None:
        """Append data."""
        data = self._pending + data
        end = len(data) - len(data) % self.block_size
        for start in range(0, end, self.block_size):
            self._consume(data[start : start + self.block_size])
        self._pending = data[end:]

    def digest(self) -> bytes:
        """Return the digest of the data so far; more data may follow."""
        return self._finish(self._pending)

    def hexdigest(self) -> str:
        """Return the digest in hexadecimal."""
        return self.digest().hex()

    def copy(self) -> Self:
        """Return an independent copy."""
        return copy(self)
