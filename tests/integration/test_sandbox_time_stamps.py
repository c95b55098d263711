"""The sandbox's time-stamping authority, asked over HTTP by the gateway's own client and judged by its verifier."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from gateway.clock import utc_now
from gateway.eds.algorithms import SHA256_URI
from gateway.eds.anchors import Anchors
from gateway.eds.cms import message
from gateway.eds.cms.sign import add_time_stamp, sign
from gateway.eds.der import Fields
from gateway.eds.gost.suites import GOST_2004, GOST_2015_512
from gateway.eds.timestamp.client import Authority, HttpTimeStampAuthority, StampFailed
from gateway.eds.timestamp.query import Query, StampRefused, StampUnacceptable
from gateway.eds.timestamp.token import Token
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.sandbox.asn1 import oid
from gateway.sandbox.keys import Family, family_of
from gateway.sandbox.nca_conditions import Condition, Service
from tests.support.nca import Nca, NcaFolder

DATA = "өтініш".encode()
RSA_POLICY, GOST_POLICY = "1.2.398.3.3.2.6.2", "1.2.398.3.3.2.6.4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> NcaFolder:
    return NcaFolder.make(tmp_path_factory.mktemp("nca"))


@pytest.fixture
async def nca(folder: NcaFolder) -> AsyncIterator[Nca]:
    async with folder.running() as running:
        yield running


async def stamped(nca: Nca, digest: str, policy: str | None = None, seconds: float = 5.0) -> Token:
    authority = Authority(f"{nca.url}/tsp", digest, policy, seconds)
    return await HttpTimeStampAuthority(authority, nca.fetch).stamp(DATA)


def verifier(nca: Nca) -> Verifier:
    return Verifier(Anchors.load(nca.authority.anchors))


@pytest.mark.parametrize(
    ("digest", "policy", "expected"),
    [
        (SHA256_URI, None, RSA_POLICY),
        (GOST_2015_512.digest_uri, None, GOST_POLICY),
        (GOST_2004.digest_uri, None, GOST_POLICY),
        (SHA256_URI, GOST_POLICY, GOST_POLICY),
        (GOST_2015_512.digest_uri, RSA_POLICY, RSA_POLICY),
    ],
)
async def test_a_stamp_is_valid(nca: Nca, digest: str, policy: str | None, expected: str) -> None:
    """The policy asked for, or else the imprint, chooses the authority; its stamp is valid under the anchors."""
    before = utc_now().replace(microsecond=0)
    token = await stamped(nca, digest, policy)
    verdict = await verifier(nca).time_stamp(token.der, DATA, at=utc_now() + timedelta(seconds=1))
    (signer,) = verdict.signers
    assert verdict.indication is Indication.VALID
    assert token.statement.policy == expected
    assert before <= token.statement.instant <= utc_now()
    assert signer.certificate is not None
    assert family_of(signer.certificate.key_oid) is {RSA_POLICY: Family.RSA, GOST_POLICY: Family.GOST}[expected]


async def test_serial_numbers_differ(nca: Nca) -> None:
    """No two stamps have one serial number."""
    tokens = [await stamped(nca, GOST_2015_512.digest_uri) for _ in range(5)]
    assert len({token.statement.serial_number for token in tokens}) == 5


@pytest.mark.parametrize("family", Family)
async def test_a_stamped_signature_is_judged_as_of_its_stamp(nca: Nca, family: Family) -> None:
    """A citizen's signature with a stamp stays valid after the certificate has expired."""
    _, person = nca.person(family)
    now = utc_now()
    signed = sign(DATA, person.key, at=now)
    plain = await verifier(nca).cms(signed, at=now + timedelta(days=500))
    value = message.read(signed).signers[0].signature
    authority = Authority(f"{nca.url}/tsp", GOST_2015_512.digest_uri)
    token = await HttpTimeStampAuthority(authority, nca.fetch).stamp(value)
    judged = await verifier(nca).cms(add_time_stamp(signed, 0, token.der), at=now + timedelta(days=500))
    assert plain.indication is not Indication.VALID
    assert judged.indication is Indication.VALID
    assert judged.signers[0].stamped_at == token.statement.instant


async def test_the_certificate_comes_only_when_asked_for(nca: Nca) -> None:
    """certReq FALSE: the token holds no certificate (RFC 3161 section 2.4.1)."""
    query = Query.about(DATA, GOST_2015_512.digest_uri).der()
    without = query[:-1] + b"\x00"  # certReq is the last field
    tokens = []
    for request in (query, without):
        async with nca.session.post(f"{nca.url}/tsp", data=request) as answer:
            tokens.append(Token.read(_token(await answer.read())))
    assert [len(token.message.certificates) for token in tokens] == [1, 0]


def _token(response: bytes) -> bytes:
    fields = Fields(response)
    fields.whole(0x30)
    return fields.whole(0x30)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda query: query.replace(oid(GOST_2015_512.digest_oid), oid("1.2.398.3.10.1.3.9")), "badAlg"),
        (lambda query: query.replace(oid(GOST_POLICY), oid("1.2.398.3.3.2.6.9")), "unacceptedPolicy"),
        (lambda query: query.replace(oid(GOST_2015_512.digest_oid), oid(GOST_2004.digest_oid)), "badDataFormat"),
        (lambda query: query[:-3], "badRequest"),
    ],
)
async def test_what_cannot_be_stamped_is_refused(nca: Nca, spoil: Callable[[bytes], bytes], why: str) -> None:
    """The refusal names what is wrong with the request."""
    query = Query.about(DATA, GOST_2015_512.digest_uri, GOST_POLICY)
    async with nca.session.post(f"{nca.url}/tsp", data=spoil(query.der())) as answer:
        response = await answer.read()
    with pytest.raises(StampRefused, match=why):
        query.accept(response)


@pytest.mark.parametrize("condition", [Condition.TRY_LATER, Condition.GARBAGE, Condition.SLOW, Condition.DOWN])
async def test_failing_it_gives_no_stamp(nca: Nca, condition: Condition) -> None:
    """Each way of failing leaves the gateway without a stamp; back to normal, it gives one."""
    nca.services.conditions.set(Service.TSP, condition, seconds=600)
    with pytest.raises(StampFailed):
        await stamped(nca, SHA256_URI, seconds=0.3)
    nca.services.conditions.set(Service.TSP, Condition.NORMAL)
    assert await stamped(nca, SHA256_URI)


async def test_another_question_s_stamp_is_not_accepted(nca: Nca) -> None:
    """The nonce comes back as it was sent: a stamp of one question does not answer another."""
    first, second = (Query.about(DATA, SHA256_URI) for _ in range(2))
    async with nca.session.post(f"{nca.url}/tsp", data=first.der()) as answer:
        response = await answer.read()
    assert first.accept(response).statement.nonce == first.nonce
    with pytest.raises(StampUnacceptable, match="nonce"):
        second.accept(response)
