"""CMS signatures judged: what is signed, by whom, as of when, and what is said where something is wrong."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from gateway.eds.algorithms import RSA_KEY_OID
from gateway.eds.anchors import Anchors
from gateway.eds.cms import sign
from gateway.eds.gost.keys import digest
from gateway.eds.gost.suites import GOST_2004, SUITES, Suite
from gateway.eds.revocation import Revocation, RevocationStatus
from gateway.eds.verdict import Indication, Reason
from gateway.eds.verifier import Verifier
from tests.support import cms, eds, gost
from tests.support.cms import Signature, judge

CONTENT = "Өтініш: көмек тағайындауды сұраймын".encode()


def _signed() -> bytes:
    return sign.sign(CONTENT, eds.citizen().key, at=eds.AT)


def _made(signature: Signature, **changes: bytes | None) -> bytes:
    content = changes.get("content", CONTENT)
    return cms.message(signature.der(), content=content, certificates=[eds.citizen().certificate.der])


def _signature() -> Signature:
    return Signature(eds.citizen().key, CONTENT)


def test_an_attached_signature_is_valid_and_gives_its_content() -> None:
    """What was signed comes back as `signed`, with the certificate of who signed it."""
    verdict = judge(_signed())
    assert verdict.indication is Indication.VALID
    assert verdict.signed == CONTENT
    assert verdict.signers[0].certificate == eds.citizen().certificate


def test_a_detached_signature_needs_its_content() -> None:
    """Detached: VALID over the content, HASH_FAILURE over another, INDETERMINATE without any."""
    document = sign.sign(CONTENT, eds.citizen().key, at=eds.AT, detached=True)
    assert CONTENT not in document
    assert judge(document, CONTENT).indication is Indication.VALID
    changed = judge(document, CONTENT + b".")
    assert changed.indication is Indication.INVALID
    assert changed.reasons == {Reason.HASH_FAILURE}
    assert changed.signed is None
    missing = judge(document)
    assert missing.indication is Indication.INDETERMINATE
    assert missing.reasons == {Reason.SIGNED_DATA_NOT_FOUND}


def test_an_empty_content_can_be_signed() -> None:
    """An empty content is a content, attached or detached."""
    assert judge(sign.sign(b"", eds.citizen().key, at=eds.AT)).signed == b""
    assert judge(sign.sign(b"", eds.citizen().key, at=eds.AT, detached=True), b"").signed == b""


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_gost_signatures_are_valid(suite: Suite) -> None:
    """Every GOST suite signs and verifies; a changed content is found."""
    by = Verifier(Anchors.of([gost.nca(suite).certificate]))
    document = sign.sign(CONTENT, gost.citizen(suite).key, at=eds.AT)
    assert judge(document, by=by).indication is Indication.VALID
    detached = sign.sign(CONTENT, gost.citizen(suite).key, at=eds.AT, detached=True)
    assert judge(detached, b"else", by=by).reasons == {Reason.HASH_FAILURE}


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_the_oid_of_a_gost_key_passes_for_its_signature(suite: Suite) -> None:
    """Old native Kalkan writes the OID of the GOST key as signatureAlgorithm; it is accepted."""
    citizen = gost.citizen(suite)
    message_digest = digest(suite, CONTENT)
    attributes = [
        cms.attribute(cms.CONTENT_TYPE, cms.oid(cms.DATA)),
        cms.attribute(cms.MESSAGE_DIGEST, cms.tlv(0x04, message_digest)),
    ]
    signature = Signature(citizen.key, CONTENT, attributes, digest_oid=suite.digest_oid, signature_oid=suite.key_oid)
    document = cms.message(signature.der(), content=CONTENT, certificates=[citizen.certificate.der])
    assert judge(document, by=Verifier(Anchors.of([gost.nca(suite).certificate]))).indication is Indication.VALID


def test_rsa_may_be_named_by_its_key_and_the_digest() -> None:
    """`rsaEncryption` with SHA-256, as OpenSSL and most others write it, is RSA with SHA-256."""
    signature = _signature()
    signature.signature_oid = RSA_KEY_OID
    assert judge(_made(signature)).indication is Indication.VALID


def test_the_signer_may_be_named_by_the_key() -> None:
    """A signer named by subjectKeyIdentifier is found."""
    signature = _signature()
    key_identifier = eds.citizen().certificate.subject_key_id
    assert key_identifier is not None
    signature.identifier = cms.tlv(0x80, key_identifier)
    assert judge(_made(signature)).indication is Indication.VALID


def test_without_signed_attributes_the_content_itself_is_signed() -> None:
    """A signature directly over the content is VALID, and does not verify over another."""
    signature = _signature()
    signature.attributes = None
    assert judge(_made(signature)).indication is Indication.VALID
    assert judge(_made(signature, content=b"another")).reasons == {Reason.SIG_CRYPTO_FAILURE}


def test_attributes_may_be_signed_in_the_order_sent() -> None:
    """A signer who did not sort the set signed the same set; OpenSSL accepts it, and so do we."""
    signature = _signature()
    signature.attributes = sorted(cms.usual_attributes(CONTENT), reverse=True)
    signature.sort = False
    assert judge(_made(signature)).indication is Indication.VALID


def test_ber_of_indefinite_length_is_accepted() -> None:
    """Java's libraries stream: indefinite lengths, and the content in pieces. It is the same message."""
    pieces = cms.indefinite(0x24, *(cms.tlv(0x04, CONTENT[start : start + 7]) for start in range(0, len(CONTENT), 7)))
    signed_data = cms.indefinite(
        0x30,
        cms.number(1),
        cms.tlv(0x31, cms.algorithm(cms.SHA256)),
        cms.indefinite(0x30, cms.oid(cms.DATA), cms.indefinite(0xA0, pieces)),
        cms.indefinite(0xA0, eds.citizen().certificate.der),
        cms.tlv(0x31, _signature().der()),
    )
    document = cms.indefinite(0x30, cms.oid("1.2.840.113549.1.7.2"), cms.indefinite(0xA0, signed_data))
    verdict = judge(document)
    assert (verdict.indication, verdict.signed) == (Indication.VALID, CONTENT)


def test_pem_and_base64_are_read() -> None:
    """NCALayer hands messages out as base64, with or without PEM lines, wrapped or not."""
    text = base64.b64encode(_signed())
    wrapped = base64.encodebytes(_signed())
    for form in (
        text,
        wrapped,
        b"-----BEGIN CMS-----\r\n" + wrapped + b"-----END CMS-----\r\n",
        b"-----BEGIN PKCS7-----\n" + wrapped + b"-----END PKCS7-----\n",
    ):
        assert judge(form).indication is Indication.VALID
    assert judge(b"-----BEGIN CERTIFICATE-----\n" + wrapped + b"-----END CERTIFICATE-----\n").reasons == {
        Reason.FORMAT_FAILURE
    }


def test_every_signer_is_judged_and_the_worst_wins() -> None:
    """Of several signers each has a verdict, in order; one that is not good spoils the whole."""
    late = eds.issue("ТЕСТОВА ТЕСТ", eds.nca(), eds.Template(not_after=eds.AT - timedelta(days=1)))
    both = sign.add_signer(_signed(), eds.citizen("ЕКІНШІ", "123456789012").key, at=eds.AT)
    assert judge(both).indication is Indication.VALID
    certificates = [signer.certificate for signer in judge(both).signers]
    assert [certificate.iin for certificate in certificates if certificate] == ["123456789011", "123456789012"]
    three = judge(sign.add_signer(both, late.key, at=eds.AT))
    assert [signer.indication.value for signer in three.signers] == ["VALID", "VALID", "INVALID"]
    assert three.indication is Indication.INVALID
    assert three.reasons == {Reason.EXPIRED}
    assert three.signed == CONTENT, "the signatures are intact, it is a certificate that is not current"


def test_a_signer_can_be_added_to_a_detached_signature() -> None:
    """The second signer signs the content that is given, and the message stays detached."""
    first = sign.sign(CONTENT, eds.citizen().key, at=eds.AT, detached=True)
    with pytest.raises(sign.NotSignable):
        sign.add_signer(first, eds.citizen().key, at=eds.AT)
    both = sign.add_signer(first, eds.citizen("ЕКІНШІ", "123456789012").key, at=eds.AT, detached=CONTENT)
    assert CONTENT not in both
    assert judge(both, CONTENT).indication is Indication.VALID
    assert len(judge(both, CONTENT).signers) == 2


def test_only_matching_content_gets_another_signature() -> None:
    """A message that carries its content is not signed again over another one."""
    with pytest.raises(sign.NotSignable):
        sign.add_signer(_signed(), eds.citizen().key, at=eds.AT, detached=b"another")
    with pytest.raises(sign.NotSignable):
        sign.add_signer(b"no message", eds.citizen().key, at=eds.AT)


def test_nobody_signed() -> None:
    """A message without signers is INVALID: NCANode calls it valid."""
    document = cms.message(content=CONTENT, certificates=[eds.citizen().certificate.der])
    verdict = judge(document)
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.SIGNATURE_MISSING}
    assert verdict.signed is None


def test_the_signers_certificate_must_be_there() -> None:
    """A signer whose certificate is missing is INVALID: NCANode calls it valid."""
    document = cms.message(_signature().der(), content=CONTENT, certificates=[eds.nca().certificate.der])
    assert judge(document).reasons == {Reason.NO_SIGNING_CERTIFICATE_FOUND}
    bare = cms.message(_signature().der(), content=CONTENT, certificates=[])
    assert judge(bare).indication is Indication.INVALID


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ([cms.attribute(cms.CONTENT_TYPE, cms.oid(cms.DATA))], Reason.FORMAT_FAILURE),
        (cms.usual_attributes(CONTENT)[1:], Reason.FORMAT_FAILURE),
        (cms.usual_attributes(CONTENT, "1.2.840.113549.1.7.2"), Reason.SIG_CONSTRAINTS_FAILURE),
        (cms.usual_attributes(b"another"), Reason.HASH_FAILURE),
        (
            [cms.usual_attributes(CONTENT)[0], cms.attribute(cms.MESSAGE_DIGEST, cms.number(1))],
            Reason.FORMAT_FAILURE,
        ),
        ([cms.usual_attributes(CONTENT)[0], cms.attribute(cms.MESSAGE_DIGEST)], Reason.FORMAT_FAILURE),
    ],
)
def test_signed_attributes_must_say_what_is_signed(attributes: list[bytes], reason: Reason) -> None:
    """Content type and message digest must be there, once, well formed, and of this content."""
    signature = _signature()
    signature.attributes = attributes
    verdict = judge(_made(signature))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {reason}


def _bound(version: str, fingerprint: bytes, digest_oid: str | None = None) -> bytes:
    named = b"" if digest_oid is None else cms.algorithm(digest_oid)
    identifier = cms.tlv(0x30, named, cms.tlv(0x04, fingerprint))
    return cms.attribute(version, cms.tlv(0x30, cms.tlv(0x30, identifier)))


def test_the_certificate_named_in_the_signature_counts() -> None:
    """signing-certificate and its version 2, where signed, must be of the certificate in the message."""
    der = eds.citizen().certificate.der
    sha1 = hashlib.sha1(der, usedforsecurity=False).digest()
    right = [
        _bound(cms.SIGNING_CERTIFICATE, sha1),
        _bound(cms.SIGNING_CERTIFICATE_V2, hashlib.sha256(der).digest()),
        _bound(cms.SIGNING_CERTIFICATE_V2, hashlib.sha256(der).digest(), cms.SHA256),
    ]
    for attribute in right:
        signature = _signature()
        signature.attributes = [*cms.usual_attributes(CONTENT), attribute]
        assert judge(_made(signature)).indication is Indication.VALID
    for version, size in ((cms.SIGNING_CERTIFICATE, 20), (cms.SIGNING_CERTIFICATE_V2, 32)):
        signature = _signature()
        signature.attributes = [*cms.usual_attributes(CONTENT), _bound(version, bytes(size))]
        assert judge(_made(signature)).reasons == {Reason.SIG_CONSTRAINTS_FAILURE}
    signature = _signature()
    signature.attributes = [*cms.usual_attributes(CONTENT), _bound(cms.SIGNING_CERTIFICATE_V2, sha1, "1.3.14.3.2.26")]
    assert judge(_made(signature)).reasons == {Reason.CRYPTO_CONSTRAINTS_FAILURE}


@pytest.mark.parametrize(
    ("digest_oid", "signature_oid"),
    [
        ("1.3.14.3.2.26", cms.RSA_SHA256),
        ("1.3.14.3.2.26", RSA_KEY_OID),
        (cms.SHA256, "1.2.840.113549.1.1.5"),
        (cms.SHA256, "1.2.840.113549.1.1.10"),
        ("2.16.840.1.101.3.4.2.3", RSA_KEY_OID),
        (cms.SHA256, GOST_2004.signature_oid),
        ("1.2.3.4", cms.RSA_SHA256),
    ],
)
def test_algorithms_that_are_not_accepted(digest_oid: str, signature_oid: str) -> None:
    """SHA-1, unknown algorithms, and those that do not go with the key are refused by name."""
    signature = _signature()
    signature.digest_oid, signature.signature_oid = digest_oid, signature_oid
    verdict = judge(_made(signature))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.CRYPTO_CONSTRAINTS_FAILURE}


def test_the_certificate_is_judged_as_everywhere() -> None:
    """Chain, dates and purpose are judged as for XML: an unknown issuer, an authentication key, a date outside."""
    stranger = eds.issue("БӨТЕН", eds.issue("БӨТЕН ҰКО", template=eds.CA))
    assert judge(sign.sign(CONTENT, stranger.key, at=eds.AT)).reasons == {Reason.NO_CERTIFICATE_CHAIN_FOUND}
    key = eds.issue("КІРУ", eds.nca(), eds.Template(usage=eds.AUTHENTICATE)).key
    assert judge(sign.sign(CONTENT, key, at=eds.AT)).reasons == {Reason.CHAIN_CONSTRAINTS_FAILURE}
    assert judge(_signed(), at=datetime(2024, 1, 1, tzinfo=UTC)).reasons >= {Reason.NOT_YET_VALID}
    with pytest.raises(ValueError, match="aware"):
        judge(_signed(), at=datetime(2026, 1, 1))  # noqa: DTZ001  a naive time is the point


class _Answers:
    def __init__(self, state: Revocation) -> None:
        self._state = state

    async def status(self, _certificate: object, _issuer: object, _at: datetime) -> RevocationStatus:
        return RevocationStatus(self._state)


@pytest.mark.parametrize(
    ("state", "indication"),
    [
        (Revocation.GOOD, Indication.VALID),
        (Revocation.REVOKED, Indication.INVALID),
        (Revocation.UNAVAILABLE, Indication.INDETERMINATE),
        (Revocation.UNKNOWN, Indication.INDETERMINATE),
    ],
)
def test_revocation_is_asked(state: Revocation, indication: Indication) -> None:
    """Revoked is INVALID; what could not be asked is INDETERMINATE, not VALID."""
    by = Verifier(Anchors.of([eds.nca().certificate]), _Answers(state))
    assert judge(_signed(), by=by).indication is indication


def test_a_structure_of_another_protocol_is_no_document() -> None:
    """Content of another type than data is refused, whoever signed it."""
    signature = _signature()
    signature.attributes = cms.usual_attributes(CONTENT, "1.2.840.113549.1.9.16.1.4")
    document = cms.message(
        signature.der(),
        content=CONTENT,
        certificates=[eds.citizen().certificate.der],
        content_type="1.2.840.113549.1.9.16.1.4",
    )
    assert judge(document).reasons == {Reason.SIG_CONSTRAINTS_FAILURE}
