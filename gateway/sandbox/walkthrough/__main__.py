"""`python -m gateway.sandbox.walkthrough`: put messages of a running sandbox and the codes into docs/integrator.md.

With `--check` nothing is written; the exit status is 1 if the page is not what it should be.
"""

import asyncio
import difflib
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog

from gateway import resources
from gateway.sandbox.walkthrough.page import filled, parts
from gateway.sandbox.walkthrough.play import play

_COMMAND = "python -m gateway.sandbox.walkthrough"


def page() -> Path:
    """Return where the page is."""
    return resources.schemas().parent / "docs" / "integrator.md"


def made() -> str:
    """Play the walk and return the page as it must be."""
    with tempfile.TemporaryDirectory(prefix="qaqpa-walk-") as folder:
        exchanges = asyncio.run(play(Path(folder)))
    return filled(page().read_text(), parts(exchanges))


def main(arguments: Sequence[str]) -> int:
    """Write, or with `--check` compare; return the exit status."""
    current, wanted = page().read_text(), made()
    if "--check" not in arguments:
        page().write_text(wanted)
        return 0
    difference = list(difflib.unified_diff(current.splitlines(), wanted.splitlines(), "is", "must be", lineterm=""))
    if difference:
        sys.stderr.write("\n".join([*difference, f"docs/integrator.md is not up to date: run {_COMMAND}", ""]))
    return 1 if difference else 0


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sys.exit(main(sys.argv[1:]))
