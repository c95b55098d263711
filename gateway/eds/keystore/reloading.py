"""The gateway's own key, taken up anew when its files change, without a restart."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import structlog

from gateway.clock import Clock
from gateway.eds.certificate import Certificate
from gateway.eds.keys import KeyUnusable, SigningKey
from gateway.eds.keystore.source import KeySource
from gateway.settings import Keys

_log = structlog.get_logger(__name__)

_Stamp = tuple[int, int, int, int] | None
"""Inode, size, and the instants of the last changes of content and of status; None: there is no such file."""
NEW: Final = "new"
FAILED: Final = "failed"


class KeyObserver(Protocol):
    """Learns what became of changed key files."""

    def key_reload(self, outcome: str, not_after: datetime | None) -> None:
        """A changed key was taken up (`new`, with the end of its certificate), or could not be (`failed`, None)."""


class ReloadingKey:
    """A signing key that follows its files. What cannot be used does not replace what can.

    The key is exchanged by `refresh` only, between two steps of the event loop: whoever reads the certificate and signs
    within one step, as the signers of `gateway.eds` do, sees one key.
    """

    def __init__(self, source: KeySource) -> None:
        """Load the key.

        Raises:
            KeyUnusable: why it cannot be used.
        """
        self.source: Final = source
        self._stamps = _stamps(source.files)
        self._refused: tuple[_Stamp, ...] | None = None
        self._key = source.load()

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key in use."""
        return self._key.certificate

    @property
    def signature_uri(self) -> str:
        """XML Signature URI of what `sign` computes."""
        return self._key.signature_uri

    @property
    def digest_uri(self) -> str:
        """XML Signature URI of the digest that goes with it."""
        return self._key.digest_uri

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature value over `data`.

        Raises:
            KeyUnusable: the key is in a token that is away.
        """
        return self._key.sign(data)

    def __repr__(self) -> str:
        """Show the key in use, which shows nothing of itself."""
        return f"ReloadingKey({self._key!r})"

    async def refresh(self, observer: KeyObserver, now: datetime) -> None:
        """Take the key up anew if its files have changed. What failed is tried again, changed or not.

        Args:
            observer: is told what came of it.
            now: aware; a certificate that does not hold yet is taken up once it does.
        """
        stamps = await asyncio.to_thread(_stamps, self.source.files)
        if stamps == self._stamps and self._refused is None:
            return
        try:
            key = await asyncio.to_thread(_current, self.source, now)
        except KeyUnusable as error:
            if stamps != self._refused:
                _log.error("key.not_reloaded", error=str(error), in_use_until=self.certificate.not_after.isoformat())
            self._refused = stamps
            observer.key_reload(FAILED, None)
            return
        self._key, self._stamps, self._refused = key, stamps, None
        _log.info("key.reloaded", sha256=key.certificate.sha256, until=key.certificate.not_after.isoformat())
        observer.key_reload(NEW, key.certificate.not_after)

    async def keep(self, observer: KeyObserver, clock: Clock, seconds: float) -> None:
        """Look at the files every `seconds`, for ever."""
        while True:
            await asyncio.sleep(seconds)
            await self.refresh(observer, clock())


def transport_key(keys: Keys) -> ReloadingKey:
    """Load the key that the settings name for transport.

    Raises:
        KeyUnusable: why it cannot be used.
    """
    password = keys.transport_key_password
    return ReloadingKey(
        KeySource(
            keys.transport_key,
            keys.transport_certificate,
            password.get_secret_value().encode() if password else None,
            keys.transport_key_password_file,
        )
    )


def _current(source: KeySource, now: datetime) -> SigningKey:
    try:
        key = source.load()
    except KeyUnusable:
        raise
    except Exception as error:  # noqa: BLE001  a defect in reading must not cost the key that is in use
        raise KeyUnusable(f"it cannot be read ({type(error).__name__})") from None
    for finding in key.certificate.at(now):
        raise KeyUnusable(f"the new certificate: {finding.detail}")
    return key


def _stamps(files: tuple[Path, ...]) -> tuple[_Stamp, ...]:
    return tuple(map(_stamp, files))


def _stamp(file: Path) -> _Stamp:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
