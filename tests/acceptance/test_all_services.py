"""All 22 services of the two acts, through every channel that their act gives."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from gateway.sandbox.all_services import run


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_service_goes_through_every_channel(tmp_path: Path) -> None:
    """42 rows: 3 through the portal, 13 through the PSC, 21 at the provider's counter, 5 at an akim's."""
    said = StringIO()
    assert await run(tmp_path, Console(file=said, width=200)) == 0, said.getvalue()
    assert said.getvalue().splitlines()[-1] == "42 of 42"
