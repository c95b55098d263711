"""Child processes end with their parent."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.children import Child
from gateway.sandbox.keeper import environment, python

# A parent that starts a sleeping child, prints its pid, and waits.
PARENT = """
import asyncio, sys
from pathlib import Path
from gateway.children import Child
from gateway.sandbox.keeper import environment, python
async def main():
    command = python("-c", "import time; time.sleep(600)")
    child = await Child.start("sleeper", command, Path(sys.argv[1]), environment())
    print(child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def gone(pid: int) -> None:
    await until(lambda: not is_running(pid))


async def test_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    """A parent that is killed outright leaves no child behind."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, tmp_path / "log"), env=dict(environment()), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    await parent.wait()
    await gone(pid)


async def test_stubborn_child_is_ended_with_its_group(tmp_path: Path) -> None:
    """A child that ignores SIGTERM, and what it started, are gone after the limit."""
    script = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    child = await Child.start("stubborn", python("-c", script), tmp_path / "log", environment())
    await until(lambda: bool((tmp_path / "log").read_text()))
    grandchild = int(child.last_lines(1))
    await child.stop(0.2)
    assert child.returncode == -signal.SIGKILL
    await gone(grandchild)


async def test_willing_child_ends_by_itself(tmp_path: Path) -> None:
    """A child that obeys SIGTERM ends with its own exit code, and stopping it again does nothing."""
    script = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(3));"
        "print('up', flush=True); time.sleep(600)"
    )
    child = await Child.start("willing", python("-c", script), tmp_path / "log", environment())
    await until(lambda: bool((tmp_path / "log").read_text()))
    await child.stop(30)
    await child.stop(30)
    assert child.returncode == 3
    assert not is_running(child.pid)
