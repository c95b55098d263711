"""The sandbox's ShEP over real sockets, between a portal and a gateway that are played by small servers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from gateway.clock import utc_now
from gateway.eds.anchors import Anchors
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.faults import Code, Detail, GatewayFault
from gateway.sandbox.courier import Courier, Persistence
from gateway.sandbox.failures import Failure, Failures, Kind
from gateway.sandbox.journal import Journal
from gateway.sandbox.nca import Identity, TestAuthority
from gateway.sandbox.participants import Participant, Register
from gateway.sandbox.server import serve
from gateway.sandbox.shep import Shep
from gateway.sandbox.wire import Refused, endpoint, post
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    Data,
    MessagesQuery,
    MessageState,
    MessageType,
    Request,
    Response,
    Sender,
    StatusAnswer,
    StatusChange,
    StatusChangeReceipt,
    StatusQuery,
)
from gateway.shep.reader import Envelope
from gateway.texts import Text

SERVICE = "kostanay.housing-assistance"
PAYLOAD = '<application xmlns="urn:example">Өтініш</application>'.encode()


@dataclass(slots=True)
class Party:
    """A participant with a real server that keeps what it got."""

    identity: Identity
    name: str
    url: str = ""
    got: list[Envelope] = field(default_factory=list)
    refuse: list[Code] = field(default_factory=list)
    """Codes of the faults with which the next messages are answered."""

    def sender(self) -> Sender:
        return Sender(self.name, f"{self.name}-password")

    async def answer(self, envelope: Envelope) -> Response:
        self.got.append(envelope)
        if self.refuse:
            code = self.refuse.pop(0)
            raise GatewayFault(code, Detail("test.refused", "refused by order"), Text("жоқ", "нет"))
        if isinstance(envelope.message, StatusChange):
            return StatusChangeReceipt(utc_now(), envelope.message.session_id or "")
        assert isinstance(envelope.message, AsyncMessage)
        return AsyncReceipt(f"receipt-{envelope.message.message_id}", envelope.message.correlation_id, utc_now())

    def messages(self) -> list[AsyncMessage]:
        return [envelope.message for envelope in self.got if isinstance(envelope.message, AsyncMessage)]

    def changes(self) -> list[StatusChange]:
        return [envelope.message for envelope in self.got if isinstance(envelope.message, StatusChange)]


@dataclass(slots=True)
class Bench:
    """ShEP between two parties."""

    portal: Party
    gateway: Party
    journal: Path
    authority: TestAuthority
    session: ClientSession
    failures: Failures
    persistence: Persistence
    url: str = ""

    async def send(self, party: Party, message: Request, *, key: Identity | None = None) -> Response:
        signer = (key or party.identity).key
        return await post(self.session, f"{self.url}/bip-async", message, signer, timeout=10)

    def application(self, message_id: str = "a-1", data: bytes = PAYLOAD) -> AsyncMessage:
        return AsyncMessage(
            SERVICE, MessageType.REQUEST, utc_now(), self.portal.sender(), message_id, data=Data((data,))
        )

    def reply(self, correlation: str | None, message_id: str, kind: MessageType) -> AsyncMessage:
        sender = self.gateway.sender()
        return AsyncMessage(SERVICE, kind, utc_now(), sender, message_id, correlation, data=Data((PAYLOAD,)))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Shep]:
        """A life of the ShEP process."""
        journal = Journal.open(self.journal)
        done = frozenset({MessageType.RESPONSE})
        everything = frozenset(MessageType)
        register = Register(
            [
                Participant(
                    "portal", "portal-password", self.portal.identity.key.certificate, self.portal.url, everything
                ),
                Participant(
                    "gateway", "gateway-password", self.gateway.identity.key.certificate, self.gateway.url, done
                ),
                Participant("psc", "psc-password", self.authority.system("psc").key.certificate, None),
            ],
            Verifier(Anchors.load(self.authority.anchors)),
            utc_now,
        )
        key = self.authority.system("shep").key
        courier = Courier(journal, register, key, self.session, utc_now, self.persistence)
        shep = Shep(journal, register, courier, {SERVICE: "gateway", "psc.notices": "psc"}, utc_now)
        runner = await serve(shep.routes(), "127.0.0.1", 0, self.failures)
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        courier.start()
        try:
            yield shep
        finally:
            await runner.cleanup()
            await courier.stop()
            journal.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come; half a minute bounds it."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(party: Party, failures: Failures | None = None, port: int = 0) -> AsyncIterator[int]:
    handler: Callable[[web.Request], Awaitable[web.Response]] = endpoint(party.answer, party.identity.key, utc_now)
    runner = await serve([web.post("/push", handler)], "127.0.0.1", port, failures)
    bound = int(runner.addresses[0][1])
    party.url = f"http://127.0.0.1:{bound}/push"
    try:
        yield bound
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.open_or_create(tmp_path_factory.mktemp("nca"))


@pytest.fixture
async def bench(authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        portal, gateway = (Party(authority.system(name), name) for name in ("portal", "gateway"))
        await stack.enter_async_context(listening(portal))
        await stack.enter_async_context(listening(gateway))
        patience = Persistence(give_up_after=20, first_wait=0.02, longest_wait=0.1, attempt_limit=2)
        yield Bench(portal, gateway, tmp_path / "shep.db", authority, session, Failures(), patience)


async def test_application_reaches_the_gateway_with_numbers(bench: Bench) -> None:
    """A REQUEST gets numeric ids; the gateway receives it with them, the portal's credentials and ShEP's signature."""
    async with bench.running():
        receipt = await bench.send(bench.portal, bench.application())
        await until(lambda: bool(bench.gateway.messages()))
    assert isinstance(receipt, AsyncReceipt)
    assert receipt.message_id is not None
    assert receipt.message_id.isdigit()
    message = bench.gateway.messages()[0]
    assert (message.message_id, message.correlation_id) == (receipt.message_id, receipt.correlation_id)
    assert (message.sender.sender_id, message.sender.password) == ("portal", "portal-password")
    assert message.data.readings == (PAYLOAD,)
    trees = bench.gateway.got[0].transport
    verdict = Verifier(Anchors.load(bench.authority.anchors)).transport(
        trees.envelope, trees.body, at=utc_now(), registered=()
    )
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].certificate == bench.authority.system("shep").key.certificate


async def test_answer_reaches_the_portal_and_its_delivery_the_gateway(bench: Bench) -> None:
    """A RESPONSE with the received correlation id goes to the portal; the gateway is told DELIVERED, once."""
    async with bench.running() as shep:
        request = await bench.send(bench.portal, bench.application())
        assert isinstance(request, AsyncReceipt)
        receipt = await bench.send(bench.gateway, bench.reply(request.correlation_id, "r-1", MessageType.RESPONSE))
        await until(lambda: bool(bench.gateway.changes()))
        assert isinstance(receipt, AsyncReceipt)
        state = await bench.send(
            bench.gateway, StatusQuery(receipt.message_id or "", utc_now(), bench.gateway.sender())
        )
        await until(lambda: not shep.journal.unreported())
    assert [message.message_type for message in bench.portal.messages()] == [MessageType.RESPONSE]
    assert [(change.message_id, change.state) for change in bench.gateway.changes()] == [
        (receipt.message_id, MessageState.DELIVERED)
    ]
    assert isinstance(state, StatusAnswer)
    assert state.state is MessageState.DELIVERED


async def test_repeats_get_the_same_answer_and_are_delivered_once(bench: Bench) -> None:
    """The same sender and messageId give the same ids each time, and the receiver gets the message once."""
    async with bench.running() as shep:
        request = await bench.send(bench.portal, bench.application())
        assert isinstance(request, AsyncReceipt)
        reply = bench.reply(request.correlation_id, "r-1", MessageType.RESPONSE)
        receipts = [await bench.send(bench.gateway, reply) for _ in range(3)]
        await until(lambda: not shep.journal.unreported() and not shep.journal.undelivered())
        counts = shep.journal.counts()
    assert len({getattr(receipt, "message_id", None) for receipt in receipts}) == 1
    assert len(bench.portal.messages()) == 1
    assert counts["repeats"] == 2


async def test_one_id_for_two_messages_is_refused(bench: Bench) -> None:
    """The same messageId with other content is a fault, and the other content goes nowhere."""
    async with bench.running():
        await bench.send(bench.portal, bench.application())
        with pytest.raises(Refused, match="SCE001"):
            await bench.send(bench.portal, bench.application(data=b"<other/>"))
        await until(lambda: bool(bench.gateway.messages()))
    assert len(bench.gateway.messages()) == 1


async def test_messages_are_pushed_again_with_the_same_id(bench: Bench) -> None:
    """While the gateway says SCE909, the application is pushed again under the same messageId, until it is taken."""
    bench.gateway.refuse = [Code.INTERNAL, Code.INTERNAL]
    async with bench.running() as shep:
        await bench.send(bench.portal, bench.application())
        await until(lambda: not shep.journal.unreported() and not shep.journal.undelivered())
    assert len(bench.gateway.messages()) == 3
    assert len({message.message_id for message in bench.gateway.messages()}) == 1


async def test_portal_is_told_of_a_fault(bench: Bench) -> None:
    """A fault other than SCE909 ends the delivery, and the portal is told NOT_DELIVERED with the fault."""
    bench.gateway.refuse = [Code.APPLICANT_SIGNATURE]
    async with bench.running():
        await bench.send(bench.portal, bench.application())
        await until(lambda: bool(bench.portal.changes()))
    assert len(bench.gateway.messages()) == 1
    change = bench.portal.changes()[0]
    assert change.state is MessageState.NOT_DELIVERED
    assert change.error is not None
    assert change.error.code == "SCE016"
    assert change.error.sub_error is not None
    assert change.error.sub_error.code == "test.refused"


async def test_restart_delivers_what_was_left(bench: Bench) -> None:
    """What ShEP took while the gateway was down is delivered after a restart of ShEP, once, under its first id."""
    away, bench.gateway.url = bench.gateway.url, "http://127.0.0.1:9/push"  # nothing listens on the discard port
    async with bench.running():
        receipt = await bench.send(bench.portal, bench.application())
    bench.gateway.url = away
    async with bench.running() as shep:
        await until(lambda: not shep.journal.undelivered())
        again = await bench.send(bench.portal, bench.application(message_id="a-2"))
    assert isinstance(receipt, AsyncReceipt)
    assert isinstance(again, AsyncReceipt)
    assert bench.gateway.messages()[0].message_id == receipt.message_id
    assert int(again.message_id or 0) == int(receipt.message_id or 0) + 1


async def test_replies_of_one_request_keep_their_order(bench: Bench) -> None:
    """Messages of one correlation arrive in the order they were given, though the first attempt of one fails."""
    async with bench.running() as shep:
        request = await bench.send(bench.portal, bench.application())
        assert isinstance(request, AsyncReceipt)
        bench.portal.refuse = [Code.INTERNAL]
        for number in range(4):
            kind = MessageType.NOTIFICATION
            await bench.send(bench.gateway, bench.reply(request.correlation_id, f"n-{number}", kind))
        await until(lambda: not shep.journal.undelivered())
    ids = [int(message.message_id or 0) for message in bench.portal.messages()]
    assert ids == sorted(ids)
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    ("sender", "signer", "code"),
    [
        (Sender("portal", "wrong"), "portal", "SCE004"),
        (Sender("nobody", "portal-password"), "portal", "SCE004"),
        (Sender("portal", "portal-password"), "gateway", "SCE004"),
    ],
)
async def test_strangers_are_refused(bench: Bench, sender: Sender, signer: str, code: str) -> None:
    """A wrong password, an unknown sender and somebody else's certificate are refused alike."""
    message = AsyncMessage(SERVICE, MessageType.REQUEST, utc_now(), sender, "x", data=Data((PAYLOAD,)))
    async with bench.running() as shep:
        with pytest.raises(Refused, match=code):
            await bench.send(bench.portal, message, key=bench.authority.system(signer))
        assert shep.journal.counts() == {"repeats": 0}


async def test_unsigned_message_is_refused(bench: Bench) -> None:
    """A message without a transport signature is SCE007."""
    async with bench.running():
        with pytest.raises(Refused, match="SCE007"):
            await post(bench.session, f"{bench.url}/bip-async", bench.application(), None, timeout=10)


@pytest.mark.parametrize(
    ("service", "correlation", "code"),
    [
        ("no.such.service", None, "SCE004"),
        (SERVICE, "1", "SCE001"),
        (SERVICE, None, "SCE001"),
        (SERVICE, "x", "SCE001"),
    ],
)
async def test_messages_to_nowhere_are_refused(bench: Bench, service: str, correlation: str | None, code: str) -> None:
    """An unknown service, and a RESPONSE to a correlation that does not exist, are refused."""
    sender = bench.gateway.sender()
    kind = MessageType.RESPONSE
    message = AsyncMessage(service, kind, utc_now(), sender, "r", correlation, data=Data((PAYLOAD,)))
    async with bench.running():
        with pytest.raises(Refused, match=code):
            await bench.send(bench.gateway, message)


async def test_receiver_may_fetch_its_messages(bench: Bench) -> None:
    """A participant without a push address gets its messages by getMessages."""
    psc = Party(bench.authority.system("psc"), "psc")
    message = AsyncMessage(
        "psc.notices", MessageType.REQUEST, utc_now(), bench.portal.sender(), "p-1", data=Data((PAYLOAD,))
    )
    async with bench.running():
        await bench.send(bench.portal, message)
        answer = await bench.send(psc, MessagesQuery("psc.notices", sender=psc.sender()))
    assert [one.data.readings for one in getattr(answer, "messages", ())] == [(PAYLOAD,)]


async def test_ordered_failures_happen_once_each(bench: Bench) -> None:
    """Ordered over HTTP, ShEP answers 500 after it took a message; the sender's repeat gets the first ids."""
    order = Failure(kind=Kind.ERROR_AFTER, path="/bip-async")
    async with bench.running() as shep:
        async with bench.session.post(f"{bench.url}/control/failures", data=order.model_dump_json()) as answer:
            assert answer.status == 204
        async with bench.session.post(f"{bench.url}/bip-async", data=b"") as answer:
            assert (answer.status, await answer.text()) == (500, "ordered failure")
        bench.failures.order(order)
        with pytest.raises(Exception, match="HTTP 500"):
            await bench.send(bench.portal, bench.application())
        receipt = await bench.send(bench.portal, bench.application())
        counts = shep.journal.counts()
    assert isinstance(receipt, AsyncReceipt)
    assert bench.failures.done == 2
    assert counts["repeats"] == 1
