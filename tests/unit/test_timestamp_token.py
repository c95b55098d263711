"""Time stamps: what they say, whether they are believed, and what they do for a signature."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from asn1crypto import cms as asn1
from asn1crypto import tsp, x509
from cryptography import x509 as cryptography_x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.cms import sign
from gateway.eds.gost.suites import GOST_2004, GOST_2015_512, Suite
from gateway.eds.revocation import Answer, RevocationReason, RevocationStatus, Source, Withdrawal
from gateway.eds.timestamp.token import StampUnreadable, Token
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.verifier import Verifier
from tests.support import cms, eds, gost, tsa
from tests.support.cms import judge
from tests.support.tsa import Tsa

CONTENT = b"<application/>"
VALUE = b"a signature value"
LATER = eds.AFTER + timedelta(days=400)
"""When every certificate of the run has expired."""


def _stamp(token: bytes, *, at: datetime = eds.AT, by: Verifier | None = None) -> Verdict:
    return asyncio.run((by or tsa.verifier()).time_stamp(token, VALUE, at=at))


def _stamped(token: Callable[[bytes], bytes]) -> bytes:
    document = sign.sign(CONTENT, eds.citizen().key, at=eds.AT)
    return sign.add_time_stamp(document, 0, token(tsa.signature_value(document)))


def test_a_token_says_when() -> None:
    """A token of a trusted authority over the very value is VALID, also after its certificate has expired."""
    token = Tsa.rsa().token(VALUE, at=eds.AT)
    for at in (eds.AT, LATER):
        verdict = _stamp(token, at=at)
        assert verdict.indication is Indication.VALID
        assert verdict.signers[0].stamped_at == eds.AT


@pytest.mark.parametrize("suite", [GOST_2004, GOST_2015_512], ids=lambda suite: suite.name)
def test_gost_authorities(suite: Suite) -> None:
    """A GOST authority, over an imprint by its own digest, is VALID."""
    token = Tsa.gost(suite).token(VALUE, at=eds.AT, digest_oid=suite.digest_oid)
    by = Verifier(Anchors.of([gost.nca(suite).certificate]))
    assert _stamp(token, by=by).indication is Indication.VALID


def test_gost_data_with_the_old_imprint() -> None:
    """A GOST-2015 authority may be asked with the imprint of GOST 34.311-95, as NCANode does."""
    token = Tsa.gost(GOST_2015_512).token(VALUE, at=eds.AT, digest_oid=GOST_2004.digest_oid)
    by = Verifier(Anchors.of([gost.nca(GOST_2015_512).certificate]))
    assert _stamp(token, by=by).indication is Indication.VALID


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"imprint": bytes(32)}, Reason.HASH_FAILURE),
        ({"imprint": bytes(20)}, Reason.HASH_FAILURE),
        ({"digest_oid": "1.3.14.3.2.26", "imprint": bytes(20)}, Reason.CRYPTO_CONSTRAINTS_FAILURE),
    ],
)
def test_the_imprint_must_be_of_this_value(changes: dict[str, Any], reason: Reason) -> None:
    """An imprint of something else, or by SHA-1, is not believed."""
    verdict = _stamp(Tsa.rsa().token(VALUE, at=eds.AT, **changes))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {reason}


def _template(*usages: cryptography_x509.ObjectIdentifier, critical: bool = True) -> eds.Template:
    extra = ((cryptography_x509.ExtendedKeyUsage(list(usages)), critical),) if usages else ()
    return eds.Template(usage=("digital_signature",), extended=(), extra=extra)


@pytest.mark.parametrize(
    "template",
    [
        _template(),
        _template(ExtendedKeyUsageOID.TIME_STAMPING, critical=False),
        _template(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING),
        _template(ExtendedKeyUsageOID.CODE_SIGNING),
        eds.CITIZEN,
        eds.Template(usage=("key_encipherment",), extended=(), extra=tsa.STAMPING.extra),
    ],
    ids=["no usage", "not critical", "more usages", "another usage", "a citizen", "no signing key"],
)
def test_only_authorities_stamp(template: eds.Template) -> None:
    """The certificate must be for time stamps, critically, and for nothing else (RFC 3161 section 2.3)."""
    verdict = _stamp(Tsa.rsa(template).token(VALUE, at=eds.AT))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.CHAIN_CONSTRAINTS_FAILURE}


def test_the_authority_must_be_trusted() -> None:
    """A token of an authority that no anchor leads to proves nothing."""
    issued = eds.issue("БӨТЕН УАҚЫТ", eds.issue("БӨТЕН ҰКО", template=eds.CA), tsa.STAMPING)
    verdict = _stamp(Tsa(issued.key, (issued.certificate.der,)).token(VALUE, at=eds.AT))
    assert verdict.reasons == {Reason.NO_CERTIFICATE_CHAIN_FOUND}


def test_a_token_without_the_authoritys_certificate() -> None:
    """A token that does not carry its certificate is not believed; in a message, the message may carry it."""
    authority = Tsa.rsa()
    bare = Tsa(authority.key)
    assert _stamp(bare.token(VALUE, at=eds.AT)).reasons == {Reason.NO_SIGNING_CERTIFICATE_FOUND}
    signature = cms.Signature(eds.citizen().key, CONTENT)
    value = tsa.signature_value(
        cms.message(signature.der(), content=CONTENT, certificates=[eds.citizen().certificate.der])
    )
    signature.unsigned = [cms.attribute(cms.TIME_STAMP, bare.token(value, at=eds.AT))]
    certificates = [eds.citizen().certificate.der, authority.certificate.der]
    document = cms.message(signature.der(), content=CONTENT, certificates=certificates)
    assert judge(document, at=LATER).indication is Indication.VALID


def test_the_authoritys_certificate_must_be_current_then() -> None:
    """A token from before or after the authority's own validity is not believed."""
    assert _stamp(Tsa.rsa().token(VALUE, at=eds.BEFORE - timedelta(days=1))).reasons == {Reason.NOT_YET_VALID}
    assert _stamp(Tsa.rsa().token(VALUE, at=LATER), at=LATER).reasons == {Reason.EXPIRED}


def test_a_token_from_the_future() -> None:
    """A token later than the instant of judgement is not believed; a few minutes are a clock's error."""
    assert _stamp(Tsa.rsa().token(VALUE, at=eds.AT + timedelta(minutes=4))).indication is Indication.VALID
    verdict = _stamp(Tsa.rsa().token(VALUE, at=eds.AT + timedelta(hours=1)))
    assert verdict.reasons == {Reason.NOT_YET_VALID}


def _named(certificate: Certificate, fingerprint: bytes) -> tuple[asn1.CMSAttribute, ...]:
    del certificate
    value = tsp.SigningCertificateV2({"certs": [{"cert_hash": fingerprint}]})
    return (asn1.CMSAttribute({"type": "signing_certificate_v2", "values": [value]}),)


def test_the_certificate_named_in_the_token_counts() -> None:
    """signingCertificateV2, where the token has it, must be of the authority's certificate."""
    authority = Tsa.rsa()
    statement = Token.read(authority.token(VALUE, at=eds.AT)).statement_der
    right = _named(authority.certificate, bytes.fromhex(authority.certificate.sha256))
    assert _stamp(authority.signed(statement, extra=right)).indication is Indication.VALID
    wrong = _named(authority.certificate, bytes(32))
    assert _stamp(authority.signed(statement, extra=wrong)).reasons == {Reason.SIG_CONSTRAINTS_FAILURE}


def test_all_that_a_statement_may_say_is_read() -> None:
    """Fractions of a second, accuracy, ordering, a negative nonce, the authority's name and extensions are read."""
    name = x509.GeneralName("directory_name", x509.Name.load(Tsa.rsa().certificate.subject_der))
    token = Token.read(
        Tsa.rsa().token(
            VALUE,
            at=eds.AT.replace(microsecond=250_000),
            accuracy={"seconds": 1, "millis": 500},
            ordering=True,
            nonce=-1234567890123,
            tsa=name,
            extensions=[{"extn_id": "1.2.3", "critical": False, "extn_value": b"\x05\x00"}],
        )
    )
    assert token.statement.instant == eds.AT.replace(microsecond=250_000)
    assert token.statement.nonce == -1234567890123
    assert token.statement.policy == tsa.POLICY
    assert token.statement.serial_number == 4711


def test_what_is_no_token() -> None:
    """A critical extension, a local time, another content, nonsense: none is read as a token."""
    authority = Tsa.rsa()
    critical = [{"extn_id": "1.2.3", "critical": True, "extn_value": b"\x05\x00"}]
    statement = Token.read(authority.token(VALUE, at=eds.AT)).statement_der
    local_time = statement.replace(b"20260301000000Z", b"20260301000000+")
    assert local_time != statement
    for bad in (
        authority.token(VALUE, at=eds.AT, extensions=critical),
        authority.signed(local_time),
        authority.signed(cms.tlv(0x30, cms.number(1))),
        authority.signed(cms.tlv(0x30, statement[2:], b"\x05\x00")),
        sign.sign(CONTENT, eds.citizen().key, at=eds.AT),
        b"",
        bytes(70_000),
    ):
        with pytest.raises(StampUnreadable):
            Token.read(bad)
        assert _stamp(bad).reasons == {Reason.FORMAT_FAILURE}


def test_a_changed_statement_does_not_verify() -> None:
    """Whoever moves the time in a token breaks its signature."""
    token = Tsa.rsa().token(VALUE, at=eds.AT)
    moved = token.replace(b"20260301000000Z", b"20260201000000Z")
    assert moved != token
    assert _stamp(moved).reasons == {Reason.HASH_FAILURE}


def test_a_stamped_signature_outlives_its_certificate() -> None:
    """A signature with a trusted time stamp is judged as of then: VALID although its certificate has expired."""
    document = _stamped(lambda value: Tsa.rsa().token(value, at=eds.AT))
    verdict = judge(document, at=LATER)
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].stamped_at == eds.AT
    assert judge(sign.sign(CONTENT, eds.citizen().key, at=eds.AT), at=LATER).reasons == {Reason.EXPIRED}


def test_the_earliest_of_several_stamps_counts() -> None:
    """Of two trusted stamps the earlier one says when the signature was there."""
    document = _stamped(lambda value: Tsa.rsa().token(value, at=eds.AT + timedelta(days=30)))
    both = sign.add_time_stamp(document, 0, Tsa.rsa().token(tsa.signature_value(document), at=eds.AT))
    verdict = judge(both, at=LATER)
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].stamped_at == eds.AT


def test_a_stamp_after_the_certificate_had_expired_does_not_help() -> None:
    """Stamped too late, a signature is judged as of the stamp: EXPIRED."""
    short = eds.issue("ҚЫСҚА", eds.nca(), eds.Template(not_after=eds.AT - timedelta(days=1)))
    document = sign.sign(CONTENT, short.key, at=eds.AT)
    document = sign.add_time_stamp(document, 0, Tsa.rsa().token(tsa.signature_value(document), at=eds.AT))
    assert judge(document, at=LATER).reasons == {Reason.EXPIRED}


def test_a_bad_stamp_does_harm() -> None:
    """A stamp that does not hold keeps an otherwise good signature from being VALID, and moves no instant."""
    bad = _stamped(lambda value: Tsa.rsa(eds.CITIZEN).token(value, at=eds.AT))
    verdict = judge(bad)
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.reasons == {Reason.TIMESTAMP_FAILURE}
    assert verdict.signers[0].stamped_at is None
    late = judge(bad, at=LATER)
    assert late.indication is Indication.INVALID
    assert late.reasons == {Reason.EXPIRED, Reason.TIMESTAMP_FAILURE}


class _Revoked:
    """Says that one certificate is revoked, as a real source would."""

    def __init__(self, who: Certificate, withdrawal: Withdrawal) -> None:
        self._who = who
        self._withdrawal = withdrawal

    async def status(self, certificate: Certificate, _issuer: Certificate, at: datetime) -> RevocationStatus:
        known = self._withdrawal if certificate == self._who else None
        now = eds.AT + timedelta(days=100)
        return Answer(Source.OCSP, now, now, (), known).status(certificate, at)


@pytest.mark.parametrize("reason", RevocationReason)
@pytest.mark.parametrize("days", [-1, 1])
def test_revocation_after_the_stamp_forgives_harmless_reasons_only(reason: RevocationReason, days: int) -> None:
    """Revoked before the stamp is REVOKED; later, only reasons that say nothing against the key are forgiven."""
    document = _stamped(lambda value: Tsa.rsa().token(value, at=eds.AT))
    withdrawal = Withdrawal(eds.AT + timedelta(days=days), reason)
    by = tsa.verifier(_Revoked(eds.citizen().certificate, withdrawal))
    harmless = reason in {
        RevocationReason.SUPERSEDED,
        RevocationReason.AFFILIATION_CHANGED,
        RevocationReason.CESSATION_OF_OPERATION,
        RevocationReason.PRIVILEGE_WITHDRAWN,
    }
    verdict = judge(document, at=eds.AT + timedelta(days=100), by=by)
    assert verdict.reasons == (set() if harmless and days > 0 else {Reason.REVOKED})


def test_a_revoked_authority_proves_nothing() -> None:
    """A stamp of an authority that was revoked then is no proof."""
    authority = Tsa.rsa()
    document = _stamped(lambda value: authority.token(value, at=eds.AT))
    withdrawal = Withdrawal(eds.AT - timedelta(days=1), RevocationReason.KEY_COMPROMISE)
    verdict = judge(document, by=tsa.verifier(_Revoked(authority.certificate, withdrawal)))
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.reasons == {Reason.TIMESTAMP_FAILURE}
