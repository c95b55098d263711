"""Becomes PostgreSQL: drops privileges, ties its life to the gateway's, and executes the given program.

Run by path, as `python -I -S launcher.py PARENT UID GID PROGRAM ARGUMENT...`, with the data folder as working
directory; so it imports nothing of ours. The working directory was entered with the gateway's privileges: the server
needs none on the folders above. UID and GID are `-` to stay the same user.

A program of its own, because code between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)
CANNOT_EXECUTE = 126  # the shell's exit status for it


def main(parent: str, uid: str, gid: str, *command: str) -> None:
    """Become `command`; on failure print one line and exit."""
    try:
        if uid != "-":
            os.setgroups([])
            os.setresgid(int(gid), int(gid), int(gid))
            os.setresuid(int(uid), int(uid), int(uid))
        os.umask(0o077)
        signal_at_parents_death(signal.SIGINT)  # PostgreSQL's fast shutdown; a change of user would undo it
        if os.getppid() != int(parent):  # the gateway died before the signal was ordered
            sys.exit(CANNOT_EXECUTE)
        os.execv(command[0], command)  # noqa: S606  no shell is wanted
    except OSError as error:
        print(f"launcher: {error.strerror}", file=sys.stderr)  # noqa: T201  read by the supervisor
        sys.exit(CANNOT_EXECUTE)


def signal_at_parents_death(number: signal.Signals) -> None:
    """Ask the kernel for a signal to this process when the thread that started it ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(*sys.argv[1:])
