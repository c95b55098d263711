"""The question to a time-stamping authority, and which answers are taken."""

import pytest
from asn1crypto import tsp

from gateway.eds.algorithms import AlgorithmNotAllowed
from gateway.eds.gost.suites import GOST_2004, GOST_2015_512
from gateway.eds.timestamp.query import Query, StampRefused, StampUnacceptable
from tests.support import eds, tsa
from tests.support.tsa import Tsa

VALUE = b"a signature value"


@pytest.mark.parametrize("digest", [tsa.SHA256, GOST_2004.digest_oid, GOST_2015_512.digest_uri])
def test_the_question_is_an_rfc_3161_request(digest: str) -> None:
    """Another library reads imprint, policy, nonce, and that the certificate is wanted."""
    query = Query.about(VALUE, digest, tsa.POLICY)
    asked = tsp.TimeStampReq.load(query.der(), strict=True)
    assert asked["version"].native == "v1"
    assert asked["message_imprint"]["hashed_message"].native == query.imprint
    assert asked["message_imprint"]["hash_algorithm"]["algorithm"].dotted == query.digest_oid
    assert asked["req_policy"].dotted == tsa.POLICY
    assert asked["nonce"].native == query.nonce
    assert asked["cert_req"].native is True


def test_nonces_differ_and_are_positive() -> None:
    """No two questions have the same nonce, and none is negative."""
    nonces = {Query.about(VALUE, tsa.SHA256).nonce for _ in range(50)}
    assert len(nonces) == 50
    assert min(nonces) >= 0


def test_sha1_is_not_asked_with() -> None:
    """A refused digest is no imprint."""
    with pytest.raises(AlgorithmNotAllowed):
        Query.about(VALUE, "1.3.14.3.2.26")


def test_the_answer_to_this_question_is_taken() -> None:
    """A granted response over the same imprint with the same nonce gives its token."""
    query = Query.about(VALUE, tsa.SHA256)
    token = query.accept(Tsa.rsa().response(query.der(), at=eds.AT))
    assert token.statement.instant == eds.AT
    assert token.statement.nonce == query.nonce


def test_an_answer_to_another_question_is_not() -> None:
    """Another nonce, another imprint, another policy, a wrong signature: none is taken."""
    query, other = Query.about(VALUE, tsa.SHA256), Query.about(VALUE, tsa.SHA256)
    authority = Tsa.rsa()
    with pytest.raises(StampUnacceptable, match="nonce"):
        query.accept(authority.response(other.der(), at=eds.AT))
    different = Query(b"x", query.digest_oid, bytes(32), query.nonce, None)
    with pytest.raises(StampUnacceptable, match="something else"):
        query.accept(authority.response(different.der(), at=eds.AT))
    wanted = Query(query.data, query.digest_oid, query.imprint, query.nonce, "1.2.398.3.3.2.6.2")
    with pytest.raises(StampUnacceptable, match="policy"):
        wanted.accept(authority.response(query.der(), at=eds.AT))
    response = authority.response(query.der(), at=eds.AT)
    with pytest.raises(StampUnacceptable, match="differs"):
        query.accept(response.replace(b"20260301000000Z", b"20260302000000Z"))
    with pytest.raises(StampUnacceptable):
        query.accept(b"<html>captive portal</html>")


def test_a_negative_nonce_comes_back_as_it_was_sent() -> None:
    """Java's clients send negative nonces; the number is compared, not its octets."""
    query = Query(VALUE, tsa.SHA256, Query.about(VALUE, tsa.SHA256).imprint, -5, None)
    assert query.accept(Tsa.rsa().response(query.der(), at=eds.AT)).statement.nonce == -5


def test_a_refusal_says_why() -> None:
    """A rejection names the RFC's failure; only those that pass are worth another question."""
    with pytest.raises(StampRefused, match="status 2: unacceptedPolicy") as refused:
        Query.about(VALUE, tsa.SHA256).accept(tsa.refusal(2, 15))
    assert not refused.value.passing
    with pytest.raises(StampRefused, match="timeNotAvailable") as refused:
        Query.about(VALUE, tsa.SHA256).accept(tsa.refusal(2, 14))
    assert refused.value.passing
    with pytest.raises(StampRefused, match="status 3"):
        Query.about(VALUE, tsa.SHA256).accept(tsa.refusal(3))


def test_granted_without_a_token_is_no_answer() -> None:
    """A response that says granted and holds nothing is not taken."""
    with pytest.raises(StampUnacceptable):
        Query.about(VALUE, tsa.SHA256).accept(tsa.refusal(0))
