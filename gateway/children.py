"""Child processes that end with their parent, whatever ends it."""

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)  # loaded before the fork: nothing may be loaded after it


@dataclass(slots=True)
class Child:
    """A process in a group of its own; its output goes to a file, or where ours goes."""

    name: str
    log: Path | None
    _process: asyncio.subprocess.Process

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        log: Path | None,
        env: Mapping[str, str],
        *,
        inherit: Sequence[int] = (),
    ) -> Self:
        """Start `command`, appending its output to `log`; it gets the file descriptors in `inherit`.

        Raises:
            OSError: it cannot be started.
        """
        with ExitStack() as stack:
            output = None
            if log is not None:
                log.parent.mkdir(parents=True, exist_ok=True)
                output = stack.enter_context(log.open("ab"))
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(env),
                pass_fds=inherit,
                start_new_session=True,
                preexec_fn=_end_with_parent(os.getpid()),
            )
        return cls(name, log, process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    def ask_to_end(self) -> None:
        """Send SIGTERM, and do not wait."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    async def stop(self, limit: float) -> None:
        """Ask the process to end; after `limit` seconds end it and its whole group."""
        if self.returncode is None:
            self.ask_to_end()
            try:
                await asyncio.wait_for(self._process.wait(), limit)
            except TimeoutError:
                self._kill_group()
                await self._process.wait()

    async def wait(self) -> int:
        """Return the exit code once it has ended."""
        return await self._process.wait()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def last_lines(self, count: int) -> str:
        """Return the end of its output."""
        with suppress(OSError):
            if self.log is None:
                return ""
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        return ""


def _end_with_parent(parent: int) -> Callable[[], None]:
    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return prepare
