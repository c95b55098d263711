"""Keeps a gateway running for the demo: starts it, sees when it dies, starts it again a bounded number of times."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

import gateway
from gateway.children import Child

MAX_RESTARTS = 5
STOP_SECONDS = 15.0
_READY_SECONDS = 90.0
_ASK_LIMIT = ClientTimeout(total=3)
_LOG_LINES = 12


class DemoFailed(Exception):  # noqa: N818  says what happened
    """The demo cannot go on. The text says why."""


def environment() -> Mapping[str, str]:
    """Return the environment for child processes: they find this very package, installed or not."""
    path = [str(Path(gateway.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONUNBUFFERED": "1"}


def python(*arguments: str | Path) -> Sequence[str]:
    """Return the command that runs this interpreter with the arguments; files in the current folder shadow nothing."""
    return [sys.executable, "-P", *map(str, arguments)]


async def until_answers(session: ClientSession, url: str, child: Child, limit: float = _READY_SECONDS) -> None:
    """Wait until `url` answers 200.

    Raises:
        DemoFailed: the process ended, or it does not answer within `limit` seconds.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(limit):
            while True:
                if child.returncode is not None:
                    raise DemoFailed(
                        f"{child.name} ended at its start ({ending(child)}):\n{child.last_lines(_LOG_LINES)}"
                    )
                with suppress(ClientError, TimeoutError, OSError):
                    async with session.get(url, timeout=_ASK_LIMIT) as answer:
                        if answer.status == 200:  # noqa: PLR2004  HTTP's OK
                            return
                await asyncio.sleep(0.1)
    raise DemoFailed(f"{child.name} is not ready after {limit:g} s; see {child.log}:\n{child.last_lines(_LOG_LINES)}")


def ending(child: Child) -> str:
    """Say how a process ended."""
    code = child.returncode
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


@dataclass(slots=True)
class Keeper:
    """One gateway process after the other, on the same settings."""

    settings: Path
    log: Path
    url: str
    session: ClientSession
    say: Callable[[str], None]
    restarts: int = 0
    child: Child | None = None
    _watch: asyncio.Task[None] | None = field(default=None, init=False)

    async def start(self) -> None:
        """Start the gateway and wait until it is ready.

        Raises:
            DemoFailed: it does not become ready.
        """
        self.child = await self._spawn()
        await until_answers(self.session, f"{self.url}/health/ready", self.child)
        self._watch = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop the gateway within seconds."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError, DemoFailed):
                await self._watch
        if self.child is not None:
            await self.child.stop(STOP_SECONDS)

    def check(self) -> None:
        """See that the gateway is still being kept.

        Raises:
            DemoFailed: it died too often or did not come up again.
        """
        if self._watch is not None and self._watch.done():
            self._watch.result()

    async def _spawn(self) -> Child:
        command = python("-m", "gateway.cli", "serve", "--settings", self.settings)
        return await Child.start("the gateway", command, self.log, environment())

    async def _keep(self) -> None:
        while self.child is not None:
            await self.child.wait()
            self.restarts += 1
            if self.restarts > MAX_RESTARTS:
                raise DemoFailed(f"the gateway died {self.restarts} times; see {self.log}")
            self.say(f"the gateway died ({ending(self.child)}); starting it again")
            self.child = await self._spawn()
            try:
                await until_answers(self.session, f"{self.url}/health/ready", self.child)
            except DemoFailed:
                if self.child.returncode is None:
                    raise
            else:
                self.say("the gateway is ready again and goes on where it was")
