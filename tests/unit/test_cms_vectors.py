"""NCA RK's own test keys, certificates and messages, through CMS, time stamps and SOAP."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from gateway.eds.anchors import Anchors
from gateway.eds.chain import Chains
from gateway.eds.cms import sign
from gateway.eds.examined import ExaminedStamp
from gateway.eds.judge import Judge
from gateway.eds.keys import SigningKey, load_pem
from gateway.eds.timestamp.query import read_response
from gateway.eds.verdict import Indication, Reason
from gateway.eds.verifier import Verifier
from tests.support.eds import SHARED

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="compares with the reference data")
_PKI = SHARED / "pki"
_ISSUED = datetime(2020, 6, 1, tzinfo=UTC)


def _anchors() -> Anchors:
    return Anchors.load(_PKI / "ca" / "test")


def _rsa_key() -> SigningKey:
    (path,) = (_PKI / "p12").glob("*_AUTH_RSA256_*.p12")
    key, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), b"Qwerty12")
    assert isinstance(key, RSAPrivateKey)
    assert certificate is not None
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return load_pem(certificate.public_bytes(Encoding.PEM), pem)


def test_an_authentication_key_of_nca_is_no_signature() -> None:
    """CMS made with NCA's RSA test key is intact; its certificate is for authentication, so nothing is signed by it."""
    verdict = asyncio.run(Verifier(_anchors()).cms(sign.sign(b"content", _rsa_key(), at=_ISSUED), at=_ISSUED))
    assert verdict.signed == b"content"
    assert verdict.reasons == {Reason.CHAIN_CONSTRAINTS_FAILURE}


def test_ncas_time_stamp_is_trusted_as_of_then() -> None:
    """NCA's GOST-2004 authority: no `tsa`, no accuracy; VALID at genTime although its certificate has expired since."""
    token = read_response((_PKI / "tsp" / "tsp_response.bin").read_bytes())
    assert token.statement.instant == datetime(2022, 9, 18, 13, 20, 14, tzinfo=UTC)
    assert token.statement.policy == "1.2.398.3.3.2.6.1"
    stamp = ExaminedStamp(token.statement.instant, token.examine())
    judge = Judge(Chains(_anchors()), None)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert asyncio.run(judge.stamp(stamp, now)) == (Indication.VALID, ())
    early = token.statement.instant - timedelta(days=1)
    assert asyncio.run(judge.stamp(stamp, early))[0] is Indication.INVALID


def test_ncas_time_stamp_is_not_of_other_data() -> None:
    """Its imprint is by SHA-1, which is refused by name whatever the data."""
    token = read_response((_PKI / "tsp" / "tsp_response.bin").read_bytes())
    verdict = asyncio.run(Verifier(_anchors()).time_stamp(token.der, b"data", at=datetime(2022, 10, 1, tzinfo=UTC)))
    assert verdict.reasons == {Reason.CRYPTO_CONSTRAINTS_FAILURE}


@pytest.mark.parametrize("name", ["request.xml", "response.xml"])
def test_nitecs_messages_are_of_a_known_authority(name: str) -> None:
    """NITEC's messages, judged by anchors instead of registrations, are VALID in their time and EXPIRED today."""
    document = (SHARED / "shep" / name).read_bytes()
    verifier = Verifier(_anchors())
    verdict = asyncio.run(verifier.envelope(document, at=datetime(2019, 9, 24, tzinfo=UTC)))
    assert verdict.indication is Indication.VALID
    assert verdict.signed is not None
    today = asyncio.run(verifier.envelope(document, at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert today.reasons == {Reason.EXPIRED}
