"""How the demo reads an application's steps, and what it calls a failure."""

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from rich.console import Console

from gateway.sandbox.cabinet import Fault, Letter, Message, Request, Result, State, Words
from gateway.sandbox.scenarios import SCENARIOS, Ending
from gateway.sandbox.steps import Mark, Seen, Step
from gateway.sandbox.view import View

AT = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
BIN = "100140990016"
WORDS = Words(kk="Мәтін", ru="Текст")
SENT = Request(
    number="10109000000001",
    service="kostanay.housing-assistance",
    citizen="citizen-1",
    created_at=AT,
    state=State.SENT,
    letters=(Letter(message_id="a-1", kind="REQUEST", file="application.xml", shep_id="1"),),
)
CASE = {"request_number": SENT.number, "outcome": "positive"}
BY_ENDING = {scenario.ending: scenario for scenario in SCENARIOS if not scenario.repeat}


def message(status: str, kind: str = "NOTIFICATION", **rest: object) -> Message:
    values = {"shep_id": "2", "kind": kind, "status": status, "text": WORDS, "at": AT}
    return Message.model_validate(values | rest)


REGISTERED = message("registered", case_number="2026-00000001-1", deadline=date(2026, 3, 16))
DECIDED = message("decided", "RESPONSE", case_number="2026-00000001-1")
RESULT = Result(name="r.xml", outcome="positive", verdict="VALID", signer_bin=BIN)
GRANTED = SENT.moved(State.COMPLETED, messages=(REGISTERED, DECIDED), result=RESULT)
REJECTED = SENT.moved(State.COMPLETED, messages=(message("rejected", "RESPONSE", codes=("applicant.form",)),))
REVOKED = SENT.moved(
    State.COMPLETED, messages=(message("rejected", "RESPONSE", codes=("applicant.certificate.revoked",)),)
)
BROKEN = SENT.moved(State.TECH_ERROR, fault=Fault(code="SCE016", message="қате", detail="applicant.signature"))


def marks(request: Request, case: dict[str, str | None] | None = None) -> str:
    """The marks as one letter each: done, failed, open, skipped."""
    letters = {Mark.DONE: "d", Mark.FAILED: "f", Mark.OPEN: "o", Mark.SKIPPED: "-"}
    return "".join(letters[mark] for mark in Seen(request, case, BIN).marks().values())


@pytest.mark.parametrize(
    ("request_", "case", "expected"),
    [
        (SENT.model_copy(update={"state": State.CREATED}), None, "ooooooo"),
        (SENT, None, "ooooooo"),
        (SENT.moved(State.ACCEPTED), None, "doooooo"),
        (SENT.moved(State.IN_PROCESSING, messages=(message("being_checked"),)), None, "doooooo"),
        (SENT.moved(State.IN_PROCESSING, messages=(REGISTERED,)), None, "dddoooo"),
        (SENT.moved(State.IN_PROCESSING, messages=(REGISTERED,)), CASE | {"outcome": None}, "ddddooo"),
        (SENT.moved(State.IN_PROCESSING, messages=(REGISTERED,)), CASE, "dddddoo"),
        (GRANTED, CASE, "ddddddd"),
        (REJECTED, None, "ddf---d"),
        (REVOKED, None, "df----d"),
        (BROKEN, None, "df-----"),
    ],
)
def test_marks_follow_what_was_seen(request_: Request, case: dict[str, str | None] | None, expected: str) -> None:
    """Steps are marked by what the cabinet and the provider show; those that cannot come any more are skipped."""
    assert marks(request_, case) == expected


@pytest.mark.parametrize(
    "result",
    [
        RESULT.model_copy(update={"verdict": "INVALID"}),
        RESULT.model_copy(update={"signer_bin": "200540990418"}),
        RESULT.model_copy(update={"reasons": ("ANOTHER_CASE",)}),
    ],
)
def test_result_that_is_not_the_providers_is_a_failure(result: Result) -> None:
    """An invalid signature, another signer or another case fails the step "signed" and the demo."""
    seen = Seen(GRANTED.model_copy(update={"result": result}), CASE, BIN)
    assert seen.marks()[Step.SIGNED] is Mark.FAILED
    assert seen.faults(BY_ENDING[Ending.POSITIVE])


def test_expected_endings_have_no_faults() -> None:
    """What ended as its scenario says has no faults."""
    assert Seen(GRANTED, CASE, BIN).faults(SCENARIOS[0]) == []
    assert Seen(REJECTED, None, BIN).faults(SCENARIOS[5]) == []
    assert Seen(REVOKED, None, BIN).faults(SCENARIOS[7]) == []
    assert Seen(BROKEN, None, BIN).faults(SCENARIOS[8]) == []


@pytest.mark.parametrize(
    ("request_", "case", "scenario", "words"),
    [
        (GRANTED.model_copy(update={"surplus_responses": 1}), CASE, 0, "2 results"),
        (GRANTED, None, 0, "has no case"),
        (REJECTED, None, 0, "expected positive"),
        (REJECTED, None, 6, "expected applicant.eligibility"),
        (REJECTED, CASE, 5, "has a case"),
        (SENT, None, 0, "ended as None"),
        (BROKEN, None, 5, "expected rejected"),
    ],
)
def test_every_deviation_is_named(
    request_: Request, case: dict[str, str | None] | None, scenario: int, words: str
) -> None:
    """A second result, a missing or surplus case, another ending and another code are each called by name."""
    assert any(words in fault for fault in Seen(request_, case, BIN).faults(SCENARIOS[scenario]))


def test_supplement_is_wanted_once() -> None:
    """The citizen sends documents when asked, and not again after having sent them."""
    asked = SENT.moved(State.IN_PROCESSING, messages=(REGISTERED, message("documents_needed")))
    sent = asked.model_copy(update={"letters": (*asked.letters, *asked.letters)})
    assert Seen(asked, CASE, BIN).wants_supplement
    assert not Seen(sent, CASE, BIN).wants_supplement


def test_state_never_moves_back() -> None:
    """A late report of delivery does not reopen an answered request."""
    assert GRANTED.moved(State.ACCEPTED).state is State.COMPLETED


@pytest.mark.parametrize("width", [80, 160])
def test_table_shows_all_applications(width: int) -> None:
    """Wide or narrow, the table has a row for each application, the services in both languages, and no raw markup."""
    text = StringIO()
    view = View(Console(file=text, width=width), SCENARIOS)
    view.show([Seen(GRANTED, CASE, BIN), *[None] * (len(SCENARIOS) - 1)])
    view.console.print(view.table())
    shown = text.getvalue()
    assert "2026-00000001-1" in shown
    assert "Тұрғын үй көмегін тағайындау" in shown
    assert "Назначение жилищной помощи" in shown
    assert all(f"{number}" in shown for number in range(1, len(SCENARIOS) + 1))


def test_lines_tell_each_step_once() -> None:
    """Without a terminal, each step is told once, with number and last day."""
    text = StringIO()
    view = View(Console(file=text, width=200), SCENARIOS[:1])
    for request, case in ((SENT, None), (GRANTED, CASE), (GRANTED, CASE)):
        view.show([Seen(request, case, BIN)])
    assert text.getvalue().count("delivered") == 1
    assert "2026-00000001-1 · by 2026-03-16" in text.getvalue()
