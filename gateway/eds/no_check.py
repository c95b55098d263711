"""Old OCSP responder certificates of NCA RK: their id-pkix-ocsp-nocheck is empty where RFC 6960 wants NULL.

The extension says nothing that is used here, but libraries refuse the whole certificate for it. So it is taken out of a
copy, from which the other extensions are read; the signature is verified over the original.
"""

from asn1crypto.parser import emit
from cryptography import x509

from gateway.eds.der import Element, children, element_at, object_identifier

_NO_CHECK = "1.3.6.1.5.5.7.48.1.5"
_EXTENSIONS = 0xA3


def extensions_of(certificate: x509.Certificate, der: bytes) -> x509.Extensions:
    """Return a certificate's extensions; an empty nocheck is passed over.

    Raises:
        ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType: they cannot be read.
    """
    try:
        return certificate.extensions
    except ValueError:
        return x509.load_der_x509_certificate(_without_empty_no_check(der)).extensions


def _without_empty_no_check(der: bytes) -> bytes:
    signed, *rest = children(der, element_at(der, 0))
    parts = [
        _filtered(der, part) if part.tag == _EXTENSIONS else der[part.start : part.end]
        for part in children(der, signed)
    ]
    return _sequence(_sequence(*parts), *(der[part.start : part.end] for part in rest))


def _filtered(der: bytes, wrapper: Element) -> bytes:
    (extensions,) = children(der, wrapper)
    kept = [der[one.start : one.end] for one in children(der, extensions) if not _is_empty_no_check(der, one)]
    octets: bytes = emit(2, 1, 3, _sequence(*kept))
    return octets


def _is_empty_no_check(der: bytes, extension: Element) -> bool:
    oid, *_critical, value = children(der, extension)
    return value.content == value.end and object_identifier(der[oid.content : oid.end]) == _NO_CHECK


def _sequence(*elements: bytes) -> bytes:
    octets: bytes = emit(0, 1, 16, b"".join(elements))
    return octets
