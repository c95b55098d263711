"""Every bad input that is known by name: each is INVALID under a code of its own, and nothing of it may be read."""

import asyncio
import base64
import copy
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from gateway.eds import canonical, enveloped, wsse
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.dsig import DS
from gateway.eds.revocation import Answer, RevocationReason, RevocationStatus, Source, Withdrawal
from gateway.eds.verdict import Defect, Indication, Reason, Verdict
from gateway.eds.verifier import Verifier
from gateway.eds.xml import parse
from tests.support.eds import (
    AFTER,
    AT,
    AUTHENTICATE,
    BEFORE,
    CA,
    SOAP,
    Template,
    citizen,
    issue,
    judge,
    nca,
    resign,
    sign_part,
    verifier,
)

_DOCUMENT = b'<form Id="f"><iin>123456789011</iin></form>'
_HMAC = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
_Change = Callable[[etree._Element], None]  # noqa: SLF001  lxml's only name for it
_Build = Callable[[], bytes]


def _signed() -> bytes:
    return enveloped.sign(_DOCUMENT, citizen().key)


def _changed(change: _Change) -> _Build:
    """Let the key's own owner sign a document whose ds:Signature is changed like this."""

    def build() -> bytes:
        root = parse(_signed())
        change(root[-1])
        resign(root[-1], citizen().key, lambda _: canonical.document(parse(_DOCUMENT)))
        return etree.tostring(root)

    return build


def _points_to(uri: str) -> _Change:
    return lambda signature: signature[0][2].set("URI", uri)


def _second_signed_info(signature: etree._Element) -> None:
    signature.append(copy.deepcopy(signature[0]))


def _key_info_named(signature: etree._Element) -> None:
    signature[2].set("Id", "key")
    signature[0][2].set("URI", "#key")


def _same_id_again(signature: etree._Element) -> None:
    signature[0][2].set("URI", "#f")
    signature[2].set("Id", "f")


def _transform(uri: str) -> _Change:
    return lambda signature: signature[0][2][0][1].set("Algorithm", uri)


def _hmac(length: str | None = None) -> _Change:
    def change(signature: etree._Element) -> None:
        signature[0][1].set("Algorithm", _HMAC)
        if length is not None:
            etree.SubElement(signature[0][1], f"{{{DS}}}HMACOutputLength").text = length

    return change


def _wrapped() -> bytes:
    inner = parse(sign_part(b'<packet><form Id="part"><iin>1</iin></form></packet>', citizen().key))
    evil = parse(b'<packet><form Id="evil"><iin>2</iin></form></packet>')
    evil[0].append(inner[0])
    evil.append(inner[-1])
    return etree.tostring(evil)


def _unsigned_sibling() -> bytes:
    raw = sign_part(b'<packet><form Id="part"><iin>1</iin></form></packet>', citizen().key)
    return raw.replace(b"<packet>", b'<packet><form Id="evil"><iin>2</iin></form>')


def _comment_in_digest() -> bytes:
    return _signed().replace(b"<ds:DigestValue>", b"<ds:DigestValue><!-- -->")


def _bare_key_beside() -> bytes:
    """Sign with a key of one's own that stands in KeyInfo as KeyValue, beside the citizen's certificate."""
    thief = issue("СТРАННЫЙ")
    root = parse(enveloped.sign(_DOCUMENT, thief.key))
    public = thief.private.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    modulus = base64.b64encode(public.public_numbers().n.to_bytes(256, "big")).decode()
    key = f"<d:RSAKeyValue><d:Modulus>{modulus}</d:Modulus><d:Exponent>AQAB</d:Exponent></d:RSAKeyValue>"
    root[-1][2].insert(0, parse(f'<d:KeyValue xmlns:d="{DS}">{key}</d:KeyValue>'.encode()))
    next(root.iter(f"{{{DS}}}X509Certificate")).text = base64.b64encode(citizen().certificate.der).decode()
    return etree.tostring(root)


def _certificate_beside() -> bytes:
    """Put the citizen's certificate before the one whose key made the signature."""
    root = parse(enveloped.sign(_DOCUMENT, issue("СТРАННЫЙ").key))
    element = parse(f'<d:X509Certificate xmlns:d="{DS}"/>'.encode())
    element.text = base64.b64encode(citizen().certificate.der).decode()
    next(root.iter(f"{{{DS}}}X509Data")).insert(0, element)
    return etree.tostring(root)


def _with_certificate(template: Template) -> _Build:
    return lambda: enveloped.sign(_DOCUMENT, issue("ТЕСТОВ ТЕСТ", nca(), template).key)


def _broken_certificate() -> bytes:
    der = bytearray(citizen().certificate.der)
    der[1] ^= 0x01
    old, new = (base64.b64encode(octets) for octets in (citizen().certificate.der, bytes(der)))
    return _signed().replace(old, new)


def _unknown_issuer() -> bytes:
    stranger = issue("ЧУЖОЙ ҰКО", template=CA)
    return enveloped.sign(_DOCUMENT, issue("ТЕСТОВ ТЕСТ", stranger).key)


def _same_name_other_key() -> bytes:
    subject = [(attribute.oid, str(attribute.value)) for attribute in nca().x509.subject]
    forger = issue(subject, template=Template(ca=True, usage=CA.usage, extended=(), key_name="forger"))
    return enveloped.sign(_DOCUMENT, issue("ТЕСТОВ ТЕСТ", forger).key)


def _attributes(count: int, size: int) -> _Build:
    written = b" ".join(b'a%d="%s"' % (number, b"x" * size) for number in range(count))
    return lambda: b"<form " + written + b">" + _signed()[len(b'<form Id="f">') :]


_CASES: list[tuple[str, _Build, Defect | Reason]] = [
    ("no signature", lambda: _DOCUMENT, Reason.SIGNATURE_MISSING),
    ("two SignedInfo", _changed(_second_signed_info), Defect.TWO_SIGNED_INFO),
    ("reference to elsewhere", _changed(_key_info_named), Defect.REFERENCE_ELSEWHERE),
    ("reference to nobody", _changed(_points_to("#nobody")), Defect.REFERENCE_ELSEWHERE),
    ("element with duplicate Id", _changed(_same_id_again), Defect.DUPLICATE_ID),
    ("wrapped payload", _wrapped, Defect.WRAPPED_PAYLOAD),
    ("unsigned siblings", _unsigned_sibling, Defect.UNSIGNED_CONTENT),
    ("XSLT", _changed(_transform("http://www.w3.org/TR/1999/REC-xslt-19991116")), Defect.TRANSFORM_NOT_ALLOWED),
    ("XPath", _changed(_transform("http://www.w3.org/TR/1999/REC-xpath-19991116")), Defect.TRANSFORM_NOT_ALLOWED),
    ("HMAC with a public key", _changed(_hmac()), Defect.HMAC),
    ("truncated HMAC", _changed(_hmac("8")), Defect.TRUNCATED_HMAC),
    ("comment inside DigestValue", _comment_in_digest, Defect.COMMENT_IN_SIGNATURE),
    ("external reference", _changed(_points_to("http://127.0.0.1:9/x")), Defect.EXTERNAL_REFERENCE),
    ("reference to a file", _changed(_points_to("file:///etc/passwd")), Defect.EXTERNAL_REFERENCE),
    ("key substitution, KeyValue", _bare_key_beside, Defect.KEY_SUBSTITUTED),
    ("key substitution, certificate", _certificate_beside, Defect.KEY_SUBSTITUTED),
    ("wrong usage", _with_certificate(Template(usage=AUTHENTICATE)), Reason.CHAIN_CONSTRAINTS_FAILURE),
    ("expired", _with_certificate(Template(not_after=AT - timedelta(seconds=1))), Reason.EXPIRED),
    ("not yet valid", _with_certificate(Template(not_before=AT + timedelta(seconds=1))), Reason.NOT_YET_VALID),
    ("unknown issuer", _unknown_issuer, Reason.NO_CERTIFICATE_CHAIN_FOUND),
    ("self-signed", lambda: enveloped.sign(_DOCUMENT, issue("ТЕСТОВ ТЕСТ").key), Defect.SELF_SIGNED),
    ("issuer with the right name and wrong key", _same_name_other_key, Defect.ISSUER_KEY_DIFFERS),
    ("malformed ASN.1", _broken_certificate, Defect.MALFORMED_ASN1),
    ("1 MB of attributes", _attributes(20_000, 40), Defect.LIMIT_EXCEEDED),
]


@pytest.mark.parametrize(("build", "code"), [case[1:] for case in _CASES], ids=[case[0] for case in _CASES])
def test_bad_input_has_a_code_of_its_own(build: _Build, code: Defect | Reason) -> None:
    """What is wrong is told by one exact code, and the verdict is INVALID."""
    verdict = judge(build())
    assert verdict.indication is Indication.INVALID
    assert verdict.codes == {code.value}


def test_one_attribute_of_a_megabyte_is_no_bomb() -> None:
    """A single attribute of 1 MB costs nothing out of the ordinary: it is read, and found not to be what was signed."""
    assert judge(_attributes(1, 1_000_000)()).codes == {Reason.HASH_FAILURE.value}


def test_codes_do_not_repeat() -> None:
    """No defect bears the name of a reason: a code means one thing."""
    assert not {defect.value for defect in Defect} & {reason.value for reason in Reason}


class _Withdrawn:
    """A source that knows the certificate as revoked."""

    def __init__(self, at: datetime, reason: RevocationReason) -> None:
        self._answer = Answer(Source.CRL, AFTER, AFTER, (), Withdrawal(at, reason))

    async def status(self, certificate: Certificate, issuer: Certificate, at: datetime) -> RevocationStatus:
        del issuer
        return self._answer.status(certificate, at)


def _judged(withdrawn: _Withdrawn) -> Verdict:
    by = Verifier(Anchors.of([nca().certificate]), withdrawn)
    return asyncio.run(by.enveloped(_signed(), at=AT))


def test_revoked_before_signing() -> None:
    """A certificate that was revoked when it signed is REVOKED, whatever for."""
    for reason in RevocationReason:
        assert _judged(_Withdrawn(BEFORE, reason)).codes == {Reason.REVOKED.value}


def test_revoked_after_signing() -> None:
    """Revoked later, it stands if it was merely replaced, and has a code of its own if its key may have been stolen."""
    later = AT + timedelta(hours=1)
    assert _judged(_Withdrawn(later, RevocationReason.SUPERSEDED)).indication is Indication.VALID
    verdict = _judged(_Withdrawn(later, RevocationReason.KEY_COMPROMISE))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.REVOKED}
    assert verdict.codes == {Defect.REVOKED_AFTER_SIGNING.value}


def _envelope() -> etree._Element:
    raw = f'<S:Envelope xmlns:S="{SOAP}"><S:Header/><S:Body><iin>123456789011</iin></S:Body></S:Envelope>'
    return parse(wsse.sign(parse(raw.encode()), citizen().key))


def _body_moved(envelope: etree._Element) -> None:
    signed = envelope[1]
    envelope.replace(signed, parse(f'<S:Body xmlns:S="{SOAP}"><iin>999999999999</iin></S:Body>'.encode()))
    etree.SubElement(envelope[0], "{urn:thief}Wrapper").append(signed)


def _second_body(envelope: etree._Element) -> None:
    envelope.append(parse(f'<S:Body xmlns:S="{SOAP}"><iin>999999999999</iin></S:Body>'.encode()))


def _id_again(envelope: etree._Element) -> None:
    envelope[0][0].set("Id", envelope[1].get(f"{{{wsse.WSU}}}Id", ""))


def _body_renamed(envelope: etree._Element) -> None:
    envelope[1].set(f"{{{wsse.WSU}}}Id", "other")


def _in_transport(change: _Change) -> _Change:
    return lambda envelope: change(envelope[0][0][0])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_body_moved, Defect.WRAPPED_PAYLOAD),
        (_second_body, Defect.WRAPPED_PAYLOAD),
        (_id_again, Defect.DUPLICATE_ID),
        (_body_renamed, Defect.REFERENCE_ELSEWHERE),
        (_in_transport(_points_to("http://127.0.0.1:9/x")), Defect.EXTERNAL_REFERENCE),
        (_in_transport(_points_to("")), Defect.REFERENCE_ELSEWHERE),
        (_in_transport(_second_signed_info), Defect.TWO_SIGNED_INFO),
        (_in_transport(_hmac()), Defect.HMAC),
        (_in_transport(_hmac("8")), Defect.TRUNCATED_HMAC),
    ],
)
def test_transport_signatures_have_the_same_codes(change: _Change, code: Defect) -> None:
    """What is wrong with the signature of an envelope is told by the same codes."""
    envelope = _envelope()
    assert verifier().transport(envelope, envelope[1], at=AT, registered=()).indication is Indication.VALID
    change(envelope)
    verdict = verifier().transport(envelope, envelope[1], at=AT, registered=())
    assert verdict.codes == {code.value}
    assert verdict.signed is None
