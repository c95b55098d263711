"""The `qaqpa` command under a clock that jumps: `python -m tests.chaos.skewed FILE COMMAND…`.

FILE holds by how many seconds the clock is wrong; it may change at any moment. The gateway reads the time in one
place, so it is enough to replace that: no library has to be preloaded, and the product knows nothing of it.
"""

import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from gateway import clock

_true_time = clock.utc_now


def skewed(file: Path) -> clock.Clock:
    """Return a clock that is wrong by what the file says; right while there is no readable file."""

    def now() -> datetime:
        wrong_by = 0.0
        with suppress(OSError, ValueError):
            wrong_by = float(file.read_text("ascii"))
        return _true_time() + timedelta(seconds=wrong_by)

    return now


if __name__ == "__main__":
    clock.utc_now = skewed(Path(sys.argv.pop(1)))  # before anything else imports it
    from gateway.cli import main

    main()
