"""Enveloped XML signatures over a whole document, in the form NCALayer and NCANode produce (nca-profile 2.3).

The signature is the last child of the root, its reference is `URI=""`. Each further signer covers the earlier
signatures; verification goes from the last to the first and takes each away.
"""

import base64
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lxml import etree

from gateway.eds import algorithms, canonical, dsig
from gateway.eds.canonical import C14N, C14N_COMMENTS, NotCanonicalizable
from gateway.eds.certificate import Certificate
from gateway.eds.dsig import DS, SIGNATURE, SignatureElement
from gateway.eds.examined import Examined
from gateway.eds.keyinfo import x509_certificates
from gateway.eds.keys import SigningKey
from gateway.eds.verdict import Failure, Reason
from gateway.eds.xml import BOM, parse

ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
MAX_SIGNERS: Final = 8
_TRANSFORMS: Final = frozenset({(ENVELOPED, C14N), (ENVELOPED, C14N_COMMENTS)})


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
    """All signatures of a document, first signer first, and what the first of them covers."""

    signatures: tuple[Examined, ...]
    signed: bytes | None
    """The document without signatures, canonical; None unless every signature is cryptographically good."""


def examine(root: etree._Element) -> Examination:
    """Check structure, coverage, digests and signature values. Takes the signatures out of the tree.

    Raises:
        Failure: SIGNATURE_MISSING, or SIG_CONSTRAINTS_FAILURE when signatures do not stand where they must.
    """
    elements = _signatures(root)
    examined: list[Examined] = []
    covered = b""
    for element in reversed(elements):
        one, covered = _examine(root, element)
        examined.append(one)
    intact = all(one.failure is None for one in examined)
    return Examination(tuple(reversed(examined)), covered if intact else None)


def _signatures(root: etree._Element) -> list[etree._Element]:
    found = list(root.iter(SIGNATURE))
    if not found:
        raise Failure(Reason.SIGNATURE_MISSING, "the document holds no signature")
    if len(found) > MAX_SIGNERS:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, f"more than {MAX_SIGNERS} signatures")
    last = list(islice(root.iterchildren("*", reversed=True), len(found)))
    if last != found[::-1]:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "signatures must stand at the end of the root, and nowhere else")
    return found


def _examine(root: etree._Element, element: etree._Element) -> tuple[Examined, bytes]:
    """Check one signature and take it out; return it with the bytes it covers."""
    certificate: Certificate | None = None
    others: tuple[Certificate, ...] = ()
    algorithm_uri, covered, failure = None, b"", None
    try:
        signature = dsig.read(element)
        algorithm_uri = signature.algorithm_uri
        certificate, *rest = x509_certificates(signature.key_info)
        others = tuple(rest)
        signed_info = signature.signed_bytes()
        canonical.remove(element)
        covered = _covered(root, signature)
        signature.references[0].check(covered)
        signature.check_value(certificate, signed_info)
    except Failure as error:
        failure = error
        if element.getparent() is not None:
            canonical.remove(element)
    return Examined(certificate, others, algorithm_uri, failure), covered


def _covered(root: etree._Element, signature: SignatureElement) -> bytes:
    """Return the bytes the one reference covers, if that is the whole document."""
    reference, *more = signature.references
    if more:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "more than one reference")
    if tuple(transform.uri for transform in reference.transforms) not in _TRANSFORMS:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "transforms must be enveloped-signature, then Canonical XML 1.0")
    try:
        if reference.uri == "":
            return canonical.document(root)
        if reference.uri.startswith("#") and canonical.elements_with_id(root, reference.uri[1:]) == [root]:
            return canonical.root_only(root)
    except NotCanonicalizable as error:
        raise Failure(Reason.FORMAT_FAILURE, str(error)) from None
    raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "the reference does not cover the whole document")
