"""An installation without an inbound endpoint: two processes fetch from ShEP, one of them is killed again and again."""

import asyncio
import random
import socket
from pathlib import Path

import pytest

from gateway.sandbox.cabinet import State
from gateway.sandbox.identities import CITIZENS
from tests.support.world import CATEGORIES, HOUSING, SCHOOLING, GatewayProcess, order, together

_APPLICATIONS = 15
_KILLS = 4


@pytest.mark.timeout(240)
async def test_what_is_fetched_ends_in_the_cabinet_once_whoever_dies(tmp_path: Path) -> None:
    """Applications come by getMessages only; every one ends with one result, whichever process is killed and when."""
    chance = random.Random(20261123)  # noqa: S311  moments to kill at, not a secret
    people = [citizen.slug for index, citizen in enumerate(CITIZENS) if index != 3]
    async with together(tmp_path, gateway_pulls=True) as both:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        second = GatewayProcess(both.gateway.settings, tmp_path / "second.log")
        second.environment = {"QAQPA_HTTP__PORT": str(port)}
        await second.start(f"http://127.0.0.1:{port}")

        async def apply_all() -> list[str]:
            numbers = []
            for index in range(_APPLICATIONS):
                service = (HOUSING, SCHOOLING, CATEGORIES)[index % 3]
                numbers.append((await both.world.portal.apply(order(service, citizen=people[index // 3]))).number)
                await asyncio.sleep(0.1)
            return numbers

        try:
            applying = asyncio.create_task(apply_all())
            for _ in range(_KILLS):
                await asyncio.sleep(chance.uniform(0.2, 1.2))
                await second.kill()
                await second.start(f"http://127.0.0.1:{port}")
            for number in await applying:
                request = await both.completed(number, seconds=90)
                assert (request.responses, request.surplus_responses) == (1, 0)
                assert request.result is not None
                assert (request.result.outcome, request.result.verdict) == ("positive", "VALID")
            refused = await both.world.portal.apply(order(tamper=True, citizen=people[6]))
            told = await both.until(refused.number, lambda one: one.state is State.TECH_ERROR)
            assert told.fault is not None
            assert told.fault.code == "SCE016"
        finally:
            await second.stop()
        assert "all promises hold" in await both.qaqpa("doctor")
        assert both.world.shep.journal.counts().get("REQUEST.DELIVERED") == _APPLICATIONS
