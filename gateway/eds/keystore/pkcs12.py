"""PKCS #12 files (RFC 7292), as NCA RK writes them and as everybody else does.

NCA RK's (nca-profile 2.2) are BER with indefinite lengths; the MAC is SHA-1 with 1,024 rounds, the key lies under
3DES, its certificate under RC2 of 40 bits. `cryptography` opens such files with RSA keys only and cannot say what is
wrong with a file, so files are read here; what is wrong with a password shows in the MAC, before anything is decrypted.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.eds import ber
from gateway.eds.der import Fields, integer, object_identifier, value
from gateway.eds.keystore import pbe

MAX_BYTES: Final = 1_000_000
_VERSION: Final = 3
_INTEGER, _OCTET_STRING, _OID, _SEQUENCE, _SET = 0x02, 0x04, 0x06, 0x30, 0x31
_PRIMITIVE_0, _CONSTRUCTED_0 = 0x80, 0xA0
_DATA: Final = "1.2.840.113549.1.7.1"
_ENCRYPTED_DATA: Final = "1.2.840.113549.1.7.6"
_BAGS: Final = "1.2.840.113549.1.12.10.1"
_KEY_BAG, _SHROUDED_KEY_BAG, _CERTIFICATE_BAG = f"{_BAGS}.1", f"{_BAGS}.2", f"{_BAGS}.3"
_X509: Final = "1.2.840.113549.1.9.22.1"
_LOCAL_KEY_ID: Final = "1.2.840.113549.1.9.21"
_MACS: Final = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


class FileUnusable(Exception):  # noqa: N818  a state of the installation, told to the operator
    """The file cannot be opened. The text says why and holds nothing of what is in it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key or a certificate of a file."""

    der: bytes = field(repr=False)
    """PrivateKeyInfo, not encrypted; or a certificate."""
    local_key_id: bytes | None
    """The same for a key and its certificate, where the writer cared."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a file."""

    keys: tuple[Entry, ...]
    certificates: tuple[Entry, ...]


def read(data: bytes, password: str) -> Content:
    """Check the MAC of a file, then decrypt what is in it.

    Raises:
        FileUnusable: wrong password, malformed, protected in an unknown way, or not protected against changes.
    """
    if len(data) > MAX_BYTES:
        raise FileUnusable(f"the PKCS #12 file is larger than {MAX_BYTES} bytes")
    try:
        bags = tuple(_bags(_authenticated(ber.definite(data), password), password))
        return Content(tuple(_keys(bags, password)), tuple(_certificates(bags)))
    except ValueError as error:
        raise FileUnusable(f"not a PKCS #12 file, or a damaged one: {error}") from None
    except pbe.NotDecryptable as error:
        raise FileUnusable(f"the PKCS #12 file: {error}") from None


def _authenticated(file: bytes, password: str) -> bytes:
    """Return the AuthenticatedSafe, definite, if its MAC is right."""
    fields = Fields(file)
    if integer(fields.content(_INTEGER)) != _VERSION:
        raise ValueError("of another version than 3")
    content_type, content = _content_info(fields.whole(_SEQUENCE))
    if content_type != _DATA:
        raise FileUnusable("a PKCS #12 file protected by a public key, not by a password, is not supported")
    if not fields.next_is(_SEQUENCE):
        raise FileUnusable("the PKCS #12 file has no MAC: nobody can tell whether it was changed")
    safe = value(content, _OCTET_STRING)
    _check_mac(fields.whole(_SEQUENCE), safe, password)
    fields.end()
    return ber.definite(safe)


def _check_mac(mac_data: bytes, safe: bytes, password: str) -> None:
    fields = Fields(mac_data)
    info, salt = Fields(fields.whole(_SEQUENCE)), fields.content(_OCTET_STRING)
    rounds = integer(fields.content(_INTEGER)) if fields.next_is(_INTEGER) else 1
    fields.end()
    name = object_identifier(Fields(info.whole(_SEQUENCE)).content(_OID))
    hash_name = _MACS.get(name)
    if hash_name is None:
        raise FileUnusable(f"a PKCS #12 file with a MAC of kind {name} is not supported")
    key = pbe.derive(hash_name, password, salt, rounds, pbe.MAC, hashlib.new(hash_name).digest_size)
    if not hmac.compare_digest(hmac.digest(key, safe, hash_name), info.content(_OCTET_STRING)):
        raise FileUnusable("the password of the PKCS #12 file is wrong, or the file was changed (its MAC differs)")


def _content_info(der: bytes) -> tuple[str, bytes]:
    """Return the type of a ContentInfo, and its content, header and all."""
    fields = Fields(der)
    content_type = object_identifier(fields.content(_OID))
    content = fields.content(_CONSTRUCTED_0)
    fields.end()
    return content_type, content


class _Bag(NamedTuple):
    kind: str
    content: bytes
    """DER."""
    local_key_id: bytes | None


def _bags(safe: bytes, password: str) -> Iterator[_Bag]:
    """Yield the bags of an AuthenticatedSafe (RFC 7292 section 4.1)."""
    for info in Fields(safe).all():
        content_type, content = _content_info(info)
        if content_type == _DATA:
            contents = value(content, _OCTET_STRING)
        elif content_type == _ENCRYPTED_DATA:
            contents = _decrypted(content, password)
        else:
            raise FileUnusable("a PKCS #12 file encrypted for a public key, not under a password, is not supported")
        for bag in Fields(ber.definite(contents)).all():
            yield _bag(bag)


def _decrypted(encrypted_data: bytes, password: str) -> bytes:
    """Decrypt EncryptedData (RFC 5652 section 8)."""
    fields = Fields(encrypted_data)
    fields.content(_INTEGER)
    info = Fields(fields.whole(_SEQUENCE))
    info.content(_OID)
    algorithm = info.whole(_SEQUENCE)
    if info.next_is(_CONSTRUCTED_0):  # in pieces, as BER allows
        pieces = Fields(info.whole(_CONSTRUCTED_0), _CONSTRUCTED_0).all()
        return pbe.decrypt(algorithm, b"".join(value(piece, _OCTET_STRING) for piece in pieces), password)
    return pbe.decrypt(algorithm, info.content(_PRIMITIVE_0), password)


def _bag(der: bytes) -> _Bag:
    fields = Fields(der)
    kind = object_identifier(fields.content(_OID))
    content = fields.content(_CONSTRUCTED_0)
    attributes = fields.optional(_SET)
    fields.end()
    return _Bag(kind, content, None if attributes is None else _local_key_id(attributes))


def _local_key_id(attributes: bytes) -> bytes | None:
    for attribute in Fields(attributes, _SET).all():
        fields = Fields(attribute)
        if object_identifier(fields.content(_OID)) == _LOCAL_KEY_ID:
            return Fields(fields.whole(_SET), _SET).content(_OCTET_STRING)
    return None


def _keys(bags: Iterable[_Bag], password: str) -> Iterator[Entry]:
    for bag in bags:
        if bag.kind == _KEY_BAG:
            yield Entry(bag.content, bag.local_key_id)
        elif bag.kind == _SHROUDED_KEY_BAG:
            yield Entry(shrouded(bag.content, password), bag.local_key_id)


def _certificates(bags: Iterable[_Bag]) -> Iterator[Entry]:
    for bag in bags:
        if bag.kind == _CERTIFICATE_BAG:
            fields = Fields(bag.content)
            if object_identifier(fields.content(_OID)) == _X509:
                yield Entry(value(fields.content(_CONSTRUCTED_0), _OCTET_STRING), bag.local_key_id)


def shrouded(encrypted_private_key_info: bytes, password: str) -> bytes:
    """Decrypt an EncryptedPrivateKeyInfo (RFC 5208 section 6); return the PrivateKeyInfo, DER.

    Raises:
        ValueError: malformed.
        pbe.NotDecryptable: wrong password, or protected in an unknown way.
    """
    fields = Fields(encrypted_private_key_info)
    algorithm, data = fields.whole(_SEQUENCE), fields.content(_OCTET_STRING)
    fields.end()
    return ber.definite(pbe.decrypt(algorithm, data, password))
