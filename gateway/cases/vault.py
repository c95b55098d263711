"""Personal data at rest: sealed with AES-256-GCM, searched by keyed hash."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SearchKey = Callable[[str], bytes]
"""Makes the keyed hash by which personal data is compared (`Vault.search_key`)."""

_NONCE = 12
_KEY = 32


class VaultUnusable(Exception):  # noqa: N818  says what the vault is
    """The vault's key cannot be used, or sealed data is not what it was."""


class Vault:
    """Seals and opens; the key never leaves it.

    A sealed value is `version(1) || nonce(12) || ciphertext+tag`. The context binds it to its place: a value moved to
    another row does not open. Nothing is compressed first: most of a large message is a scan in base64, which hardly
    shrinks, and deflating costs ten times what sealing costs.
    """

    _VERSION = b"\x01"

    def __init__(self, key: bytes) -> None:
        """Take the 32-byte key of the installation."""
        if len(key) != _KEY:
            raise VaultUnusable(f"the vault key must be {_KEY} bytes, this one is {len(key)}")
        self._cipher = AESGCM(HKDFExpand(SHA256(), _KEY, b"qaqpa seal").derive(key))
        self._hash_key = HKDFExpand(SHA256(), _KEY, b"qaqpa search").derive(key)

    @classmethod
    def load(cls, path: Path) -> "Vault":
        """Read the key file (base64). Raises VaultUnusable."""
        try:
            return cls(base64.b64decode(path.read_text().strip(), validate=True))
        except (OSError, binascii.Error, UnicodeDecodeError) as error:
            raise VaultUnusable(f"the vault key in {path} cannot be read: {type(error).__name__}") from error

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Encrypt `data` for the place named by `context`."""
        nonce = os.urandom(_NONCE)
        return self._VERSION + nonce + self._cipher.encrypt(nonce, data, self._VERSION + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt. Raises VaultUnusable if the data was changed, moved, or sealed with another key."""
        version, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, text, version + context)
        except (InvalidTag, ValueError) as error:
            raise VaultUnusable("sealed data does not open: changed, moved, or sealed with another key") from error

    def search_key(self, value: str) -> bytes:
        """Return the keyed hash by which a personal value (an IIN) is looked up."""
        return hmac.new(self._hash_key, value.encode(), hashlib.sha256).digest()
