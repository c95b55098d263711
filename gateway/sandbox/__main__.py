"""`python -m gateway.sandbox FOLDER`."""

import sys
from pathlib import Path

from gateway.sandbox.main import sandbox_main

if len(sys.argv) != 2:  # noqa: PLR2004  the program and its one argument
    sys.exit("usage: python -m gateway.sandbox FOLDER")
sys.exit(sandbox_main(Path(sys.argv[1])))
