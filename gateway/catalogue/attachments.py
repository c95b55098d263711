"""What is asked of an attached file, wherever it comes from: its size, its type, its hash."""

import base64
import binascii
from hashlib import sha256

from gateway.catalogue import phrases
from gateway.catalogue.file_types import Flaw, flaw
from gateway.texts import Text

MAX_BYTES = phrases.MAX_DOCUMENT_MEGABYTES * 10**6
"""Of one file, decoded."""

_BY_FLAW = {
    Flaw.OTHER_TYPE: phrases.OTHER_TYPE,
    Flaw.INCOMPLETE: phrases.INCOMPLETE_FILE,
    Flaw.AMBIGUOUS: phrases.AMBIGUOUS_FILE,
}


def decode(content: str) -> bytes | None:
    """Return the bytes of a base64 text; None if it is not base64."""
    try:
        return base64.b64decode(content.replace(" ", ""), validate=True)
    except binascii.Error:
        return None


def problem(content: bytes, mime: str | None, digest: str | None = None) -> Text | None:
    """Return what is wrong with a file, for the citizen.

    Args:
        content: the file.
        mime: its type as the form declares it; None: it could not be read, and is not judged.
        digest: SHA-256 as the form declares it, hex; None: it declares none.
    """
    if len(content) > MAX_BYTES:
        return phrases.TOO_LARGE
    if digest is not None and sha256(content).hexdigest() != digest.lower():
        return phrases.OTHER_CONTENT
    found = flaw(content, mime) if mime is not None else None
    return None if found is None else _BY_FLAW[found]
