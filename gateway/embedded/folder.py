"""The embedded server's folder: what lies where, who holds it, and where its server can be reached.

    <data_dir>/                only the gateway's user may enter
        lock                   held (flock) from before the start until the last process of the server is gone
        running.json           who supervises the server and where its socket is
        output.log             what the server's programs print before their log is open
        cluster/               PostgreSQL's own data folder, of the server's user; its log in cluster/log/
        cluster.new/           a data folder being made; renamed when it is complete

The lock works between processes of one machine (containers on one host included), not between hosts that mount the
same folder: embedded means one machine.
"""

import errno
import fcntl
import json
import os
import shutil
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from gateway.embedded.account import Account
from gateway.embedded.errors import EmbeddedUnusable
from gateway.embedded.options import NAME, PORT, SOCKET_NAME

_SOCKET_PATH_MAX = 107  # bytes: sun_path holds 108 with its NUL, unix(7)
_SOCKET_FOLDER_PREFIX = "qaqpa-"


@dataclass(frozen=True, slots=True)
class Running:
    """What other processes need to know of a running server."""

    supervisor: int
    """Process id of the gateway that started the server."""
    started: int
    """When that process started, in the kernel's ticks: tells it from a later process with the same id."""
    socket_folder: str

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"postgresql://{NAME}@/{NAME}?host={quote(self.socket_folder, safe='')}&port={PORT}"

    @property
    def supervisor_lives(self) -> bool:
        """Whether the gateway that started the server is still there."""
        return process_start(self.supervisor) == self.started


def process_start(pid: int) -> int | None:
    """Return when the process started, in ticks since boot; None if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # from field 3 of proc(5) on; field 2 may contain spaces
    return None if fields[0] in "ZX" else int(fields[19])  # dead, though nobody asked for its exit status yet


class Folder:
    """The paths and files of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        """Name the parts of `data_dir`; nothing is touched."""
        self.root = data_dir.resolve()
        self.cluster = self.root / "cluster"
        self.new_cluster = self.root / "cluster.new"
        self.output = self.root / "output.log"
        self._lock = self.root / "lock"
        self._running = self.root / "running.json"

    def prepare(self) -> None:
        """Make the folder, or check the one that is there.

        Raises:
            EmbeddedUnusable: it cannot be made or used by this user.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = self.root.stat().st_uid
            if owner != os.geteuid():  # root too: who owns the folder could lead root's writes elsewhere
                raise EmbeddedUnusable(
                    f"{self.root} belongs to user id {owner}, the gateway runs as user id {os.geteuid()}: "
                    "run it as that user, or choose another folder."
                )
            if (self.root / "PG_VERSION").exists():
                raise EmbeddedUnusable(f"{self.root} is the data folder of another PostgreSQL: choose another folder.")
        except OSError as error:
            raise EmbeddedUnusable(f"{self.root} cannot be used: {_plainly(error)}.") from error

    def lock(self) -> int | None:
        """Take the lock; return its file descriptor, or None if a server or a starting gateway holds it."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedUnusable(f"{self._lock} cannot be opened: {_plainly(error)}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError as error:
            os.close(descriptor)
            raise EmbeddedUnusable(f"{self.root} lies on a file system without locks: {_plainly(error)}.") from error
        return descriptor

    def is_locked(self) -> bool:
        """Tell whether a server, or a gateway that is starting one, holds the folder."""
        if not self._lock.exists():
            return False
        descriptor = self.lock()
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    def running(self) -> Running | None:
        """Return what was written about the server; it may be long gone.

        Raises:
            EmbeddedUnusable: the file may not be read by this user.
        """
        try:
            return Running(**json.loads(self._running.read_bytes()))
        except PermissionError as error:
            raise EmbeddedUnusable(f"{self.root} may not be read by user id {os.geteuid()}.") from error
        except (OSError, ValueError, TypeError):
            return None

    def announce(self, running: Running) -> None:
        """Write who supervises the server and where its socket is."""
        draft = self._running.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with open(draft, "x", opener=private) as file:
            json.dump(asdict(running), file)
        draft.replace(self._running)

    def withdraw(self) -> None:
        """Forget the server, and remove its socket folder if it had one outside of the data."""
        found = self.running()
        if found is not None and Path(found.socket_folder) != self.cluster:
            _remove_socket_folder(Path(found.socket_folder))
        self._running.unlink(missing_ok=True)

    def socket_folder(self, account: Account) -> Path:
        """Return the folder for the socket: the data folder, or a fresh private one if that path is too long."""
        if _short_enough(self.cluster):
            return self.cluster
        places = (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp")  # noqa: S108  mkdtemp below is safe
        for place in places:
            if place and _short_enough(Path(place) / f"{_SOCKET_FOLDER_PREFIX}12345678"):
                try:
                    made = Path(tempfile.mkdtemp(prefix=_SOCKET_FOLDER_PREFIX, dir=place))
                except OSError:
                    continue
                os.chown(made, account.uid, account.gid)
                return made
        raise EmbeddedUnusable(
            f"the path {self.cluster} is too long for a Unix socket, and no private folder could be made in /tmp."
        )

    def remove_stale(self) -> None:
        """Remove what a killed server left behind. Only to be called with the lock held: then no such server runs.

        Raises:
            EmbeddedUnusable: a server that was not started by us runs on the data.
        """
        self.withdraw()
        self.output.unlink(missing_ok=True)
        pid_file = self.cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            pid = 0
        if pid > 0 and _works_in(pid, self.cluster):
            raise EmbeddedUnusable(f"{self.cluster} is already in use by process {pid}, started by somebody else.")
        self.remove_leftovers()

    def remove_leftovers(self) -> None:
        """Remove a dead server's pid and socket files: with a recycled process id in them no server would start."""
        for name in ("postmaster.pid", SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (self.cluster / name).unlink(missing_ok=True)


def version_of(cluster: Path) -> int | None:
    """Return the major version of the PostgreSQL that made the data; None if there is no data yet.

    Raises:
        EmbeddedUnusable: the folder holds something else.
    """
    try:
        return int((cluster / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        if not cluster.exists():
            return None
        raise EmbeddedUnusable(f"{cluster} is not a PostgreSQL data folder: it has no file PG_VERSION.") from None
    except ValueError:
        raise EmbeddedUnusable(f"{cluster} is damaged: its file PG_VERSION does not hold a version.") from None
    except OSError as error:
        raise EmbeddedUnusable(f"{cluster} cannot be read: {_plainly(error)}.") from error


def need_space(folder: Path, megabytes: int) -> None:
    """Raise EmbeddedUnusable if fewer megabytes are free where `folder` lies."""
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise EmbeddedUnusable(f"the disk of {folder} is full: {free} MB are free, {megabytes} MB are needed.")


def _short_enough(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET_NAME)) <= _SOCKET_PATH_MAX


def private(path: str, flags: int) -> int:
    """Open a file for this user alone, never through a symbolic link; an `opener` for `open`."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _works_in(pid: int, folder: Path) -> bool:
    # PostgreSQL works in its data folder; a process that merely has the recycled id does not.
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:
        return False


def _remove_socket_folder(folder: Path) -> None:
    # The name comes from a file of ours; still, only what can be such a folder is touched.
    try:
        found = folder.lstat()
        if not folder.name.startswith(_SOCKET_FOLDER_PREFIX) or not stat.S_ISDIR(found.st_mode):
            return
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    except OSError:
        return  # somebody tidied /tmp, or put something there: not ours any more


def _plainly(error: OSError) -> str:
    return "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or "unknown error").lower()
