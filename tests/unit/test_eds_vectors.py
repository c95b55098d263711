"""Documents signed by other people's software: NCANode (NCA's Kalkan library) and NITEC's client."""

import asyncio
from datetime import UTC, datetime

import pytest

from gateway.eds.anchors import Anchors
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.verifier import Verifier
from gateway.eds.xml import parse
from tests.support.eds import SHARED

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="compares with the reference data")
_PKI = SHARED / "pki"


def _judge(document: bytes, at: datetime) -> Verdict:
    return asyncio.run(Verifier(Anchors.load(_PKI / "ca" / "test")).enveloped(document, at=at))


def test_ncanodes_document_is_valid() -> None:
    """NCANode's RSA document, wrapped base64 and `&#13;` included, is VALID inside its certificate's validity."""
    document = (_PKI / "xml" / "ncanode_rsa_enveloped.xml").read_bytes()
    verdict = _judge(document, datetime(2021, 6, 1, tzinfo=UTC))
    assert verdict.indication is Indication.VALID
    assert verdict.signed == b"<a><b>test</b></a>"
    certificate = verdict.signers[0].certificate
    assert certificate is not None
    assert certificate.iin == "123456789011"
    assert _judge(document, datetime(2023, 6, 1, tzinfo=UTC)).reasons == {Reason.EXPIRED}
    assert _judge(document.replace(b">test<", b">Test<"), datetime(2021, 6, 1, tzinfo=UTC)).reasons == {
        Reason.HASH_FAILURE
    }


def test_an_authentication_key_signed_this_one() -> None:
    """A document signed with an AUTH certificate is intact, and INVALID because that certificate may not sign."""
    (path,) = (_PKI / "xml").glob("*_AUTH_RSA256_*.xml")
    verdict = _judge(path.read_bytes(), datetime(2020, 6, 1, tzinfo=UTC))
    assert verdict.reasons == {Reason.CHAIN_CONSTRAINTS_FAILURE}
    assert verdict.signed == b"<root><name>NCANode</name></root>"


def test_the_first_of_two_signers_is_judged_by_itself() -> None:
    """Of two signers the first, with RSA, is VALID: its signature verifies once the later one is taken away."""
    verdict = _judge(
        (_PKI / "xml" / "ncanode_two_signers_rsa_then_gost512.xml").read_bytes(), datetime(2021, 6, 1, tzinfo=UTC)
    )
    assert len(verdict.signers) == 2
    assert verdict.signers[0].indication is Indication.VALID


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("*_GOSTKNCA_*.xml", datetime(2020, 6, 1, tzinfo=UTC)),
        ("mitwork_gost512_enveloped.xml", datetime(2024, 12, 1, tzinfo=UTC)),
    ],
)
def test_gost_documents_are_valid(pattern: str, at: datetime) -> None:
    """Documents signed with GOST-2004 and GOST-2015 keys take the same way and are VALID."""
    (path,) = (_PKI / "xml").glob(pattern)
    verdict = _judge(path.read_bytes(), at)
    assert verdict.reasons == frozenset()
    assert verdict.indication is Indication.VALID


@pytest.mark.parametrize("name", ["request.xml", "response.xml"])
def test_nitecs_transport_signature_is_valid(name: str) -> None:
    """NITEC's own messages, GOST-2004 over soap:Body, byte order mark and wrapped base64 included, are VALID."""
    envelope = parse((SHARED / "shep" / name).read_bytes())
    body = envelope.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    assert body is not None
    by = Verifier(Anchors.load(_PKI / "ca" / "test"))
    verdict = by.transport(envelope, body, at=datetime(2019, 9, 24, tzinfo=UTC), registered=())
    assert verdict.indication is Indication.VALID
    certificate = verdict.signers[0].certificate
    assert certificate is not None
    assert certificate.bin == "123456789021"
