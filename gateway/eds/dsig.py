"""A ds:Signature read strictly: exactly the structure of our profiles, everything else refused.

XML Signature 1.1 allows far more (objects, manifests, XPath, HMAC, retrieval methods). Each of these has
served attacks, none is used by NCA RK's software, so none has code here.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.eds import algorithms
from gateway.eds.algorithms import AlgorithmNotAllowed
from gateway.eds.canonical import METHODS, NotCanonicalizable, subtree
from gateway.eds.certificate import Certificate
from gateway.eds.verdict import Defect, Failure, Reason

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE: Final = f"{{{DS}}}Signature"
_SIGNED_INFO: Final = f"{{{DS}}}SignedInfo"
_HMAC_OUTPUT_LENGTH: Final = f"{{{DS}}}HMACOutputLength"
_EC: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_INCLUSIVE_NAMESPACES: Final = f"{{{_EC}}}InclusiveNamespaces"
MAX_REFERENCES: Final = 5
_MAX_TRANSFORMS: Final = 3
_MAX_PREFIXES: Final = 64


@dataclass(frozen=True, slots=True)
class Transform:
    """A transform or canonicalisation method with its InclusiveNamespaces."""

    uri: str
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """One ds:Reference."""

    uri: str
    transforms: tuple[Transform, ...]
    digest_uri: str
    digest: bytes

    def check(self, data: bytes) -> None:
        """Compare the digest of what the reference resolves to.

        Raises:
            Failure: HASH_FAILURE, or CRYPTO_CONSTRAINTS_FAILURE for the digest algorithm.
        """
        try:
            computed = algorithms.digest(self.digest_uri).compute(data)
        except AlgorithmNotAllowed as error:
            raise Failure(Reason.CRYPTO_CONSTRAINTS_FAILURE, str(error)) from None
        if not hmac.compare_digest(computed, self.digest):
            raise Failure(Reason.HASH_FAILURE, "the content differs from what was signed")


@dataclass(frozen=True, slots=True)
class SignatureElement:
    """A ds:Signature, read."""

    element: etree._Element
    signed_info: etree._Element
    canonicalization: Transform
    algorithm_uri: str
    references: tuple[Reference, ...]
    value: bytes
    key_info: etree._Element

    def signed_bytes(self) -> bytes:
        """Return the canonical SignedInfo; the signature must still stand in its document.

        Raises:
            Failure: FORMAT_FAILURE when it has no canonical form.
        """
        method = METHODS[self.canonicalization.uri]
        try:
            return subtree(self.signed_info, method, self.canonicalization.prefixes)
        except NotCanonicalizable as error:
            raise Failure(Reason.FORMAT_FAILURE, f"SignedInfo: {error}") from None

    def check_value(self, certificate: Certificate, signed_info: bytes) -> None:
        """Verify the signature value over the canonical SignedInfo with the certificate's key.

        Raises:
            Failure: SIG_CRYPTO_FAILURE, or CRYPTO_CONSTRAINTS_FAILURE for the algorithm or the key.
        """
        try:
            algorithm = algorithms.signature_for_key(self.algorithm_uri, certificate.key_oid, certificate.spki)
        except AlgorithmNotAllowed as error:
            raise Failure(Reason.CRYPTO_CONSTRAINTS_FAILURE, str(error)) from None
        if not algorithm.verify(certificate.spki, signed_info, self.value):
            raise Failure(Reason.SIG_CRYPTO_FAILURE, "the signature value does not verify under the certificate's key")


def read(element: etree._Element) -> SignatureElement:
    """Read a ds:Signature.

    Raises:
        Failure: FORMAT_FAILURE or SIG_CONSTRAINTS_FAILURE when it is not of our profile.
    """
    if next(element.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is not None:
        detail = "comments or processing instructions inside the signature"
        raise Failure(Reason.FORMAT_FAILURE, detail, Defect.COMMENT_IN_SIGNATURE)
    if len(element.findall(_SIGNED_INFO)) > 1:
        raise Failure(Reason.FORMAT_FAILURE, "more than one SignedInfo", Defect.TWO_SIGNED_INFO)
    signed_info, value, key_info = _children(element, "SignedInfo", "SignatureValue", "KeyInfo")
    method, algorithm, *references = list(signed_info)[: MAX_REFERENCES + 3] if len(signed_info) > 1 else (None, None)
    if method is None or algorithm is None or not references:
        raise Failure(Reason.FORMAT_FAILURE, "SignedInfo is incomplete")
    if len(references) > MAX_REFERENCES:
        detail = f"more than {MAX_REFERENCES} references"
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, detail, Defect.LIMIT_EXCEEDED)
    canonicalization = _canonicalization(_named(method, "CanonicalizationMethod"))
    return SignatureElement(
        element=element,
        signed_info=signed_info,
        canonicalization=canonicalization,
        algorithm_uri=_signature_method(_named(algorithm, "SignatureMethod")),
        references=tuple(_reference(_named(reference, "Reference")) for reference in references),
        value=base64_of(value),
        key_info=key_info,
    )


def base64_of(element: etree._Element) -> bytes:
    """Return the bytes of an element with base64 text; white space of any kind between is dropped.

    Raises:
        Failure: FORMAT_FAILURE.
    """
    _childless(element)
    try:
        packed = b"".join((element.text or "").encode("ascii").split())
        return base64.b64decode(packed, validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Failure(Reason.FORMAT_FAILURE, f"{_local(element)} is not base64") from None


def _signature_method(element: etree._Element) -> str:
    uri = _algorithm(element)
    if element.find(_HMAC_OUTPUT_LENGTH) is not None:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "a truncated HMAC is no signature", Defect.TRUNCATED_HMAC)
    if "#hmac-" in uri:
        raise Failure(Reason.CRYPTO_CONSTRAINTS_FAILURE, f"{uri[:120]} is no signature", Defect.HMAC)
    _childless(element)
    return uri


def _canonicalization(element: etree._Element) -> Transform:
    transform = _transform(element)
    if transform.uri not in METHODS:
        raise _not_allowed(f"canonicalisation {transform.uri[:120]} is not accepted")
    return transform


def _reference(element: etree._Element) -> Reference:
    uri = element.get("URI")
    if uri is None or set(element.attrib) - {"URI", "Id"}:
        raise Failure(Reason.FORMAT_FAILURE, "a reference without URI, or with a Type")
    transforms, method, value = _children(element, "Transforms", "DigestMethod", "DigestValue")
    if not 0 < len(transforms) <= _MAX_TRANSFORMS:
        raise _not_allowed("no transforms, or too many")
    return Reference(
        uri=uri,
        transforms=tuple(_transform(_named(transform, "Transform")) for transform in transforms),
        digest_uri=_algorithm(_childless(method)),
        digest=base64_of(value),
    )


def _transform(element: etree._Element) -> Transform:
    uri = _algorithm(element)
    if not len(element):
        return Transform(uri)
    if len(element) > 1 or element[0].tag != _INCLUSIVE_NAMESPACES or not uri.startswith(_EC):
        raise _not_allowed(f"{_local(element)} {uri[:120]} has parameters")
    prefixes = tuple(_childless(element[0]).get("PrefixList", "").split())
    if len(prefixes) > _MAX_PREFIXES:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "too many inclusive namespaces")
    return Transform(uri, prefixes)


def _not_allowed(detail: str) -> Failure:
    return Failure(Reason.SIG_CONSTRAINTS_FAILURE, detail, Defect.TRANSFORM_NOT_ALLOWED)


def _algorithm(element: etree._Element) -> str:
    uri = element.get("Algorithm")
    if uri is None:
        raise Failure(Reason.FORMAT_FAILURE, f"{_local(element)} without Algorithm")
    return uri


def _children(element: etree._Element, *names: str) -> list[etree._Element]:
    """Return the children if they are exactly these, in this order."""
    children = list(element)
    if [child.tag for child in children] != [f"{{{DS}}}{name}" for name in names]:
        raise Failure(Reason.FORMAT_FAILURE, f"{_local(element)} must hold exactly {', '.join(names)}")
    return children


def _childless(element: etree._Element) -> etree._Element:
    if len(element):
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, f"{_local(element)} must hold no elements")
    return element


def _named(element: etree._Element, name: str) -> etree._Element:
    if element.tag != f"{{{DS}}}{name}":
        raise Failure(Reason.FORMAT_FAILURE, f"{name} expected")
    return element


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)[:60]
