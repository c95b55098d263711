"""ds:KeyInfo: who says to have signed. Keys are taken from certificates only, never from KeyValue."""

from typing import Final

from lxml import etree

from gateway.eds.certificate import Certificate, CertificateTooLarge, CertificateUnreadable
from gateway.eds.dsig import DS, base64_of
from gateway.eds.verdict import Defect, Failure, Reason

X509_DATA: Final = f"{{{DS}}}X509Data"
X509_CERTIFICATE: Final = f"{{{DS}}}X509Certificate"
_MODULUS: Final = f"{{{DS}}}KeyValue/{{{DS}}}RSAKeyValue/{{{DS}}}Modulus"
_IGNORED: Final = frozenset({f"{{{DS}}}KeyValue", f"{{{DS}}}KeyName"})
_MAX_CERTIFICATES: Final = 8


def x509_certificates(key_info: etree._Element) -> list[Certificate]:
    """Return the certificates of ds:X509Data, the signer's first.

    Among several, the signer's is the first that is not a CA's.

    Raises:
        Failure: NO_SIGNING_CERTIFICATE_FOUND or FORMAT_FAILURE.
    """
    if any(child.tag != X509_DATA and child.tag not in _IGNORED for child in key_info):
        raise Failure(Reason.FORMAT_FAILURE, "KeyInfo may hold X509Data only")
    elements = [element for data in key_info.findall(X509_DATA) for element in data.findall(X509_CERTIFICATE)]
    if not elements:
        raise Failure(Reason.NO_SIGNING_CERTIFICATE_FOUND, "KeyInfo holds no certificate")
    if len(elements) > _MAX_CERTIFICATES:
        raise Failure(Reason.FORMAT_FAILURE, f"more than {_MAX_CERTIFICATES} certificates")
    return sorted((certificate_of(element) for element in elements), key=lambda certificate: certificate.is_ca)


def certificate_of(element: etree._Element) -> Certificate:
    """Return the certificate whose DER stands in an element as base64.

    Raises:
        Failure: FORMAT_FAILURE.
    """
    try:
        return Certificate.from_der(base64_of(element))
    except CertificateUnreadable as error:
        defect = Defect.LIMIT_EXCEEDED if isinstance(error, CertificateTooLarge) else Defect.MALFORMED_ASN1
        raise Failure(Reason.FORMAT_FAILURE, f"the certificate: {error}", defect) from None


def holds_another_key(key_info: etree._Element, certificate: Certificate) -> bool:
    """Whether KeyInfo offers a bare RSA key that is not the certificate's; careless readers would take that one."""
    moduli = [base64_of(modulus).lstrip(b"\x00") for modulus in key_info.iterfind(_MODULUS)]
    return any(modulus not in certificate.spki for modulus in moduli)
