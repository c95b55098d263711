"""The verdict: each way in which a promise may be broken is seen, and nothing else is."""

from dataclasses import replace

import pytest

from tests.chaos.verdict import Arrival, CaseFacts, Fate, Story, Wrong, judge, repeats

CASE = CaseFacts("2026-1", "confirmed", "positive", has_task=False)
TOLD = Arrival(1, "NOTIFICATION")
ANSWER = Arrival(2, "RESPONSE", repeats=3)
KEPT = Story(
    number="1",
    expected="positive",
    fate=Fate.ACKNOWLEDGED,
    cases=(CASE,),
    arrivals=(TOLD, ANSWER),
    shown=("positive",),
    handed_over=1,
)
REFUSED = Story("2", "fault", Fate.REFUSED, cases=(), arrivals=())


@pytest.mark.parametrize(
    ("story", "wrong"),
    [
        (replace(KEPT, cases=()), Wrong.LOST),
        (replace(KEPT, arrivals=(TOLD,)), Wrong.LOST),
        (replace(KEPT, shown=()), Wrong.LOST),
        (replace(KEPT, cases=(replace(CASE, state="issued"),)), Wrong.LOST),
        (replace(KEPT, cases=(CASE, CASE)), Wrong.DOUBLE),
        (replace(KEPT, arrivals=(TOLD, ANSWER, Arrival(3, "RESPONSE"))), Wrong.DOUBLE),
        (replace(KEPT, shown=("positive", "surplus")), Wrong.DOUBLE),
        (replace(KEPT, handed_over=2), Wrong.DOUBLE),
        (replace(KEPT, cases=(replace(CASE, state="issued", has_task=True),)), Wrong.STUCK),
        (replace(KEPT, fate=Fate.UNDER_WAY), Wrong.STUCK),
        (replace(KEPT, expected="refused"), Wrong.OUTCOME),
        (replace(KEPT, fate=Fate.REFUSED), Wrong.GHOST),
        (replace(REFUSED, handed_over=1), Wrong.GHOST),
        (replace(REFUSED, expected="positive"), Wrong.OUTCOME),
        (replace(KEPT, arrivals=(Arrival(3, "NOTIFICATION"), ANSWER)), Wrong.ORDER),
        (replace(KEPT, receipts=2), Wrong.RECEIPT),
    ],
)
def test_what_is_wrong_is_seen(story: Story, wrong: Wrong) -> None:
    """One deviation from a story without fault is named, and the verdict is not clean."""
    verdict = judge([KEPT, story, REFUSED])
    assert story.number in verdict.wrong[wrong]
    assert not verdict.clean


def test_a_run_without_fault_is_clean() -> None:
    """Repeats that a receiver drops by their id are counted, and are nothing wrong."""
    verdict = judge([KEPT, REFUSED])
    assert verdict.clean
    assert verdict.line(7) == "2 applications, 7 kills: lost 0, double 0"
    assert repeats([KEPT, REFUSED]) == {"NOTIFICATION": 0, "RESPONSE": 3}


def test_the_last_line_tells_what_else_is_wrong() -> None:
    """Lost and double always stand there; the others when there are any."""
    verdict = judge([replace(KEPT, cases=()), replace(KEPT, receipts=2)], ["an orphan"])
    assert verdict.line(0) == "2 applications, 0 kills: lost 1, double 0, receipts differ 1, promises broken 1"
    assert not verdict.clean
