"""`Hashes` in pure Python."""

from gateway.eds.gost.gost94 import Gost94
from gateway.eds.gost.hashes import Hash, HashAlgorithm
from gateway.eds.gost.streebog import Streebog


class PureHashes:
    """`Hashes` computed by this package itself."""

    name = "pure Python"

    def new(self, algorithm: HashAlgorithm, data: bytes = b"") -> Hash:
        """Return a hash object, already fed with the data."""
        if algorithm is HashAlgorithm.GOST_94_TEST:
            return Gost94(data)
        return Streebog(algorithm, data)
