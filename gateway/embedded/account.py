"""The system user that the embedded server runs as. PostgreSQL refuses to run as root.

An ordinary user runs the server as itself. Root drops to the owner of the existing data, else to the first of
`CANDIDATES` that exists. No account is ever created: that would change the machine. `nobody` is the last resort, as
other daemons may run as it; what keeps them out is that the data lies below a folder only root may enter (the server
gets in by its working directory) and that the server lets in only root over its socket. To have an account of its own,
create a system user `qaqpa`; better still, do not run the gateway as root.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded.errors import EmbeddedUnusable

CANDIDATES = ("qaqpa", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A system user."""

    uid: int
    gid: int
    name: str

    @property
    def is_other(self) -> bool:
        """Whether privileges must be dropped to become this user."""
        return self.uid != os.geteuid()


def server_account(data: Path) -> Account:
    """Return the user that runs the server of the cluster in `data` (which may not exist yet).

    Raises:
        EmbeddedUnusable: no suitable user, or the data belongs to a user that cannot run it.
    """
    own = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if own != 0:
        if owner not in (None, own):
            raise EmbeddedUnusable(f"{data} belongs to {_name(owner)}, the gateway runs as {_name(own)}.")
        return _known(own)
    if owner == 0:
        raise EmbeddedUnusable(
            f"{data} belongs to root, and PostgreSQL refuses to run as root: give it to the user that ran it before "
            f"(chown -R postgres {data})."
        )
    return _known(owner) if owner is not None else _first_candidate()


def _first_candidate() -> Account:
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, name)
    raise EmbeddedUnusable(
        f"PostgreSQL refuses to run as root, and none of the users {', '.join(CANDIDATES)} exists: "
        "run the gateway as an ordinary user, or create a system user qaqpa."
    )


def _known(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedUnusable(
            f"user id {uid} has no entry in the user database, which PostgreSQL needs: give the container or the "
            "machine a fixed user."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _name(uid: int | None) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name}" if uid is not None else "nobody known"
    except KeyError:
        return f"user id {uid}"
