"""Makes a data folder ready for its server: the right user, the right version, initialised, only we may connect."""

import os
import pwd
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded.account import Account, server_account
from gateway.embedded.binaries import Binaries, find
from gateway.embedded.errors import EmbeddedUnusable, cause
from gateway.embedded.folder import Folder, need_space, private, version_of
from gateway.embedded.options import NAME, access_rules
from gateway.embedded.process import Process

HERE = "/proc/self/cwd"
"""The data folder as the server sees it: it is reached by the working directory, whatever lies above it."""

_SPACE_TO_INITIALISE_MB = 128
_SPACE_TO_START_MB = 32  # one WAL segment and a little
_INITDB_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder that its server can be started on."""

    folder: Folder
    account: Account
    binaries: Binaries


def make_ready(folder: Folder, bin_dir: Path | None) -> Cluster:
    """Check the folder, clean it of what a killed server left, initialise it if it is new. Needs the folder's lock.

    Raises:
        EmbeddedUnusable: the server could not run on it.
    """
    account = server_account(folder.cluster)
    binaries = find(bin_dir, account)
    version = version_of(folder.cluster)
    if version not in (None, binaries.major):
        raise EmbeddedUnusable(
            f"{folder.cluster} was made by PostgreSQL {version}, the programs in {binaries.folder} are "
            f"PostgreSQL {binaries.major}: install version {version} or move the data with pg_dump."
        )
    try:
        folder.remove_stale()
        if version is None:
            _initialise(folder, account, binaries)
        need_space(folder.root, _SPACE_TO_START_MB)
        _allow_access(folder.cluster, account)
    except OSError as error:
        raise EmbeddedUnusable(f"{folder.root} cannot be used: {error.strerror}.") from error
    return Cluster(folder, account, binaries)


def complaint(folder: Folder) -> str:
    """Return why PostgreSQL's program failed, from what the last one printed and logged."""
    printed = _tail(folder.output)
    logs = sorted(folder.cluster.glob("log/*.log"), key=lambda path: path.lstat().st_mtime)
    if logs and "logging collector" in printed:
        printed += _tail(logs[-1]).rpartition("starting PostgreSQL")[2]  # what earlier servers logged is another story
    return cause(printed)


def _tail(path: Path) -> str:
    # The log is the server's user's, who must not be able to show root's files through it.
    return path.read_text(errors="replace")[-8000:] if path.is_file() and not path.is_symlink() else ""


def _initialise(folder: Folder, account: Account, binaries: Binaries) -> None:
    need_space(folder.root, _SPACE_TO_INITIALISE_MB)
    new = folder.new_cluster
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    os.chown(new, account.uid, account.gid)
    command = (binaries.initdb, "-D", HERE, "-U", NAME, "--auth=peer", "--encoding=UTF8", "--locale=C")
    process = Process(
        (*command, "--data-checksums", "--no-instructions"), folder=new, account=account, output=folder.output
    )
    try:
        status = process.join(_INITDB_SECONDS)
    except TimeoutError:
        process.send(signal.SIGKILL)
        raise EmbeddedUnusable(f"making the data folder took longer than {_INITDB_SECONDS:.0f} s.") from None
    if status != 0:
        raise EmbeddedUnusable(f"the data folder {folder.cluster} could not be made: {complaint(folder)}.")
    new.rename(folder.cluster)


def _allow_access(cluster: Path, account: Account) -> None:
    # Written anew at every start: who may connect follows who runs the gateway. Root could become any user anyway.
    users = {"root", pwd.getpwuid(os.geteuid()).pw_name}
    for name, text in zip(("pg_hba.conf", "pg_ident.conf"), access_rules(users), strict=True):
        # The folder is the server's user's, who must not be able to lead a write or a chown of root's elsewhere.
        (cluster / name).unlink(missing_ok=True)
        with open(cluster / name, "x", opener=private) as file:
            file.write(text)
            os.chown(file.fileno(), account.uid, account.gid)
