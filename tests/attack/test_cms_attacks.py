"""Attacks on CMS signatures: what was signed presented as something else, by somebody else, or as a bomb."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds import ber
from gateway.eds.cms import sign
from gateway.eds.cms.message import MAX_BYTES, MAX_SIGNERS
from gateway.eds.verdict import Indication, Reason
from tests.support import cms, eds, tsa
from tests.support.cms import Signature, judge

_IIN = "IIN123456789011"
CONTENT = b"transfer 10 tenge"


def _certificate() -> bytes:
    return eds.citizen().certificate.der


def test_attributes_presented_as_content() -> None:
    """The encoding of signed attributes is refused as a content signed without attributes (attribute confusion)."""
    attributes = sorted(cms.usual_attributes(CONTENT))
    honest = Signature(eds.citizen().key, CONTENT, attributes)
    value = eds.citizen().key.sign(cms.tlv(0x31, *attributes))
    confused = Signature(eds.citizen().key, b"", None, value=value)
    document = cms.message(confused.der(), content=cms.tlv(0x31, *attributes), certificates=[_certificate()])
    verdict = judge(document)
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.SIG_CONSTRAINTS_FAILURE}
    assert judge(cms.message(honest.der(), content=CONTENT, certificates=[_certificate()])).signed == CONTENT


def test_a_content_that_only_looks_like_a_set_is_no_confusion() -> None:
    """A content that begins with the octet of a SET and is no attributes may be signed without attributes."""
    for content in (b"1 January", cms.tlv(0x31, cms.number(1))):
        signature = Signature(eds.citizen().key, content, None)
        assert judge(cms.message(signature.der(), content=content, certificates=[_certificate()])).signed == content


def test_another_persons_certificate_for_the_same_key() -> None:
    """A certificate of the same key in another name does not take over a signature that names its certificate."""
    victim, key_name = eds.citizen(), str([(NameOID.COMMON_NAME, "ТЕСТОВ ТЕСТ"), (NameOID.SERIAL_NUMBER, _IIN)])
    thief = eds.issue("БАСҚА", eds.nca(), eds.Template(key_name=key_name))
    assert thief.certificate.spki == victim.certificate.spki
    fingerprint = cms.tlv(0x04, hashlib.sha256(victim.certificate.der).digest())
    binding = cms.attribute(cms.SIGNING_CERTIFICATE_V2, cms.tlv(0x30, cms.tlv(0x30, cms.tlv(0x30, fingerprint))))
    taken = Signature(victim.key, CONTENT, [*cms.usual_attributes(CONTENT), binding])
    assert judge(cms.message(taken.der(), content=CONTENT, certificates=[_certificate()])).signed == CONTENT
    taken.identifier = cms.name_and_serial(thief.certificate)
    verdict = judge(cms.message(taken.der(), content=CONTENT, certificates=[thief.certificate.der]))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.SIG_CONSTRAINTS_FAILURE}


def test_the_identifier_points_at_another_certificate() -> None:
    """Issuer and serial number of another certificate in the message: the signature does not verify under its key."""
    other = eds.citizen("ЕКІНШІ", "123456789012")
    signature = Signature(eds.citizen().key, CONTENT, identifier=cms.name_and_serial(other.certificate))
    document = cms.message(signature.der(), content=CONTENT, certificates=[_certificate(), other.certificate.der])
    verdict = judge(document)
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.SIG_CRYPTO_FAILURE}


def test_two_certificates_under_one_serial_number() -> None:
    """Two certificates that the signer's identifier fits leave open who signed: nobody did."""
    twin = eds.issue("ЕГІЗ", eds.nca())
    key_identifier = eds.citizen().certificate.subject_key_id
    assert key_identifier is not None
    forged = eds.issue(
        "ЕГІЗ ЕКІ",
        eds.nca(),
        eds.Template(key_identifiers=False, extra=((x509.SubjectKeyIdentifier(key_identifier), False),)),
    )
    signature = Signature(eds.citizen().key, CONTENT, identifier=cms.tlv(0x80, key_identifier))
    certificates = [_certificate(), twin.certificate.der, forged.certificate.der]
    verdict = judge(cms.message(signature.der(), content=CONTENT, certificates=certificates))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.NO_SIGNING_CERTIFICATE_FOUND}


def test_an_attribute_twice() -> None:
    """A signed attribute that stands twice, or has two values, is refused: readers would differ on which counts."""
    twice = [*cms.usual_attributes(CONTENT), cms.usual_attributes(b"another")[1]]
    digests = [cms.tlv(0x04, bytes(32)), cms.tlv(0x04, bytes(31) + b"\x01")]
    two_values = [cms.usual_attributes(CONTENT)[0], cms.attribute(cms.MESSAGE_DIGEST, *digests)]
    for attributes in (twice, two_values):
        signature = Signature(eds.citizen().key, CONTENT, attributes)
        verdict = judge(cms.message(signature.der(), content=CONTENT, certificates=[_certificate()]))
        assert verdict.indication is Indication.INVALID
        assert verdict.reasons == {Reason.FORMAT_FAILURE}


def test_attributes_taken_away() -> None:
    """A signature whose signed attributes were taken away does not verify over the content."""
    attributes = sorted(cms.usual_attributes(CONTENT))
    value = eds.citizen().key.sign(cms.tlv(0x31, *attributes))
    bare = Signature(eds.citizen().key, CONTENT, None, value=value)
    assert judge(cms.message(bare.der(), content=CONTENT, certificates=[_certificate()])).reasons == {
        Reason.SIG_CRYPTO_FAILURE
    }


def test_a_time_stamp_taken_away_helps_no_longer() -> None:
    """Without its time stamp an expired signature is INVALID again; no trace of the stamp is believed."""
    late = eds.AFTER + timedelta(days=30)
    document = sign.sign(CONTENT, eds.citizen().key, at=eds.AT)
    authority = tsa.Tsa.rsa()
    stamped = sign.add_time_stamp(document, 0, authority.token(tsa.signature_value(document), at=eds.AT))
    assert judge(stamped, at=late, by=tsa.verifier()).indication is Indication.VALID
    assert judge(document, at=late, by=tsa.verifier()).reasons >= {Reason.EXPIRED}


def test_a_time_stamp_of_another_signature() -> None:
    """A genuine time stamp of another signature does not make this one older."""
    late = eds.AFTER + timedelta(days=30)
    authority = tsa.Tsa.rsa()
    document = sign.sign(CONTENT, eds.citizen().key, at=eds.AT)
    stamped = sign.add_time_stamp(document, 0, authority.token(b"another signature value", at=eds.AT))
    verdict = judge(stamped, at=late, by=tsa.verifier())
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.EXPIRED, Reason.TIMESTAMP_FAILURE}


def test_detached_with_another_content_inside() -> None:
    """Whoever gives the content is not told VALID about a different one inside the message."""
    document = sign.sign(CONTENT, eds.citizen().key, at=eds.AT)
    verdict = judge(document, b"transfer 10000 tenge")
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.SIG_CONSTRAINTS_FAILURE}
    assert judge(document, CONTENT).indication is Indication.VALID
    assert judge(document, b"").indication is Indication.INVALID


def test_too_many_signers() -> None:
    """More signers than any document has are refused before any is looked at."""
    signature = Signature(eds.citizen().key, CONTENT).der()
    many = cms.message(*[signature] * (MAX_SIGNERS + 1), content=CONTENT, certificates=[_certificate()])
    assert judge(many).reasons == {Reason.FORMAT_FAILURE}


def test_too_many_time_stamps() -> None:
    """More time stamps than any signature has are refused before any is looked at."""
    signature = Signature(eds.citizen().key, CONTENT)
    signature.unsigned = [cms.attribute(cms.TIME_STAMP, *[cms.tlv(0x30)] * 9)]
    document = cms.message(signature.der(), content=CONTENT, certificates=[_certificate()])
    assert judge(document).reasons == {Reason.SIG_CONSTRAINTS_FAILURE}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"0",
        b"\x30\x80",
        b"\x30\x80\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x88" + b"\xff" * 8,
        b"\x30\xff" + b"\xff" * 127,
        b"\x30\x80" * 10_000,
        b"\x30\x80" + b"\x24\x80" * 40,
        b"\x30\x81\x80" + b"\x05\x00" * 64,
        cms.wrapped(cms.tlv(0x30)),
        cms.tlv(0x30, cms.tlv(0x06, b"\xff" * 1_000_000 + b"\x01")),
        cms.tlv(0x30, cms.tlv(0x06, b"")),
        cms.indefinite(0x30, cms.tlv(0x02, b"") * 200_000),
        cms.tlv(0x30, b"\x1f\x81\x01\x00"),
        cms.tlv(0x30, cms.oid("1.2.840.113549.1.7.2"), cms.tlv(0xA0, cms.tlv(0x30))) + b"\x00",
    ],
    ids=range(16),
)
def test_malformed_messages(document: bytes) -> None:
    """Whatever comes, the answer is a verdict: INVALID, malformed."""
    verdict = judge(document)
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.FORMAT_FAILURE}


def test_a_message_larger_than_any() -> None:
    """A message over the limit is refused unread."""
    assert judge(bytes(MAX_BYTES + 1)).reasons == {Reason.FORMAT_FAILURE}


_SIGNED = sign.sign(CONTENT, eds.citizen().key, at=eds.AT)


@given(st.integers(0, len(_SIGNED) - 1), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_no_single_octet_can_be_changed_unnoticed(position: int, change: int) -> None:
    """A message with one octet changed gives a verdict, and never VALID with another content."""
    changed = bytearray(_SIGNED)
    changed[position] ^= change
    verdict = judge(bytes(changed))
    assert verdict.signed in {None, CONTENT}
    if verdict.indication is Indication.VALID:
        assert verdict.signers[0].certificate == eds.citizen().certificate


@given(st.binary(max_size=300), st.integers(0, len(_SIGNED)), st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_spliced_messages_never_raise(piece: bytes, position: int, cut: int) -> None:
    """Octets put in or cut out anywhere give a verdict, not an exception."""
    verdict = judge(_SIGNED[:position] + piece + _SIGNED[position + cut :])
    assert verdict.signed in {None, CONTENT}


_VALUES = st.recursive(
    st.tuples(st.sampled_from([0x02, 0x04, 0x06, 0x80]), st.binary(max_size=20)).map(lambda it: cms.tlv(*it)),
    lambda inner: st.tuples(st.sampled_from([0x30, 0x31, 0xA0, 0xA1]), st.lists(inner, max_size=4), st.booleans()).map(
        lambda it: (cms.indefinite if it[2] else cms.tlv)(it[0], *it[1])
    ),
    max_leaves=20,
)


@given(_VALUES)
@settings(max_examples=200, deadline=None)
def test_structures_of_any_shape_never_raise(value: bytes) -> None:
    """Well-formed BER of any shape gives a verdict; made definite twice it is the same as once."""
    definite = ber.definite(value)
    assert ber.definite(definite) == definite
    for document in (value, cms.wrapped(value)):
        assert asyncio.run(eds.verifier().cms(document, at=eds.AT)).indication is Indication.INVALID
