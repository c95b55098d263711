"""Signatures made by the NCA and by other people's software, verified here."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from gateway.eds import algorithms, chain, der
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.gost.keys import PrivateKey, PublicKey, digest
from gateway.eds.gost.suites import GOST_2015_512
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.verifier import Verifier
from gateway.eds.xml import parse
from tests.support.eds import SHARED, SOAP

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="compares with the reference data")
_PKI = SHARED / "pki"
_ISSUED = [
    # (certificate, its issuer), nca-profile 1.4
    ("ca/prod/root_gost_2022.pem", "ca/prod/root_gost_2022.pem"),
    ("ca/prod/nca_gost_2022.pem", "ca/prod/root_gost_2022.pem"),
    ("ca/prod/root_gost_2020.cer", "ca/prod/root_gost_2020.cer"),
    ("ca/prod/ucgo_gost.cer", "ca/prod/root_gost_2020.cer"),
    ("ca/prod/btsd_gost.cer", "ca/prod/root_gost_2020.cer"),
    ("ca/prod/root_gost.pem", "ca/prod/root_gost.pem"),
    ("ca/prod/nca_gost.pem", "ca/prod/root_gost.pem"),
    ("ca/test/root_test_gost_2022.cer", "ca/test/root_test_gost_2022.cer"),
    ("ca/test/nca_gost2022_test.cer", "ca/test/root_test_gost_2022.cer"),
    ("certs/ceo_valid_sign_2004_gost.cer", "ca/test/nca_gost_test.crt"),
]


def _certificate(name: str) -> Certificate:
    raw = (_PKI / name).read_bytes()
    return Certificate.from_pem(raw) if raw.startswith(b"-----") else Certificate.from_der(raw)


@pytest.mark.parametrize(("name", "issuer"), _ISSUED)
def test_the_ncas_certificates_verify(name: str, issuer: str) -> None:
    """Every GOST certificate verifies under its issuer's key, and under no other CA's; its key is written as it was."""
    certificate = _certificate(name)
    assert chain.issued(_certificate(issuer), certificate)
    algorithm = algorithms.signature(certificate.signature_oid)
    for other in {issuer for _, issuer in _ISSUED} - {issuer}:
        assert not algorithm.verify(_certificate(other).spki, certificate.tbs, certificate.signature)
    assert PublicKey.from_spki(certificate.spki).to_spki() == certificate.spki


def _kalkan() -> dict[str, str]:
    lines = (_PKI / "vectors" / "kalkan_gost512_raw.txt").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_kalkans_raw_signature_verifies() -> None:
    """Kalkan's digest, public key, SubjectPublicKeyInfo and signature of a message are ours."""
    vector = _kalkan()
    message = vector["msg"].encode()
    key = PrivateKey.of(GOST_2015_512, int(vector["d"], 16))
    assert digest(GOST_2015_512, message).hex() == vector["digest"]
    assert key.public.to_spki().hex() == vector["spki"]
    assert key.public.value[:64] == int(vector["qx"], 16).to_bytes(64, "little")
    assert key.public.verify(message, bytes.fromhex(vector["sig"]))
    assert not key.public.verify(message + b"!", bytes.fromhex(vector["sig"]))


def _judge(name: Path, at: datetime) -> Verdict:
    return asyncio.run(Verifier(Anchors.load(_PKI / "ca" / "test")).enveloped(name.read_bytes(), at=at))


@pytest.mark.parametrize(
    ("pattern", "at", "uri"),
    [
        ("danikarik_organization_active_GOSTKNCA_*.xml", datetime(2020, 6, 1, tzinfo=UTC), "gost34310-gost34311"),
        ("mitwork_gost512_enveloped.xml", datetime(2025, 3, 1, tzinfo=UTC), "gostr34102015-gostr34112015-512"),
    ],
)
def test_documents_of_other_software_are_valid(pattern: str, at: datetime, uri: str) -> None:
    """GOST-2004 and GOST-2015 documents made by NCANode are VALID inside their certificates' validity, not after."""
    (path,) = (_PKI / "xml").glob(pattern)
    verdict = _judge(path, at)
    assert verdict.indication is Indication.VALID
    algorithm = verdict.signers[0].signature_algorithm
    assert algorithm is not None
    assert algorithm.endswith(uri)
    assert Reason.EXPIRED in _judge(path, datetime(2026, 8, 1, tzinfo=UTC)).reasons


def test_the_second_of_two_signers_is_judged_by_itself() -> None:
    """Of two signers the second, with GOST-2015 over the first one's RSA signature, is VALID in its own time."""
    verdict = _judge(_PKI / "xml" / "ncanode_two_signers_rsa_then_gost512.xml", datetime(2022, 12, 1, tzinfo=UTC))
    assert [signer.indication for signer in verdict.signers] == [Indication.INVALID, Indication.VALID]
    assert verdict.reasons == {Reason.EXPIRED}


def test_nitecs_message_verifies() -> None:
    """NITEC's sample request, signed with GOST-2004 by WS-Security, is VALID on its day."""
    envelope = parse((SHARED / "shep" / "request.xml").read_bytes())
    body = envelope.find(f"{{{SOAP}}}Body")
    assert body is not None
    judge = Verifier(Anchors.load(_PKI / "ca" / "test"))
    at = datetime(2019, 9, 24, 12, tzinfo=UTC)
    assert judge.transport(envelope, body, at=at, registered=[]).indication is Indication.VALID
    data = next(body.iter("{*}messageId"))
    data.text = "another"
    assert judge.transport(envelope, body, at=at, registered=[]).reasons == {Reason.HASH_FAILURE}


@pytest.mark.parametrize("name", ["ocsp_response_individual_2015.bin", "ocsp_response_ceo_2015_revoked.bin"])
def test_ocsp_responses_verify(name: str) -> None:
    """The NCA's OCSP responses verify under the responder's certificate, and that under the NCA's."""
    response = ocsp.load_der_ocsp_response((_PKI / "ocsp" / name).read_bytes())
    responder = Certificate.from_der(response.certificates[0].public_bytes(Encoding.DER))
    algorithm = algorithms.signature(response.signature_algorithm_oid.dotted_string)
    assert algorithm.verify(responder.spki, response.tbs_response_bytes, response.signature)
    assert not algorithm.verify(responder.spki, response.tbs_response_bytes + b"\x00", response.signature)
    assert chain.issued(_certificate("ca/test/nca_gost2022_test.cer"), responder)


def test_the_revocation_list_verifies() -> None:
    """The NCA's GOST CRL, which `cryptography` cannot load, verifies under the NCA's key and not under the root's."""
    raw = (_PKI / "crl" / "nca_gost2022_test_20260811.crl").read_bytes()
    tbs, algorithm, value = der.children(raw, der.element_at(raw, 0))
    oid = next(der.children(raw, algorithm))
    verify = algorithms.signature(der.object_identifier(raw[oid.content : oid.end])).verify
    signed, signature = raw[tbs.start : tbs.end], raw[value.content + 1 : value.end]
    assert verify(_certificate("ca/test/nca_gost2022_test.cer").spki, signed, signature)
    assert not verify(_certificate("ca/test/root_test_gost_2022.cer").spki, signed, signature)
