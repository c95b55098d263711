"""One running PostgreSQL process, bound to the life of the gateway."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from gateway.embedded.account import Account
from gateway.embedded.binaries import ENVIRONMENT

_LAUNCHER = Path(__file__).with_name("launcher.py")


class Process:
    """A program started through the launcher.

    A thread of its own starts it and waits for it, for two reasons: the kernel sends the parent-death signal when the
    *thread* that started a process ends, and this thread lives exactly as long as the process; and waiting works the
    same under every event loop.
    """

    def __init__(
        self, command: Sequence[str], *, folder: Path, account: Account, output: Path, inherit: Sequence[int] = ()
    ) -> None:
        """Start `command` in `folder` as `account`.

        Args:
            command: the program's path and its arguments.
            folder: working directory, entered before privileges are dropped.
            account: the user to run as.
            output: file for standard output and error, written anew.
            inherit: file descriptors the process gets, e.g. of the lock.

        Raises:
            OSError: the launcher could not be started.
        """
        self._started: Future[subprocess.Popen[bytes]] = Future()
        self._ended: Future[int] = Future()
        self._ended.set_running_or_notify_cancel()  # so that a cancelled waiter does not cancel it for the others
        drop = (str(account.uid), str(account.gid)) if account.is_other else ("-", "-")
        arguments = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *drop, *command]
        threading.Thread(
            target=self._run, args=(arguments, folder, output, tuple(inherit)), name="embedded-postgres", daemon=True
        ).start()
        self._popen = self._started.result()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    async def ended(self) -> int:
        """Wait for the process to end; return its exit status, negative for a signal."""
        return await asyncio.wrap_future(self._ended)

    def join(self, timeout: float) -> int:
        """Wait in this thread, at most `timeout` seconds.

        Raises:
            TimeoutError: it is still running.
        """
        return self._ended.result(timeout)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the process has ended."""
        self._popen.send_signal(number)

    def _run(self, arguments: list[str], folder: Path, output: Path, inherit: tuple[int, ...]) -> None:
        try:
            with output.open("wb") as log:
                popen = subprocess.Popen(  # noqa: S603  our launcher
                    arguments,
                    cwd=folder,
                    env=ENVIRONMENT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=inherit,
                    start_new_session=True,  # Ctrl-C on the gateway's terminal is for the gateway
                )
        except BaseException as error:  # noqa: BLE001  handed to the starting thread, whatever it is
            self._started.set_exception(error)
            return
        self._started.set_result(popen)
        self._ended.set_result(popen.wait())
