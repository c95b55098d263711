"""A second application for a matter while the first one runs, over a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cases import machine
from gateway.cases.counter import Counter, NotTaken
from gateway.cases.inbound import Mode
from gateway.cases.model import Case, State
from gateway.cases.provider import Decision, Outcome
from gateway.cases.store.ledger import Commit
from gateway.catalogue.cabinet_message import read as read_message
from gateway.catalogue.channel import Channel
from gateway.catalogue.findings import Finding
from gateway.eds import enveloped
from gateway.sandbox.identities import CITIZENS, EXPIRED
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Document, Order, application
from tests.support.gateway import NOW, Desk, Unreachable, desk, housing, reply

SECOND = "applicant.second"
OTHER_DWELLING = {"dwellingAddress": "Қостанай, Басқа көше, 2"}


@pytest.fixture
async def at(database_url: str, authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(database_url, authority, tmp_path) as opened:
        yield opened


async def _findings(at: Desk, document: bytes, message_id: str) -> tuple[Case, tuple[Finding, ...]]:
    """Send an application; return its case and what the citizen is told is wrong."""
    before = {case.id for case in await at.store.ledger.cases()}
    await at.intake.accept(at.message(document, message_id=message_id), reply)
    (case,) = [one for one in await at.store.ledger.cases() if one.id not in before]
    answer = await at.store.outbox.answer(case.id)
    return case, read_message(answer.payload).findings if answer is not None else ()


def _represented(at: Desk, serial: int) -> bytes:
    """Return an application of the first citizen, whom the second one represents."""
    applicant, person = CITIZENS[:2]
    filled = housing(citizen=applicant.slug, documents=(Document(kind="authority", name="a.pdf"),))
    unsigned = application(filled, f"1010990000000{serial}", NOW - timedelta(minutes=1)).decode()
    block = (
        f"<representative><iin>{person.iin}</iin><surname>{person.surname}</surname>"
        f"<givenName>{person.given_name}</givenName><authority>Сенімхат № 5</authority></representative>"
    )
    return enveloped.sign(unsigned.replace("<form>", f"{block}<form>").encode(), at.authority.citizen(2).key)


async def test_a_second_application_is_told_the_number_of_the_first(at: Desk) -> None:
    """While the first runs, another one for the same dwelling is rejected, naming the first in both languages."""
    first, _ = await _findings(at, at.document(), "1")
    second, (finding,) = await _findings(at, at.document(), "2")
    assert (first.state, second.state) == (State.REGISTERED, State.REJECTED)
    assert (finding.code, finding.where) == (SECOND, None)
    assert first.number is not None
    assert first.number in finding.text.kk
    assert first.number in finding.text.ru


async def test_on_the_sync_channel_the_reply_says_it(at: Desk) -> None:
    """On SyncChannel the second application is rejected in the reply itself, and its case has ended."""
    await at.intake.accept(at.message(at.document()), reply)
    said = await at.intake.accept(at.message(at.document(), message_id="2", mode=Mode.SYNC), reply)
    assert SECOND in said.decode()
    assert {case.state for case in await at.store.ledger.cases()} == {State.REGISTERED, State.CONFIRMED}


async def test_another_matter_is_another_application(at: Desk) -> None:
    """Another dwelling, or the same dwelling of another citizen, is a matter of its own."""
    await _findings(at, at.document(), "1")
    for number, document in enumerate((at.document(form=OTHER_DWELLING), at.document(citizen=2)), start=2):
        case, findings = await _findings(at, document, str(number))
        assert (case.state, findings) == (State.REGISTERED, ())


async def test_a_latin_letter_in_a_kazakh_word_makes_no_other_matter(at: Desk) -> None:
    """A dwelling typed with the Latin i, in other case and with more spaces is still the dwelling of the first."""
    await _findings(at, at.document(form={"dwellingAddress": "Қостанай, Тәуелсіздік көшесі, 1"}), "1")
    _, (finding,) = await _findings(at, at.document(form={"dwellingAddress": "ҚОСТАНАЙ,  Тәуелсiздiк көшесі, 1"}), "2")
    assert finding.code == SECOND


async def test_after_the_decision_one_may_apply_again(at: Desk) -> None:
    """The matter is free again as soon as the first case is decided, delivered or not."""
    first, _ = await _findings(at, at.document(), "1")
    event = machine.Decided(NOW, Decision(Outcome.POSITIVE, NOW, b"<result/>", "result.xml"))
    await at.store.ledger.commit(first.id, lambda case: Commit(machine.advance(case, event)))
    second, findings = await _findings(at, at.document(), "2")
    assert (second.state, findings) == (State.REGISTERED, ())


async def test_a_rejected_application_stands_in_nobodys_way(at: Desk) -> None:
    """Whoever was rejected applies again at once."""
    rejected, _ = await _findings(at, at.document(consent=False, form={}), "1")
    assert rejected.state is State.REJECTED
    assert (await _findings(at, at.document(), "2"))[0].state is State.REGISTERED


async def test_of_two_at_the_same_moment_one_runs(
    at: Desk, database_url: str, authority: TestAuthority, tmp_path: Path
) -> None:
    """However many applications for one matter two replicas take at once, one is registered, and all are answered."""
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(desk(database_url, authority, tmp_path))
        documents = [at.document() for _ in range(12)]
        messages = [at.message(document, message_id=str(number)) for number, document in enumerate(documents)]
        desks = [(at, other)[number % 2] for number in range(len(messages))]
        pairs = zip(desks, messages, strict=True)
        answers = await asyncio.gather(*(one.intake.accept(message, reply) for one, message in pairs))
    assert len(set(answers)) == len(messages)
    states = [case.state for case in await at.store.ledger.cases()]
    assert (states.count(State.REGISTERED), states.count(State.REJECTED)) == (1, len(messages) - 1)


async def test_other_findings_come_with_it(at: Desk) -> None:
    """A second application under a certificate that has ended is told both, and no number: who signs is not sure."""
    first, _ = await _findings(at, at.document(), "1")
    unsigned = application(housing(), "10109800000001", NOW - timedelta(minutes=1))
    signed = enveloped.sign(unsigned, at.authority.of(EXPIRED).key)
    _, findings = await _findings(at, signed, "2")
    codes = [finding.code for finding in findings]
    assert codes[0] == "applicant.certificate.expired"
    assert codes[-1] == SECOND
    assert first.number is not None
    assert all(first.number not in str(finding.text) for finding in findings)


async def test_a_repeat_with_findings_of_its_own_is_still_a_repeat(at: Desk) -> None:
    """The receipt was lost and the portal sends the application under a new id when the certificate has ended."""
    document = at.document()
    first = await at.intake.accept(at.message(document), reply)
    later = at.message(document, message_id="again", received_at=NOW + timedelta(days=5000))
    assert await at.intake.accept(later, reply) == first
    (case,) = await at.store.ledger.cases()
    assert case.state is State.REGISTERED


async def test_a_representative_is_not_told_the_applicants_number(at: Desk) -> None:
    """Somebody who claims to represent the applicant learns that an application runs, not its number."""
    first, _ = await _findings(at, at.document(), "1")
    _, (finding,) = await _findings(at, _represented(at, 1), "2")
    assert finding.code == SECOND
    assert first.number is not None
    assert first.number not in str(finding.text)


async def test_who_signed_the_first_is_told_its_number(at: Desk) -> None:
    """A representative who made the first application is told its number."""
    first, _ = await _findings(at, _represented(at, 1), "1")
    _, (finding,) = await _findings(at, _represented(at, 2), "2")
    assert first.number is not None
    assert first.number in finding.text.ru


async def test_one_that_is_being_checked_runs_too(database_url: str, authority: TestAuthority, tmp_path: Path) -> None:
    """An application whose certificate cannot be checked yet holds its matter; the same request again is a repeat."""
    async with desk(database_url, authority, tmp_path, Unreachable()) as at:
        document = at.document()
        first = await at.intake.accept(at.message(document), reply)
        assert await at.intake.accept(at.message(document, message_id="again"), reply) == first
        ended = at.message(document, message_id="later", received_at=NOW + timedelta(days=5000))
        assert await at.intake.accept(ended, reply) == first
        case, (finding,) = await _findings(at, at.document(), "2")
        assert (case.state, finding.code) == (State.REJECTED, SECOND)
        states = {one.state for one in await at.store.ledger.cases()}
        assert states == {State.AWAITING_VERIFICATION, State.REJECTED}


class TestCounter:
    """The same rule at a counter, and between the counters and the PSC."""

    SERVICE = "kostanay.child-benefit"

    @pytest.fixture
    def counter(self, at: Desk) -> Counter:
        return Counter(at.services, at.store.inbox, at.store.ledger, at.vault, at.registrar, lambda: NOW)

    def paper(self, serial: int) -> bytes:
        return application(Order(service=self.SERVICE), f"3010990000000{serial}", NOW - timedelta(minutes=1))

    async def test_the_clerk_is_told_the_number_of_the_first(self, at: Desk, counter: Counter) -> None:
        """What runs at one counter is not taken at another; the clerk can tell the applicant the first one's number."""
        coupon = await counter.take(self.SERVICE, Channel.PROVIDER, self.paper(1), "aigul")
        with pytest.raises(NotTaken) as caught:
            await counter.take(self.SERVICE, Channel.AKIM, self.paper(2), "nurlan")
        (finding,) = caught.value.findings
        assert finding.code == SECOND
        assert coupon.number in finding.text.kk
        assert len(await at.store.ledger.cases()) == 1

    async def test_the_psc_meets_what_runs_at_a_counter(self, at: Desk, counter: Counter) -> None:
        """The channel does not matter: one application at a time for one matter."""
        await counter.take(self.SERVICE, Channel.PROVIDER, self.paper(1), "aigul")
        signed = enveloped.sign(self.paper(2), at.authority.system("psc").key)
        message = at.message(signed, sender_id="psc", service_id=self.SERVICE)
        await at.intake.accept(message, reply)
        states = {case.channel: case.state for case in await at.store.ledger.cases()}
        assert states == {Channel.PROVIDER: State.REGISTERED, Channel.PSC: State.REJECTED}
