"""A sandbox and a gateway process beside it, on one folder."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlparse

import aiohttp

from gateway.sandbox.cabinet import Request, State
from gateway.sandbox.order import Document, Order
from gateway.sandbox.rules import Office, Pace
from gateway.sandbox.world import Options, World

HOUSING = "kostanay.housing-assistance"
SCHOOLING = "kostanay.home-schooling-costs"
CATEGORIES = "kostanay.categories-social-assistance"
_QUICK = Pace(timedelta(seconds=0.05), timedelta(seconds=0.1), timedelta(seconds=20))
PACKAGE = (Document(kind="package", name="package.pdf"),)
FORMS: dict[str, dict[str, object]] = {
    HOUSING: {"dwellingAddress": "Қостанай, Үлгі көшесі, 1"},
    SCHOOLING: {"child": {"surname": "Сейітов", "givenName": "Әлихан", "birthDate": "2015-05-05"}},
    CATEGORIES: {"category": "disability"},
}


def order(service: str = HOUSING, **changes: object) -> Order:
    """Return a complete order with a package of documents, with what `changes` says otherwise."""
    values: dict[str, object] = {"service": service, "form": FORMS.get(service, {}), "documents": PACKAGE}
    return Order(**(values | changes))


@dataclass
class GatewayProcess:
    """`qaqpa serve` as an operator runs it."""

    settings: Path
    log: Path
    process: asyncio.subprocess.Process | None = None
    environment: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    """Of `qaqpa serve`."""
    program: str = "gateway.cli"
    """The module that is `qaqpa`."""

    async def start(self, url: str) -> None:
        """Start it and wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self.program, "serve", "--settings", str(self.settings), *self.options),
                stdout=log,
                stderr=log,
                env=os.environ | self.environment,
            )
        try:
            async with asyncio.timeout(60), aiohttp.ClientSession() as session:
                while not await _is_ready(session, url):
                    assert self.process.returncode is None, self.log.read_text()[-4000:]
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(self.log.read_text()[-4000:]) from None

    async def kill(self) -> None:
        """SIGKILL: no chance to clean up."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and wait."""
        if self.process is None or self.process.returncode is not None:
            return -1
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            return await self.process.wait()


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/health/ready") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


@dataclass
class Together:
    """A sandbox and its gateway."""

    world: World
    gateway: GatewayProcess

    @property
    def url(self) -> str:
        return self.world.plan.gateway_url

    async def until(self, number: str, condition: Callable[[Request], bool], seconds: float = 30) -> Request:
        """Wait until a request in the cabinet is as wanted; return it."""
        try:
            async with asyncio.timeout(seconds):
                while not condition(self.world.portal.cabinet.get(number)):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log = self.gateway.log.read_text()[-3000:]
            raise AssertionError(f"{self.world.portal.cabinet.get(number)}\n{log}") from None
        return self.world.portal.cabinet.get(number)

    async def completed(self, number: str, seconds: float = 30) -> Request:
        """Wait for the answer in the cabinet."""
        return await self.until(number, lambda request: request.state is State.COMPLETED, seconds)

    async def qaqpa(self, *words: str, status: int = 0) -> str:
        """Run the `qaqpa` command with the gateway's settings; return what it prints. It must end with `status`."""
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.cli", *words, "--settings", str(self.gateway.settings)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await program.communicate())[0].decode()
        assert program.returncode == status, output
        return output

    async def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as response:
            lines = (await response.text()).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def log_lines(self) -> list[dict[str, object]]:
        """Return the gateway's log; every line of it is JSON."""
        return [json.loads(line) for line in self.gateway.log.read_text().splitlines()]


@asynccontextmanager
async def together(folder: Path, more_settings: str = "", **options: object) -> AsyncIterator[Together]:
    """Start both, the gateway with `more_settings` at the end of its TOML file; stop both."""
    quick: dict[str, object] = {"office": Office(pace=_QUICK)}
    world = await World.start(folder, options=Options(**(quick | options)))  # type: ignore[arg-type]
    settings = world.settings_file()
    settings.write_text(settings.read_text() + more_settings)
    gateway = GatewayProcess(settings, folder / "gateway.log")
    try:
        assert urlparse(world.plan.gateway_url).hostname == "127.0.0.1"
        await gateway.start(world.plan.gateway_url)
        yield Together(world, gateway)
    finally:
        await gateway.stop()
        await world.stop()
