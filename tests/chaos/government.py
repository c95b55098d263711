"""A part of the sandbox as a program of its own: `python -m tests.chaos.government PART FOLDER GATEWAY_URL`."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from gateway.sandbox.courier import Persistence
from gateway.sandbox.keeper import python
from gateway.sandbox.plan import Plan
from gateway.sandbox.rules import Office, Pace
from gateway.sandbox.world import Options, Part, World

_PERSISTENCE = Persistence(give_up_after=3600, first_wait=0.1, longest_wait=1, attempt_limit=5, at_once=32)
_PACE = Pace(take_up=timedelta(seconds=0.2), decide=timedelta(seconds=1), patience=timedelta(hours=2))


def options(part: Part) -> Options:
    """Return how a part behaves: ShEP repeats until it has a receipt, the provider decides within a second."""
    return Options(parts=frozenset({part}), persistence=_PERSISTENCE, office=Office(pace=_PACE))


def program(part: Part, folder: Path, gateway_url: str) -> Sequence[str]:
    """Return the command that runs a part."""
    return python("-m", "tests.chaos.government", part, folder, gateway_url)


def asked_at(part: Part, plan: Plan) -> str:
    """Return the URL that answers 200 when ShEP or the provider is at work: nothing that grows with the cases."""
    return {Part.SHEP: f"{plan.shep_url}/shep/counts", Part.PROVIDER: f"{plan.provider_url}/provider/provider.xsd"}[
        part
    ]


async def _run(part: Part, folder: Path, gateway_url: str) -> None:
    world = await World.start(folder, gateway_url=gateway_url, options=options(part))
    try:
        await asyncio.Event().wait()
    finally:
        await world.stop()


if __name__ == "__main__":
    asyncio.run(_run(Part(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
