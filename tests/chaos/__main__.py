"""`python -m tests.chaos --applications 10000 --kills 300`, or `make chaos`. Exits with 1 unless all promises held."""

import argparse
import logging
import secrets
import signal
import sys
import tempfile
from pathlib import Path

import structlog
import uvloop

from tests.chaos.runner import Plan, run


def main() -> int:
    """Read the arguments, run, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--applications", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--pause", type=float, default=2.5, help="seconds between two kills, on the average")
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, to have the same faults again")
    parser.add_argument(
        "--folder", type=Path, default=None, help="an empty folder that is kept; default: a temporary one"
    )
    arguments = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    plan = Plan(arguments.applications, arguments.kills, seed, arguments.pause)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # everything is taken down then, too
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    _say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="chaos-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        report = uvloop.run(run(plan, folder))
    for line in report.lines():
        _say(line)
    return 0 if report.verdict.clean else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
