"""The whole sandbox over real sockets; the gateway is played by the test, which answers as a gateway does."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientSession, web
from lxml import etree

from gateway.catalogue import cabinet_message, result_document
from gateway.catalogue.cabinet_message import CabinetMessage, File, Header, Kind, Outcome, Result, Status, StatusCode
from gateway.catalogue.findings import Finding
from gateway.catalogue.result_document import ResultDocument
from gateway.clock import utc_now
from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.faults import Code
from gateway.resources import schemas
from gateway.sandbox.cabinet import Request, State
from gateway.sandbox.courier import Persistence
from gateway.sandbox.failures import Failure
from gateway.sandbox.failures import Kind as Wrong
from gateway.sandbox.identities import CITIZENS, PROVIDERS
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Document, Order
from gateway.sandbox.participants import fault
from gateway.sandbox.server import serve
from gateway.sandbox.wire import Refused, endpoint, post
from gateway.sandbox.world import Options, World
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    Data,
    MessageType,
    Response,
    Sender,
    StatusChange,
    StatusChangeReceipt,
)
from gateway.shep.reader import Envelope
from gateway.texts import Text

SERVICE = "kostanay.housing-assistance"
PAPER = Document(kind="package", name="package.pdf")
ORDER = Order(service=SERVICE, form={"dwellingAddress": "Қостанай, 1"}, documents=(PAPER,))
NUMBER = "KST-26-000001-7"
TEXT = Text(kk="Мәтін", ru="Текст")
PATIENCE = Persistence(give_up_after=20, first_wait=0.02, longest_wait=0.1, attempt_limit=3)


@dataclass(slots=True)
class Gateway:
    """Takes what ShEP pushes; sends what the test tells it to."""

    got: list[AsyncMessage] = field(default_factory=list)
    changes: list[StatusChange] = field(default_factory=list)
    refusal: Code | None = None
    world: World | None = None

    async def answer(self, envelope: Envelope) -> Response:
        message = envelope.message
        if isinstance(message, StatusChange):
            self.changes.append(message)
            return StatusChangeReceipt(utc_now(), message.session_id or "")
        assert isinstance(message, AsyncMessage)
        if self.refusal is not None:
            raise fault(self.refusal, "applicant.signature", "refused by the test")
        self.got.append(message)
        return AsyncReceipt(f"in-{message.message_id}", message.correlation_id, utc_now())

    async def send(self, request: Request, content: bytes, kind: MessageType, message_id: str | None = None) -> None:
        world = self.world
        assert world is not None
        sender = Sender("gateway", world.plan.passwords["gateway"])
        message = AsyncMessage(
            SERVICE, kind, utc_now(), sender, message_id or str(uuid4()), request.correlation, data=Data((content,))
        )
        async with ClientSession() as session:
            key = world.authority.system("gateway").key
            await post(session, f"{world.plan.shep_url}/bip-async", message, key, timeout=10)


@asynccontextmanager
async def running(folder: Path, gateway: Gateway) -> AsyncIterator[World]:
    # the gateway signs its answers, which ShEP does not ask for; any key of the world would do
    runner = None
    world = await World.start(folder, options=Options(persistence=PATIENCE))
    try:
        gateway.world = world
        handler = endpoint(gateway.answer, world.authority.system("gateway").key, utc_now)
        runner = await serve([web.post("/shep/async", handler)], "127.0.0.1", world.plan.ports.gateway)
        yield world
    finally:
        await world.stop()
        if runner is not None:
            await runner.cleanup()


@pytest.fixture
async def gateway() -> Gateway:
    return Gateway()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One certification authority for all tests: making its keys takes two seconds."""
    folder = tmp_path_factory.mktemp("authority")
    TestAuthority.open_or_create(folder)
    return folder


@pytest.fixture
def folder(authority: Path, tmp_path: Path) -> Path:
    shutil.copytree(authority, tmp_path / "world" / "nca")
    return tmp_path / "world"


@pytest.fixture
async def world(gateway: Gateway, folder: Path) -> AsyncIterator[World]:
    async with running(folder, gateway) as started:
        yield started


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def accepted(world: World, order: Order = ORDER) -> Request:
    """An application that the gateway has taken."""
    number = (await world.portal.apply(order)).number
    await until(lambda: world.portal.cabinet.get(number).state is State.ACCEPTED)
    return world.portal.cabinet.get(number)


def message(request: Request, kind: Kind, status: Status, **rest: object) -> bytes:
    header = Header(SERVICE, request.number, utc_now(), "kk", NUMBER, request.correlation)
    return cabinet_message.render(CabinetMessage(kind, header, status, **rest))  # type: ignore[arg-type]  # by name


def registered(request: Request) -> bytes:
    return message(request, Kind.NOTIFICATION, Status(StatusCode.REGISTERED, TEXT, date(2026, 12, 5)))


def decision(world: World, *, case_number: str = NUMBER) -> bytes:
    person = CITIZENS[0]
    document = ResultDocument(
        case_number=case_number,
        service_id=SERVICE,
        iin=person.iin,
        full_name=person.surname,
        outcome=Outcome.POSITIVE,
        title=TEXT,
        text=TEXT,
        decided_at=utc_now(),
        provider=PROVIDERS[0].name.kk,
    )
    return enveloped.sign(result_document.render(document), world.authority.provider("kostanay").key)


def response(request: Request, document: bytes) -> bytes:
    result = Result(Outcome.POSITIVE, document=File("result.xml", "application/xml", document))
    return message(request, Kind.RESPONSE, Status(StatusCode.DECIDED, TEXT), result=result)


async def answered(world: World, gateway: Gateway, document: bytes) -> Request:
    request = await accepted(world)
    await gateway.send(request, response(request, document), MessageType.RESPONSE)
    await until(lambda: world.portal.cabinet.get(request.number).state is State.COMPLETED)
    return world.portal.cabinet.get(request.number)


async def test_application_arrives_signed_and_valid(world: World, gateway: Gateway) -> None:
    """The gateway gets the citizen's application: valid by the service's schema, with the citizen's valid EDS."""
    request = await accepted(world)
    document = gateway.got[0].data.readings[0]
    verdict = await Verifier(Anchors.load(world.authority.anchors)).enveloped(document, at=utc_now())
    schema = etree.XMLSchema(etree.parse(schemas() / "services" / SERVICE / "application.xsd"))
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].certificate is not None
    assert verdict.signers[0].certificate.iin == CITIZENS[0].iin
    assert schema.validate(etree.fromstring(document)), schema.error_log
    assert gateway.got[0].correlation_id == request.correlation
    assert document == world.portal.cabinet.read(request.number, "application.xml")


async def test_tampered_application_does_not_verify(world: World, gateway: Gateway) -> None:
    """An application changed after signing arrives changed: its signature is found broken."""
    await accepted(world, ORDER.model_copy(update={"tamper": True}))
    verdict = await Verifier(Anchors.load(world.authority.anchors)).enveloped(
        gateway.got[0].data.readings[0], at=utc_now()
    )
    assert verdict.indication is Indication.INVALID


async def test_cabinet_shows_number_term_and_result(world: World, gateway: Gateway) -> None:
    """Notification and result stand in the cabinet, as files too, and the provider's EDS is found valid."""
    request = await accepted(world)
    await gateway.send(request, registered(request), MessageType.NOTIFICATION)
    document = decision(world)
    await gateway.send(request, response(request, document), MessageType.RESPONSE)
    await until(lambda: world.portal.cabinet.get(request.number).state is State.COMPLETED)
    done = world.portal.cabinet.get(request.number)
    assert (done.case_number, done.deadline) == (NUMBER, date(2026, 12, 5))
    assert [one.status for one in done.messages] == ["registered", "decided"]
    assert done.result is not None
    assert (done.result.verdict, done.result.reasons, done.result.signer_bin) == ("VALID", (), PROVIDERS[0].bin)
    assert world.portal.cabinet.read(request.number, "result.xml") == document
    assert len(world.portal.cabinet.files(request.number)) == 4


async def test_gateway_hears_that_the_result_was_delivered(world: World, gateway: Gateway) -> None:
    """After the cabinet took the RESPONSE, ShEP tells the gateway DELIVERED."""
    await answered(world, gateway, decision(world))
    await until(lambda: bool(gateway.changes))
    assert [change.state for change in gateway.changes] == ["DELIVERED"]


async def test_second_result_is_counted_and_changes_nothing(world: World, gateway: Gateway) -> None:
    """A second RESPONSE under another id is a defect that the cabinet counts; the first result stands."""
    request = await answered(world, gateway, decision(world))
    first = world.portal.cabinet.read(request.number, "result.xml")
    await gateway.send(request, response(request, decision(world)), MessageType.RESPONSE)
    await until(lambda: world.portal.cabinet.get(request.number).surplus_responses == 1)
    assert world.portal.cabinet.get(request.number).responses == 2
    assert world.portal.cabinet.read(request.number, "result.xml") == first


@pytest.mark.parametrize(("number", "reason"), [("KST-26-000002-5", "ANOTHER_CASE"), (NUMBER, "HASH_FAILURE")])
async def test_doubtful_result_is_shown_as_doubtful(world: World, gateway: Gateway, number: str, reason: str) -> None:
    """A result about another case, or changed after signing, is kept and marked with the reason."""
    document = decision(world, case_number=number)
    if number == NUMBER:
        document = document.replace(CITIZENS[0].iin.encode(), CITIZENS[1].iin.encode())
    done = await answered(world, gateway, document)
    assert done.result is not None
    assert reason in done.result.reasons


async def test_rejection_shows_its_findings(world: World, gateway: Gateway) -> None:
    """A rejection ends the request without a document; its findings stand in the cabinet in both languages."""
    request = await accepted(world)
    finding = Finding("applicant.form", Text(kk="Мекенжай жоқ", ru="Нет адреса"), "form/dwellingAddress")
    rejected = message(
        request,
        Kind.RESPONSE,
        Status(StatusCode.REJECTED, TEXT),
        findings=(finding,),
        result=Result(Outcome.REJECTED),
    )
    await gateway.send(request, rejected, MessageType.RESPONSE)
    await until(lambda: world.portal.cabinet.get(request.number).state is State.COMPLETED)
    done = world.portal.cabinet.get(request.number)
    assert done.messages[0].codes == ("applicant.form",)
    assert done.messages[0].details[0].kk == "Мекенжай жоқ"
    assert done.result is None


async def test_fault_is_shown_to_the_citizen(world: World, gateway: Gateway) -> None:
    """When the gateway answers with a fault, the request ends as TECH_ERROR with code and detail."""
    gateway.refusal = Code.APPLICANT_SIGNATURE
    number = (await world.portal.apply(ORDER)).number
    await until(lambda: world.portal.cabinet.get(number).state is State.TECH_ERROR)
    failure = world.portal.cabinet.get(number).fault
    assert failure is not None
    assert (failure.code, failure.detail) == ("SCE016", "applicant.signature")


async def test_supplement_goes_as_update_of_the_request(world: World, gateway: Gateway) -> None:
    """A supplement is an UPDATE with the request's correlation id and a messageId of its own."""
    request = await accepted(world)
    await world.portal.supplement(request.number, ORDER)
    await until(lambda: len(gateway.got) == 2)
    assert [one.message_type for one in gateway.got] == [MessageType.REQUEST, MessageType.UPDATE]
    assert len({one.correlation_id for one in gateway.got}) == 1
    assert len({one.message_id for one in gateway.got}) == 2


async def test_only_shep_may_fill_the_cabinet(world: World, gateway: Gateway) -> None:
    """A push to the portal that another system signed is refused, and the cabinet stays as it is."""
    request = await accepted(world)
    forged = AsyncMessage(
        SERVICE,
        MessageType.RESPONSE,
        utc_now(),
        Sender("shep"),
        "1",
        request.correlation,
        data=Data((response(request, decision(world)),)),
    )
    url = f"{world.plan.portal_url}/portal/async"
    async with ClientSession() as session:
        with pytest.raises(Refused, match="SCE006"):
            await post(session, url, forged, world.authority.system("gateway").key, timeout=10)
    assert gateway.world is world
    assert world.portal.cabinet.get(request.number).state is State.ACCEPTED


async def test_message_about_another_request_is_refused(world: World, gateway: Gateway) -> None:
    """A RESPONSE whose content names another request does not enter this request's cabinet."""
    first, second = await accepted(world), await accepted(world)
    await gateway.send(first, response(second, decision(world)), MessageType.RESPONSE)
    await until(lambda: bool(gateway.changes))
    assert [change.state for change in gateway.changes] == ["NOT_DELIVERED"]
    assert world.portal.cabinet.get(first.number).messages == ()
    assert world.portal.cabinet.get(second.number).messages == ()


async def test_world_goes_on_after_a_restart(gateway: Gateway, folder: Path) -> None:
    """Started again on its folder, the world has its requests, and knows a message it took before."""
    async with running(folder, gateway) as world:
        request = await accepted(world)
        notice = registered(request)
        await gateway.send(request, notice, MessageType.NOTIFICATION, "n-1")
        await until(lambda: bool(world.portal.cabinet.get(request.number).messages))
    async with running(folder, gateway) as again:
        await gateway.send(request, notice, MessageType.NOTIFICATION, "n-1")
        await gateway.send(request, response(request, decision(again)), MessageType.RESPONSE, "r-1")
        await until(lambda: again.portal.cabinet.get(request.number).state is State.COMPLETED)
        done = again.portal.cabinet.get(request.number)
    assert [one.status for one in done.messages] == ["registered", "decided"]
    assert done.responses == 1


async def test_portal_sends_later_what_shep_could_not_take(gateway: Gateway, folder: Path) -> None:
    """An application signed while ShEP was out of reach is sent by the next start of the portal, once."""
    async with running(folder, gateway) as world:
        world.failures.order(Failure(kind=Wrong.DROP_BEFORE, path="/bip-async", count=1000))
        number = (await world.portal.apply(ORDER)).number
        await until(lambda: world.failures.done > 0)
    async with running(folder, gateway) as again:
        await until(lambda: again.portal.cabinet.get(number).state is State.ACCEPTED)
    assert [one.data.readings[0] for one in gateway.got] == [
        (folder / "cabinet" / number / "application.xml").read_bytes()
    ]


async def test_pages_show_the_cabinet(world: World, gateway: Gateway) -> None:
    """The pages list the request, show its messages in both languages, and give its XML files and no others."""
    request = await answered(world, gateway, decision(world))
    base = f"{world.plan.portal_url}/cabinet"
    async with ClientSession() as session:
        pages = []
        for path in ("", f"/{request.number}", f"/{request.number}/result.xml"):
            async with session.get(f"{base}{path}") as answer:
                assert answer.status == 200
                pages.append(await answer.text())
        async with session.get(f"{base}.json") as answer:
            listed = (await answer.json())["requests"]
        async with session.get(f"{base}/{request.number}/request.json") as answer:
            assert answer.status == 404
    assert request.number in pages[0]
    assert TEXT.kk in pages[1]
    assert TEXT.ru in pages[1]
    assert pages[2].encode() == world.portal.cabinet.read(request.number, "result.xml")
    assert [(one["number"], one["responses"]) for one in listed] == [(request.number, 1)]


async def test_forms_come_in_over_http(world: World, gateway: Gateway) -> None:
    """The portal takes an order as JSON; one it cannot understand is refused without quoting it."""
    url = f"{world.plan.portal_url}/applications"
    async with ClientSession() as session:
        async with session.post(url, data=ORDER.model_dump_json()) as answer:
            assert answer.status == 201
        async with session.post(url, data='{"service": "x", "iin": "840312499016"}') as answer:
            assert answer.status == 400
            assert "840312499016" not in await answer.text()
        async with session.post(url, data='{"service": "x", "citizen": "nobody"}') as answer:
            assert answer.status == 400
    await until(lambda: len(gateway.got) == 1)


async def test_published_authority_is_the_one_that_signed(world: World) -> None:
    """Where the certificates point to, the NCA's certificate and its revocation lists are found."""
    certificate = world.authority.citizen(1).key.certificate
    places = [
        place
        for place in (b"/nca/cert/nca_gost.cer", b"/nca/crl/nca_gost.crl", b"/nca/crl/nca_gost_delta.crl")
        if place in certificate.der
    ]
    bodies = []
    async with ClientSession() as session:
        for place in places:
            async with session.get(world.plan.shep_url + place.decode()) as answer:
                assert answer.status == 200
                bodies.append(await answer.read())
    assert len(bodies) == 3
    assert bodies[0] in {anchor.der for anchor in Anchors.load(world.authority.anchors).certificates}
