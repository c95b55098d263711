"""What a case in its state waits for."""

from dataclasses import replace

import pytest

from gateway.cases import machine
from gateway.cases.inbound import Mode
from gateway.cases.mending import Mended, next_steps
from gateway.cases.model import OPEN, State, TaskKind
from tests.support.cases import AT, new_case


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("mode", Mode)
def test_whatever_is_not_finished_has_a_next_step(state: State, mode: Mode) -> None:
    """Only a finished case has none, and a decided one at a counter, which waits for the applicant."""
    steps = next_steps(replace(new_case(), state=state, mode=mode))
    waits = state is State.CONFIRMED or (mode is Mode.COUNTER and state not in OPEN)
    assert bool(steps) is not waits


@pytest.mark.parametrize("state", [State.IN_PROCESS, State.SUSPENDED])
def test_what_the_citizen_completed_still_goes_to_the_provider(state: State) -> None:
    """Whether the term runs or stands still: an addition that was accepted is handed over."""
    steps = next_steps(replace(new_case(), state=state, stage=None))
    assert TaskKind.SUPPLEMENT in steps
    assert (TaskKind.WATCH in steps) is (state is State.IN_PROCESS)


def test_what_has_moved_on_is_left_alone() -> None:
    """A case that changed since it was found is not touched: the change may have brought the task."""
    case = replace(new_case(), state=State.IN_PROCESS, stage="in_progress", seq=3)
    assert machine.advance(case, Mended(AT, 2, waiting=False)) is None
    change = machine.advance(case, Mended(AT, 3, waiting=True))
    assert change is not None
    assert [task.kind.value for task in change.tasks] == ["deliver"]
