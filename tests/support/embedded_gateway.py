"""Run as a program: a gateway's process with an embedded server on the given folder, to be killed by a test.

Prints the server's URL and process id when it is ready, then waits for its end.
"""

import asyncio
import sys
from pathlib import Path

from gateway.embedded import EmbeddedPostgres


async def main() -> None:
    server = EmbeddedPostgres(Path(sys.argv[1]))
    url = await server.start()
    print(url, server.pid, flush=True)  # noqa: T201  the test reads it
    await server.wait()


if __name__ == "__main__":
    asyncio.run(main())
