"""The state machine of a case."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cases import machine
from gateway.cases.cabinet import MessageKind
from gateway.cases.change import Change, IllegalTransition
from gateway.cases.course import EndedOrally, Extended, ProviderAnswered, ReportRefused, Resumed, StepEnding
from gateway.cases.evidence import first_broken
from gateway.cases.followup import Completed, DutyMet, DutyMissed, DutyNear, Terminated
from gateway.cases.inbound import Mode
from gateway.cases.model import Case, Duty, DutyKind, Ending, Lateness, State, StepStand, TaskKind
from gateway.cases.notice import Status
from gateway.cases.provider import Decision, Outcome, ProviderStatus, Stage
from gateway.catalogue.channel import Channel
from gateway.catalogue.findings import Finding
from gateway.catalogue.procedure import Course
from gateway.texts import Text

REPORTED = [stage for stage in Stage if stage not in {Stage.ENDED_ORALLY, Stage.TERMINATED, Stage.COMPLETED}]
"""The stages that have no event of their own."""
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FINDING = Finding("applicant.form", Text("kk", "ru"), "applicant/phone")


def new_case(mode: Mode = Mode.ASYNC) -> Case:
    return Case(
        id=UUID(int=99),
        service_id="kostanay.housing-assistance",
        shep_service_id="HOUSING",
        sender_id="pep",
        channel=Channel.PORTAL,
        mode=mode,
        correlation_id="3382552",
        route_id=None,
        request_number="10109000000001",
        language="kk",
        applicant_key=b"key",
        signer_key=b"key",
        state=State.AWAITING_VERIFICATION,
        received_at=AT,
    )


REGISTERED = machine.Registered(AT, "2026-00000001-0", AT + timedelta(days=14))
REJECTED = machine.Rejected(AT, (FINDING,))
DELAYED = machine.VerificationDelayed(AT)
DECIDED = machine.Decided(AT, Decision(Outcome.POSITIVE, AT, b"<result/>", "result.xml"))
SENT = machine.Sent(AT, final=True)
CONFIRMED = machine.Confirmed(AT)


def test_every_event_has_its_transition() -> None:
    """No kind of event is forgotten."""
    assert set(machine._TRANSITIONS) == set(get_args(machine.Event))  # noqa: SLF001  the table itself is looked at


def answered(stage: Stage) -> ProviderAnswered:
    return ProviderAnswered(AT, ProviderStatus(stage, AT))


def live(*events: machine.Event, case: Case | None = None) -> tuple[Case, list[Change]]:
    first, *rest = events
    assert isinstance(first, machine.Registered | machine.Rejected | machine.VerificationDelayed)
    changes = [machine.open_case(case or new_case(), first)]
    for event in rest:
        change = machine.advance(changes[-1].case, event)
        if change is not None:
            changes.append(change)
    return changes[-1].case, changes


def kinds(change: Change) -> set[TaskKind]:
    return {task.kind for task in change.tasks}


def test_the_seven_steps_of_the_kostanay_act() -> None:
    """A portal application is registered, its term told, decided, its result issued and confirmed, in this order."""
    case, changes = live(
        REGISTERED,
        answered(Stage.REGISTERED),
        answered(Stage.DOCUMENTS_NEEDED),
        machine.Supplemented(AT),
        answered(Stage.IN_PROGRESS),
        DECIDED,
        SENT,
        CONFIRMED,
    )
    assert [change.case.state for change in changes] == [
        State.REGISTERED,
        State.IN_PROCESS,
        State.AWAITING_DOCUMENTS,
        State.IN_PROCESS,
        State.IN_PROCESS,
        State.DECIDED,
        State.ISSUED,
        State.CONFIRMED,
    ]
    assert [change.notice.status for change in changes if change.notice] == [
        Status.REGISTERED,
        Status.IN_PROGRESS,
        Status.DOCUMENTS_NEEDED,
        Status.IN_PROGRESS,
        Status.DECIDED,
    ]
    assert case.ending is Ending.POSITIVE
    assert first_broken(change.entry for change in changes) is None


def test_registration_tells_number_and_term_and_goes_to_the_provider() -> None:
    """Registering notifies the cabinet and hands the case to the provider."""
    case, (change,) = live(REGISTERED)
    assert (case.number, case.deadline) == (REGISTERED.number, REGISTERED.deadline)
    assert kinds(change) == {TaskKind.SUBMIT, TaskKind.DELIVER, TaskKind.WATCH}
    assert change.notice is not None
    assert change.notice.kind is MessageKind.NOTIFICATION


def test_a_rejection_is_answered_with_every_finding() -> None:
    """A rejected application gets its RESPONSE; the provider never sees it."""
    case, (change,) = live(REJECTED)
    assert (case.state, case.ending, case.number) == (State.REJECTED, Ending.REJECTED, None)
    assert kinds(change) == {TaskKind.DELIVER}
    assert change.notice is not None
    assert (change.notice.kind, change.notice.findings) == (MessageKind.RESPONSE, (FINDING,))


def test_a_delayed_verification_ends_in_registration_or_rejection() -> None:
    """While revocation cannot be asked the case waits, is told so, and is decided later."""
    case, changes = live(DELAYED, REGISTERED)
    assert case.state is State.REGISTERED
    assert kinds(changes[0]) == {TaskKind.VERIFY, TaskKind.DELIVER}
    assert live(DELAYED, REJECTED)[0].state is State.REJECTED


def test_on_the_sync_channel_the_reply_is_the_notice() -> None:
    """What the reply has told is not sent again; a rejection told in the reply is final."""
    registered, (change,) = live(REGISTERED, case=new_case(Mode.SYNC))
    assert (registered.state, change.notice, kinds(change)) == (
        State.REGISTERED,
        None,
        {TaskKind.SUBMIT, TaskKind.WATCH},
    )
    rejected, (change,) = live(REJECTED, case=new_case(Mode.SYNC))
    assert (rejected.state, rejected.ending, change.notice, change.tasks) == (
        State.CONFIRMED,
        Ending.REJECTED,
        None,
        (),
    )


def test_a_repeated_answer_of_the_provider_changes_nothing() -> None:
    """The same stage twice is one event and one notice."""
    case, _ = live(REGISTERED, answered(Stage.IN_PROGRESS))
    assert machine.advance(case, answered(Stage.IN_PROGRESS)) is None


def test_a_second_decision_changes_nothing() -> None:
    """There is one result per case, whatever the provider says later."""
    for events in ((REGISTERED, DECIDED), (REGISTERED, DECIDED, SENT), (REGISTERED, DECIDED, SENT, CONFIRMED)):
        case, _ = live(*events)
        refused = machine.Decided(AT, Decision(Outcome.REFUSED, AT, b"<other/>", "result.xml"))
        assert machine.advance(case, refused) is None
        assert machine.advance(case, answered(Stage.DOCUMENTS_NEEDED)) is None


def test_a_repeated_sending_and_confirmation_change_nothing() -> None:
    """The answer is issued once and confirmed once; sending it again is recorded and changes nothing else."""
    case, _ = live(REGISTERED, DECIDED, SENT)
    again = machine.advance(case, SENT)
    assert again is not None
    assert (again.case.state, again.notice) == (State.ISSUED, None)
    case, _ = live(REGISTERED, DECIDED, SENT, CONFIRMED)
    assert machine.advance(case, SENT) is None
    assert machine.advance(case, CONFIRMED) is None


def test_a_confirmation_may_overtake_our_own_record_of_sending() -> None:
    """ShEP's confirmation can arrive before its receipt was recorded."""
    assert live(REGISTERED, DECIDED, CONFIRMED)[0].state is State.CONFIRMED


def test_documents_needed_carry_what_and_until_when() -> None:
    """The citizen learns which documents and until which day."""
    status = ProviderStatus(
        Stage.DOCUMENTS_NEEDED, AT, documents=(Text("анықтама", "справка"),), until=date(2026, 3, 10)
    )
    case, _ = live(REGISTERED)
    change = machine.advance(case, ProviderAnswered(AT, status))
    assert change is not None
    assert change.notice is not None
    assert (change.notice.documents, change.notice.until) == (status.documents, status.until)


def test_the_citizen_is_told_once_that_the_application_is_looked_at() -> None:
    """The provider's system took it, then works on it: two stages, one notice; after an addition it is news again."""
    working = (answered(Stage.REGISTERED), answered(Stage.IN_PROGRESS))
    case, changes = live(REGISTERED, *working, machine.Supplemented(AT), answered(Stage.IN_PROGRESS))
    told = [change.notice.status for change in changes if change.notice]
    assert told == [Status.REGISTERED, Status.IN_PROGRESS, Status.IN_PROGRESS]
    assert kinds(changes[2]) == {TaskKind.POLL}
    assert case.state is State.IN_PROCESS


def test_a_late_answer_is_told_once() -> None:
    """Near its end the term is only noted; when it has ended the citizen gets one apology; decided is never late."""
    near, late = machine.TermEnding(AT, Lateness.NEAR), machine.TermEnding(AT, Lateness.LATE)
    case, changes = live(REGISTERED, near, near, late, late, near)
    assert [change.notice.status for change in changes if change.notice] == [Status.REGISTERED, Status.OVERDUE]
    assert case.lateness is Lateness.LATE
    assert machine.advance(live(REGISTERED, DECIDED)[0], late) is None


def test_whoever_owes_documents_is_not_told_that_nothing_is_required() -> None:
    """The apology for a late answer names what is still awaited of the citizen, and promises no day without it."""
    late = machine.TermEnding(AT, Lateness.LATE, date(2026, 3, 20))
    change = machine.advance(live(REGISTERED, answered(Stage.DOCUMENTS_NEEDED))[0], late)
    assert change is not None
    assert change.notice is not None
    assert (change.notice.status, change.notice.until) == (Status.OVERDUE_INCOMPLETE, None)


def test_the_term_is_watched_from_when_it_is_nearly_over() -> None:
    """The watch is due when the term comes near its end."""
    near = AT + timedelta(days=12)
    _, (change,) = live(replace(REGISTERED, near=near))
    (watch,) = [task for task in change.tasks if task.kind is TaskKind.WATCH]
    assert timedelta(seconds=watch.delay_seconds) == near - AT


@pytest.mark.parametrize(
    ("events", "illegal"),
    [
        ((REGISTERED,), REGISTERED),
        ((REGISTERED,), REJECTED),
        ((REGISTERED,), DELAYED),
        ((REGISTERED,), SENT),
        ((REGISTERED,), CONFIRMED),
        ((REJECTED,), DECIDED),
        ((DELAYED,), DECIDED),
        ((DELAYED,), machine.Supplemented(AT)),
        ((REGISTERED, DECIDED), machine.Supplemented(AT)),
    ],
)
def test_what_cannot_happen_is_refused(events: tuple[machine.Event, ...], illegal: machine.Event) -> None:
    """An event that cannot happen in a state is an error, never repaired silently."""
    case, _ = live(*events)
    with pytest.raises(IllegalTransition):
        machine.advance(case, illegal)


MOMENTS = [AT + timedelta(days=days) for days in (0, 1, 20, 90)]
DUTY = Duty(DutyKind.CHECK_IN, AT, AT + timedelta(days=10))
STEP = StepStand(Course.MAIN, "2", "head", AT, AT + timedelta(days=1))
MOVES = (machine.Registered, Extended, Resumed)
"""The events that may set the deadline, and nothing else may."""

EVENTS = st.one_of(
    st.sampled_from(
        [
            REGISTERED,
            REJECTED,
            DELAYED,
            DECIDED,
            replace(DECIDED, duty=DUTY),
            SENT,
            CONFIRMED,
            machine.Sent(AT, final=False),
            machine.Returned(AT),
            machine.Supplemented(AT),
            machine.SupplementRejected(AT, (FINDING,)),
            EndedOrally(AT),
            Terminated(AT, Decision(Outcome.TERMINATED, AT, b"<ended/>", "ended.xml", FINDING.text)),
            Completed(AT),
            DutyMet(AT, replace(DUTY, since=AT + timedelta(days=9))),
        ]
    ),
    st.builds(machine.TermEnding, st.sampled_from(MOMENTS), st.sampled_from(Lateness)),
    st.builds(StepEnding, st.sampled_from(MOMENTS), st.sampled_from(Lateness)),
    st.builds(Extended, st.just(AT), st.sampled_from(MOMENTS), st.just(FINDING.text)),
    st.builds(Resumed, st.just(AT), st.sampled_from(MOMENTS), st.none()),
    st.builds(DutyNear, st.sampled_from(MOMENTS)),
    st.builds(DutyMissed, st.sampled_from(MOMENTS), st.just(DUTY)),
    st.builds(
        ProviderAnswered,
        st.just(AT),
        st.builds(ProviderStatus, st.sampled_from(REPORTED), st.just(AT), st.sampled_from([None, FINDING.text])),
        st.just(30.0),
        st.sampled_from([None, STEP]),
        st.sampled_from([None, FINDING.text]),
        st.just((FINDING.text,)),
    ),
    st.builds(ReportRefused, st.just(AT), st.builds(ProviderStatus, st.sampled_from(Stage), st.just(AT)), st.just("x")),
)


Opening = machine.Registered | machine.Rejected | machine.VerificationDelayed


def history(first: Opening, events: list[machine.Event], mode: Mode) -> tuple[list[Change], set[TaskKind]]:
    """Return what comes of events in any order, and the tasks that are left; what cannot happen is passed over."""
    changes = [machine.open_case(new_case(mode), first)]
    tasks = {task.kind for task in changes[0].tasks}
    for event in events:
        try:
            change = machine.advance(changes[-1].case, event)
        except IllegalTransition:
            continue
        if change is not None:
            changes.append(change)
            tasks = (tasks - set(change.done)) | {task.kind for task in change.tasks}
    return changes, tasks


OPENINGS = st.sampled_from([REGISTERED, REJECTED, DELAYED])


@given(OPENINGS, st.lists(EVENTS, max_size=14), st.sampled_from(Mode))
def test_whatever_happens_the_promises_hold(first: Opening, events: list[machine.Event], mode: Mode) -> None:
    """In any order of events: an unbroken chain, at most one answer, no live case without a next step."""
    changes, tasks = history(first, events, mode)
    case = changes[-1].case
    assert first_broken(change.entry for change in changes) is None
    answers = [change for change in changes if change.notice and change.notice.kind is MessageKind.RESPONSE]
    assert len(answers) <= 1
    assert [change.case.seq for change in changes] == list(range(1, len(changes) + 1))
    if case.state is State.CONFIRMED:
        assert case.ending is not None
        assert tasks <= {TaskKind.DELIVER, TaskKind.CONFIRM}
    elif mode is Mode.COUNTER and case.state is State.DECIDED:
        assert not answers  # it waits for the applicant to come to the counter
    else:
        assert tasks
    assert (case.state is State.SUSPENDED) <= case.progress.is_paused
    assert (case.state is State.FOLLOWED) <= (case.duty is not None)


@given(OPENINGS, st.lists(EVENTS, max_size=14))
def test_the_deadline_moves_by_an_event_of_its_own_only(first: Opening, events: list[machine.Event]) -> None:
    """Registration sets it, an extension and a resumption move it and tell the citizen the new day; nothing else."""
    changes, _ = history(first, events, Mode.ASYNC)
    for before, after in pairwise(changes):
        if before.case.deadline != after.case.deadline:
            assert after.entry.kind in {move.__name__ for move in MOVES}
            assert after.notice is not None
            assert after.notice.deadline == after.case.deadline


@given(st.lists(EVENTS, max_size=14))
def test_while_the_term_stands_still_nobody_is_late(events: list[machine.Event]) -> None:
    """A suspended case has no watch, is told no deadline, and gets no apology."""
    changes, _ = history(REGISTERED, events, Mode.ASYNC)
    for before, after in pairwise(changes):
        if before.case.state is State.SUSPENDED and after.case.state is State.SUSPENDED:
            assert TaskKind.WATCH not in kinds(after)
            assert after.entry.kind != machine.TermEnding.__name__
        if after.case.state is State.SUSPENDED and after.notice is not None:
            assert after.notice.deadline is None


def test_a_suspended_case_goes_on() -> None:
    """The citizen is told why it stands still, then the new day; the steps' time moves with it."""
    later = REGISTERED.deadline + timedelta(days=5)
    suspended = ProviderAnswered(AT, ProviderStatus(Stage.SUSPENDED, AT), step=STEP, grounds=(FINDING.text,))
    case, changes = live(REGISTERED, suspended, Resumed(AT + timedelta(days=5), later, STEP.due + timedelta(days=5)))
    assert [change.case.state for change in changes] == [State.REGISTERED, State.SUSPENDED, State.IN_PROCESS]
    assert TaskKind.WATCH in changes[1].done
    assert kinds(changes[2]) == {TaskKind.POLL, TaskKind.WATCH, TaskKind.DELIVER}
    assert case.deadline == later
    assert case.progress.step is not None
    assert case.progress.step.due == STEP.due + timedelta(days=5)


def test_a_grant_with_a_duty_is_followed_to_its_end() -> None:
    """Reminded once, met, missed, and ended by a decision of its own with the act's ground."""
    ended = Decision(Outcome.TERMINATED, AT, b"<ended/>", "ended.xml", FINDING.text)
    case, changes = live(
        REGISTERED,
        replace(DECIDED, duty=DUTY),
        SENT,
        CONFIRMED,
        DutyNear(AT),
        DutyNear(AT),
        DutyMet(AT, replace(DUTY, due=AT + timedelta(days=15))),
        DutyMissed(AT + timedelta(days=16), DUTY),
        Terminated(AT, ended),
        Terminated(AT, ended),
    )
    assert [change.entry.kind for change in changes[3:]] == [
        "Confirmed",
        "DutyNear",
        "DutyMet",
        "DutyMissed",
        "Terminated",
    ]
    assert changes[3].case.state is State.FOLLOWED
    assert (case.state, case.ending, case.duty) == (State.CONFIRMED, Ending.TERMINATED, None)
    last = changes[-1].notice
    assert last is not None
    assert (last.kind, last.status, last.ground) == (MessageKind.NOTIFICATION, Status.TERMINATED, FINDING.text)
