"""One replica: a process that is started anew whenever it dies, sooner the rarer that happens."""

import asyncio
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import structlog

from gateway.children import Child
from gateway.supervisor import passing

_log = structlog.get_logger(__name__)

_WINDOW_SECONDS = 60.0
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 30.0


class ReplicaUnusable(Exception):  # noqa: N818  says what it is
    """A replica ended in a way that starting it again does not mend; its own last line says why."""

    def __init__(self, code: int) -> None:
        """Take its exit code."""
        super().__init__(f"a replica ended with exit code {code}; its last line says why")
        self.code = code


class Replica:
    """The process with one number, and those that follow it."""

    def __init__(
        self,
        number: int,
        arguments: list[str],
        sockets: Path,
        environment: Mapping[str, str],
        changed: Callable[[], None],
    ) -> None:
        """Describe it; nothing is started.

        Args:
            number: its name, from 0.
            arguments: of the `qaqpa` command, but for what only this replica is told.
            sockets: folder for the socket on which it tells its metrics and health.
            environment: of the process.
            changed: called when it begins or ceases to take connections or messages.
        """
        self.number = number
        self.admin = sockets / f"{number}.sock"
        self.restarts = 0
        self.takes = False
        """Whether connections may be handed to it."""
        self.is_open = False
        """Whether it takes messages."""
        self._arguments = arguments
        self._environment = environment
        self._changed = changed
        self._deaths: deque[float] = deque(maxlen=16)
        self._child: Child | None = None
        self._channel: socket.socket | None = None
        self._was_open = False
        self._ending = False

    async def keep(self) -> None:
        """Run it until `end` is called, starting it anew when it dies.

        Raises:
            ReplicaUnusable: it never came to take messages, or says that starting it again will not help.
        """
        while not self._ending:
            code = await self._run_once()
            if self._ending:
                return
            if code == os.EX_CONFIG or (code > 0 and not self.restarts and not self._was_open):
                raise ReplicaUnusable(code)
            self.restarts += 1
            wait = self._wait_seconds()
            _log.error("replica.died", replica=self.number, exit_status=code, restart_in_seconds=round(wait, 1))
            await asyncio.sleep(wait)

    def end(self) -> None:
        """Ask it to end: it answers and finishes what is under way."""
        self._ending = True
        if self._child is not None:
            self._child.ask_to_end()

    async def kill_after(self, seconds: float) -> None:
        """End it with force if it has not ended by then."""
        if self._child is not None:
            await self._child.stop(seconds)

    def hand_over(self, connection: socket.socket) -> bool:
        """Give it a connection; False if it cannot take one."""
        if not self.takes or self._channel is None:
            return False
        try:
            socket.send_fds(self._channel, [passing.CONNECTION], [connection.fileno()])
        except OSError:  # it is dead, or so busy that the channel is full
            return False
        return True

    async def _run_once(self) -> int:
        own, other = passing.pair()
        with own:
            with other:
                self._child = await Child.start(
                    f"replica {self.number}",
                    self._command(other.fileno()),
                    None,
                    self._environment,
                    inherit=[other.fileno()],
                )
            self._channel, self._was_open = own, False
            loop = asyncio.get_running_loop()
            loop.add_reader(own, self._hear, own)
            try:
                return await self._child.wait()
            finally:
                loop.remove_reader(own)
                self._channel = None
                self._stands(takes=False, is_open=False)

    def _command(self, channel: int) -> list[str]:
        python = [sys.executable, *(["-P"] if sys.flags.safe_path else []), "-m", "gateway.cli"]
        return [*python, *self._arguments, "--channel", str(channel), "--admin", str(self.admin)]

    def _hear(self, channel: socket.socket) -> None:
        try:
            word = channel.recv(1)
        except OSError:
            word = b""
        if word == passing.TAKES:
            self._stands(takes=True, is_open=False)
        elif word == passing.OPEN:
            self._was_open = True
            self._stands(takes=True, is_open=True)
        else:
            self._stands(takes=False, is_open=False)
            with suppress(OSError):
                channel.send(passing.DONE)
        if not word:
            asyncio.get_running_loop().remove_reader(channel)

    def _stands(self, *, takes: bool, is_open: bool) -> None:
        self.takes, self.is_open = takes, is_open
        self._changed()

    def _wait_seconds(self) -> float:
        self._deaths.append(time.monotonic())
        recent = sum(at > time.monotonic() - _WINDOW_SECONDS for at in self._deaths)
        return float(min(_FIRST_WAIT_SECONDS * 2 ** (recent - 1), _LONGEST_WAIT_SECONDS))
