"""`Hashes` on libgcrypt, through ctypes. Calls release the interpreter's lock."""

import ctypes
import weakref
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint, c_void_p
from typing import Self

from gateway.eds.gost.hashes import HashAlgorithm

_LIBRARY = "libgcrypt.so.20"
_GCRYCTL_DISABLE_SECMEM = 37
_GCRYCTL_INITIALIZATION_FINISHED = 38
_ALGORITHMS = {
    # gcrypt.h, enum gcry_md_algos: GCRY_MD_GOSTR3411_94 is the test S-box, GCRY_MD_GOSTR3411_CP would be CryptoPro's
    HashAlgorithm.GOST_94_TEST: 308,
    HashAlgorithm.STREEBOG_256: 309,
    HashAlgorithm.STREEBOG_512: 310,
}
_SIGNATURES = {
    "gcry_check_version": (c_char_p, [c_char_p]),
    "gcry_md_open": (c_uint, [POINTER(c_void_p), c_int, c_uint]),
    "gcry_md_copy": (c_uint, [POINTER(c_void_p), c_void_p]),
    "gcry_md_write": (None, [c_void_p, c_char_p, c_size_t]),
    "gcry_md_read": (c_void_p, [c_void_p, c_int]),
    "gcry_md_close": (None, [c_void_p]),
}


class LibgcryptError(RuntimeError):
    """libgcrypt refused: an algorithm is not built in or not allowed (FIPS mode), or memory is exhausted."""


class LibgcryptHashes:
    """`Hashes` computed by libgcrypt 1.8 or later.

    Raises:
        OSError: There is no libgcrypt on this machine.
    """

    name = "libgcrypt"

    def __init__(self) -> None:
        self.library = ctypes.CDLL(_LIBRARY)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments
        self.library.gcry_check_version(None)  # the manual's "Initializing the library"; idempotent
        self.library.gcry_control(_GCRYCTL_DISABLE_SECMEM, 0)
        self.library.gcry_control(_GCRYCTL_INITIALIZATION_FINISHED, 0)

    def new(self, algorithm: HashAlgorithm, data: bytes = b"") -> "LibgcryptHash":
        """Return a hash object, already fed with the data.

        Raises:
            LibgcryptError: The algorithm is not available.
        """
        handle = c_void_p()
        if self.library.gcry_md_open(byref(handle), _ALGORITHMS[algorithm], 0):
            raise LibgcryptError(f"libgcrypt refuses {algorithm}")
        new = LibgcryptHash(self.library, algorithm, handle)
        new.update(data)
        return new


class LibgcryptHash:
    """A hash with the manners of `hashlib`, in libgcrypt's memory."""

    def __init__(self, library: ctypes.CDLL, algorithm: HashAlgorithm, handle: c_void_p) -> None:
        self.name = str(algorithm)
        self.digest_size = algorithm.digest_size
        self.block_size = 32 if algorithm is HashAlgorithm.GOST_94_TEST else 64
        self._library = library
        self._algorithm = algorithm
        self.handle = handle
        weakref.finalize(self, library.gcry_md_close, handle)

    def update(self, data: bytes) -> None:
        """Append data."""
        self._library.gcry_md_write(self.handle, data, len(data))

    def digest(self) -> bytes:
        """Return the digest of the data so far; more data may follow."""
        final = self.copy()  # reading ends a hash in libgcrypt
        return ctypes.string_at(self._library.gcry_md_read(final.handle, 0), self.digest_size)

    def hexdigest(self) -> str:
        """Return the digest in hexadecimal."""
        return self.digest().hex()

    def copy(self) -> Self:
        """Return an independent copy.

        Raises:
            LibgcryptError: Memory is exhausted.
        """
        handle = c_void_p()
        if self._library.gcry_md_copy(byref(handle), self.handle):
            raise LibgcryptError("libgcrypt cannot copy a hash")
        return type(self)(self._library, self._algorithm, handle)
