"""One way to a private key, wherever it is kept: PEM, PKCS #12 or a PKCS #11 token, told apart here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.eds import keys
from gateway.eds.certificate import Certificate, CertificateUnreadable
from gateway.eds.keys import KeyUnusable, NotItsKey, SigningKey
from gateway.eds.keystore import pkcs12
from gateway.eds.keystore.uri import SCHEME, TokenUri, UriUnreadable

MAX_BYTES: Final = 1_000_000
_SEQUENCE: Final = b"\x30"


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a key is kept, and with what it is opened."""

    location: Path | str
    """A file (PEM or PKCS #12), or a `pkcs11:` URI (RFC 7512)."""
    certificate: Path | None = None
    """Its certificate, PEM, where it is not with the key or where it is not the only one there."""
    password: bytes | None = field(default=None, repr=False)
    """Password of the file or PIN of the token, UTF-8."""
    password_file: Path | None = None
    """A file with the password or the PIN; a line break at its end does not belong to it."""

    def load(self) -> SigningKey:
        """Read the key.

        Raises:
            KeyUnusable: why it cannot be used.
        """
        password = self.password
        if self.password_file is not None:
            password = _read(self.password_file).rstrip(b"\r\n")
        return load_key(self.location, password, certificate=self.certificate)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files it is read from."""
        named = (None if self.token else Path(self.location), self.certificate, self.password_file, self._pin_file)
        return tuple(path for path in named if path is not None)

    @property
    def _pin_file(self) -> Path | None:
        try:
            return TokenUri.parse(str(self.location)).pin_file if self.token else None
        except UriUnreadable:
            return None  # `load` says so

    @property
    def token(self) -> bool:
        """Whether the key is in a token."""
        return isinstance(self.location, str) and self.location.startswith(SCHEME)

    def __str__(self) -> str:
        """Say in a few words where the key is kept."""
        return f"PKCS #11 token, {self.location}" if self.token else f"{_kind(Path(self.location))}, {self.location}"


def load_key(location: Path | str, password: bytes | None = None, *, certificate: Path | None = None) -> SigningKey:
    """Read a private key and its certificate.

    Args:
        location: a file (PEM or PKCS #12), or a `pkcs11:` URI.
        password: password of the file, or PIN of the token.
        certificate: file with the certificate, PEM; default: what lies with the key.

    Raises:
        KeyUnusable: why it cannot be used, in one sentence, without secrets.
    """
    if isinstance(location, str) and location.startswith(SCHEME):
        try:
            from gateway.eds.keystore import token  # noqa: PLC0415  rests on an optional dependency

            uri = TokenUri.parse(location)
        except ImportError:
            raise KeyUnusable("keys in tokens need the extra `pkcs11` (python-pkcs11) to be installed") from None
        except UriUnreadable as error:
            raise KeyUnusable(str(error)) from None
        pin = _read(uri.pin_file).rstrip(b"\r\n") if password is None and uri.pin_file else password
        return token.open_key(uri, pin, _certificate(certificate) if certificate else None)
    content = _read(Path(location))
    if content.startswith(_SEQUENCE):
        return _of_pkcs12(content, password, _certificate(certificate) if certificate else None)
    return keys.load_pem(_read(certificate) if certificate else content, content, password)


def _of_pkcs12(content: bytes, password: bytes | None, certificate: Certificate | None) -> SigningKey:
    try:
        held = pkcs12.read(content, keys.text_of(password))
    except pkcs12.FileUnusable as error:
        raise KeyUnusable(str(error)) from None
    if not held.keys:
        raise KeyUnusable("there is no private key in the PKCS #12 file")
    pairs = {found.certificate: found for key in held.keys for found in _pairs(key, held, certificate)}
    if not pairs:
        raise KeyUnusable("there is no certificate of the private key in the PKCS #12 file")
    if len(pairs) > 1:
        raise KeyUnusable(f"{len(pairs)} keys in the PKCS #12 file have certificates: name the certificate to be used")
    return next(iter(pairs.values()))


def _pairs(key: pkcs12.Entry, held: pkcs12.Content, certificate: Certificate | None) -> Iterable[SigningKey]:
    """Yield the key with each certificate that is its own: by the numbers themselves, whatever the file says."""
    for candidate in (certificate,) if certificate else _candidates(key, held):
        try:
            yield keys.load_pkcs8(candidate, key.der)
        except NotItsKey:
            continue


def _candidates(key: pkcs12.Entry, held: pkcs12.Content) -> Iterable[Certificate]:
    """Return the certificates that the file assigns to the key; all of them when it assigns none."""
    assigned = [one for one in held.certificates if key.local_key_id and one.local_key_id == key.local_key_id]
    return [_read_certificate(one.der) for one in assigned or held.certificates]


def _read_certificate(der: bytes) -> Certificate:
    try:
        return Certificate.from_der(der)
    except CertificateUnreadable as error:
        raise KeyUnusable(f"a certificate in the PKCS #12 file: {error}") from None


def _certificate(path: Path) -> Certificate:
    try:
        return Certificate.from_pem(_read(path))
    except CertificateUnreadable as error:
        raise KeyUnusable(f"{path}: {error}") from None


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise KeyUnusable(f"{path}: larger than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}") from None


def _kind(path: Path) -> str:
    return "PKCS #12" if _read(path).startswith(_SEQUENCE) else "PEM"
