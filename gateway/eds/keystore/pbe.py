"""Decryption under a password: PBES2 (RFC 8018), and the older schemes of PKCS #12 (RFC 7292 appendix C).

Passwords are text: PKCS #12 takes them as UTF-16, PBES2 as UTF-8.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import RC2, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from gateway.eds.der import Fields, integer, object_identifier
from gateway.eds.keystore import rc2

MAX_ROUNDS: Final = 2_000_000
"""Java writes 10,000, NCA RK 1,024; more than this would only keep the process from starting."""
MAX_SALT_BYTES: Final = 1024
_MAX_SCRYPT_BYTES: Final = 64 * 2**20
_INTEGER, _OCTET_STRING, _OID, _SEQUENCE, _NULL = 0x02, 0x04, 0x06, 0x30, 0x05
_PBKDF2: Final = "1.2.840.113549.1.5.12"
_SCRYPT: Final = "1.3.6.1.4.1.11591.4.11"
_PRFS: Final = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_SHA1_PRF: Final = "1.2.840.113549.2.7"
KEY, IV, MAC = 1, 2, 3
"""What a value derived by PKCS #12 is for (RFC 7292 appendix B.3)."""


class NotDecryptable(Exception):  # noqa: N818  says what happened
    """It cannot be decrypted. The text says why and holds nothing of the content or the password."""


def decrypt(algorithm: bytes, data: bytes, password: str) -> bytes:
    """Decrypt and take the padding off.

    Args:
        algorithm: AlgorithmIdentifier, DER.
        data: whole blocks.
        password: the password.

    Raises:
        NotDecryptable: wrong password, unknown scheme, parameters out of bounds, or malformed.
    """
    try:
        fields = Fields(algorithm)
        oid, parameters = object_identifier(fields.content(_OID)), fields.whole(_SEQUENCE)
        padded, block_bits = _scheme(oid)(parameters, data, password)
    except ValueError as error:
        raise NotDecryptable(f"malformed encryption: {error}") from None
    try:
        unpadder = PKCS7(block_bits).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise NotDecryptable("the password is wrong, or the data are damaged") from None


_Scheme = Callable[[bytes, bytes, str], tuple[bytes, int]]
"""Takes parameters, data and password; returns what is decrypted, padded, and the block's size in bits."""


def _scheme(oid: str) -> _Scheme:
    scheme = _SCHEMES.get(oid)
    if scheme is None:
        raise NotDecryptable(f"encryption of kind {oid} is not supported")
    return scheme


def derive(hash_name: str, password: str, salt: bytes, rounds: int, use: int, size: int) -> bytes:  # noqa: PLR0913, PLR0917
    """Derive `size` bytes by PKCS #12 (RFC 7292 appendix B.2).

    Args:
        hash_name: name in hashlib.
        password: the password.
        salt: any bytes.
        rounds: how often it is hashed.
        use: KEY, IV or MAC.
        size: bytes wanted.

    Raises:
        ValueError: rounds or salt are out of bounds.
    """
    _check_costs(salt, rounds)
    block = hashlib.new(hash_name, usedforsecurity=False).block_size
    diversifier = bytes([use]) * block
    filled = bytearray(_repeated(salt, block) + _repeated(password.encode("utf-16-be") + b"\x00\x00", block))
    derived = b""
    while len(derived) < size:
        digest = diversifier + filled
        for _ in range(rounds):
            digest = hashlib.new(hash_name, digest, usedforsecurity=False).digest()
        derived += digest
        addend = int.from_bytes(_repeated(digest, block)[:block], "big") + 1
        for start in range(0, len(filled), block):
            total = int.from_bytes(filled[start : start + block], "big") + addend
            filled[start : start + block] = (total % (1 << 8 * block)).to_bytes(block, "big")
    return derived[:size]


def _repeated(data: bytes, block: int) -> bytes:
    """Repeat data up to a whole number of blocks; of nothing, nothing."""
    size = block * ((len(data) + block - 1) // block)
    return (data * (size // len(data) + 1))[:size] if data else b""


def _check_costs(salt: bytes, rounds: int) -> None:
    if not 0 < rounds <= MAX_ROUNDS:
        raise ValueError(f"{rounds} rounds, at most {MAX_ROUNDS} accepted")
    if len(salt) > MAX_SALT_BYTES:
        raise ValueError("an enormous salt")


# PKCS #12's own schemes


@dataclass(frozen=True, slots=True)
class _Pkcs12Scheme:
    key_bytes: int
    cipher: Callable[[bytes, bytes, bytes], bytes]
    """Takes key, IV and data."""

    def __call__(self, parameters: bytes, data: bytes, password: str) -> tuple[bytes, int]:
        fields = Fields(parameters)
        salt, rounds = fields.content(_OCTET_STRING), integer(fields.content(_INTEGER))
        fields.end()
        key = derive("sha1", password, salt, rounds, KEY, self.key_bytes)
        iv = derive("sha1", password, salt, rounds, IV, 8)
        return self.cipher(key, iv, data), 64


def _cbc(make: Callable[[bytes], CipherAlgorithm]) -> Callable[[bytes, bytes, bytes], bytes]:
    def run(key: bytes, iv: bytes, data: bytes) -> bytes:
        decryptor = Cipher(make(key), modes.CBC(iv)).decryptor()
        return decryptor.update(data) + decryptor.finalize()

    return run


def _rc2_40(key: bytes, iv: bytes, data: bytes) -> bytes:
    return rc2.decrypt_cbc(key, 40, iv, data)


# PBES2


def _pbes2(parameters: bytes, data: bytes, password: str) -> tuple[bytes, int]:
    fields = Fields(parameters)
    derivation, encryption = Fields(fields.whole(_SEQUENCE)), Fields(fields.whole(_SEQUENCE))
    fields.end()
    name = object_identifier(encryption.content(_OID))
    cipher = _CIPHERS.get(name)
    if cipher is None:
        raise NotDecryptable(f"encryption of kind {name} is not supported")
    make, key_bytes, block_bits = cipher
    iv = encryption.content(_OCTET_STRING)
    key = _derived(derivation, password.encode(), key_bytes)
    return _cbc(make)(key, iv, data), block_bits


def _derived(function: Fields, password: bytes, size: int) -> bytes:
    name = object_identifier(function.content(_OID))
    if name == _PBKDF2:
        return _pbkdf2(Fields(function.whole(_SEQUENCE)), password, size)
    if name == _SCRYPT:
        return _scrypt(Fields(function.whole(_SEQUENCE)), password, size)
    raise NotDecryptable(f"key derivation of kind {name} is not supported")


def _pbkdf2(fields: Fields, password: bytes, size: int) -> bytes:
    salt, rounds = fields.content(_OCTET_STRING), integer(fields.content(_INTEGER))
    _check_costs(salt, rounds)
    if fields.next_is(_INTEGER) and integer(fields.content(_INTEGER)) != size:
        raise ValueError("a key of another length than the cipher's")
    prf = object_identifier(Fields(fields.whole(_SEQUENCE)).content(_OID)) if fields.next_is(_SEQUENCE) else _SHA1_PRF
    fields.end()
    if prf not in _PRFS:
        raise NotDecryptable(f"key derivation with {prf} is not supported")
    return hashlib.pbkdf2_hmac(_PRFS[prf], password, salt, rounds, size)


def _scrypt(fields: Fields, password: bytes, size: int) -> bytes:
    salt = fields.content(_OCTET_STRING)
    cost, block, parallel = (integer(fields.content(_INTEGER)) for _ in range(3))
    if not 0 < 128 * cost * block * parallel <= _MAX_SCRYPT_BYTES or len(salt) > MAX_SALT_BYTES:
        raise ValueError("costs out of bounds")
    return Scrypt(salt=salt, length=size, n=cost, r=block, p=parallel).derive(password)


_PKCS12: Final = "1.2.840.113549.1.12.1"
_SCHEMES: Final[Mapping[str, _Scheme]] = {
    f"{_PKCS12}.3": _Pkcs12Scheme(24, _cbc(TripleDES)),
    f"{_PKCS12}.5": _Pkcs12Scheme(16, _cbc(RC2)),
    f"{_PKCS12}.6": _Pkcs12Scheme(5, _rc2_40),
    "1.2.840.113549.1.5.13": _pbes2,
}
_AES: Final = "2.16.840.1.101.3.4.1"
_CIPHERS: Final[Mapping[str, tuple[Callable[[bytes], CipherAlgorithm], int, int]]] = {
    f"{_AES}.2": (AES, 16, 128),
    f"{_AES}.22": (AES, 24, 128),
    f"{_AES}.42": (AES, 32, 128),
    "1.2.840.113549.3.7": (TripleDES, 24, 64),
}
"""By OID: the cipher in CBC mode, bytes of its key, bits of its block."""
