"""Delivery and the mailbox over a real database: in order, once, confirmed by whoever may."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
import pytest

from gateway.breaker import Breaker
from gateway.cases import machine
from gateway.cases.cabinet import CabinetUnavailable, DeliveryState, MessageKind, Outgoing, Reported, Taken
from gateway.cases.calls import Failure
from gateway.cases.delivery import DeliverySteps
from gateway.cases.destinations import SHEP as SHEP_LANE
from gateway.cases.destinations import Destination, Destinations
from gateway.cases.evidence import digest
from gateway.cases.exhibit import Exhibit
from gateway.cases.mailbox import SHEP, Mailbox
from gateway.cases.model import Case, Claim, State, TaskKind
from gateway.cases.provider import Decision, Outcome
from gateway.cases.replay import Replay
from gateway.cases.store.doctor import diagnose
from gateway.cases.store.ledger import Commit
from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.cases.worker import StepFailed
from gateway.faults import Code, GatewayFault
from gateway.settings import Worker as WorkerSettings
from tests.support.cases import AT, new_message, registered
from tests.support.gateway import Recorder

DECIDED = machine.Decided(AT, Decision(Outcome.POSITIVE, AT, b"<result/>", "result.xml"))


def said(state: DeliveryState) -> Reported:
    return Reported(state, f"<report>{state}</report>".encode())


@dataclass
class Shep:
    """A ShEP that gives every attempt a new id and says what the test tells it to say."""

    sent: list[Outgoing] = field(default_factory=list)
    says: Callable[[str], DeliveryState] = lambda _: DeliveryState.DELIVERED
    away: bool = False
    id_length: int = 9

    async def send(self, message: Outgoing) -> Taken:
        if self.away:
            raise CabinetUnavailable("shep.unreachable", Failure.UNREACHABLE)
        self.sent.append(message)
        return Taken(str(len(self.sent)).zfill(self.id_length), b"<receipt %d/>" % len(self.sent))

    async def state(self, shep_message_id: str) -> Reported:
        return said(self.says(shep_message_id))


@dataclass
class Post:
    store: Store
    shep: Shep
    steps: DeliverySteps
    mailbox: Mailbox

    async def case(self, serial: int = 1) -> Case:
        change = registered(serial)
        await self.store.inbox.accept(new_message(str(serial)), change)
        return change.case

    async def decided(self) -> Case:
        """Return a case whose notification and answer ShEP has taken."""
        case = await self.case()
        await self.store.ledger.commit(
            case.id, lambda locked: Commit(machine.advance(locked, DECIDED), decision=DECIDED.decision)
        )
        while await self.run(TaskKind.DELIVER):
            pass
        return case

    async def claim(self, kind: TaskKind) -> Claim | None:
        async with self.store.pool.connection() as connection:
            await connection.execute("UPDATE tasks SET due_at = now(), claim = NULL")
        return next((one for one in await self.store.tasks.claim(10, 60) if one.kind is kind), None)

    async def run(self, kind: TaskKind) -> bool:
        """Run the step of a kind if there is a task of it."""
        claim = await self.claim(kind)
        if claim is not None:
            await self.steps.table()[kind](claim)
        return claim is not None

    async def now(self, case: Case) -> Case:
        found = await self.store.ledger.case(case.id)
        assert found is not None
        return found

    async def kinds(self, case: Case) -> list[str]:
        return [event.kind for event in await self.store.ledger.events(case.id)]


@pytest.fixture
async def post(database_url: str) -> AsyncIterator[Post]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await migrate(connection)
    async with open_store(database_url, Vault(bytes(32)), 6) as store:
        shep, recorder = Shep(), Recorder()
        settings = WorkerSettings()
        shep_alone = {SHEP_LANE: Destination(8, Breaker(5, 30))}
        destinations = Destinations(shep_alone, recorder)
        steps = DeliverySteps(store.ledger, store.outbox, shep, destinations, settings, lambda: AT, recorder)
        yield Post(store, shep, steps, Mailbox(store.ledger, store.outbox, lambda: AT, recorder))


async def test_messages_go_in_order_each_under_its_own_id(post: Post) -> None:
    """The notification goes before the answer; every message has an id of its own and says it in the evidence."""
    case = await post.decided()
    assert [message.kind for message in post.shep.sent] == [MessageKind.NOTIFICATION, MessageKind.RESPONSE]
    assert len({message.delivery_id for message in post.shep.sent}) == 2
    assert (await post.now(case)).state is State.ISSUED
    assert await post.kinds(case) == ["Registered", "Decided", "Sent", "Sent"]


async def test_every_attempt_is_the_same_message(post: Post) -> None:
    """A message that was not taken is sent again under the same id, with the same content."""
    await post.case()
    post.shep.away = True
    with pytest.raises(StepFailed, match="unreachable") as caught:
        await post.run(TaskKind.DELIVER)
    assert not caught.value.handling.counts
    post.shep.away = False
    await post.run(TaskKind.DELIVER)
    first = post.shep.sent[0]
    async with post.store.pool.connection() as connection:
        await connection.execute("UPDATE deliveries SET state = 'pending'")
        await connection.execute("INSERT INTO tasks SELECT id, 'deliver', bucket, now() FROM cases")
    await post.run(TaskKind.DELIVER)
    assert post.shep.sent[1] == first


async def test_what_was_sent_and_what_was_answered_is_kept(post: Post) -> None:
    """The evidence names by digest what ShEP was given, its receipt and its report; the bytes open from the store."""
    case = await post.decided()
    await post.run(TaskKind.CONFIRM)
    facts = [json.loads(event.data) for event in await post.store.ledger.events(case.id)]
    sent = [one for one in facts if "receipt" in one]
    assert [one["payload"] for one in sent] == [digest(message.payload) for message in post.shep.sent]
    kept = [(await post.store.ledger.document(case.id, one["receipt"])).content for one in sent]
    assert kept == [b"<receipt 1/>", b"<receipt 2/>"]
    report = await post.store.ledger.document(case.id, facts[-1]["report"])
    assert report.content == said(DeliveryState.DELIVERED).report


async def test_a_result_is_kept_once_though_the_answers_quote_it(post: Post) -> None:
    """Message and provider's answer hold the result in base64; what is stored does not, and both open whole."""
    case, result = await post.case(), b"<result>" + bytes(range(32, 127)) * 40 + b"</result>"
    soap = b"<Decision>" + b64encode(result) + b"</Decision>"
    decision = Decision(Outcome.POSITIVE, AT, result, "result.xml", answer=soap)
    event = machine.Decided(AT, decision)
    exhibit = Exhibit("provider-answer.xml", soap, quotes=result)
    await post.store.ledger.commit(
        case.id, lambda locked: Commit(machine.advance(locked, event), decision=decision, exhibits=(exhibit,))
    )
    assert await post.store.ledger.document(case.id, digest(soap)) == exhibit
    async with post.store.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT length(content) FROM documents WHERE quotes IS NOT NULL "
            "UNION ALL SELECT length(payload) FROM deliveries"
        )
        sizes = [row[0] for row in await cursor.fetchall()]
    assert len(sizes) == 3
    assert max(sizes) < len(result)
    while await post.run(TaskKind.DELIVER):
        pass
    assert b64encode(result) in post.shep.sent[-1].payload


async def test_the_answer_is_confirmed_by_asking(post: Post) -> None:
    """When ShEP says that the answer is in the cabinet, the case is finished and nothing is left to do."""
    case = await post.decided()
    await post.run(TaskKind.CONFIRM)
    assert (await post.now(case)).state is State.CONFIRMED
    found = await diagnose(post.store.pool)
    assert found.broken == {}


async def test_an_answer_on_its_way_is_asked_about_again(post: Post) -> None:
    """ON_DELIVERY is no failure: nothing is sent again, and the question is asked later."""
    case = await post.decided()
    post.shep.says = lambda _: DeliveryState.ON_DELIVERY
    for _ in range(30):
        await post.run(TaskKind.CONFIRM)
    assert len(post.shep.sent) == 2
    assert (await post.now(case)).state is State.ISSUED
    assert await post.store.dead_letters.find() == []


async def test_an_answer_that_did_not_arrive_is_sent_again_and_asked_about_under_its_new_id(post: Post) -> None:
    """After NOT_DELIVERED the answer is sent once more; the next question is about ShEP's new id."""
    case = await post.decided()
    post.shep.says = lambda asked: DeliveryState.NOT_DELIVERED if asked == "000000002" else DeliveryState.DELIVERED
    await post.run(TaskKind.CONFIRM)
    await post.run(TaskKind.DELIVER)
    await post.run(TaskKind.CONFIRM)
    assert [message.delivery_id for message in post.shep.sent][1:] == [post.shep.sent[1].delivery_id] * 2
    assert (await post.now(case)).state is State.CONFIRMED
    assert await post.kinds(case) == ["Registered", "Decided", "Sent", "Sent", "Returned", "Sent", "Confirmed"]


@pytest.mark.parametrize("reporter", [SHEP, "pep"])
@pytest.mark.parametrize("name", ["shep", "own"])
async def test_a_report_confirms_the_answer(post: Post, reporter: str, name: str) -> None:
    """ShEP, or the case's own sender, reports the delivery by ShEP's id or ours; twice changes nothing."""
    case = await post.decided()
    message_id = "000000002" if name == "shep" else str(post.shep.sent[1].delivery_id)
    for _ in range(2):
        assert await post.mailbox.changed(reporter, message_id, said(DeliveryState.DELIVERED))
    assert (await post.now(case)).state is State.CONFIRMED
    assert (await post.kinds(case))[-2:] == ["Sent", "Confirmed"]


async def test_another_sender_cannot_speak_of_it(post: Post) -> None:
    """What another system reports, confirms, or asks about a message that is not its own is unknown to it."""
    case = await post.decided()
    own_id = str(post.shep.sent[1].delivery_id)
    assert not await post.mailbox.changed("psc", own_id, said(DeliveryState.DELIVERED))
    assert not await post.mailbox.confirm("psc", own_id, said(DeliveryState.DELIVERED))
    assert await post.mailbox.state("psc", own_id) is None
    assert await post.mailbox.pending("psc", "HOUSING", message_id=own_id, correlation_id=None, amount=10) == ()
    assert (await post.now(case)).state is State.ISSUED


async def test_a_confirmation_does_not_swallow_earlier_messages(post: Post) -> None:
    """If the answer is confirmed while a notification still waits, the notification is sent all the same."""
    case = await post.case()
    await post.store.ledger.commit(
        case.id, lambda locked: Commit(machine.advance(locked, DECIDED), decision=DECIDED.decision)
    )
    answer = await post.store.outbox.answer(case.id)
    assert answer is not None
    assert await post.mailbox.changed(SHEP, str(answer.id), said(DeliveryState.DELIVERED))
    await post.run(TaskKind.DELIVER)
    assert [message.kind for message in post.shep.sent] == [MessageKind.NOTIFICATION]
    assert (await diagnose(post.store.pool)).broken == {}


@pytest.mark.parametrize("state", [DeliveryState.NOT_DELIVERED, DeliveryState.DELIVERY_STOPPED])
async def test_a_lost_notification_is_sent_again(post: Post, state: DeliveryState) -> None:
    """A notification that ShEP could not bring is not forgotten."""
    case = await post.case()
    await post.run(TaskKind.DELIVER)
    assert await post.mailbox.changed(SHEP, "000000001", said(state))
    await post.run(TaskKind.DELIVER)
    assert len(post.shep.sent) == 2
    assert await post.kinds(case) == ["Registered", "Sent", "Returned", "Sent"]


async def test_what_always_comes_back_is_given_up_and_may_be_replayed(post: Post) -> None:
    """ShEP takes the message and never brings it: the waits grow, and in the end a person is asked."""
    case = await post.case()
    waits = []
    for sends in range(1, 21):
        await post.run(TaskKind.DELIVER)
        assert len(post.shep.sent) == sends
        assert await post.mailbox.changed(SHEP, str(sends).zfill(9), said(DeliveryState.NOT_DELIVERED))
        (task,) = [one for one in await post.store.tasks.of_case(case.id) if one.kind == TaskKind.DELIVER]
        waits.append(task.due_at - datetime.now(UTC))
    assert waits[5] > 10 * waits[0]
    with pytest.raises(StepFailed, match="not_delivered") as caught:
        await post.run(TaskKind.DELIVER)
    assert caught.value.handling.final
    assert len(post.shep.sent) == 20
    claim = await post.claim(TaskKind.DELIVER)
    assert claim is not None
    await post.store.tasks.kill(claim, caught.value.code)
    (letter,) = await post.store.dead_letters.find()
    assert await Replay(post.store.dead_letters, post.store.ledger, lambda: AT, "alice", "ShEP is mended").replay(
        letter
    )
    await post.run(TaskKind.DELIVER)
    assert len(post.shep.sent) == 21


async def test_a_message_refused_for_good_holds_up_its_own_case_only(post: Post) -> None:
    """What follows in the same case waits behind it, in order; another case's messages go on."""
    first, second = await post.case(1), await post.case(2)
    (stuck,) = [one for one in await post.store.tasks.claim(10, 60) if (one.case_id, one.kind) == (first.id, "deliver")]
    await post.store.tasks.kill(stuck, "shep.unavailable: shep.fault: SCE001")
    await post.store.ledger.commit(
        second.id, lambda locked: Commit(machine.advance(locked, DECIDED), decision=DECIDED.decision)
    )
    while await post.run(TaskKind.DELIVER):
        pass
    assert {message.correlation_id for message in post.shep.sent} == {second.correlation_id}
    assert [message.kind for message in post.shep.sent] == [MessageKind.NOTIFICATION, MessageKind.RESPONSE]


async def test_who_asks_for_a_message_again_gets_it_again(post: Post) -> None:
    """RESEND puts the message back; a plain refusal does not."""
    await post.case()
    await post.run(TaskKind.DELIVER)
    own_id = str(post.shep.sent[0].delivery_id)
    assert await post.mailbox.confirm("pep", own_id, said(DeliveryState.ON_DELIVERY))
    assert await post.claim(TaskKind.DELIVER) is None
    assert await post.mailbox.confirm("pep", own_id, said(DeliveryState.NOT_DELIVERED))
    await post.run(TaskKind.DELIVER)
    assert len(post.shep.sent) == 2


async def test_a_sender_fetches_its_messages_until_it_confirms_them(post: Post) -> None:
    """getMessages gives what was not confirmed, oldest first; sendDeliveryNotification ends it."""
    case = await post.case()
    (first,) = await post.mailbox.pending("pep", "HOUSING", message_id=None, correlation_id=None, amount=10)
    assert first.correlation_id == case.correlation_id
    assert await post.mailbox.state("pep", str(first.delivery_id)) is DeliveryState.ON_DELIVERY
    assert await post.mailbox.confirm("pep", str(first.delivery_id), said(DeliveryState.DELIVERED))
    assert await post.mailbox.state("pep", str(first.delivery_id)) is DeliveryState.DELIVERED
    assert not await post.mailbox.pending("pep", "HOUSING", message_id=None, correlation_id=None, amount=10)


async def test_an_endless_id_of_shep_is_left_out(post: Post) -> None:
    """An id that cannot be a key does not keep a message from being recorded as sent."""
    post.shep.id_length = 5000
    await post.decided()
    answer = await post.mailbox.state("pep", str(post.shep.sent[1].delivery_id))
    assert answer is DeliveryState.ON_DELIVERY


async def test_a_store_that_is_away_takes_no_report(post: Post) -> None:
    """What is said or asked of a message while the database is away is answered SCE909: to be said again."""
    mailbox, told = post.mailbox, said(DeliveryState.DELIVERED)
    await post.store.pool.close()
    for asked in (
        mailbox.changed(SHEP, "000000001", told),
        mailbox.confirm("pep", "000000001", told),
        mailbox.state("pep", "000000001"),
        mailbox.pending("pep", "HOUSING", message_id=None, correlation_id=None, amount=1),
    ):
        with pytest.raises(GatewayFault) as caught:
            await asked
        assert (caught.value.code, caught.value.detail.code) == (Code.INTERNAL, "gateway.store_unavailable")
