"""The sandbox as a process of its own: `qaqpa sandbox`, or `python -m gateway.sandbox FOLDER`."""

import asyncio
import json
import signal
import sys
from pathlib import Path

from gateway.sandbox.plan import Ports
from gateway.sandbox.world import World

BANNER = (
    "Qaqpa sandbox: a pretended e-government for demos and tests. Never use it, its keys or its answers in production."
)


def sandbox_main(folder: Path, *, ports: Ports | None = None, gateway_url: str | None = None) -> int:
    """Run the sandbox until SIGINT or SIGTERM; return the exit code.

    Args:
        folder: what it keeps; made when missing.
        ports: TCP ports; default: free ones, chosen once per folder.
        gateway_url: where the gateway is; default: where the folder's `gateway/gateway.toml` puts it.
    """
    sys.stderr.write(f"{BANNER}\n")
    try:
        asyncio.run(_run(folder, ports, gateway_url))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"qaqpa sandbox: {error}\n")
        return 1
    return 0


async def _run(folder: Path, ports: Ports | None, gateway_url: str | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    world = await World.start(folder, ports=ports, gateway_url=gateway_url)
    try:
        sys.stdout.write(json.dumps({"event": "sandbox.ready", **_places(world)}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await world.stop()


def _places(world: World) -> dict[str, str]:
    plan = world.plan
    return {
        "shep": f"{plan.shep_url}/bip-async",
        "applications": f"{plan.portal_url}/applications",
        "cabinet": f"{plan.portal_url}/cabinet",
        "provider": f"{plan.provider_url}/provider/cases.json",
        "nca": f"{plan.shep_url}/nca",
        "nca_orders": f"{plan.shep_url}/control/nca",
        "gateway_settings": str(world.settings_file()),
    }
