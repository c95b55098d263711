"""One HTTP server of the sandbox."""

from collections.abc import Iterable

from aiohttp import web

from gateway.sandbox.failures import Failures

_MAX_BODY = 40_000_000
"""A case with 20 MB of files, in base64, and the application itself."""
_SHUTDOWN_SECONDS = 2.0


async def serve(
    routes: Iterable[web.AbstractRouteDef], host: str, port: int, failures: Failures | None = None
) -> web.AppRunner:
    """Start a server; `cleanup()` of what is returned stops it within seconds.

    Raises:
        OSError: the port is taken.
    """
    middlewares = (failures.middleware,) if failures else ()
    app = web.Application(client_max_size=_MAX_BODY, middlewares=middlewares)
    app.add_routes(routes)
    if failures:
        app.add_routes(failures.routes("/control/failures"))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner
