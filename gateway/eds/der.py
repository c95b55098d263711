"""The few steps of DER reading that `cryptography` does not offer: the pieces of a TBSCertificate as they stand."""

from dataclasses import dataclass

_LONG_FORM = 0x80
_VERSION_TAG = 0xA0
_MAX_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value; `start` and `end` bound it, `content` is where its value begins."""

    tag: int
    start: int
    content: int
    end: int


def element_at(data: bytes, offset: int) -> Element:
    """Read the header at `offset`.

    Raises:
        ValueError: the header or the value runs past the end, or the length is indefinite.
    """
    try:
        tag, first = data[offset], data[offset + 1]
    except IndexError:
        raise ValueError("truncated DER") from None
    content = offset + 2
    length = first
    if first & _LONG_FORM:
        size = first & ~_LONG_FORM
        if not 0 < size <= _MAX_LENGTH_BYTES:
            raise ValueError("DER length of an unsupported form")
        length = int.from_bytes(data[content : content + size], "big")
        content += size
    end = content + length
    if end > len(data):
        raise ValueError("truncated DER")
    return Element(tag, offset, content, end)


def subject_public_key_info(tbs_certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a TBSCertificate (RFC 5280 section 4.1), as it stands.

    Raises:
        ValueError: not a TBSCertificate.
    """
    field = element_at(tbs_certificate, element_at(tbs_certificate, 0).content)
    if field.tag == _VERSION_TAG:
        field = element_at(tbs_certificate, field.end)
    for _ in ("signature", "issuer", "validity", "subject", "subjectPublicKeyInfo"):
        field = element_at(tbs_certificate, field.end)
    return tbs_certificate[field.start : field.end]


def object_identifier(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content octets (X.690 section 8.19).

    Raises:
        ValueError: empty or cut off.
    """
    if not content or content[-1] & _LONG_FORM:
        raise ValueError("truncated OBJECT IDENTIFIER")
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & ~_LONG_FORM
        if not octet & _LONG_FORM:
            arcs.append(arc)
            arc = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(str(number) for number in (root, arcs[0] - root * 40, *arcs[1:]))
