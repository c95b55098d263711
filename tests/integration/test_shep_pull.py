"""Fetching from the sandbox's ShEP over HTTP into a real database: nothing lost, nothing twice, nothing for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import psycopg
import pytest

from gateway import resources
from gateway.cases.destinations import Destinations
from gateway.cases.gate import Gate
from gateway.cases.inbound import Inbound, Reply
from gateway.cases.inquiries import Inquiries
from gateway.cases.intake import Intake
from gateway.cases.mailbox import Mailbox
from gateway.cases.maintenance import Maintenance
from gateway.cases.registrar import Registrar
from gateway.cases.services import Services
from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.catalogue import Catalogue
from gateway.clock import utc_now
from gateway.eds.anchors import Anchors
from gateway.eds.keys import KeyUnusable
from gateway.eds.keystore.reloading import transport_key
from gateway.eds.verifier import Verifier
from gateway.faults import Code, Detail, GatewayFault
from gateway.sandbox.cabinet import State
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.world import Options, World
from gateway.settings import Pull, Settings, load
from gateway.shep.client import Answer, ShepClient
from gateway.shep.messages import DeliveryNotification, MessagesQuery, MessageState, Request, Sender
from gateway.shep.operations import Operations
from gateway.shep.pull import Puller, Source
from gateway.shep.reader import read_taken
from gateway.shep.senders import Senders
from gateway.texts import Text
from tests.support.gateway import Recorder
from tests.support.shep_gateway import CountingObserver
from tests.support.world import HOUSING, SCHOOLING, order


class Died(Exception):  # noqa: N818  says what happened
    """The process ends here."""


class Mortal(ShepClient):
    """A client whose process dies in front of a confirmation, or whose ShEP has its own mind about ids."""

    dying = False
    asked_by_id: Callable[[MessagesQuery], MessagesQuery] | None = None
    """What ShEP makes of the question for one message."""
    key_is_gone = False

    async def send(self, url: str, request: Request) -> Answer:
        if self.dying and isinstance(request, DeliveryNotification):
            raise Died
        if self.key_is_gone:
            raise KeyUnusable("the token was taken out")
        if self.asked_by_id is not None and isinstance(request, MessagesQuery) and request.message_id is not None:
            request = self.asked_by_id(request)
        return await super().send(url, request)


class Failing:
    """The real intake, which fails as often as it is told to."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.failures: list[Exception] = []

    async def accept(self, message: Inbound, reply: Reply) -> bytes:
        if self.failures:
            raise self.failures.pop(0)
        return await self._intake.accept(message, reply)


@dataclass
class Post:
    world: World
    store: Store
    client: Mortal
    intake: Failing
    puller: Puller
    observer: CountingObserver

    async def applied(self, *citizens: int, service: str = HOUSING, **changes: object) -> list[str]:
        """Apply for some citizens; return ShEP's ids of the messages."""
        numbers = [
            (await self.world.portal.apply(order(service, citizen=CITIZENS[citizen].slug, **changes))).number
            for citizen in citizens
        ]
        ids = []
        for number in numbers:
            while not (taken := self.world.portal.cabinet.get(number).shep_ids()):
                await _tick()
            ids += list(taken)
        return ids

    def states(self, ids: list[str]) -> list[MessageState]:
        """Return what ShEP knows of messages."""
        found = [self.world.shep.journal.find(int(one)) for one in ids]
        return [one.state for one in found if one is not None]

    def process(self) -> Puller:
        """Another process that fetches from the same queue into the same database."""
        return replace(self.puller)


async def _tick() -> None:
    await asyncio.sleep(0.02)


def _mortal(session: aiohttp.ClientSession, settings: Settings, verifier: Verifier) -> Mortal:
    senders = Senders.load(settings.senders, settings.shep.certificates)
    return Mortal(
        session,
        key=transport_key(settings.keys),
        verifier=verifier,
        certificates=senders.certificates,
        clock=utc_now,
        timeout_seconds=10,
    )


@pytest.fixture
async def post(tmp_path: Path, database_url: str) -> AsyncIterator[Post]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await migrate(connection)
    world = await World.start(tmp_path / "world", options=Options(gateway_pulls=True))
    settings = load(world.settings_file())
    vault, verifier = Vault(bytes(32)), Verifier(Anchors.load(settings.anchors_dir))
    observer, recorder = CountingObserver(), Recorder()
    try:
        async with (
            open_store(database_url, vault, 6) as store,
            aiohttp.ClientSession() as session,
        ):
            client = _mortal(session, settings, verifier)
            services = Services(Catalogue.load(resources.schemas()), settings)
            intake = Failing(
                Intake(
                    services=services,
                    verifier=verifier,
                    inbox=store.inbox,
                    ledger=store.ledger,
                    vault=vault,
                    registrar=Registrar(store.inbox, WorkingCalendar()),
                    clock=utc_now,
                    observer=recorder,
                    wake=lambda: None,
                )
            )
            own = Sender(settings.shep.sender_id, settings.shep.password.get_secret_value())
            puller = Puller(
                source=Source(client, settings.shep.async_url, own, (HOUSING, SCHOOLING)),
                settings=Pull(batch=5),
                operations=Operations(
                    intake=intake,
                    inquiries=Inquiries(
                        services=services, ledger=store.ledger, vault=vault, settings=settings, observer=recorder
                    ),
                    mailbox=Mailbox(store.ledger, store.outbox, utc_now, recorder),
                    key=transport_key(settings.keys),
                    observer=observer,
                    own_sender_id=settings.shep.sender_id,
                ),
                senders=Senders.load(settings.senders, settings.shep.certificates),
                verifier=verifier,
                destinations=Destinations.of(settings, recorder),
                admit=lambda: None,
                clock=utc_now,
                observer=observer,
            )
            yield Post(world, store, client, intake, puller, observer)
    finally:
        await world.stop()


async def test_what_waits_is_taken_and_confirmed(post: Post) -> None:
    """Every message of every service becomes a case; ShEP knows it as delivered and gives it no more."""
    ids = await post.applied(0, 1, 2) + await post.applied(0, service=SCHOOLING)
    assert await post.puller.round() == 4
    assert post.states(ids) == [MessageState.DELIVERED] * 4
    assert len(await post.store.ledger.cases()) == 4
    assert await post.puller.round() == 0
    assert post.observer.codes == [("pulled", "OK")] * 4


async def test_the_evidence_of_a_case_holds_no_other_case(post: Post) -> None:
    """Though several messages came in one answer, what is kept of each is an answer of ShEP with that message alone."""
    await post.applied(0, 1)
    await post.puller.round()
    kept = [(await post.store.ledger.message_in_force(case.id)).raw for case in await post.store.ledger.cases()]
    people = [CITIZENS[index].iin.encode() for index in (0, 1)]
    assert sorted([person in raw for person in people] for raw in kept) == [[False, True], [True, False]]
    assert all(b"Signature" in raw and b"<application" in read_taken(raw).readings[0] for raw in kept)


async def test_who_dies_in_front_of_the_confirmation_loses_nothing(post: Post) -> None:
    """The message was taken and ShEP does not know: it gives it again, to another process; the case stays one."""
    ids = await post.applied(0)
    post.client.dying = True
    with pytest.raises(Died):
        await post.puller.round()
    (case,) = await post.store.ledger.cases()
    assert post.states(ids) == [MessageState.ON_DELIVERY]
    post.client.dying = False
    assert await post.process().round() == 1
    assert await post.store.ledger.cases() == [case]
    assert post.states(ids) == [MessageState.DELIVERED]


async def test_two_processes_fetch_from_one_queue(post: Post) -> None:
    """Both see the same messages at the same moment; every case is there once."""
    ids = await post.applied(*range(3), 4)
    await asyncio.gather(post.puller.round(), post.process().round())
    await post.puller.round()
    assert post.states(ids) == [MessageState.DELIVERED] * 4
    assert len(await post.store.ledger.cases()) == 4


async def test_what_is_refused_is_refused_once_with_its_fault(post: Post) -> None:
    """A broken signature is no case; ShEP and the sender are told the code, and the message is not given again."""
    ids = await post.applied(0, tamper=True)
    assert await post.puller.round() == 1
    assert post.states(ids) == [MessageState.NOT_DELIVERED]
    assert await post.store.ledger.cases() == []
    assert await post.puller.round() == 0
    (request,) = post.world.portal.cabinet.all()
    while post.world.portal.cabinet.get(request.number).state is not State.TECH_ERROR:
        await _tick()
    fault = post.world.portal.cabinet.get(request.number).fault
    assert fault is not None
    assert (fault.code, fault.detail) == ("SCE016", "applicant.signature")


async def test_what_the_database_could_not_take_stays_with_shep(post: Post) -> None:
    """Our failure is not the sender's: nothing is confirmed and nothing refused, however often; later it is taken."""
    away = Text(kk="-", ru="-")
    fault = GatewayFault(Code.INTERNAL, Detail("gateway.store_unavailable", "away"), away, retry_after=30)
    post.intake.failures = [fault] * 7
    ids = await post.applied(0)
    assert [await post.puller.round() for _ in range(7)] == [0] * 7
    assert post.states(ids) == [MessageState.ON_DELIVERY]
    assert await post.puller.round() == 1
    assert post.states(ids) == [MessageState.DELIVERED]


async def test_a_message_that_meets_our_defect_does_not_stand_in_the_way_for_ever(post: Post) -> None:
    """After some attempts it is refused with our fault, which raises an alert; the others are taken meanwhile."""
    defective, other = await post.applied(0, 1)
    failures = 0
    while failures < 5:
        post.intake.failures = [ZeroDivisionError("a defect")]
        await post.puller.round()
        failures += 1
    assert post.observer.codes.count(("pulled", "SCE909")) == 5
    assert post.states([defective]) == [MessageState.NOT_DELIVERED]
    assert post.states([other]) == [MessageState.DELIVERED]


@pytest.mark.parametrize("amount", [1, 5])
async def test_only_what_was_taken_is_confirmed(post: Post, amount: int) -> None:
    """A ShEP that answers the question for one message with another, or with more, loses none."""
    ids = await post.applied(0, 1, 2)
    post.client.asked_by_id = lambda query: replace(query, message_id=None, amount=amount)
    await post.puller.round()
    confirmed = post.states(ids).count(MessageState.DELIVERED)
    assert len(await post.store.ledger.cases()) == confirmed
    post.client.asked_by_id = None
    await post.puller.round()
    assert post.states(ids) == [MessageState.DELIVERED] * 3
    assert len(await post.store.ledger.cases()) == 3


async def test_what_is_listed_and_not_given_is_not_asked_for_without_rest(post: Post) -> None:
    """A message that ShEP lists and does not give is asked for again after a rest, not at once and for ever."""
    await post.applied(0, 1)
    post.client.asked_by_id = lambda query: replace(query, message_id="999999999")
    assert await post.puller.round() == 0


async def test_maintenance_that_begins_in_a_round_is_heeded_by_it(post: Post) -> None:
    """What was listed before maintenance began stays with ShEP until it is over."""
    ids = await post.applied(0, 1)
    gate = Gate()
    gate.open()
    gate.announce(Maintenance(utc_now()))
    under_way = replace(post.puller, admit=gate.check)
    assert await under_way.round() == 0
    assert post.states(ids) == [MessageState.ON_DELIVERY] * 2
    gate.announce(None)
    assert await under_way.round() == 2


async def test_a_key_that_is_gone_for_a_while_does_not_end_the_fetching(post: Post) -> None:
    """A token taken out is no reason for the process to end: messages are fetched again when it is back."""
    await post.applied(0)
    post.client.key_is_gone = True
    assert await post.puller.round() == 0
    post.client.key_is_gone = False
    assert await post.puller.round() == 1
