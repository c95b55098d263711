"""The messages of docs/integrator.md are what sandbox and gateway send each other today."""

import asyncio
from collections.abc import Callable

import pytest

from gateway.sandbox.walkthrough import __main__ as walkthrough


@pytest.mark.timeout(150)
async def test_the_integrators_page_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    """One application is played again; every message on the page is the one that was sent."""
    check: Callable[[list[str]], int] = walkthrough.main
    assert await asyncio.to_thread(check, ["--check"]) == 0, capsys.readouterr().err
