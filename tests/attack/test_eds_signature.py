"""Signatures that say something else than our profile, although they are cryptographically right or look so."""

import base64
import hashlib
import hmac
from collections.abc import Callable

import pytest
from lxml import etree

from gateway.eds import canonical, enveloped
from gateway.eds.canonical import EXC_C14N, METHODS
from gateway.eds.certificate import Certificate
from gateway.eds.coverage import ENVELOPED
from gateway.eds.dsig import DS
from gateway.eds.verdict import Indication, Reason
from gateway.eds.xml import parse
from tests.support.eds import CA, Template, citizen, issue, judge, nca, resign

_DOCUMENT = b"<form><iin>123456789011</iin></form>"


def _resigned(change: Callable[[etree._Element], None]) -> bytes:
    """Sign, change the signature, and make it cryptographically right again with the citizen's own key."""
    root = parse(enveloped.sign(_DOCUMENT, citizen().key))
    change(root[-1])
    resign(root[-1], citizen().key, lambda _: canonical.document(parse(_DOCUMENT)))
    return etree.tostring(root)


def _transforms(*uris: str, content: str = "") -> Callable[[etree._Element], None]:
    def change(signature: etree._Element) -> None:
        transforms = signature[0][2][0]
        for transform in list(transforms):
            transforms.remove(transform)
        for uri in uris:
            transforms.append(parse(f'<t:Transform xmlns:t="{DS}" Algorithm="{uri}">{content}</t:Transform>'.encode()))

    return change


def _method(index: int, uri: str) -> Callable[[etree._Element], None]:
    return lambda signature: signature[0][index].set("Algorithm", uri)


def _digest_method(uri: str) -> Callable[[etree._Element], None]:
    return lambda signature: signature[0][2][1].set("Algorithm", uri)


def _append(path: str, name: str, content: str = "") -> Callable[[etree._Element], None]:
    def change(signature: etree._Element) -> None:
        parent = signature if path == "." else signature.find(path)
        assert parent is not None
        parent.append(parse(f'<d:{name} xmlns:d="{DS}">{content}</d:{name}>'.encode()))

    return change


_C14N = canonical.C14N
_SI = f"{{{DS}}}SignedInfo"


@pytest.mark.parametrize(
    "change",
    [
        _transforms(ENVELOPED),
        _transforms(_C14N),
        _transforms(_C14N, ENVELOPED),
        _transforms(ENVELOPED, ENVELOPED, _C14N),
        _transforms(ENVELOPED, _C14N, _C14N),
        _transforms(ENVELOPED, EXC_C14N),
        _transforms(ENVELOPED, "http://www.w3.org/2006/12/xml-c14n11"),
        _transforms(ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64", _C14N),
        _transforms(ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116", _C14N),
        _transforms(ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116", _C14N),
        _transforms("http://www.w3.org/TR/1999/REC-xpath-19991116", content="<XPath>not(self::iin)</XPath>"),
        _transforms("http://www.w3.org/2002/06/xmldsig-filter2", content="<XPath Filter='subtract'>//iin</XPath>"),
        _transforms(ENVELOPED, _C14N, content="<x/>"),
        _transforms(),
        _transforms(*[ENVELOPED] * 50),
        _method(0, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        _method(0, "urn:unknown"),
        _append(".", "Object", "<x/>"),
        _append(".", "Object", "<d:Manifest xmlns:d='http://www.w3.org/2000/09/xmldsig#'/>"),
        _append(".", "KeyInfo"),
        _append(f"{{{DS}}}KeyInfo", "RetrievalMethod"),
        _append(f"{_SI}/{{{DS}}}SignatureMethod", "HMACOutputLength", "8"),
        _append(f"{_SI}/{{{DS}}}CanonicalizationMethod", "Transforms"),
        _append(f"{_SI}/{{{DS}}}Reference/{{{DS}}}DigestMethod", "X"),
        _append(f"{_SI}/{{{DS}}}Reference", "X"),
        lambda signature: signature[0][2].set("Type", f"{DS}Manifest"),
        lambda signature: signature[0][2].set("URI", "http://127.0.0.1:9/x"),
        lambda signature: signature[0][2].set("URI", "file:///etc/passwd"),
        lambda signature: signature[0][2].set("URI", "#xpointer(/)"),
        lambda signature: signature[0][2].set("URI", "#"),
        lambda signature: signature[0][2].attrib.pop("URI") and None,
        lambda signature: signature[0].append(parse(etree.tostring(signature[0][2]))),
    ],
)
def test_whatever_is_not_the_profile_is_refused(change: Callable[[etree._Element], None]) -> None:
    """Other transforms, references, methods, objects and manifests are refused although the key's owner signed them."""
    verdict = judge(_resigned(change))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons <= {Reason.SIG_CONSTRAINTS_FAILURE, Reason.FORMAT_FAILURE}
    assert verdict.signed is None


@pytest.mark.parametrize(
    "change",
    [
        _method(1, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        _method(1, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        _method(1, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        _method(1, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
        _method(1, ""),
        _digest_method("http://www.w3.org/2000/09/xmldsig#sha1"),
        _digest_method("http://www.w3.org/2001/04/xmldsig-more#md5"),
        _digest_method("urn:none"),
    ],
)
def test_other_algorithms_are_refused_by_name(change: Callable[[etree._Element], None]) -> None:
    """Weak, unknown and foreign algorithms are CRYPTO_CONSTRAINTS_FAILURE, whatever the value."""
    verdict = judge(_resigned(change))
    assert verdict.reasons == {Reason.CRYPTO_CONSTRAINTS_FAILURE}
    assert verdict.signed is None


@pytest.mark.parametrize(
    "secret", [lambda: citizen().certificate.spki, lambda: citizen().certificate.der, lambda: citizen().pem]
)
def test_hmac_with_the_public_key_as_secret_is_refused(secret: Callable[[], bytes]) -> None:
    """An HMAC that anyone can compute from the certificate is no signature."""
    root = parse(enveloped.sign(_DOCUMENT, citizen().key))
    signature = root[-1]
    signature[0][1].set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    signed_info = canonical.subtree(signature[0], METHODS[_C14N])
    value = hmac.new(secret(), signed_info, hashlib.sha256).digest()
    signature[1].text = base64.b64encode(value).decode()
    assert judge(etree.tostring(root)).reasons == {Reason.CRYPTO_CONSTRAINTS_FAILURE}


def _with_certificates(signer: bytes, *certificates: Certificate) -> bytes:
    root = parse(signer)
    data = next(root.iter(f"{{{DS}}}X509Data"))
    for certificate in certificates:
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = base64.b64encode(certificate.der).decode()
    return etree.tostring(root)


def test_a_chain_that_comes_along_is_not_trusted() -> None:
    """A forger's own root and CA in KeyInfo, named like the real ones, lead to no anchor."""
    forger_root = issue(
        "СЫНАҚ НЕГІЗГІ ҰКО", template=Template(ca=True, usage=CA.usage, extended=(), key_name="thief root")
    )
    forger = issue(
        list(zip([attribute.oid for attribute in nca().x509.subject], ["KZ", "СЫНАҚ ҰКО (ТЕСТ)"], strict=True)),
        forger_root,
        Template(ca=True, usage=CA.usage, extended=(), key_name="thief"),
    )
    assert forger.certificate.subject == nca().certificate.subject
    victim = issue("ТЕСТОВ ТЕСТ", forger)
    raw = enveloped.sign(_DOCUMENT, victim.key)
    for extra in ((), (forger.certificate, forger_root.certificate), (nca().certificate,)):
        verdict = judge(_with_certificates(raw, *extra))
        assert verdict.reasons == {Reason.NO_CERTIFICATE_CHAIN_FOUND}


def test_a_certificate_that_did_not_sign_does_not_count() -> None:
    """Putting another's certificate into KeyInfo, alone or first, makes the value fail."""
    raw = enveloped.sign(_DOCUMENT, issue("СТРАННЫЙ").key)
    root = parse(raw)
    element = next(root.iter(f"{{{DS}}}X509Certificate"))
    stranger, element.text = element.text, base64.b64encode(citizen().certificate.der).decode()
    assert judge(etree.tostring(root)).reasons == {Reason.SIG_CRYPTO_FAILURE}
    parent = element.getparent()
    assert parent is not None
    etree.SubElement(parent, f"{{{DS}}}X509Certificate").text = stranger
    assert judge(etree.tostring(root)).reasons == {Reason.SIG_CRYPTO_FAILURE}


def test_a_bare_public_key_is_nobody() -> None:
    """KeyValue without a certificate names nobody."""

    def change(signature: etree._Element) -> None:
        numbers = citizen().private.public_key().public_numbers()
        modulus = base64.b64encode(numbers.n.to_bytes(256, "big")).decode()
        value = f"<d:RSAKeyValue><d:Modulus>{modulus}</d:Modulus><d:Exponent>AQAB</d:Exponent></d:RSAKeyValue>"
        signature[2].remove(signature[2][0])
        signature[2].append(parse(f'<d:KeyValue xmlns:d="{DS}">{value}</d:KeyValue>'.encode()))

    assert judge(_resigned(change)).reasons == {Reason.NO_SIGNING_CERTIFICATE_FOUND}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<ds:DigestValue>", b"<ds:DigestValue><!--x-->"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue><?x?>"),
        (b"<ds:X509Certificate>", b"<ds:X509Certificate><!---->"),
        (b"<ds:SignedInfo>", b"<ds:SignedInfo><!---->"),
        (b"<ds:DigestValue>", b"<ds:DigestValue><x/>"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>*"),
        (b"<ds:X509Certificate>", "<ds:X509Certificate>қ".encode()),
    ],
)
def test_comments_and_rubbish_inside_the_signature_are_refused(old: bytes, new: bytes) -> None:
    """A comment in DigestValue makes two readers see two digests; none is allowed inside ds:Signature."""
    verdict = judge(enveloped.sign(_DOCUMENT, citizen().key).replace(old, new))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons <= {Reason.FORMAT_FAILURE, Reason.SIG_CONSTRAINTS_FAILURE}


def test_a_comment_in_the_iin_changes_nothing_that_is_read() -> None:
    """A comment may be put into a signed text unseen; what may be read has the text whole."""
    raw = enveloped.sign(_DOCUMENT, citizen().key).replace(b"123456789011", b"1234<!-- -->56789011")
    verdict = judge(raw)
    assert verdict.indication is Indication.VALID
    assert verdict.signed == _DOCUMENT


@pytest.mark.parametrize(
    "missing", ["SignedInfo", "SignatureValue", "KeyInfo", "Reference", "DigestValue", "X509Certificate"]
)
def test_a_signature_without_a_part_is_refused(missing: str) -> None:
    """Every part of a signature is needed."""
    root = parse(enveloped.sign(_DOCUMENT, citizen().key))
    element = next(root.iter(f"{{{DS}}}{missing}"))
    canonical.remove(element)
    verdict = judge(etree.tostring(root))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons <= {Reason.FORMAT_FAILURE, Reason.NO_SIGNING_CERTIFICATE_FOUND}


def test_an_empty_signature_is_refused() -> None:
    """A ds:Signature with nothing in it is a format failure, not a crash."""
    assert judge(f'<a><Signature xmlns="{DS}"/></a>'.encode()).reasons == {Reason.FORMAT_FAILURE}
