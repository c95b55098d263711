"""Run as a program: `qaqpa` as the next release will be, as far as the database's schema goes.

Its migrations lie in the folder that the environment names; everything else is this version.
"""

import os
from pathlib import Path

from gateway.cases.store import schema as own

FOLDER = "NEXT_MIGRATIONS"

if __name__ == "__main__":
    later = own.schema(Path(os.environ[FOLDER]))
    setattr(own, "schema", lambda: later)  # noqa: B010  before anything else takes it from there

    from gateway.cli import main

    main()
