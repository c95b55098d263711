"""What an attached file really is."""

import base64
import binascii

from gateway.catalogue import phrases
from gateway.texts import Text

_XML = (b"<",)
_SIGNATURES = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "application/xml": _XML,
    "text/xml": _XML,
}
"""First bytes of a file, by MIME type (WHATWG MIME Sniffing, section 6)."""

_MAX_BYTES = phrases.MAX_DOCUMENT_MEGABYTES * 10**6


def decode(content: str) -> bytes | None:
    """Return the bytes of a base64 text; None if it is not base64."""
    try:
        return base64.b64decode(content.replace(" ", ""), validate=True)
    except binascii.Error:
        return None


def problem(content: bytes, mime: str | None) -> Text | None:
    """Return what is wrong with a file; `mime` None: its type is not known, only its size is judged."""
    if len(content) > _MAX_BYTES:
        return phrases.TOO_LARGE
    if mime is None:
        return None
    start = content[:64]
    if _SIGNATURES[mime] is _XML:
        start = start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    return None if start.startswith(_SIGNATURES[mime]) else phrases.OTHER_TYPE
