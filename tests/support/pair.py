"""Two PostgreSQL servers on loopback, a primary and its synchronous standby, as an operator's cluster has them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import psycopg
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from gateway.embedded.account import Account, server_account
from gateway.embedded.binaries import find

_STANDBY = "standby"
_PATIENCE_SECONDS = 60


class _Identity(TypedDict):
    """Who a program runs as: PostgreSQL refuses to be root."""

    user: int | None
    group: int | None
    extra_groups: tuple[int, ...] | None


@dataclass
class Server:
    """One server of the pair."""

    programs: Path
    folder: Path
    account: Account
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"postgresql://qaqpa@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs to its end."""
        subprocess.run(
            [self.programs / program, *arguments], check=True, capture_output=True, cwd="/", **self._as_account()
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "on",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            command = [str(self.programs / "postgres"), "-D", str(self.folder), *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._as_account())
        _patiently(psycopg.OperationalError)(lambda: psycopg.connect(self.url, connect_timeout=2).close())

    def follow(self, source: str) -> None:
        """Make it the standby of a server, before its first start."""
        (self.folder / "standby.signal").touch()
        with (self.folder / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{source}'\n")

    def kill(self) -> None:
        """SIGKILL of the server and of every process it has: no chance to tell anybody."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in (self.process.pid, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Stop it at once, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)

    def _as_account(self) -> _Identity:
        other = self.account.is_other
        return {
            "user": self.account.uid if other else None,
            "group": self.account.gid if other else None,
            "extra_groups": () if other else None,
        }


@dataclass
class Pair:
    """A primary that acknowledges nothing that its standby has not."""

    primary: Server
    standby: Server

    @property
    def url(self) -> str:
        """What a gateway is given: both, and whichever can be written to."""
        hosts = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return f"postgresql://qaqpa@{hosts}/postgres?target_session_attrs=read-write"

    def fail_over(self) -> None:
        """Kill the primary, and promote the standby as a cluster manager would."""
        self.primary.kill()
        with psycopg.connect(self.standby.url, autocommit=True) as connection:
            row = connection.execute("SELECT pg_promote(wait => true)").fetchone()
        assert row == (True,)


@contextmanager
def pair() -> Iterator[Pair]:
    """Run both in folders of their own; both are gone afterwards."""
    account = server_account(Path("/nowhere"))
    programs = find(None, account).folder
    root = Path(tempfile.mkdtemp(prefix="qaqpa-pair-"))
    try:
        os.chown(root, account.uid, account.gid)
        primary = Server(programs, root / "primary", account, _free_port())
        standby = Server(programs, root / "standby", account, _free_port())
        try:
            yield _running(primary, standby)
        finally:
            primary.stop()
            standby.stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _running(primary: Server, standby: Server) -> Pair:
    primary.run("initdb", "-D", str(primary.folder), "-U", "qaqpa", "--auth=trust", "--encoding=UTF8", "--locale=C")
    # A copy of a server that never ran is a base backup, and needs no program but the server's own.
    subprocess.run(["cp", "-a", str(primary.folder), str(standby.folder)], check=True)
    primary.start()
    standby.follow(f"host=127.0.0.1 port={primary.port} user=qaqpa application_name={_STANDBY}")
    standby.start()
    with psycopg.connect(primary.url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{_STANDBY}'")
        connection.execute("SELECT pg_reload_conf()")
        _until_synchronous(connection)
    return Pair(primary, standby)


def _until_synchronous(connection: psycopg.Connection) -> None:
    Retrying(
        retry=retry_if_result(lambda row: row != ("sync",)),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(_PATIENCE_SECONDS),
    )(lambda: connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone())


def _patiently(error: type[Exception]) -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(error),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(_PATIENCE_SECONDS),
        reraise=True,
    )


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
