"""Applications at the provider's and the akim's counters, over a real database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cases import machine
from gateway.cases.counter import Counter, NotTaken, NotThere
from gateway.cases.model import Ending, State, TaskKind
from gateway.cases.provider import Decision, Outcome
from gateway.cases.store.doctor import diagnose
from gateway.cases.store.ledger import Commit
from gateway.catalogue.channel import Channel
from gateway.faults import GatewayFault
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Order, application
from gateway.texts import Text
from tests.support.gateway import NOW, Desk, desk

SERVICE = "kostanay.child-benefit"
RESULT = b"<result/>"


@pytest.fixture
async def at(database_url: str, authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(database_url, authority, tmp_path) as opened:
        yield opened


@pytest.fixture
def counter(at: Desk) -> Counter:
    return Counter(at.services, at.store.inbox, at.store.ledger, at.vault, at.registrar, lambda: NOW)


def paper(number: str = "30109000000001", **changes: object) -> bytes:
    """Return what a clerk entered; unsigned."""
    return application(Order(service=SERVICE, **changes), number, NOW - timedelta(minutes=1))


@pytest.mark.parametrize("channel", [Channel.PROVIDER, Channel.AKIM])
async def test_the_applicant_gets_a_coupon(at: Desk, counter: Counter, channel: Channel) -> None:
    """Number, day of registration, day of the result and who took the documents; nothing is sent through ShEP."""
    coupon = await counter.take(SERVICE, channel, paper(), "aigul")
    (case,) = await at.store.ledger.cases()
    assert (case.number, case.channel, case.state) == (coupon.number, channel, State.REGISTERED)
    assert coupon.deadline == case.deadline
    values = {line.label.ru: line.value.ru for line in coupon.receipt.lines}
    assert values["Регистрационный номер"] == coupon.number
    assert values["Документы принял(а)"] == "aigul"
    assert coupon.receipt.title == Text("Өтініштің үзбелі талоны", "Отрывной талон заявления")
    kinds = {one.kind for one in await at.store.tasks.claim(10, 60)}
    assert TaskKind.SUBMIT in kinds
    assert TaskKind.DELIVER not in kinds


async def test_the_same_paper_entered_twice_is_one_case(at: Desk, counter: Counter) -> None:
    """A second entry under the same number gives the first coupon again."""
    first = await counter.take(SERVICE, Channel.PROVIDER, paper(), "aigul")
    assert await counter.take(SERVICE, Channel.PROVIDER, paper(), "nurlan") == first
    assert len(await at.store.ledger.cases()) == 1


async def test_another_paper_under_the_same_number_is_told(at: Desk, counter: Counter) -> None:
    """A number that was used by mistake must not give somebody else's coupon away."""
    await counter.take(SERVICE, Channel.PROVIDER, paper(), "aigul")
    with pytest.raises(NotThere) as caught:
        await counter.take(SERVICE, Channel.PROVIDER, paper(citizen=CITIZENS[3].slug), "aigul")
    assert caught.value.code == "counter.other_content"
    assert len(await at.store.ledger.cases()) == 1


async def test_an_unknown_service_is_told(counter: Counter) -> None:
    """A slip in the id of the service has an answer, in both languages."""
    with pytest.raises(NotThere) as caught:
        await counter.take("kostanay.child-benefits", Channel.PROVIDER, paper(), "aigul")
    assert caught.value.code == "counter.unknown_service"
    assert caught.value.text.kk


async def test_a_refusal_comes_with_a_receipt(counter: Counter) -> None:
    """What is missing stands on paper, each of it, with who refused."""
    with pytest.raises(NotTaken) as caught:
        await counter.take(SERVICE, Channel.PROVIDER, paper(applicant={"phone": "1", "surname": None}), "aigul")
    values = {line.label.ru: line.value.ru for line in caught.value.receipt.lines}
    assert caught.value.receipt.title.ru == "Расписка об отказе в приёме документов"
    assert values["Документы принял(а)"] == "aigul"
    listed = values["Недостающие или негодные документы"]
    assert [finding.text.ru in listed for finding in caught.value.findings] == [True, True]


async def test_what_is_wrong_is_told_at_once(at: Desk, counter: Counter) -> None:
    """The clerk hears every finding in both languages, and nothing is kept."""
    with pytest.raises(NotTaken) as caught:
        await counter.take(SERVICE, Channel.PROVIDER, paper(applicant={"phone": "1", "surname": None}), "aigul")
    assert len(caught.value.findings) >= 2
    assert all(finding.text.kk and finding.text.ru for finding in caught.value.findings)
    with pytest.raises(NotTaken):
        await counter.take(SERVICE, Channel.PROVIDER, b"<letter/>", "aigul")
    assert await at.store.ledger.cases() == []


async def test_a_counter_that_the_act_does_not_name_is_refused(counter: Counter) -> None:
    """Housing assistance is not given at an akim's counter, and the act's reason is told."""
    with pytest.raises(GatewayFault) as caught:
        await counter.take("kostanay.housing-assistance", Channel.AKIM, b"<x/>", "aigul")
    assert caught.value.detail.code == "client.channel"


async def test_the_result_is_handed_over_at_the_counter(at: Desk, counter: Counter) -> None:
    """A decided case waits for the applicant; handing over ends it, once, and the evidence says who did."""
    coupon = await counter.take(SERVICE, Channel.PROVIDER, paper(), "aigul")
    with pytest.raises(NotThere, match="not_decided"):
        await counter.hand_over(coupon.number, "aigul")
    (case,) = await at.store.ledger.cases()
    decided = machine.Decided(NOW, Decision(Outcome.POSITIVE, NOW, RESULT, "result.xml"))
    await at.store.ledger.commit(
        case.id, lambda locked: Commit(machine.advance(locked, decided), decision=decided.decision)
    )
    assert (await diagnose(at.store.pool)).broken == {}
    assert await counter.result(coupon.number) == (Ending.POSITIVE, RESULT)
    for _ in range(2):
        await counter.hand_over(coupon.number, "nurlan")
    events = await at.store.ledger.events(case.id)
    assert [event.kind for event in events] == ["Registered", "Decided", "Confirmed"]
    assert "nurlan" in events[-1].data


async def test_only_counter_cases_are_handed_over(at: Desk, counter: Counter) -> None:
    """A case of the portal is answered in the cabinet, not at a counter."""
    await at.intake.accept(at.message(at.document()), lambda _: b"reply")
    (case,) = await at.store.ledger.cases()
    assert case.number is not None
    with pytest.raises(NotThere, match="elsewhere"):
        await counter.hand_over(case.number, "aigul")
