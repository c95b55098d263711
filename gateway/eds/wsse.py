"""The transport signature: WS-Security 1.1 over soap:Body, as Smart Bridge and WSS4J produce it (protocol.md 4.3)."""

import base64
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree

from gateway.eds import algorithms, canonical, dsig, names
from gateway.eds.canonical import EXC_C14N, METHODS, NotCanonicalizable
from gateway.eds.certificate import Certificate
from gateway.eds.dsig import DS, SIGNATURE, Reference
from gateway.eds.keyinfo import X509_CERTIFICATE, X509_DATA, certificate_of
from gateway.eds.keys import SigningKey
from gateway.eds.verdict import Defect, Failure, Reason

_OASIS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE: Final = f"{_OASIS}wssecurity-secext-1.0.xsd"
WSU: Final = f"{_OASIS}wssecurity-utility-1.0.xsd"
X509V3: Final = f"{_OASIS}x509-token-profile-1.0#X509v3"
_BASE64: Final = f"{_OASIS}soap-message-security-1.0#Base64Binary"
SECURITY: Final = f"{{{WSSE}}}Security"
_ID: Final = f"{{{WSU}}}Id"
_TOKEN_REFERENCE: Final = f"{{{WSSE}}}SecurityTokenReference"
_KEY_IDENTIFIER: Final = f"{{{WSSE}}}KeyIdentifier"
_REFERENCE: Final = f"{{{WSSE}}}Reference"
_BINARY_TOKEN: Final = f"{{{WSSE}}}BinarySecurityToken"
_ISSUER_SERIAL: Final = f"{{{DS}}}X509IssuerSerial"
_TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
CLOCK_SKEW: Final = timedelta(minutes=5)

etree.register_namespace("wsu", WSU)
etree.register_namespace("wsse", WSSE)


def sign(envelope: etree._Element, key: SigningKey) -> bytes:
    """Sign the soap:Body of an envelope.

    Adds soap:Header where there is none, wsse:Security in it, and wsu:Id on the Body; `envelope` is changed.

    Returns:
        The whole envelope in UTF-8, with an XML declaration.

    Raises:
        ValueError: not an envelope with one Body, or it is signed already.
        NotCanonicalizable: the Body has no canonical form.
    """
    soap = etree.QName(envelope).namespace
    body = envelope.find(f"{{{soap}}}Body")
    if body is None:
        raise ValueError("not a SOAP envelope with a Body")
    header = envelope.find(f"{{{soap}}}Header")
    if header is None:
        header = etree.Element(f"{{{soap}}}Header")
        envelope.insert(0, header)
    if header.find(f"{SECURITY}/{SIGNATURE}") is not None:
        raise ValueError("the envelope is signed already")
    identifier = f"id-{uuid.uuid4()}"
    body.set(_ID, identifier)
    digest = algorithms.digest(key.digest_uri).compute(canonical.subtree(body, METHODS[EXC_C14N]))
    security = etree.fromstring(
        _TEMPLATE.format(
            soap=soap,
            signature=key.signature_uri,
            digest=key.digest_uri,
            identifier=identifier,
            value=base64.b64encode(digest).decode(),
            certificate=base64.b64encode(key.certificate.der).decode(),
        )
    )
    header.append(security)
    signature = security[0]
    signed_info = canonical.subtree(signature[0], METHODS[EXC_C14N])
    signature[1].text = base64.b64encode(key.sign(signed_info)).decode()
    return canonical.serialise(envelope, declaration=True)


_TEMPLATE: Final = (
    f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:soap="{{soap}}" soap:mustUnderstand="1">'
    f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
    '<ds:SignatureMethod Algorithm="{signature}"/><ds:Reference URI="#{identifier}"><ds:Transforms>'
    f'<ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms>'
    '<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo>'
    "<ds:SignatureValue/><ds:KeyInfo><wsse:SecurityTokenReference>"
    f'<wsse:KeyIdentifier EncodingType="{_BASE64}" ValueType="{X509V3}">{{certificate}}</wsse:KeyIdentifier>'
    "</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security>"
)


def examine(
    envelope: etree._Element, body: etree._Element, *, at: datetime, registered: Iterable[Certificate]
) -> tuple[Certificate, str, bytes]:
    """Check structure, coverage, digests and the signature value.

    Returns:
        Who signed, the signature algorithm's URI, and the canonical Body as signed.

    Raises:
        Failure: what is wrong; SIGNATURE_MISSING when there is none.
    """
    element, security = _signature(envelope, body)
    signature = dsig.read(element)
    certificate = _signing_certificate(signature.key_info, security, registered)
    if signature.canonicalization.uri != EXC_C14N:
        raise _refused("SignedInfo must use Exclusive XML Canonicalization", Defect.TRANSFORM_NOT_ALLOWED)
    targets = [_target(reference.uri, envelope) for reference in signature.references]
    if targets.count(body) != 1:
        moved = any(target is not body and target.tag == body.tag for target in targets)
        defect = Defect.WRAPPED_PAYLOAD if moved else Defect.REFERENCE_ELSEWHERE
        raise _refused("the signature must cover the Body, once", defect)
    if any(target is not body and target.getparent() is not security for target in targets):
        raise _refused("a reference points elsewhere than Body or security header", Defect.REFERENCE_ELSEWHERE)
    covered = [_check(reference, target) for reference, target in zip(signature.references, targets, strict=True)]
    signature.check_value(certificate, signature.signed_bytes())
    _check_timestamp(security, at)
    return certificate, signature.algorithm_uri, covered[targets.index(body)]


def _signature(envelope: etree._Element, body: etree._Element) -> tuple[etree._Element, etree._Element]:
    """Find the one signature, and the wsse:Security it stands in."""
    soap = etree.QName(envelope).namespace
    if envelope.getparent() is not None or envelope.findall(f"{{{soap}}}Body") != [body]:
        raise _refused("the Body that is read must be the one Body of the envelope", Defect.WRAPPED_PAYLOAD)
    headers = envelope.findall(f"{{{soap}}}Header")
    if len(headers) > 1:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "more than one soap:Header")
    found = [
        (child, security)
        for header in headers
        for security in header.findall(SECURITY)
        for child in security.findall(SIGNATURE)
    ]
    if not found:
        raise Failure(Reason.SIGNATURE_MISSING, "no signature in a wsse:Security header")
    if len(found) > 1:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "more than one transport signature")
    return found[0]


def _check(reference: Reference, target: etree._Element) -> bytes:
    """Check what a reference says about its target; return the bytes it covers."""
    if [transform.uri for transform in reference.transforms] != [EXC_C14N]:
        raise _refused("the transform must be Exclusive XML Canonicalization, alone", Defect.TRANSFORM_NOT_ALLOWED)
    try:
        data = canonical.subtree(target, METHODS[EXC_C14N], reference.transforms[0].prefixes)
    except NotCanonicalizable as error:
        raise Failure(Reason.FORMAT_FAILURE, str(error)) from None
    reference.check(data)
    return data


def _target(uri: str, envelope: etree._Element) -> etree._Element:
    if not uri.startswith("#"):
        defect = Defect.EXTERNAL_REFERENCE if uri else Defect.REFERENCE_ELSEWHERE
        raise _refused("a reference must be by id within the message", defect)
    found = canonical.elements_with_id(envelope, uri[1:])
    if len(found) != 1:
        defect = Defect.DUPLICATE_ID if found else Defect.REFERENCE_ELSEWHERE
        raise _refused(f"an id that a reference names stands {len(found)} times", defect)
    return found[0]


def _refused(detail: str, defect: Defect) -> Failure:
    return Failure(Reason.SIG_CONSTRAINTS_FAILURE, detail, defect)


_Registered = tuple[Certificate, ...]


def _signing_certificate(
    key_info: etree._Element, security: etree._Element, registered: Iterable[Certificate]
) -> Certificate:
    (holder,) = _exactly_one(key_info)
    if holder.tag == _TOKEN_REFERENCE:
        (holder,) = _exactly_one(holder)
    if holder.tag == X509_DATA:
        return _x509_data(holder, security, tuple(registered))
    return _token(holder, security, tuple(registered))


def _x509_data(element: etree._Element, security: etree._Element, registered: _Registered) -> Certificate:
    """Read ds:X509Data: the certificate, its issuer and serial number, or both, which must then agree (libxmlsec1)."""
    certificates = element.findall(X509_CERTIFICATE)
    if len(element) == 2 and len(certificates) == 1 and element.find(_ISSUER_SERIAL) is not None:  # noqa: PLR2004  both
        certificate = certificate_of(certificates[0])
        return _issuer_serial(element[1 - element.index(certificates[0])], security, (certificate,))
    (holder,) = _exactly_one(element)
    return _token(holder, security, registered)


def _token(holder: etree._Element, security: etree._Element, registered: _Registered) -> Certificate:
    reader = _TOKENS.get(str(holder.tag))
    if reader is None:
        raise Failure(Reason.FORMAT_FAILURE, "KeyInfo of a form that is not supported")
    return reader(holder, security, registered)


def _exactly_one(element: etree._Element) -> list[etree._Element]:
    if len(element) != 1:
        raise Failure(Reason.FORMAT_FAILURE, f"{etree.QName(element).localname} must hold exactly one element")
    return list(element)


def _embedded(element: etree._Element, _security: etree._Element, _registered: _Registered) -> Certificate:
    return certificate_of(element)


def _key_identifier(element: etree._Element, _security: etree._Element, _registered: _Registered) -> Certificate:
    if element.get("ValueType") != X509V3 or element.get("EncodingType", _BASE64) != _BASE64:
        raise Failure(Reason.FORMAT_FAILURE, "KeyIdentifier must be an X509v3 certificate in base64")
    return certificate_of(element)


def _binary_token(element: etree._Element, security: etree._Element, _registered: _Registered) -> Certificate:
    token = _target(element.get("URI", ""), security)
    if token.tag != _BINARY_TOKEN or token.getparent() is not security:
        raise Failure(Reason.FORMAT_FAILURE, "the token reference must name a BinarySecurityToken of this header")
    if token.get("ValueType") != X509V3 or token.get("EncodingType", _BASE64) != _BASE64:
        raise Failure(Reason.FORMAT_FAILURE, "BinarySecurityToken must be an X509v3 certificate in base64")
    return certificate_of(token)


def _issuer_serial(element: etree._Element, _security: etree._Element, registered: _Registered) -> Certificate:
    try:
        issuer = names.parse(element.findtext(f"{{{DS}}}X509IssuerName", ""))
        serial = int(element.findtext(f"{{{DS}}}X509SerialNumber", "")[:60])
    except ValueError:
        raise Failure(Reason.FORMAT_FAILURE, "X509IssuerSerial is not readable") from None
    for certificate in registered:
        if certificate.serial_number == serial and names.matches(certificate.issuer_der, issuer):
            return certificate
    raise Failure(Reason.NO_SIGNING_CERTIFICATE_FOUND, "no registered certificate has this issuer and serial number")


_TOKENS: Final = {
    X509_CERTIFICATE: _embedded,
    _KEY_IDENTIFIER: _key_identifier,
    _REFERENCE: _binary_token,
    _ISSUER_SERIAL: _issuer_serial,
}


def _check_timestamp(security: etree._Element, at: datetime) -> None:
    stamps = security.findall(_TIMESTAMP)
    if not stamps:
        return
    if len(stamps) > 1:
        raise Failure(Reason.FORMAT_FAILURE, "more than one wsu:Timestamp")
    created, expires = (_instant(stamps[0], name) for name in ("Created", "Expires"))
    # differences, for at the ends of the calendar there is nothing to add to or to take from
    if expires is not None and at - expires > CLOCK_SKEW:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "wsu:Timestamp has expired")
    if created is not None and created - at > CLOCK_SKEW:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "wsu:Timestamp lies in the future")


def _instant(timestamp: etree._Element, name: str) -> datetime | None:
    text = timestamp.findtext(f"{{{WSU}}}{name}")
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Failure(Reason.FORMAT_FAILURE, f"wsu:{name} is not a time") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
