"""The act's procedure in a case's life: each feature with a service whose act has it, and refused where it has not."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cases.counter import NotThere
from gateway.cases.model import DutyKind, Ending, Lateness, State
from gateway.cases.rulebook import NotInAct
from gateway.cases.store.doctor import diagnose
from gateway.cases.worker import StepFailed
from gateway.catalogue import sample
from gateway.catalogue.cabinet_message import Outcome, StatusCode
from gateway.catalogue.channel import Channel
from gateway.catalogue.deadline import deadline
from gateway.catalogue.grounds import find
from gateway.catalogue.procedure import Course, Position
from gateway.catalogue.terms import terms
from gateway.clock import local
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.rules import Action, Condition, Rule, Step, Turn
from gateway.texts import Text
from tests.support.catalogue import service
from tests.support.gateway import NOW
from tests.support.procedure import Way, way

SCHOOLING = "kostanay.home-schooling-costs"
CATEGORIES = "kostanay.categories-social-assistance"
BENEFIT = "astana.child-benefit"
PAYMENTS = "astana.categories-social-assistance"
UNEMPLOYED = "astana.unemployed-registration"
REFERRAL = "astana.employment-referral"

Opened = Callable[..., AbstractAsyncContextManager[Way]]


@pytest.fixture
def opened(database_url: str, authority: TestAuthority, tmp_path: Path) -> Opened:
    return lambda service_id, *turns: way(database_url, authority, tmp_path, service_id, *turns)


def turn(days: float, step: Step, **more: object) -> Turn:
    return Turn(after=timedelta(days=days), step=step, **more)


def because(kk: str, ru: str, then: Action = Action.APPROVE, ground: str | None = None) -> Rule:
    return Rule(when=Condition(), then=then, kk=kk, ru=ru, ground=ground)


async def test_the_case_knows_the_acts_steps(opened: Opened) -> None:
    """Registrar, head, executor: the evidence names each step and its unit, the citizen hears what was done."""
    turns = (
        turn(0, Step.REGISTERED, at="1"),
        turn(0.01, Step.IN_PROGRESS, at="2"),
        turn(0.02, Step.IN_PROGRESS, at="3"),
        turn(0.03, Step.DECIDED),
    )
    async with opened(SCHOOLING, *turns) as one:
        first = await one.applies(SCHOOLING, Channel.PORTAL)
        assert first.progress.step is not None
        assert (first.progress.step.no, first.progress.step.unit) == ("1", "chancellery")
        for _ in range(2):
            case = await one.goes(days=0.01)
        assert case.progress.step is not None
        assert (case.progress.step.no, case.progress.step.unit) == ("3", "specialist")
        said = [(fact["step"], fact["unit"]) for fact in await one.facts() if {"stage", "step"} <= fact.keys()]
        assert said == [("1", "chancellery"), ("2", "head"), ("3", "specialist")]
        head = (await one.told())[-1]
        assert head.status.code is StatusCode.IN_PROGRESS
        assert "резолюция руководителя" in head.status.text.ru
        assert (await one.goes(days=0.01)).state is State.DECIDED


async def test_each_unit_has_its_own_time(opened: Opened) -> None:
    """A head who keeps the case longer than a working day is late; operators are told, the citizen is not."""
    turns = (turn(0, Step.REGISTERED, at="1"), turn(0.001, Step.IN_PROGRESS, at="2"))
    async with opened(SCHOOLING, *turns) as one:
        await one.applies(SCHOOLING, Channel.PORTAL)
        case = await one.goes(days=0.001)
        stand = case.progress.step
        assert stand is not None
        assert case.deadline is not None
        assert stand.due < case.deadline
        notices = len(await one.told())
        case = await one.goes(seconds=(stand.due - one.clock.now).total_seconds() + 1)
        assert case.progress.step is not None
        assert case.progress.step.lateness is Lateness.LATE
        assert case.lateness is None
        assert (SCHOOLING, "head", "step", "late") in one.at.recorder.late
        assert len(await one.told()) == notices
        assert (SCHOOLING, "head", "step", "late", 1) in await one.at.store.ledger.count_late()


async def test_a_system_without_steps_works_as_before(opened: Opened) -> None:
    """Nothing is known of steps, nothing is late but the whole term; the apology names a new day."""
    async with opened(SCHOOLING, turn(0, Step.REGISTERED), turn(0.01, Step.IN_PROGRESS)) as one:
        case = await one.applies(SCHOOLING, Channel.PORTAL)
        assert case.deadline is not None
        case = await one.goes(seconds=(case.deadline - one.clock.now).total_seconds() + 1)
        case = await one.goes()
        assert case.progress.step is None
        assert case.lateness is Lateness.LATE
        (apology,) = [message.status for message in await one.told() if message.status.code is StatusCode.OVERDUE]
        assert apology.until is not None
        assert apology.until > local(one.clock.now).date()


async def test_a_step_that_the_act_does_not_have_is_refused(opened: Opened) -> None:
    """The provider's system hears the code, once; the evidence keeps it; the case goes on with the next thing said."""
    turns = (turn(0, Step.IN_PROGRESS, at="99"), turn(1, Step.IN_PROGRESS, at="2"))
    async with opened(SCHOOLING, *turns) as one:
        await one.applies(SCHOOLING, Channel.PORTAL)
        case = await one.goes()
        assert one.refused() == "provider.step_unknown"
        assert case.progress.step is None
        assert (await one.events()).count("ReportRefused") == 1
        assert one.at.recorder.refused == [("akimat", "provider.step_unknown")]
        case = await one.goes(days=1)
        assert case.progress.step is not None
        assert (await diagnose(one.at.store.pool)).broken == {}


async def test_the_term_is_extended_where_the_act_allows_it(opened: Opened) -> None:
    """To twenty working days from the application, once, with the reason and the new day to the citizen."""
    reason = because("құжаттар жоғалған", "документы утеряны")
    turns = (turn(0, Step.REGISTERED), turn(1, Step.IN_PROGRESS, extension=True, rule=reason))
    async with opened(CATEGORIES, *turns) as one:
        before = await one.applies(CATEGORIES, Channel.PORTAL)
        case = await one.goes(days=1)
        longer = terms(service(CATEGORIES), Channel.PORTAL).extended
        assert longer is not None
        assert case.registered_at is not None
        assert case.deadline == deadline(longer.term, case.registered_at, one.at.registrar.calendar)
        assert before.deadline is not None
        assert case.deadline > before.deadline
        (told,) = [message.status for message in await one.told() if message.status.code is StatusCode.EXTENDED]
        assert "документы утеряны" in told.text.ru
        assert told.deadline == local(case.deadline).date()
        assert (await one.goes()).deadline == case.deadline
        assert (await one.events()).count("Extended") == 1


async def test_the_term_is_not_extended_elsewhere(opened: Opened) -> None:
    """The act of home schooling knows no extension: the provider's system hears so, and the deadline stays."""
    asked = turn(0, Step.IN_PROGRESS, extension=True, rule=because("себеп", "причина"))
    async with opened(SCHOOLING, asked) as one:
        before = await one.applies(SCHOOLING, Channel.PORTAL)
        assert one.refused() == "provider.extension"
        assert (await one.goes()).deadline == before.deadline


async def test_a_term_that_is_over_is_not_extended(opened: Opened) -> None:
    """An extension asked for after the end comes too late."""
    asked = turn(60, Step.IN_PROGRESS, extension=True, rule=because("себеп", "причина"))
    async with opened(CATEGORIES, turn(0, Step.REGISTERED), asked) as one:
        await one.applies(CATEGORIES, Channel.PORTAL)
        await one.goes(days=60)
        assert one.refused() == "provider.extension_late"


async def test_a_term_stands_still_and_runs_on(opened: Opened) -> None:
    """Suspended on the act's ground, it counts no day until the provider goes on; the new day is told."""
    turns = (
        turn(0, Step.IN_PROGRESS, at="2"),
        turn(1, Step.SUSPENDED, grounds=("suspension-1",)),
        turn(11, Step.IN_PROGRESS, at="2"),
    )
    async with opened(PAYMENTS, *turns) as one:
        before = await one.applies(PAYMENTS, Channel.PROVIDER)
        case = await one.goes(days=1)
        assert (case.state, case.progress.is_paused) == (State.SUSPENDED, True)
        assert (await one.goes(days=9)).lateness is None
        case = await one.goes(days=1)
        assert case.state is State.IN_PROCESS
        assert before.deadline is not None
        assert case.deadline is not None
        assert timedelta(days=9) <= case.deadline - before.deadline <= timedelta(days=14)
        kinds = await one.events()
        assert "Resumed" in kinds
        assert [["suspension-1", "12"]] in [fact.get("grounds") for fact in await one.facts()]
        assert (await diagnose(one.at.store.pool)).broken == {}


async def test_a_term_is_not_suspended_elsewhere(opened: Opened) -> None:
    """No other act suspends; and where one does, only its own ground does."""
    async with opened(SCHOOLING, turn(0, Step.SUSPENDED, grounds=("suspension-1",))) as one:
        assert (await one.applies(SCHOOLING, Channel.PORTAL)).state is State.REGISTERED
        assert one.refused() == "provider.suspension"


async def test_a_ground_of_another_kind_suspends_nothing(opened: Opened) -> None:
    """A ground of refusal is none of suspension."""
    async with opened(PAYMENTS, turn(0, Step.SUSPENDED, grounds=("refusal-1",))) as one:
        await one.applies(PAYMENTS, Channel.PROVIDER)
        assert one.refused() == "provider.ground"


async def test_an_application_goes_back_to_the_psc(opened: Opened) -> None:
    """Returned with the act's ground: the PSC's system reads why, and the case waits for what completes it."""
    async with opened(BENEFIT, turn(0, Step.RETURNED, grounds=("return-2",))) as one:
        case = await one.applies(BENEFIT, Channel.PSC)
        assert case.state is State.AWAITING_DOCUMENTS
        back = (await one.told())[-1].status
        ground = find(service(BENEFIT), "return-2")
        assert back.code is StatusCode.RETURNED
        assert ground is not None
        assert ground.ru[:60] in back.text.ru


async def test_what_did_not_come_through_the_psc_is_not_returned_to_it(opened: Opened) -> None:
    """At the provider's own counter there is no PSC to return to."""
    async with opened(BENEFIT, turn(0, Step.RETURNED, grounds=("return-2",))) as one:
        await one.applies(BENEFIT, Channel.PROVIDER)
        assert one.refused() == "provider.return"


@pytest.mark.parametrize(("component", "ending"), [("kind-6", Ending.ORAL), ("kind-4", None)])
async def test_only_a_consultation_ends_orally(opened: Opened, component: str, ending: Ending | None) -> None:
    """Of the six employment measures, vocational guidance ends in oral information; the others end in a referral."""
    async with opened(REFERRAL, turn(0, Step.ENDED_ORALLY)) as one:
        case = await one.applies(REFERRAL, Channel.PROVIDER, {"component": component})
        assert case.ending is ending
        assert one.refused() == (None if ending else "provider.oral_end")
        assert case.state is (State.CONFIRMED if ending else State.REGISTERED)


async def test_commission_steps_are_the_acts(opened: Opened) -> None:
    """The district commission and the one of the department are units of the procedure like the others."""
    turns = (turn(0, Step.IN_PROGRESS, at="5"), turn(1, Step.IN_PROGRESS, at="6"))
    async with opened(BENEFIT, *turns) as one:
        case = await one.applies(BENEFIT, Channel.PROVIDER)
        assert case.progress.step is not None
        assert case.progress.step.unit == "commission"
        case = await one.goes(days=1)
        assert case.progress.step is not None
        assert (case.progress.step.no, case.progress.step.unit) == ("6", "commission")


async def test_a_refusal_names_a_ground_of_the_service(opened: Opened) -> None:
    """The evidence has the ground's code and clause, the citizen its words."""
    refused = turn(0, Step.DECIDED, rule=because("түсіндірме", "пояснение", Action.REFUSE, "refusal-2"))
    async with opened(BENEFIT, refused) as one:
        case = await one.applies(BENEFIT, Channel.PSC)
        assert (case.state, case.ending) == (State.DECIDED, Ending.REFUSED)
        ground = find(service(BENEFIT), "refusal-2")
        assert ground is not None
        answer = (await one.told())[-1]
        assert answer.result is not None
        assert (answer.result.outcome, answer.result.ground) == (Outcome.REFUSED, ground.text)
        assert (await one.facts())[-1]["ground"] == "refusal-2"


async def test_a_refusal_on_another_ground_does_not_reach_the_citizen(opened: Opened) -> None:
    """A reason in the provider's own words is none where the act has grounds; the provider's system hears so."""
    refused = turn(0, Step.DECIDED, rule=because("себеп", "просто так", Action.REFUSE, "refusal-9"))
    async with opened(BENEFIT, refused) as one:
        with pytest.raises(StepFailed, match=r"provider\.ground"):
            await one.applies(BENEFIT, Channel.PSC)
        assert one.refused() == "provider.ground"
        assert (await one.case()).state is not State.DECIDED


async def test_the_right_to_a_benefit_is_confirmed_each_quarter(opened: Opened) -> None:
    """After the grant the PSC is told in time; a confirmation counts from its day; the end names the act's ground."""
    met = turn(80, Step.DECIDED)
    ended = turn(90, Step.TERMINATED, rule=because("қайтыс болды", "умер", ground="termination-1"))
    async with opened(BENEFIT, turn(0, Step.DECIDED), met, ended) as one:
        await one.applies(BENEFIT, Channel.PSC)
        case = await one.arrives()
        assert case.state is State.FOLLOWED
        assert case.duty is not None
        assert (case.duty.kind, case.duty.reminded) == (DutyKind.INCOME_CONFIRMATION, False)
        case = await one.goes(days=80)
        assert case.duty is not None
        assert case.duty.reminded
        reminder = (await one.told())[-1].status
        assert (reminder.code, reminder.until) == (StatusCode.REMINDER, local(case.duty.due).date())
        case = await one.goes(days=10)
        assert (case.state, case.ending) == (State.CONFIRMED, Ending.TERMINATED)
        last = (await one.told())[-1]
        assert last.result is not None
        assert last.result.outcome is Outcome.TERMINATED
        assert last.result.document is not None
        assert (await one.facts())[-1]["ground"] == "termination-1"
        assert (await diagnose(one.at.store.pool)).broken == {}


async def test_the_unemployed_come_every_ten_days(opened: Opened) -> None:
    """Each visit moves the day; a visit that did not take place is noticed; at the end of it all the case is over."""
    start = local(NOW).date()
    turns = (
        turn(0, Step.DECIDED),
        turn(7, Step.DECIDED, duty_met=start + timedelta(days=7)),
        turn(30, Step.COMPLETED),
    )
    async with opened(UNEMPLOYED, *turns) as one:
        await one.applies(UNEMPLOYED, Channel.PROVIDER)
        await one.counter.hand_over(one.number, "aigul")
        first = (await one.case()).duty
        case = await one.goes(days=7)
        assert case.duty is not None
        assert first is not None
        assert (case.duty.kind, case.duty.due > first.due) == (DutyKind.CHECK_IN, True)
        await one.goes(days=14)
        assert (await one.events()).count("DutyMet") == 1
        assert "DutyMissed" in await one.events()
        case = await one.goes(days=9)
        assert (case.state, case.ending) == (State.CONFIRMED, Ending.POSITIVE)
        assert (await diagnose(one.at.store.pool)).broken == {}


async def test_a_clerk_records_what_the_system_does_not_say(opened: Opened) -> None:
    """Steps, suspension and resumption at a counter, under the clerk's name; what the system repeats undoes nothing."""
    async with opened(PAYMENTS, turn(0, Step.REGISTERED)) as one:
        await one.applies(PAYMENTS, Channel.PROVIDER)
        case = await one.clerk().step(one.number, Position(Course.MAIN, "2"))
        assert case.progress.step is not None
        assert case.progress.step.unit == "specialist"
        await one.clerk().suspend(one.number, "suspension-1")
        assert (await one.goes(days=5)).state is State.SUSPENDED
        with pytest.raises(NotInAct, match=r"provider\.suspended"):
            await one.clerk().step(one.number, Position(Course.MAIN, "3"))
        assert (await one.clerk().resume(one.number)).state is State.IN_PROCESS
        assert [fact["by"] for fact in await one.facts() if "by" in fact] == ["aigul"] * 3


async def test_a_clerk_is_bound_by_the_act(opened: Opened) -> None:
    """What the act does not have is refused with its code, in words for the clerk, and leaves nothing."""
    async with opened(REFERRAL, turn(0, Step.REGISTERED)) as one:
        await one.applies(REFERRAL, Channel.PROVIDER, {"component": "kind-1"})
        before = await one.events()
        for record, code in (
            (one.clerk().extend(one.number, Text("себеп", "причина")), "provider.extension"),
            (one.clerk().suspend(one.number, "suspension-1"), "provider.suspension"),
            (one.clerk().end_orally(one.number), "provider.oral_end"),
            (one.clerk().step(one.number, Position(Course.MAIN, "17")), "provider.step_unknown"),
            (one.clerk().duty_met(one.number, local(NOW).date()), "provider.not_granted"),
        ):
            with pytest.raises(NotInAct) as refused:
                await record
            assert refused.value.code == code
            assert refused.value.text.kk
        assert await one.events() == before


async def test_only_cases_of_a_counter_are_recorded_by_a_clerk(opened: Opened) -> None:
    """A portal case is the system's."""
    async with opened(SCHOOLING, turn(0, Step.REGISTERED)) as one:
        await one.applies(SCHOOLING, Channel.PORTAL)
        with pytest.raises(NotThere, match=r"counter\.elsewhere"):
            await one.clerk().step(one.number, Position(Course.MAIN, "2"))


@pytest.mark.parametrize("component", ["payment-1", "payment-3", "payment-5"])
async def test_what_is_given_by_lists_needs_no_papers(opened: Opened, component: str) -> None:
    """Three of the eleven payments are made by lists: a clerk enters the person, no document is asked for."""
    assert sample.documents(service(PAYMENTS), Channel.PROVIDER, {"component": component}) == ()
    async with opened(PAYMENTS, turn(0, Step.DECIDED)) as one:
        case = await one.applies(PAYMENTS, Channel.PROVIDER, {"component": component})
        assert (case.state, case.ending) == (State.DECIDED, Ending.POSITIVE)
