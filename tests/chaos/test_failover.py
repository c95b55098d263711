"""The database server dies for good: its synchronous standby takes over, and nothing acknowledged is missing."""

import asyncio
from pathlib import Path

import pytest

from gateway.sandbox.identities import CITIZENS
from tests.support.pair import pair
from tests.support.world import CATEGORIES, HOUSING, SCHOOLING, order, together

_APPLICATIONS = 21
_BEFORE = 8
"""So many are acknowledged when the primary dies; the rest is under way or still to come."""


@pytest.mark.timeout(240)
async def test_a_standby_takes_over_with_everything_that_was_acknowledged(tmp_path: Path) -> None:
    """After kill -9 of the primary and the standby's promotion every application ends with exactly one result."""
    people = [citizen.slug for index, citizen in enumerate(CITIZENS) if index != 3]
    with pair() as servers:
        settings = f'\n[database]\nurl = "{servers.url}"\n'
        async with together(tmp_path, settings) as both:
            acknowledged: list[str] = []

            async def apply(index: int) -> None:
                service = (HOUSING, SCHOOLING, CATEGORIES)[index % 3]
                filled = order(service, citizen=people[index // 3])
                acknowledged.append((await both.world.portal.apply(filled)).number)

            async def apply_all() -> None:
                for index in range(_APPLICATIONS):
                    await apply(index)

            applying = asyncio.create_task(apply_all())
            async with asyncio.timeout(60):
                while len(acknowledged) < _BEFORE:
                    await asyncio.sleep(0.01)
            await asyncio.to_thread(servers.fail_over)
            await applying
            for number in acknowledged:
                request = await both.completed(number, seconds=90)
                assert (request.responses, request.surplus_responses) == (1, 0)
            cases = {both.world.portal.cabinet.get(number).case_number for number in acknowledged}
            assert len(cases) == _APPLICATIONS
            assert "all promises hold" in await both.qaqpa("doctor")
