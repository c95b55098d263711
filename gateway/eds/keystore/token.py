"""RSA keys in PKCS #11 tokens: the key never leaves the token, data go in and signatures come out.

GOST keys in tokens are left out: the mechanisms for them are each vendor's own, and no token with the Kazakh variant
could be tried.
"""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, PKCS11Error, exceptions

from gateway.eds import algorithms
from gateway.eds.algorithms import RSA_SHA256, SHA256_URI, AlgorithmNotAllowed
from gateway.eds.certificate import Certificate, CertificateUnreadable
from gateway.eds.keys import KeyUnusable, text_of
from gateway.eds.keystore.uri import TokenUri

PAUSE_SECONDS: Final = 2.0
"""A token that was away is not looked for again within this time: looking may take long, and holds everything up."""
_PROBE: Final = b"qaqpa"
_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""What PKCS #1 v1.5 puts before a SHA-256 digest (RFC 8017 section 9.2)."""


class TokenFailed(KeyUnusable):
    """The token cannot be reached or does not sign. The text says why."""


def open_key(
    uri: TokenUri,
    pin: bytes | None,
    certificate: Certificate | None,
    monotonic: Callable[[], float] = time.monotonic,
) -> "TokenKey":
    """Open a key in a token, and try it.

    Args:
        uri: which key.
        pin: the user's PIN, UTF-8; None where the token wants none.
        certificate: of the key; None: it is in the token, under the key's id.
        monotonic: the clock by which a token that is away is left alone for a while.

    Raises:
        KeyUnusable: no such token or key, PIN refused, no certificate, or not the certificate's key.
    """
    opener = Opener(uri, None if pin is None else text_of(pin))
    opened = opener.open()
    certificate = certificate or _certificate_of(opened)
    try:
        algorithms.signature_for_key(RSA_SHA256, certificate.key_oid, certificate.spki)
    except AlgorithmNotAllowed as error:
        raise KeyUnusable(f"the certificate of the key in the token: {error}") from None
    key = TokenKey(certificate, opener, opened, monotonic)
    key.sign(_PROBE)
    return key


class TokenKey:
    """RSA with SHA-256, PKCS #1 v1.5, in a token. Threads may share it: one signs at a time.

    A token that was away (pulled, restarted) is looked for again at the next signature.
    """

    signature_uri: str = RSA_SHA256
    digest_uri: str = SHA256_URI

    def __init__(
        self,
        certificate: Certificate,
        opener: "Opener",
        opened: "Opened",
        monotonic: Callable[[], float],
    ) -> None:
        """Take a key that is open; use `open_key`."""
        self.certificate = certificate
        self._opener = opener
        self._opened: Opened | None = opened
        self._monotonic = monotonic
        self._failed_at: float | None = None
        self._lock = threading.Lock()

    def sign(self, data: bytes) -> bytes:
        """Return the RSASSA-PKCS1-v1_5 signature over SHA-256 of `data`; it has been verified.

        Raises:
            TokenFailed: the token is away, or its signature does not hold.
        """
        with self._lock:
            signature = self._signed(data)
        if not algorithms.signature(RSA_SHA256).verify(self.certificate.spki, data, signature):
            raise TokenFailed("the private key in the token does not belong to the certificate")
        return signature

    def _signed(self, data: bytes) -> bytes:
        if self._opened is not None:
            try:
                return self._opened.sign(data)
            except PKCS11Error:
                self._opened.close()
                self._opened = None
        if self._failed_at is not None and self._monotonic() - self._failed_at < PAUSE_SECONDS:
            raise TokenFailed("the token is away")
        try:
            self._opened = self._opener.open()
            signature = self._opened.sign(data)
        except (KeyUnusable, PKCS11Error) as error:
            self._failed_at = self._monotonic()
            text = str(error) if isinstance(error, KeyUnusable) else f"the token does not sign ({_name(error)})"
            raise TokenFailed(text) from None
        self._failed_at = None
        return signature

    def __repr__(self) -> str:
        """Show the certificate's fingerprint."""
        return f"TokenKey({self.certificate!r})"


class Opened(NamedTuple):
    """A session with the private key found in it."""

    session: pkcs11.Session
    key: Any
    """A private key that signs; the library composes such classes while it runs."""
    hashes: bool
    """Whether the token hashes itself; some only sign what is prepared."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature, not verified."""
        if self.hashes:
            return bytes(self.key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS))
        return bytes(self.key.sign(_DIGEST_INFO + hashlib.sha256(data).digest(), mechanism=Mechanism.RSA_PKCS))

    def close(self) -> None:
        """End the session; one that has ended already is no error."""
        with contextlib.suppress(PKCS11Error):
            self.session.close()


@dataclass(slots=True)
class Opener:
    """Finds the token and the key in it, each time anew."""

    uri: TokenUri
    pin: str | None = field(repr=False)
    refused: bool = False
    """The PIN was refused. It is not tried again: a token locks itself after a few times."""

    def open(self) -> Opened:
        """Open a session and find the key.

        Raises:
            KeyUnusable: why not.
        """
        if self.refused:
            raise KeyUnusable("the token refused the PIN; it is not tried again, for tokens lock themselves")
        try:
            token = self._token()
            session, key = self._session(token)
            return Opened(session, key, Mechanism.SHA256_RSA_PKCS in token.slot.get_mechanisms())
        except PKCS11Error as error:
            raise KeyUnusable(f"the token cannot be used ({_name(error)})") from None

    def _token(self) -> pkcs11.Token:
        library = self._library()
        tokens = self._matching(library)
        if not tokens:
            library.reinitialize()  # some libraries see a token that came later only so
            tokens = self._matching(library)
        if not tokens:
            raise KeyUnusable("there is no token such as the pkcs11: URI names")
        if len(tokens) > 1:
            raise KeyUnusable(f"the pkcs11: URI names {len(tokens)} tokens; add serial")
        return tokens[0]

    def _library(self) -> Any:  # noqa: ANN401  pkcs11.lib is a function and a hidden class
        try:
            return pkcs11.lib(str(self.uri.module))
        except PKCS11Error:
            raise KeyUnusable(f"{self.uri.module}: not a usable PKCS #11 library") from None

    def _matching(self, library: Any) -> list[pkcs11.Token]:  # noqa: ANN401  as above
        wanted = self.uri
        found = []
        for slot in library.get_slots(token_present=True):
            token = slot.get_token()
            actual = (token.label, token.manufacturer_id, token.serial.decode("utf-8", "replace"), token.model)
            named = (wanted.token, wanted.manufacturer, wanted.serial, wanted.model)
            same = all(name in {None, value.rstrip("\x00 ")} for name, value in zip(named, actual, strict=True))
            if same and wanted.slot_id in {None, slot.slot_id}:
                found.append(token)
        return found

    def _session(self, token: pkcs11.Token) -> tuple[pkcs11.Session, Any]:
        """Open a session in which the key is seen; log in only if it is not, since a second login is an error."""
        session = token.open()
        keys = self._keys(session)
        if not keys and self.pin is not None:
            session.close()
            session = self._logged_in(token)
            keys = self._keys(session)
        if len(keys) == 1:
            return session, keys[0]
        session.close()
        if keys:
            raise KeyUnusable(f"the pkcs11: URI names {len(keys)} private keys; add object or id")
        without = " without a PIN" if self.pin is None else ""
        raise KeyUnusable(f"the token shows no private RSA key such as the pkcs11: URI names{without}")

    def _logged_in(self, token: pkcs11.Token) -> pkcs11.Session:
        try:
            return token.open(user_pin=self.pin)
        except (exceptions.PinIncorrect, exceptions.PinLocked, exceptions.PinInvalid, exceptions.PinLenRange) as error:
            self.refused = True
            locked = " and is locked" if isinstance(error, exceptions.PinLocked) else ""
            raise KeyUnusable(f"the token refused the PIN{locked}") from None

    def _keys(self, session: pkcs11.Session) -> "list[Any]":
        wanted: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.KEY_TYPE: KeyType.RSA}
        if self.uri.label is not None:
            wanted[Attribute.LABEL] = self.uri.label
        if self.uri.id is not None:
            wanted[Attribute.ID] = self.uri.id
        return list(session.get_objects(wanted))


def _certificate_of(opened: Opened) -> Certificate:
    """Return the certificate that lies in the token under the key's id."""
    wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.ID: opened.key[Attribute.ID]}
    values = [bytes(found[Attribute.VALUE]) for found in opened.session.get_objects(wanted)]
    if len(values) != 1:
        raise KeyUnusable(f"{len(values)} certificates lie in the token under the key's id: name a certificate file")
    try:
        return Certificate.from_der(values[0])
    except CertificateUnreadable as error:
        raise KeyUnusable(f"the certificate in the token: {error}") from None


def _name(error: Exception) -> str:
    return type(error).__name__
