"""OCSP responses judged: what is believed, what is not, and what is no answer at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509.ocsp import load_der_ocsp_response
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds.certificate import Certificate
from gateway.eds.gost.suites import GOST_2015_512, SUITES, Suite
from gateway.eds.ocsp_request import Question
from gateway.eds.ocsp_response import MAX_BYTES, Times, read
from gateway.eds.revocation import Answer, NoAnswer, NotBelieved, Revocation, RevocationReason, Source
from tests.support import eds, gost, ocsp
from tests.support.eds import AT, SHARED, Template
from tests.support.ocsp import Reply, failure, respond, responder

NOW = Times(AT + timedelta(seconds=2), timedelta(minutes=15), timedelta(minutes=1))
QUESTION = Question.about(eds.citizen().certificate, eds.nca().certificate, b"12345678")


def judged(reply: Reply | None = None, signer: ocsp.Issued | None = None, times: Times = NOW) -> Answer:
    return read(respond(QUESTION.der(), signer or responder(), reply), QUESTION, eds.nca().certificate, times)


def state(answer: Answer, at: datetime = AT) -> Revocation:
    return answer.status(eds.citizen().certificate, at).state


def test_good() -> None:
    """A signed, fresh answer about the very certificate says good, and is its own proof."""
    answer = judged()
    assert (answer.source, answer.this_update, answer.withdrawal) == (Source.OCSP, AT, None)
    assert state(answer) is Revocation.GOOD
    (proof,) = answer.proofs
    assert isinstance(proof.content, bytes)
    load_der_ocsp_response(proof.content)


def test_revoked() -> None:
    """A revoked certificate comes back with since when and why."""
    answer = judged(Reply(ocsp.REVOKED, AT - timedelta(days=1), 1))
    assert answer.withdrawal is not None
    assert (answer.withdrawal.at, answer.withdrawal.reason) == (AT - timedelta(days=1), RevocationReason.KEY_COMPROMISE)
    assert state(answer) is Revocation.REVOKED


def test_never_issued() -> None:
    """Revoked in 1970 and on hold, with the extended-revoke extension: the authority never issued it, and says so."""
    reply = Reply(ocsp.REVOKED, datetime(1970, 1, 1, tzinfo=UTC), ocsp.HOLD)
    answer = judged(reply)
    assert answer.withdrawal is not None
    assert answer.withdrawal.never_issued
    status = answer.status(eds.citizen().certificate, AT)
    assert (status.state, status.detail) == (Revocation.REVOKED, "the authority never issued this certificate")
    without = judged(replace(reply, extensions=()))
    assert without.withdrawal is not None
    assert not without.withdrawal.never_issued
    assert state(without) is Revocation.REVOKED


@pytest.mark.parametrize("suite", SUITES)
def test_gost(suite: Suite) -> None:
    """A GOST authority's responder is asked and believed like an RSA one; its key is hashed with its inner header."""
    issuer = gost.nca(suite).certificate
    question = Question.about(gost.citizen(suite).certificate, issuer, b"12345678")
    raw = respond(question.der(), ocsp.gost_responder(suite))
    assert read(raw, question, issuer, NOW).withdrawal is None
    with pytest.raises(NotBelieved):
        read(raw, question, eds.nca().certificate, NOW)


@pytest.mark.parametrize("by_key", [False, True])
def test_the_authority_itself_may_sign(by_key: bool) -> None:  # noqa: FBT001  pytest's parameter
    """The issuer needs no certificate in the response; it is named by name or by key."""
    assert judged(Reply(certificates=(), by_key=by_key), eds.nca()).withdrawal is None
    assert judged(Reply(by_key=by_key)).withdrawal is None


def _stranger(template: Template = ocsp.RESPONDER, issuer: eds.Issued | None = None) -> eds.Issued:
    return eds.issue("OCSP RESPONDER", issuer, replace(template, key_name=f"stranger {template} {issuer}"))


def _other(digest: bytes) -> bytes:
    return digest[::-1]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(broken_signature=True), "signature is wrong"),
        (Reply(oid="1.2.840.113549.1.1.5"), "SHA-1"),
        (Reply(oid="1.2.3.4"), "unknown signature algorithm"),
        (Reply(nonce=b"87654321"), "another nonce"),
        (Reply(nonce=None), "lacks the nonce"),
        (Reply(serial=4711), "another certificate"),
        (Reply(change_issuer=_other), "another issuer"),
        (Reply(copies=2), "cannot be read"),
        (Reply(this_update=AT - timedelta(minutes=16)), "too old"),
        (Reply(this_update=AT - timedelta(hours=2), next_update=AT - timedelta(hours=1)), "too old"),
        (Reply(this_update=AT + timedelta(minutes=2)), "future"),
        (Reply(ocsp.UNKNOWN), "does not know"),
        (Reply(certificates=()), "nobody known"),
        (Reply(certificates=(eds.citizen().certificate,)), "nobody known"),
        (Reply(certificates=(responder().certificate,) * 6), "too many"),
        (Reply(extensions=(("1.2.3.4", b"\x05\x00", True),)), "critical"),
        (Reply(single_extensions=(("1.2.3.4", b"\x05\x00", True),)), "critical"),
    ],
)
def test_not_believed(reply: Reply, why: str) -> None:
    """Whatever does not hold in a signed answer makes it worthless, and the reason is named."""
    with pytest.raises(NotBelieved, match=why):
        judged(reply)


@pytest.mark.parametrize(
    ("signer", "why"),
    [
        (_stranger(), "not of the authority"),
        (_stranger(issuer=eds.issue("ӨЗГЕ", template=eds.CA)), "not of the authority"),
        (_stranger(replace(ocsp.RESPONDER, extended=()), eds.nca()), "not for OCSP signing"),
        (_stranger(replace(ocsp.RESPONDER, usage=("key_encipherment",)), eds.nca()), "not for signing"),
        (_stranger(replace(ocsp.RESPONDER, not_after=AT - timedelta(days=1)), eds.nca()), "not current"),
        (_stranger(replace(ocsp.RESPONDER, not_before=AT + timedelta(days=1)), eds.nca()), "not current"),
    ],
)
def test_not_entitled(signer: eds.Issued, why: str) -> None:
    """Only the issuer speaks for itself, or whom it entitled by a certificate for just that, current now."""
    with pytest.raises(NotBelieved, match=why):
        judged(None, signer)


def test_the_citizen_cannot_vouch_for_themselves() -> None:
    """A certificate of the same authority for another purpose does not sign answers."""
    with pytest.raises(NotBelieved, match="not for OCSP signing"):
        judged(None, eds.citizen())


@pytest.mark.parametrize("status", [1, 2, 3, 5, 6])
def test_a_responder_that_cannot_answer(status: int) -> None:
    """tryLater and the like are unsigned: no answer, another source may be asked."""
    with pytest.raises(NoAnswer, match="the responder says"):
        read(failure(status), QUESTION, eds.nca().certificate, NOW)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>login</html>", failure(0), failure(4), b"\x30\x80\x00\x00", b"\x30" * 70_000]
)
def test_what_is_no_response_is_no_answer(raw: bytes) -> None:
    """A captive portal's page is nobody's statement about a certificate."""
    assert len(raw) <= MAX_BYTES or raw[:1] == b"\x30"
    with pytest.raises((NoAnswer, NotBelieved)):
        read(raw, QUESTION, eds.nca().certificate, NOW)


def test_freshness() -> None:
    """Without nextUpdate an answer ends with the age limit; with it no later than it says, and is re-asked in time."""
    assert judged().fresh_until == AT + NOW.max_age
    soon = AT + timedelta(minutes=3)
    assert judged(Reply(next_update=soon)).fresh_until == soon
    assert judged(Reply(next_update=AT + timedelta(days=7))).fresh_until == NOW.now + NOW.max_age
    old = Reply(this_update=AT - timedelta(days=1), next_update=AT + timedelta(days=1))
    assert judged(old).fresh_until == NOW.now + NOW.max_age


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_single_change_is_believed_as_good(data: st.DataObject) -> None:
    """Whichever byte of a revoked answer is changed, it never turns into a good one, and nothing else is raised."""
    raw = bytearray(_revoked_raw())
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] ^= data.draw(st.integers(1, 255))
    try:
        answer = read(bytes(raw), QUESTION, eds.nca().certificate, NOW)
    except (NoAnswer, NotBelieved):
        return
    assert answer.withdrawal is not None


def _revoked_raw() -> bytes:
    return respond(QUESTION.der(), responder(), Reply(ocsp.REVOKED, reason=1))


VECTORS = SHARED / "pki" / "ocsp"


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the reference data is not here")
@pytest.mark.parametrize(
    ("name", "never_issued"),
    [("ocsp_response_ceo_2015_revoked.bin", False), ("ocsp_response_individual_2015.bin", True)],
)
def test_responses_of_the_national_authority(name: str, never_issued: bool) -> None:  # noqa: FBT001  pytest's parameter
    """NCA RK's own answers verify at their time; the same answers are too old afterwards."""
    raw = (VECTORS / name).read_bytes()
    issuer = Certificate.from_der((SHARED / "pki/ca/test/nca_gost2022_test.cer").read_bytes())
    parsed = load_der_ocsp_response(raw)
    asked = Question.about(eds.citizen().certificate, issuer, ocsp.nonce_of_response(raw))
    question = replace(asked, serial_number=parsed.serial_number, issuer_name_hash=parsed.issuer_name_hash)
    now = parsed.this_update_utc + timedelta(seconds=3)
    answer = read(raw, question, issuer, replace(NOW, now=now))
    assert answer.withdrawal is not None
    assert (answer.withdrawal.reason, answer.withdrawal.never_issued) == (
        RevocationReason.CERTIFICATE_HOLD,
        never_issued,
    )
    with pytest.raises(NotBelieved, match="too old"):
        read(raw, question, issuer, replace(NOW, now=now + timedelta(hours=1)))
    with pytest.raises(NotBelieved):
        read(raw, question, gost.nca(GOST_2015_512).certificate, replace(NOW, now=now))


def test_types() -> None:
    """The judging is pure: the same bytes at the same instant give the same answer."""
    raw = respond(QUESTION.der(), responder())
    judge: Callable[[], Answer] = lambda: read(raw, QUESTION, eds.nca().certificate, NOW)  # noqa: E731  said once, used twice
    assert judge() == judge()
