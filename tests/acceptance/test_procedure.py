"""The act's procedure between real processes: what a provider's system says over SOAP, in the citizen's cabinet."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from gateway.sandbox.rules import Action, Condition, Office, Rule, Script, Step, Turn
from tests.support.world import CATEGORIES, SCHOOLING, Together, order, together

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LOST = Rule(when=Condition(), then=Action.APPROVE, kk="құжаттар жоғалған", ru="документы утеряны")


def _turn(seconds: float, step: Step, **more: object) -> Turn:
    return Turn(after=timedelta(seconds=seconds), step=step, **more)


SCRIPTS = (
    Script(
        when=Condition(service=SCHOOLING),
        turns=(
            _turn(0, Step.REGISTERED, at="1"),
            _turn(1, Step.IN_PROGRESS, at="2"),
            _turn(2, Step.IN_PROGRESS, at="3"),
            _turn(3, Step.IN_PROGRESS, at="4", extension=True, rule=_LOST),
            _turn(6, Step.DECIDED),
        ),
    ),
    Script(
        when=Condition(service=CATEGORIES),
        turns=(
            _turn(0, Step.REGISTERED, at="1"),
            _turn(1, Step.IN_PROGRESS, at="3", extension=True, rule=_LOST),
            _turn(4, Step.DECIDED),
        ),
    ),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Together]:
    async with together(tmp_path_factory.mktemp("procedure"), office=Office(scripts=SCRIPTS)) as started:
        yield started


async def test_the_citizen_reads_the_acts_steps(both: Together) -> None:
    """Each finished step is in the cabinet, in the act's words; what it does not have is not, and stops nothing."""
    placed = await both.world.portal.apply(order(SCHOOLING))
    request = await both.completed(placed.number)
    texts = [message.text.ru for message in request.messages]
    assert any("пройден этап: резолюция руководителя" in text for text in texts)
    assert not any("продлён" in text for text in texts)
    assert request.result is not None
    assert request.result.outcome == "positive"
    assert request.case_number is not None
    shown = await both.qaqpa("case", "show", request.case_number)
    assert "ReportRefused" in shown
    assert "provider.extension" in shown
    assert "chancellery" in shown
    assert "evidence: whole" in shown
    assert await both.metric("qaqpa_refused_reports_total") == 1


async def test_the_citizen_reads_the_new_day_and_why(both: Together) -> None:
    """Where the act extends the term, the cabinet has the reason and a later day than the one first promised."""
    placed = await both.world.portal.apply(order(CATEGORIES))
    request = await both.completed(placed.number)
    days = {message.status: message.deadline for message in request.messages}
    assert days["registered"] is not None
    assert days["extended"] is not None
    assert days["extended"] > days["registered"]
    (extended,) = [message for message in request.messages if message.status == "extended"]
    assert "документы утеряны" in extended.text.ru
    assert "құжаттар жоғалған" in extended.text.kk
