"""The sandbox's OCSP responder, asked over HTTP by the gateway's own client, and its habits read by `cryptography`."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPRequestBuilder,
    OCSPResponse,
    OCSPResponseStatus,
    load_der_ocsp_response,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.clock import utc_now
from gateway.eds.certificate import Certificate
from gateway.eds.ocsp import Ocsp, OcspLimits
from gateway.eds.ocsp_request import Question
from gateway.eds.revocation import Answer, NoAnswer, NotBelieved, RevocationReason
from gateway.sandbox import keys, profile
from gateway.sandbox.certificate_register import CertificateRegister
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.keys import Family
from gateway.sandbox.nca_conditions import Condition, Service
from tests.support.nca import Nca, NcaFolder

_EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.9"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> NcaFolder:
    return NcaFolder.make(tmp_path_factory.mktemp("nca"))


@pytest.fixture
async def nca(folder: NcaFolder) -> AsyncIterator[Nca]:
    async with folder.running() as running:
        yield running


async def asked(nca: Nca, certificate: Certificate, family: Family, seconds: float = 5.0) -> Answer:
    """Ask the responder that the certificate itself names."""
    client = Ocsp(nca.fetch, utc_now, OcspLimits(timeout_seconds=seconds))
    return await client.ask(certificate, nca.issuer(family))


async def raw(nca: Nca, body: bytes) -> OCSPResponse:
    async with nca.session.post(f"{nca.url}/ocsp", data=body) as answer:
        return load_der_ocsp_response(await answer.read())


def unrecorded(nca: Nca, family: Family, folder: Path) -> Certificate:
    """Return a certificate that the authority's key signed, but that its register does not know."""
    issuer = replace(nca.authority.nca(family), register=CertificateRegister(folder / "another.json"))
    wanted = profile.of_citizen(replace(CITIZENS[0], family=family), utc_now())
    return Certificate.from_der(issuer.issue(wanted, keys.for_user(family).spki))


@pytest.mark.parametrize("family", Family)
async def test_a_good_certificate(nca: Nca, family: Family) -> None:
    """The responder named in the certificate answers that nothing is known against it."""
    _, person = nca.person(family)
    assert (await asked(nca, person.certificate, family)).withdrawal is None


@pytest.mark.parametrize("family", Family)
async def test_a_revoked_certificate(nca: Nca, family: Family) -> None:
    """A revocation is known at once, with its time and its reason."""
    _, person = nca.person(family)
    since = utc_now().replace(microsecond=0)
    nca.authority.revoke(person.certificate, RevocationReason.KEY_COMPROMISE, at=since)
    withdrawal = (await asked(nca, person.certificate, family)).withdrawal
    assert withdrawal is not None
    assert (withdrawal.at, withdrawal.reason) == (since, RevocationReason.KEY_COMPROMISE)
    assert not withdrawal.never_issued


@pytest.mark.parametrize("family", Family)
async def test_a_hold_can_be_ended(nca: Nca, family: Family) -> None:
    """A certificate on hold is revoked for the time being; released, it is good again."""
    _, person = nca.person(family)
    nca.authority.revoke(person.certificate, RevocationReason.CERTIFICATE_HOLD)
    held = (await asked(nca, person.certificate, family)).withdrawal
    nca.authority.release(person.certificate)
    assert held is not None
    assert not held.final
    assert (await asked(nca, person.certificate, family)).withdrawal is None


@pytest.mark.parametrize("family", Family)
async def test_a_certificate_never_issued(nca: Nca, family: Family, tmp_path: Path) -> None:
    """Of a certificate that is not in the register the responder says, as the NCA's does, that it was never issued."""
    withdrawal = (await asked(nca, unrecorded(nca, family, tmp_path), family)).withdrawal
    assert withdrawal is not None
    assert withdrawal.never_issued
    assert (withdrawal.at, withdrawal.reason) == (datetime(1970, 1, 1, tzinfo=UTC), RevocationReason.CERTIFICATE_HOLD)


@pytest.mark.parametrize("family", Family)
async def test_habits_of_the_nca(nca: Nca, family: Family) -> None:
    """Named by name, with a delegated certificate and nocheck, the nonce as it came, no nextUpdate, extended revoke."""
    _, person = nca.person(family)
    question = Question.about(person.certificate, nca.issuer(family), b"12345678")
    response = await raw(nca, question.der())
    (responder,) = response.certificates
    extensions = {extension.oid.dotted_string: extension for extension in response.extensions}
    nonce = response.extensions.get_extension_for_class(x509.OCSPNonce).value
    usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert response.certificate_status is OCSPCertStatus.GOOD
    assert response.responder_name == responder.subject
    assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert nonce.nonce == b"12345678"
    assert response.next_update_utc is None
    assert response.produced_at_utc == response.this_update_utc
    assert isinstance(response.hash_algorithm, SHA256)
    assert not extensions[_EXTENDED_REVOKE].critical


@pytest.mark.parametrize("condition", [Condition.TRY_LATER, Condition.GARBAGE, Condition.SLOW, Condition.DOWN])
async def test_failing_it_gives_no_answer(nca: Nca, condition: Condition) -> None:
    """Each way of failing is "nobody answered" to the gateway; back to normal, it answers."""
    _, person = nca.person(Family.GOST)
    nca.services.conditions.set(Service.OCSP, condition, seconds=600)
    with pytest.raises(NoAnswer):
        await asked(nca, person.certificate, Family.GOST, seconds=0.3)
    nca.services.conditions.set(Service.OCSP, Condition.NORMAL)
    assert (await asked(nca, person.certificate, Family.GOST)).withdrawal is None


async def test_slowly_it_still_answers(nca: Nca) -> None:
    """Who waits for a slow responder gets the answer."""
    _, person = nca.person(Family.GOST)
    nca.services.conditions.set(Service.OCSP, Condition.SLOW, seconds=0.2)
    assert (await asked(nca, person.certificate, Family.GOST)).withdrawal is None


async def test_knowing_nothing_it_is_not_believed(nca: Nca) -> None:
    """A signed "unknown" is an answer on which nothing may rest."""
    _, person = nca.person(Family.GOST)
    nca.services.conditions.set(Service.OCSP, Condition.UNKNOWN)
    with pytest.raises(NotBelieved, match="does not know"):
        await asked(nca, person.certificate, Family.GOST)


async def test_others_certificates_are_not_its_business(nca: Nca) -> None:
    """About a certificate of an authority that is not here, and without a question at all, it says so unsigned."""
    foreign = nca.authority.foreign().certificate
    question = Question.about(foreign, foreign, b"1")
    assert (await raw(nca, question.der())).response_status is OCSPResponseStatus.UNAUTHORIZED
    assert (await raw(nca, b"\x30\x00")).response_status is OCSPResponseStatus.MALFORMED_REQUEST
    assert (await raw(nca, b"nonsense")).response_status is OCSPResponseStatus.MALFORMED_REQUEST


async def test_a_question_without_a_nonce(nca: Nca) -> None:
    """Asked without a nonce, it answers without one."""
    _, person = nca.person(Family.RSA)
    question = Question.about(person.certificate, nca.issuer(Family.RSA), b"1")
    builder = OCSPRequestBuilder().add_certificate_by_hash(
        question.issuer_name_hash, question.issuer_key_hash, question.serial_number, SHA256()
    )
    response = await raw(nca, builder.build().public_bytes(Encoding.DER))
    assert response.certificate_status is OCSPCertStatus.GOOD
    with pytest.raises(x509.ExtensionNotFound):
        response.extensions.get_extension_for_class(x509.OCSPNonce)
