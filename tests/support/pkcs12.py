"""PKCS #12 files as NCA RK's software writes them, and as nobody should: BER by hand, so that anything can be said."""

import hashlib
import hmac
import os
from dataclasses import dataclass, field

from asn1crypto.core import Null
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7

from gateway.eds.keystore import pbe, rc2
from tests.support.cms import DATA, indefinite, number, oid, tlv

PASSWORD = "Құпия 12"
_PKCS12 = "1.2.840.113549.1.12"
_ENCRYPTED_DATA = "1.2.840.113549.1.7.6"
_SHA1 = "1.3.14.3.2.26"
_ROTATIONS = (1, 2, 3, 5)


@dataclass
class File:
    """What is in a file, and how it is protected; NCA RK's way where nothing else is said."""

    keys: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    """PrivateKeyInfo and local key id."""
    certificates: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    """Certificate and local key id."""
    password: str = PASSWORD
    rounds: int = 1024
    with_mac: bool = True
    mac_oid: str = _SHA1
    modern: bool = False
    """PBES2 with AES-256 instead of 3DES and RC2-40."""
    key_in_clear: bool = False
    content_oid: str = DATA

    def der(self) -> bytes:
        """Write it."""
        safe = indefinite(0x30, self._data(self._key_bags()), self._encrypted(self._certificate_bags()))
        octets = indefinite(0x24, tlv(0x04, safe[:1000]), tlv(0x04, safe[1000:]))
        content = indefinite(0x30, oid(self.content_oid), indefinite(0xA0, octets))
        return indefinite(0x30, number(3), content, self._mac(safe) if self.with_mac else b"")

    def _key_bags(self) -> bytes:
        bags = []
        for key, local_key_id in self.keys:
            kind, value = (1, key) if self.key_in_clear else (2, self._shrouded(key))
            bags.append(_bag(kind, value, local_key_id))
        return indefinite(0x30, *bags)

    def _certificate_bags(self) -> bytes:
        bags = []
        for certificate, local_key_id in self.certificates:
            value = tlv(0x30, oid("1.2.840.113549.1.9.22.1"), tlv(0xA0, tlv(0x04, certificate)))
            bags.append(_bag(3, value, local_key_id))
        return indefinite(0x30, *bags)

    def _data(self, contents: bytes) -> bytes:
        return indefinite(0x30, oid(DATA), indefinite(0xA0, tlv(0x04, contents)))

    def _encrypted(self, contents: bytes) -> bytes:
        algorithm, data = self._pbes2(contents) if self.modern else self._rc2_40(contents)
        pieces = indefinite(0xA0, tlv(0x04, data[:16]), tlv(0x04, data[16:]))
        info = indefinite(0x30, oid(DATA), algorithm, pieces)
        return indefinite(0x30, oid(_ENCRYPTED_DATA), indefinite(0xA0, indefinite(0x30, number(0), info)))

    def _shrouded(self, key: bytes) -> bytes:
        algorithm, data = self._pbes2(key) if self.modern else self._triple_des(key)
        return tlv(0x30, algorithm, tlv(0x04, data))

    def _triple_des(self, plain: bytes) -> tuple[bytes, bytes]:
        salt = os.urandom(20)
        key, iv = (self._derive(salt, use, size) for use, size in ((pbe.KEY, 24), (pbe.IV, 8)))
        encryptor = Cipher(TripleDES(key), modes.CBC(iv)).encryptor()
        return self._algorithm(f"{_PKCS12}.1.3", salt), encryptor.update(padded(plain, 8)) + encryptor.finalize()

    def _rc2_40(self, plain: bytes) -> tuple[bytes, bytes]:
        salt = os.urandom(20)
        key, iv = (self._derive(salt, use, size) for use, size in ((pbe.KEY, 5), (pbe.IV, 8)))
        return self._algorithm(f"{_PKCS12}.1.6", salt), encrypt_rc2_cbc(key, 40, iv, padded(plain, 8))

    def _pbes2(self, plain: bytes) -> tuple[bytes, bytes]:
        return pbes2(plain, self.password, self.rounds)

    def _algorithm(self, name: str, salt: bytes) -> bytes:
        return tlv(0x30, oid(name), tlv(0x30, tlv(0x04, salt), number(self.rounds)))

    def _derive(self, salt: bytes, use: int, size: int) -> bytes:
        # beyond the limit nobody derives; what is written is only to be refused
        return pbe.derive("sha1", self.password, salt, max(1, min(self.rounds, 4096)), use, size)

    def _mac(self, safe: bytes) -> bytes:
        salt = os.urandom(20)
        value = hmac.digest(self._derive(salt, pbe.MAC, 20), safe, hashlib.sha1)
        info = tlv(0x30, tlv(0x30, oid(self.mac_oid), Null().dump()), tlv(0x04, value))
        return tlv(0x30, info, tlv(0x04, salt), number(self.rounds))


def pbes2(plain: bytes, password: str, rounds: int = 2048) -> tuple[bytes, bytes]:
    """Encrypt with PBES2 (PBKDF2 with HMAC-SHA-256, AES-256-CBC); return AlgorithmIdentifier and data."""
    salt, iv = os.urandom(16), os.urandom(16)
    encryptor = Cipher(AES(hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)), modes.CBC(iv)).encryptor()
    prf = tlv(0x30, oid("1.2.840.113549.2.9"), Null().dump())
    function = tlv(0x30, oid("1.2.840.113549.1.5.12"), tlv(0x30, tlv(0x04, salt), number(rounds), prf))
    cipher = tlv(0x30, oid("2.16.840.1.101.3.4.1.42"), tlv(0x04, iv))
    algorithm = tlv(0x30, oid("1.2.840.113549.1.5.13"), tlv(0x30, function, cipher))
    return algorithm, encryptor.update(padded(plain, 16)) + encryptor.finalize()


def padded(data: bytes, block: int) -> bytes:
    """Pad as PKCS #7 does."""
    padder = PKCS7(8 * block).padder()
    return padder.update(data) + padder.finalize()


def encrypt_rc2_cbc(key: bytes, effective_bits: int, iv: bytes, data: bytes) -> bytes:
    """Encrypt whole blocks with RC2 in CBC mode."""
    words, out = rc2.expand(key, effective_bits), iv
    for start in range(0, len(data), 8):
        mixed = bytes(a ^ b for a, b in zip(data[start : start + 8], out[-8:], strict=True))
        out += encrypt_rc2(words, mixed)
    return out[8:]


def encrypt_rc2(words: tuple[int, ...], block: bytes) -> bytes:
    """Encrypt one block (RFC 2268 section 3)."""
    r = [int.from_bytes(block[i : i + 2], "little") for i in range(0, 8, 2)]
    for mixing in range(16):
        if mixing in {5, 11}:
            for i in range(4):
                r[i] = (r[i] + words[r[i - 1] & 63]) & 0xFFFF
        for i, rotation in enumerate(_ROTATIONS):
            total = r[i] + words[4 * mixing + i] + (r[i - 1] & r[i - 2]) + (~r[i - 1] & r[i - 3])
            r[i] = (total << rotation | (total & 0xFFFF) >> (16 - rotation)) & 0xFFFF
    return b"".join(word.to_bytes(2, "little") for word in r)


def _bag(kind: int, value: bytes, local_key_id: bytes | None) -> bytes:
    attributes = b""
    if local_key_id is not None:
        attributes = tlv(0x31, tlv(0x30, oid("1.2.840.113549.1.9.21"), tlv(0x31, tlv(0x04, local_key_id))))
    return indefinite(0x30, oid(f"{_PKCS12}.10.1.{kind}"), indefinite(0xA0, value), attributes)
