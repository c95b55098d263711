"""The sandbox's provider, called over real SOAP by the product's adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from adapters.soap import SoapProvider
from gateway.cases.provider import Outcome, ProviderCase, ProviderRejected, Stage
from gateway.catalogue import result_document
from gateway.catalogue.application import Application, Attachment, Person
from gateway.clock import local, utc_now
from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.sandbox import provider_soap
from gateway.sandbox.identities import CITIZENS, PROVIDERS
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Document, Order, application
from gateway.sandbox.provider import Callback, ProviderSystem
from gateway.sandbox.register import CaseRegister
from gateway.sandbox.rules import Office, Pace
from gateway.sandbox.server import serve
from gateway.settings import Provider

SERVICE = "kostanay.housing-assistance"
PAPER = Document(kind="package", name="package.pdf")
QUICK = Pace(take_up=timedelta(0), decide=timedelta(0), patience=timedelta(hours=1))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.open_or_create(tmp_path_factory.mktemp("nca"))


@asynccontextmanager
async def running(
    authority: TestAuthority, folder: Path, pace: Pace = QUICK, callback: Callback | None = None
) -> AsyncIterator[tuple[SoapProvider, ProviderSystem]]:
    register = CaseRegister.open(folder / "provider.db")
    key = authority.provider("kostanay").key
    system = ProviderSystem(PROVIDERS[0], key, register, utc_now, Office(pace=pace), callback)
    runner = await serve(provider_soap.routes(system), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/provider/kostanay"
    adapter = SoapProvider(Provider(adapter="soap", url=url, bin=PROVIDERS[0].bin))
    system.start()
    try:
        yield adapter, system
    finally:
        await adapter.close()
        await runner.cleanup()
        await system.stop()
        register.close()


def case(
    authority: TestAuthority, citizen: int = 1, *, documents: int = 1, number: str = "KST-26-000001-7"
) -> ProviderCase:
    person = CITIZENS[citizen - 1]
    order = Order(
        service=SERVICE, citizen=person.slug, form={"dwellingAddress": "Қостанай"}, documents=(PAPER,) * documents
    )
    now = local(utc_now()).replace(microsecond=0)
    read = Application(
        service_id=SERVICE,
        request_number="10109000000001",
        submitted_at=now,
        language="kk",
        applicant=Person(person.iin, person.surname, person.given_name, person.patronymic),
        consent=True,
        attachments=tuple(Attachment("package", "package.pdf", "application/pdf", b"%PDF") for _ in range(documents)),
        fields={"dwellingAddress": "Қостанай"},
    )
    signed = enveloped.sign(application(order, "10109000000001", now), authority.citizen(citizen).key)
    return ProviderCase(number, SERVICE, now, now + timedelta(days=10), read, signed)


async def test_positive_decision_is_signed_and_about_the_case(authority: TestAuthority, tmp_path: Path) -> None:
    """A submitted case is decided; the decision has the provider's valid EDS and names case and applicant."""
    async with running(authority, tmp_path) as (adapter, _):
        submitted = await adapter.submit(case(authority))
        decision = await adapter.decision("KST-26-000001-7")
    verdict = await Verifier(Anchors.load(authority.anchors)).enveloped(decision.document, at=utc_now())
    result = result_document.read(decision.document)
    assert submitted.stage is Stage.DECIDED
    assert (decision.outcome, decision.ground) == (Outcome.POSITIVE, None)
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].certificate is not None
    assert verdict.signers[0].certificate.bin == PROVIDERS[0].bin
    assert (result.case_number, result.iin) == ("KST-26-000001-7", CITIZENS[0].iin)


async def test_refusal_names_its_ground(authority: TestAuthority, tmp_path: Path) -> None:
    """The declared citizen is refused, with the ground in both languages in the answer and in the document."""
    async with running(authority, tmp_path) as (adapter, _):
        await adapter.submit(case(authority, citizen=4))
        decision = await adapter.decision("KST-26-000001-7")
    assert decision.outcome is Outcome.REFUSED
    assert decision.ground is not None
    assert result_document.read(decision.document).ground == decision.ground


async def test_documents_are_asked_for_and_taken(authority: TestAuthority, tmp_path: Path) -> None:
    """Without documents the case waits and says which; after the supplement it is decided."""
    async with running(authority, tmp_path) as (adapter, _):
        await adapter.submit(case(authority, documents=0))
        waiting = await adapter.status("KST-26-000001-7")
        supplemented = await adapter.supplement(case(authority, documents=1))
    assert waiting.stage is Stage.DOCUMENTS_NEEDED
    assert len(waiting.documents) == 1
    assert waiting.until is not None
    assert supplemented.stage is Stage.DECIDED


async def test_repeats_and_restarts_change_nothing(authority: TestAuthority, tmp_path: Path) -> None:
    """A case handed over again, also after a restart, keeps its one decision, byte for byte."""
    one = case(authority)
    async with running(authority, tmp_path) as (adapter, _):
        await adapter.submit(one)
        first = await adapter.decision(one.number)
    async with running(authority, tmp_path) as (adapter, system):
        again = await adapter.submit(one)
        second = await adapter.decision(one.number)
        assert [record.submissions for record in system.register.all()] == [2]
    assert again.stage is Stage.DECIDED
    assert first.document == second.document


async def test_unknown_case_is_rejected(authority: TestAuthority, tmp_path: Path) -> None:
    """Asking for a case that was never submitted is answered with a fault that is not worth repeating."""
    async with running(authority, tmp_path) as (adapter, _):
        with pytest.raises(ProviderRejected, match=r"case\.unknown"):
            await adapter.status("KST-26-000009-9")


async def test_undecided_case_has_no_decision(authority: TestAuthority, tmp_path: Path) -> None:
    """There is no decision to fetch before its time."""
    slow = Pace(take_up=timedelta(hours=1), decide=timedelta(hours=2))
    async with running(authority, tmp_path, slow) as (adapter, _):
        assert (await adapter.submit(case(authority))).stage is Stage.REGISTERED
        with pytest.raises(ProviderRejected):
            await adapter.decision("KST-26-000001-7")


async def test_gateway_is_called_back_on_each_change(authority: TestAuthority, tmp_path: Path) -> None:
    """The provider calls back with its token when the case is taken up and when it is decided."""
    calls: list[tuple[str, bytes]] = []

    async def callback(request: web.Request) -> web.Response:
        calls.append((request.headers["Authorization"], await request.read()))
        return web.Response(status=204)

    pace = Pace(take_up=timedelta(milliseconds=50), decide=timedelta(milliseconds=150))
    runner = await serve([web.post("/callback", callback)], "127.0.0.1", 0)
    try:
        async with ClientSession() as session:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
            async with running(authority, tmp_path, pace, Callback(url, "secret", session)) as (adapter, system):
                await adapter.submit(case(authority))
                await until(lambda: len(calls) >= 2 and not system.register.undecided())
    finally:
        await runner.cleanup()
    assert {authorization for authorization, _ in calls} == {"Bearer secret"}
    assert all(b"KST-26-000001-7" in body for _, body in calls)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("body", [b"", b"<x/>", b"<!DOCTYPE x><x/>", b'<S:Envelope xmlns:S="urn:no"/>'])
async def test_nonsense_is_a_fault(authority: TestAuthority, tmp_path: Path, body: bytes) -> None:
    """What is not a request of the contract is answered with a fault of the contract."""
    async with running(authority, tmp_path) as (_, system), ClientSession() as session:
        runner = await serve(provider_soap.routes(system), "127.0.0.1", 0)
        async with session.post(f"http://127.0.0.1:{runner.addresses[0][1]}/provider/kostanay", data=body) as answer:
            text = await answer.text()
        await runner.cleanup()
    assert answer.status == 500
    assert "request.invalid" in text
