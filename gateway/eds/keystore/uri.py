"""URIs of PKCS #11 objects (RFC 7512), as far as they name one private key.

`pkcs11:token=qaqpa;object=transport?module-path=/usr/lib/softhsm/libsofthsm2.so`
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

SCHEME: Final = "pkcs11:"
_PATH_ATTRIBUTES: Final = frozenset({"token", "manufacturer", "serial", "model", "slot-id", "object", "id", "type"})
_QUERY_ATTRIBUTES: Final = frozenset({"module-path", "pin-source", "pin-value"})
_ESCAPES: Final = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")


class UriUnreadable(Exception):  # noqa: N818  says what is wrong with it
    """The URI cannot be used. The text says why and holds no value of it."""


@dataclass(frozen=True, slots=True)
class TokenUri:
    """Which key in which token, and the library that speaks to it. What is None may be anything."""

    module: Path
    """The PKCS #11 library."""
    token: str | None = None
    manufacturer: str | None = None
    serial: str | None = None
    model: str | None = None
    slot_id: int | None = None
    label: str | None = None
    """CKA_LABEL of the key (`object` in the URI)."""
    id: bytes | None = field(default=None)
    """CKA_ID of the key."""
    pin_file: Path | None = None

    @classmethod
    def parse(cls, uri: str) -> "TokenUri":
        """Read a URI.

        Raises:
            UriUnreadable: malformed; or it names something else than a private key, or holds a PIN.
        """
        if not uri.startswith(SCHEME):
            raise UriUnreadable("not a pkcs11: URI")
        path, _, query = uri.removeprefix(SCHEME).partition("?")
        named = _attributes(path, ";", _PATH_ATTRIBUTES)
        asked = _attributes(query, "&", _QUERY_ATTRIBUTES)
        if "pin-value" in asked:
            # whoever prints the URI would print the PIN
            raise UriUnreadable("a PIN may not stand in the pkcs11: URI: give it as password, or by pin-source")
        if "module-path" not in asked:
            raise UriUnreadable("the pkcs11: URI lacks module-path, the library of the token")
        if named.get("type", "private") != "private":
            raise UriUnreadable("the pkcs11: URI names something else than a private key")
        return cls(
            module=Path(unquote(asked["module-path"])),
            token=_text(named, "token"),
            manufacturer=_text(named, "manufacturer"),
            serial=_text(named, "serial"),
            model=_text(named, "model"),
            slot_id=_number(named.get("slot-id")),
            label=_text(named, "object"),
            id=unquote_to_bytes(named["id"]) if "id" in named else None,
            pin_file=_pin_file(asked.get("pin-source")),
        )


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for part in text.split(separator) if text else ():
        name, equals, value = part.partition("=")
        if not equals or not _ESCAPES.fullmatch(value):
            raise UriUnreadable("malformed pkcs11: URI")
        if name not in known:  # RFC 7512 section 2.3: what is not understood must not be passed over
            raise UriUnreadable(f"the pkcs11: URI holds an attribute that is not supported: {name[:40]}")
        if name in attributes:
            raise UriUnreadable(f"an attribute stands twice in the pkcs11: URI: {name}")
        attributes[name] = value
    return attributes


def _text(attributes: dict[str, str], name: str) -> str | None:
    try:
        return unquote(attributes[name], errors="strict") if name in attributes else None
    except UnicodeDecodeError:
        raise UriUnreadable(f"{name} of the pkcs11: URI is not text in UTF-8") from None


def _number(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()):
        raise UriUnreadable("slot-id of the pkcs11: URI is not a number")
    return int(value)


def _pin_file(value: str | None) -> Path | None:
    if value is None:
        return None
    path = unquote(value.removeprefix("file:"))
    if path.startswith("//"):  # file:///path
        path = path.removeprefix("//")
    if not path.startswith("/"):
        raise UriUnreadable("pin-source of the pkcs11: URI is not an absolute file")
    return Path(path)
