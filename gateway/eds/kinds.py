"""What kind of signature a file carries, told by its content."""

from enum import StrEnum

from gateway.eds.cms.message import unarmoured
from gateway.eds.xml import BOM, XmlRejected, parse

_ENVELOPES = frozenset(
    {"{http://schemas.xmlsoap.org/soap/envelope/}Envelope", "{http://www.w3.org/2003/05/soap-envelope}Envelope"}
)


class Kind(StrEnum):
    """The forms in which signatures come."""

    XML = "xml"
    """Enveloped in an XML document."""
    SOAP = "soap"
    """WS-Security over the Body of an envelope."""
    CMS = "cms"


def kind_of(document: bytes) -> Kind | None:
    """Tell the kind, or None for neither XML nor CMS.

    XML that cannot be read is XML: its verdict says what is wrong.
    """
    if document.removeprefix(BOM).lstrip().startswith(b"<"):
        try:
            return Kind.SOAP if parse(document).tag in _ENVELOPES else Kind.XML
        except XmlRejected:
            return Kind.XML
    try:
        return Kind.CMS if unarmoured(document)[:1] == b"\x30" else None
    except ValueError:
        return None
