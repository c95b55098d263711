"""Everybody who takes part, and the wires between them: two replicas, a worker, a database, ShEP, providers, a portal.

The portal runs in this process and is never killed: its cabinets are the witness. So are ShEP's journal and the
providers' registers, which lie in SQLite files that survive every kill.
"""

import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession

from gateway.sandbox.gateway_config import write_gateway_config
from gateway.sandbox.keeper import python
from gateway.sandbox.plan import Ports
from gateway.sandbox.world import Part, World
from gateway.shep.messages import Sender
from tests.chaos.disk import SmallDisk
from tests.chaos.government import asked_at, options, program
from tests.chaos.load import Copies
from tests.chaos.party import Party, Postgres, Program
from tests.support.faulty_proxy import FaultyProxy, Upstream, faulty_proxy

_LIMITS = {
    # What hangs is to be given up within seconds: the run lasts minutes, not days.
    "QAQPA_DATABASE__STATEMENT_SECONDS": "3",
    "QAQPA_SHEP__TIMEOUT_SECONDS": "5",
    "QAQPA_PROVIDERS__KOSTANAY__TIMEOUT_SECONDS": "5",
    "QAQPA_PROVIDERS__ASTANA__TIMEOUT_SECONDS": "5",
    "QAQPA_WORKER__STEP_SECONDS": "20",
    "QAQPA_WORKER__BACKOFF_INITIAL_SECONDS": "0.2",
    "QAQPA_WORKER__BACKOFF_MAX_SECONDS": "5",
    # Somebody is nearly always away: pauses that grow to half a minute would let hardly a call pass.
    "QAQPA_WORKER__BREAKER_PAUSE_SECONDS": "2",
}
_ROLES = {"replica A": ("serve",), "replica B": ("serve", "--no-worker"), "worker": ("worker",)}


@dataclass
class ChaosWorld:
    """All of them, started."""

    folder: Path
    portal: World
    database: Postgres
    disk: SmallDisk
    programs: dict[str, Program]
    wires: dict[str, FaultyProxy]
    copies: Copies

    @property
    def parties(self) -> dict[str, Party]:
        """Return who can be killed, by name."""
        return {**self.programs, self.database.name: self.database}

    @property
    def gateways(self) -> dict[str, Program]:
        """Return the processes of the gateway."""
        return {name: self.programs[name] for name in _ROLES}

    @property
    def settings(self) -> Path:
        """The settings file of the gateway; the rest stands in the environment of each process."""
        return self.folder / "gateway" / "gateway.toml"

    def environment(self) -> dict[str, str]:
        """Return the environment of a `qaqpa` command that reaches the database past everything that fails."""
        return os.environ | _LIMITS | {"QAQPA_DATABASE__URL": self.database.url}

    def relieve(self) -> None:
        """End everything that is made to fail."""
        for wire in self.wires.values():
            wire.heal()
        self.disk.empty()
        for name in _ROLES:
            clock_file(self.folder, name).unlink(missing_ok=True)
        for party in self.parties.values():
            party.thaw()

    async def ready(self) -> None:
        """Wait until everybody is at work. Raises TimeoutError."""
        for party in self.parties.values():
            await party.ready()


@asynccontextmanager
async def chaos_world(folder: Path) -> AsyncIterator[ChaosWorld]:
    """Start everybody on an empty folder; stop everybody."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        disk = SmallDisk(folder / "disk.img", folder / "disk")
        stack.push_async_callback(disk.unmount)
        await disk.mount()
        database = Postgres("PostgreSQL", disk.folder / "postgres")
        stack.push_async_callback(database.stop)
        await database.start()
        portal = await World.start(folder, options=options(Part.PORTAL))
        stack.push_async_callback(portal.stop)
        ports = dict(zip(_ROLES, _free_ports(len(_ROLES)), strict=True))
        wires = await _wires(stack, portal, database, ports)
        programs = _sandbox(portal, wires, session) | _gateway(portal, wires, session, ports)
        for program in programs.values():
            stack.push_async_callback(program.stop)
            program.start()
        for program in programs.values():
            await program.ready()
        yield ChaosWorld(folder, portal, database, disk, programs, wires, _copies(portal, ports, session))


async def _wires(
    stack: AsyncExitStack, portal: World, database: Postgres, ports: Mapping[str, int]
) -> dict[str, FaultyProxy]:
    """Start a proxy on every way that messages or statements take to or from the gateway."""
    plan = portal.plan.ports
    upstreams = {
        "gateway-database": [Upstream(socket=database.socket)],
        "gateway-ShEP": [Upstream(plan.shep)],
        "gateway-provider": [Upstream(plan.provider)],
        "load-gateway": [Upstream(ports[name]) for name, role in _ROLES.items() if role[0] == "serve"],
    }
    return {name: await stack.enter_async_context(faulty_proxy(*to)) for name, to in upstreams.items()}


def _sandbox(portal: World, wires: Mapping[str, FaultyProxy], session: ClientSession) -> dict[str, Program]:
    gateway = f"http://127.0.0.1:{wires['load-gateway'].port}"
    return {
        name: Program(
            name=name,
            command=program(part, portal.folder, gateway),
            log=portal.folder / f"{part}.log",
            asked_at=asked_at(part, portal.plan),
            session=session,
        )
        for name, part in {"ShEP": Part.SHEP, "provider": Part.PROVIDER}.items()
    }


def _gateway(
    portal: World, wires: Mapping[str, FaultyProxy], session: ClientSession, ports: Mapping[str, int]
) -> dict[str, Program]:
    behind = Ports(shep=wires["gateway-ShEP"].port, provider=wires["gateway-provider"].port)
    plan = portal.plan.model_copy(update={"ports": behind})
    settings = write_gateway_config(portal.folder / "gateway", plan, portal.authority)
    database = f"postgresql://qaqpa@127.0.0.1:{wires['gateway-database'].port}/qaqpa?sslmode=disable&gssencmode=disable"
    return {
        name: Program(
            name=name,
            command=python(
                "-m", "tests.chaos.skewed", clock_file(portal.folder, name), *_ROLES[name], "--settings", settings
            ),
            log=portal.folder / f"{name}.log",
            asked_at=f"http://127.0.0.1:{port}/health/ready",
            session=session,
            environment=_LIMITS
            | {
                "QAQPA_DATABASE__URL": database,
                "QAQPA_HTTP__PORT": str(port),
                "QAQPA_DATA_DIR": str(portal.folder / "gateway" / name),
            },
        )
        for name, port in ports.items()
    }


def _copies(portal: World, ports: Mapping[str, int], session: ClientSession) -> Copies:
    return Copies(
        urls=[f"http://127.0.0.1:{ports[name]}/shep/async" for name, role in _ROLES.items() if role[0] == "serve"],
        key=portal.authority.system("shep").key,
        sender=Sender("portal", portal.plan.passwords["portal"]),
        session=session,
    )


def clock_file(folder: Path, name: str) -> Path:
    """Return the file that says by how much the clock of a gateway process is wrong."""
    return folder / f"clock {name}"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        return [int(stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]) for _ in range(count)]
