"""An application whose signature a second verifier must agree with, from end to end between real processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.sandbox.cabinet import State
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.world import World
from tests.support import ncanode
from tests.support.ncanode import NcaNodeServer
from tests.support.world import GatewayProcess, Together, order


@asynccontextmanager
async def _started(folder: Path, server: NcaNodeServer) -> AsyncIterator[Together]:
    """Start a sandbox and a gateway that asks `server` besides."""
    world = await World.start(folder)
    gateway = GatewayProcess(
        world.settings_file(), folder / "gateway.log", environment={"QAQPA_NCANODE__URL": server.url}
    )
    try:
        await gateway.start(world.plan.gateway_url)
        yield Together(world, gateway)
    finally:
        await gateway.stop()
        await world.stop()


async def test_an_application_waits_for_agreement(tmp_path: Path) -> None:
    """While NCANode cannot tell, the citizen's certificate is being checked; when it agrees, the case goes on.

    And whom it refuses is refused, although our own verdict is VALID.
    """
    async with ncanode.ncanode() as server, _started(tmp_path, server) as both:
        server.ocsp_fails = True
        placed = await both.world.portal.apply(order(citizen=CITIZENS[0].slug))
        waiting = await both.until(placed.number, lambda request: bool(request.messages))
        assert waiting.messages[0].status == "being_checked"
        server.ocsp_fails = False
        done = await both.completed(placed.number, seconds=60)
        assert [message.status for message in done.messages][:2] == ["being_checked", "registered"]
        assert done.state is State.COMPLETED
        asked = len(server.asked)
        server.revoked = True
        placed = await both.world.portal.apply(order(citizen=CITIZENS[1].slug))
        rejected = await both.until(placed.number, lambda request: bool(request.messages))
        assert rejected.messages[0].status == "rejected"
        assert rejected.messages[0].codes == ("applicant.certificate.revoked",)
        assert len(server.asked) > asked
        assert await both.metric("qaqpa_second_opinions_total") >= 4
