"""Signatures inside an XML document, in the forms NCALayer and NCANode produce (nca-profile 2.3).

Over the whole document: the signature is the last child of the root, its reference is `URI=""`. Each further signer
covers the earlier signatures; verification goes from the last to the first and takes each away. Over one element by
its Id: see `gateway.eds.coverage`.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.eds import algorithms, canonical, dsig
from gateway.eds.canonical import C14N, C14N_COMMENTS, NotCanonicalizable
from gateway.eds.certificate import Certificate
from gateway.eds.coverage import ENVELOPED, Layout, Scope, layout
from gateway.eds.dsig import DS, SIGNATURE, SignatureElement
from gateway.eds.examined import Examined
from gateway.eds.keyinfo import holds_another_key, x509_certificates
from gateway.eds.keys import SigningKey
from gateway.eds.verdict import Defect, Failure, Reason
from gateway.eds.xml import BOM, XmlRejected, parse

MAX_SIGNERS: Final = 8


def sign(document: bytes, key: SigningKey) -> bytes:
    """Sign a whole XML document; signing a signed one adds a further signer.

    Args:
        document: the XML document.
        key: who signs.

    Returns:
        The document in UTF-8 with the signature as the last child of its root, certificate included.

    Raises:
        XmlRejected: the document is not acceptable XML.
        NotCanonicalizable: it has no canonical form.
    """
    root = parse(document)
    digest = algorithms.digest(key.digest_uri).compute(canonical.document(root))
    signature = etree.fromstring(
        _TEMPLATE.format(
            signature=key.signature_uri,
            digest=key.digest_uri,
            value=base64.b64encode(digest).decode(),
            certificate=base64.b64encode(key.certificate.der).decode(),
        )
    )
    root.append(signature)
    signed_info = canonical.subtree(signature[0], canonical.METHODS[C14N])
    signature[1].text = base64.b64encode(key.sign(signed_info)).decode()
    return canonical.serialise(root, declaration=document.removeprefix(BOM).startswith(b"<?xml "))


_TEMPLATE: Final = (
    f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{C14N}"/>'
    '<ds:SignatureMethod Algorithm="{signature}"/><ds:Reference URI=""><ds:Transforms>'
    f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{C14N_COMMENTS}"/></ds:Transforms>'
    '<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo>'
    "<ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>"
    "</ds:X509Data></ds:KeyInfo></ds:Signature>"
)


@dataclass(frozen=True, slots=True)
class Examination:
    """All signatures of a document, first signer first, and what all of them cover."""

    signatures: tuple[Examined, ...]
    signed: bytes | None
    """The document without signatures, or the element that they name, canonical; None unless every signature is
    cryptographically good."""
    scope: Scope
    """What of the document `signed` is."""


def examine(root: etree._Element) -> Examination:
    """Check structure, coverage, digests and signature values. Takes the signatures out of the tree.

    Raises:
        Failure: SIGNATURE_MISSING, or SIG_CONSTRAINTS_FAILURE when signatures do not stand where they must.
    """
    elements = _signatures(root)
    stand = layout(root, elements)
    read = [_read(stand, element) for element in elements]
    scope = _common_scope(read)
    examined: list[Examined] = []
    covered: dict[Scope, bytes] = {}
    for one in reversed(read):
        canonical.remove(one.element)
        examined.append(_checked(stand, one, covered))
    intact = all(one.failure is None for one in examined)
    return Examination(tuple(reversed(examined)), covered[scope] if intact else None, scope)


def claimed(document: bytes) -> bytes:
    """Return what the signatures of a document claim to cover, without checking them: the document or its part.

    For whoever reads again what was verified before.
    """
    try:
        root = parse(document)
        elements = _signatures(root)
        stand = layout(root, elements)
        scope = _common_scope([_read(stand, element) for element in elements])
        return stand.octets(scope) if scope is Scope.PART else document
    except (XmlRejected, Failure, NotCanonicalizable):
        return document


def _signatures(root: etree._Element) -> list[etree._Element]:
    found = list(root.iter(SIGNATURE))
    if not found:
        raise Failure(Reason.SIGNATURE_MISSING, "the document holds no signature")
    if len(found) > MAX_SIGNERS:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, f"more than {MAX_SIGNERS} signatures", Defect.LIMIT_EXCEEDED)
    if root in found:
        detail = "the document must hold its signature, not the other way round"
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, detail, Defect.WRAPPED_PAYLOAD)
    return found


@dataclass(slots=True)
class _Read:
    """One signature, read while all of them still stand in the document."""

    element: etree._Element
    signature: SignatureElement | None = None
    scope: Scope | None = None
    certificates: tuple[Certificate, ...] = ()
    signed_info: bytes = b""
    failure: Failure | None = None


def _read(stand: Layout, element: etree._Element) -> _Read:
    read = _Read(element)
    try:
        read.signature = dsig.read(element)
        read.certificates = tuple(x509_certificates(read.signature.key_info))
        read.scope = stand.scope(read.signature)
        read.signed_info = read.signature.signed_bytes()
    except Failure as error:
        read.failure = error
    return read


def _common_scope(read: Sequence[_Read]) -> Scope:
    """Return what all signatures cover: if any covers only a part, that; else what the first signer saw."""
    return Scope.PART if any(one.scope is Scope.PART for one in read) else read[0].scope or Scope.DOCUMENT


def _checked(stand: Layout, read: _Read, covered: dict[Scope, bytes]) -> Examined:
    """Check one signature, itself and the later ones taken out; note what it covers."""
    certificate = next(iter(read.certificates), None)
    algorithm_uri = read.signature.algorithm_uri if read.signature else None
    failure = read.failure
    if failure is None and read.signature is not None and read.scope is not None and certificate is not None:
        try:
            covered[read.scope] = stand.octets(read.scope)
            read.signature.references[0].check(covered[read.scope])
            _check_value(read.signature, read.certificates, read.signed_info)
        except NotCanonicalizable as error:
            failure = Failure(Reason.FORMAT_FAILURE, str(error))
        except Failure as error:
            failure = error
    return Examined(certificate, read.certificates[1:], algorithm_uri, failure)


def _check_value(signature: SignatureElement, certificates: Sequence[Certificate], signed_info: bytes) -> None:
    """Verify the signature value with the first certificate; say so if another key that came along made it."""
    signer, *others = certificates
    try:
        signature.check_value(signer, signed_info)
    except Failure as error:
        if error.finding.reason is not Reason.SIG_CRYPTO_FAILURE:
            raise
        if holds_another_key(signature.key_info, signer) or any(_made(signature, one, signed_info) for one in others):
            detail = "KeyInfo holds another key beside the certificate, which did not make the signature"
            raise Failure(Reason.SIG_CRYPTO_FAILURE, detail, Defect.KEY_SUBSTITUTED) from None
        raise


def _made(signature: SignatureElement, certificate: Certificate, signed_info: bytes) -> bool:
    try:
        signature.check_value(certificate, signed_info)
    except Failure:
        return False
    return True
