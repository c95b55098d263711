"""kill -9 of the gateway, again and again: nothing accepted is lost, nothing is delivered twice."""

import asyncio
import random
from pathlib import Path

import pytest

from gateway.sandbox.identities import CITIZENS
from tests.support.world import CATEGORIES, HOUSING, SCHOOLING, order, together

_APPLICATIONS = 21
_KILLS = 5


@pytest.mark.timeout(240)
async def test_a_killed_gateway_loses_nothing_and_delivers_nothing_twice(tmp_path: Path) -> None:
    """Every application ends with exactly one result in its cabinet, however often the gateway dies on the way."""
    chance = random.Random(20261122)  # noqa: S311  moments to kill at, not a secret
    people = [citizen.slug for index, citizen in enumerate(CITIZENS) if index != 3]
    async with together(tmp_path) as both:

        async def apply_all() -> list[str]:
            numbers = []
            for index in range(_APPLICATIONS):
                service = (HOUSING, SCHOOLING, CATEGORIES)[index % 3]
                placed = await both.world.portal.apply(order(service, citizen=people[index // 3]))
                numbers.append(placed.number)
                await asyncio.sleep(0.1)
            return numbers

        applying = asyncio.create_task(apply_all())
        for _ in range(_KILLS):
            await asyncio.sleep(chance.uniform(0.2, 1.2))
            await both.gateway.kill()
            await both.gateway.start(both.url)
        numbers = await applying
        for number in numbers:
            request = await both.completed(number, seconds=90)
            assert (request.responses, request.surplus_responses) == (1, 0)
            assert request.result is not None
            assert (request.result.outcome, request.result.verdict) == ("positive", "VALID")
        cases = {both.world.portal.cabinet.get(number).case_number for number in numbers}
        assert len(cases) == _APPLICATIONS
        assert "all promises hold" in await both.qaqpa("doctor")
