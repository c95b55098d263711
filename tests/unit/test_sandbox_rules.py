"""By what the sandbox's provider decides."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.order import Document, Order, application
from gateway.sandbox.rules import Action, Condition, Facts, Office, Pace, Rule, Step, read_facts

SERVICE = "kostanay.housing-assistance"
START = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
PACE = Pace(take_up=timedelta(seconds=1), decide=timedelta(seconds=3), patience=timedelta(seconds=10))
OFFICE = Office(pace=PACE)
PAPER = Document(kind="package", name="package.pdf")


def facts(surname: str = CITIZENS[0].surname, documents: int = 1, number: str = "10109000000001") -> Facts:
    return Facts(SERVICE, number, {"surname": surname}, documents, {"category": "disability"})


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(0.5, Step.REGISTERED), (1, Step.IN_PROGRESS), (2.9, Step.IN_PROGRESS), (3, Step.DECIDED), (99, Step.DECIDED)],
)
def test_complete_case_is_worked_on_and_approved(seconds: float, step: Step) -> None:
    """A case with documents is registered, then worked on, then decided, and never asked for more."""
    progress = OFFICE.progress(facts(), START, None, after(seconds))
    assert progress.step is step
    assert (progress.next_at is None) == (step is Step.DECIDED)


def test_declared_surname_is_refused_with_a_ground() -> None:
    """The declared rule refuses, and gives the ground in both languages."""
    rule = OFFICE.progress(facts(CITIZENS[3].surname), START, None, after(5)).rule
    assert rule is not None
    assert rule.then is Action.REFUSE
    assert rule.kk
    assert rule.ru


def test_missing_documents_are_asked_for() -> None:
    """A case without documents waits for them, and is decided after they came."""
    asked = OFFICE.progress(facts(documents=0), START, None, after(5))
    assert asked.step is Step.DOCUMENTS_NEEDED
    assert OFFICE.progress(facts(), START, after(6), after(8)).step is Step.IN_PROGRESS
    decided = OFFICE.progress(facts(), START, after(6), after(9))
    assert decided.rule is not None
    assert (decided.step, decided.rule.then) == (Step.DECIDED, Action.APPROVE)


def test_documents_that_do_not_come_end_in_a_refusal() -> None:
    """When patience is over, the case is refused for the missing documents."""
    progress = OFFICE.progress(facts(documents=0), START, None, after(11))
    assert progress.rule is not None
    assert (progress.step, progress.rule.then) == (Step.DECIDED, Action.REFUSE)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition(), True),
        (Condition(service=SERVICE, surname=CITIZENS[0].surname), True),
        (Condition(service="another"), False),
        (Condition(request_number_ends="01"), True),
        (Condition(request_number_ends="02"), False),
        (Condition(field="category", equals="disability"), True),
        (Condition(field="category", equals="other"), False),
        (Condition(without_documents=True), False),
    ],
)
def test_condition_needs_all_it_names(condition: Condition, *, holds: bool) -> None:
    """A condition holds when everything it names is so."""
    assert condition.holds(facts()) is holds


@given(st.floats(0, 60), st.floats(0, 60), st.integers(0, 2))
def test_progress_never_goes_back(first: float, second: float, documents: int) -> None:
    """Without a supplement, a later look never sees an earlier step."""
    order = [Step.REGISTERED, Step.IN_PROGRESS, Step.DOCUMENTS_NEEDED, Step.DECIDED]
    early, late = sorted((first, second))
    case = facts(documents=documents)
    steps = [order.index(OFFICE.progress(case, START, None, after(moment)).step) for moment in (early, late)]
    assert steps == sorted(steps)


def test_facts_are_read_from_the_citizens_document() -> None:
    """Surname, request number, documents and the service's fields come out of the application itself."""
    order = Order(
        service=SERVICE, form={"dwellingAddress": "Қостанай", "child": {"surname": "Ә"}}, documents=(PAPER, PAPER)
    )
    read = read_facts(SERVICE, application(order, "10109000000007", START))
    assert read.request_number == "10109000000007"
    assert read.applicant["surname"] == CITIZENS[0].surname
    assert read.documents == 2
    assert read.fields == {"dwellingAddress": "Қостанай", "surname": "Ә"}


def test_first_matching_ruling_counts() -> None:
    """Rules are a table: the first ruling that matches decides."""
    refuse, approve = (
        Rule(when=Condition(), then=Action.REFUSE, kk="а", ru="б"),
        Rule(when=Condition(), then=Action.APPROVE),
    )
    assert Office((approve, refuse), PACE).progress(facts(), START, None, after(5)).rule is approve
    assert Office((refuse, approve), PACE).progress(facts(), START, None, after(5)).rule is refuse
