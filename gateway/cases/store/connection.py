"""A connection that does not wait for ever: a database that does not answer must not hold what waits for it."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any, Final, Self, TypeVar

from psycopg import AsyncConnection
from psycopg.abc import PQGen

from gateway.cases.store.migrate import APPLICATION
from gateway.cases.store.schema import schema

T = TypeVar("T")

STATEMENT_SECONDS: Final = 30.0
_GRACE_SECONDS = 5.0
"""How long after the server's own limit an answer is still waited for."""


class BoundedConnection(AsyncConnection):
    """Cuts itself off when an answer does not come: then it is an OperationalError like that of any lost connection.

    The server ends long statements by itself (statement_timeout). What is met here is a server that says nothing any
    more while its end of the connection stands: a pooler or a machine that hangs, a half-open connection. Waiting is
    ended by shutting the socket down, so that everything else goes the way of a connection that was lost; a plain
    cancellation would first ask the silent server to cancel.
    """

    statement_seconds: float = STATEMENT_SECONDS

    @classmethod
    async def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:  # noqa: ANN401  the signature is psycopg's
        """Connect within the limits of every connection; `statement_seconds` is one of them.

        Raises:
            psycopg.Error: the database cannot be reached.
        """
        seconds = float(kwargs.pop("statement_seconds", STATEMENT_SECONDS))
        made = await super().connect(conninfo, autocommit=True, **_limits(seconds), **kwargs)
        made.statement_seconds = seconds
        return made

    async def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:  # noqa: ANN401  the signature is psycopg's
        """Wait for the server, at most so long. Every statement, commit and fetch comes by here."""
        limit = self.statement_seconds + _GRACE_SECONDS
        deadline = asyncio.get_running_loop().call_later(limit, self._cut_off)
        try:
            return await super().wait(gen, *args, **kwargs)
        finally:
            deadline.cancel()

    def _cut_off(self) -> None:
        with suppress(OSError), socket.socket(fileno=os.dup(self.pgconn.socket)) as wire:
            wire.shutdown(socket.SHUT_RDWR)


def _limits(statement_seconds: float) -> dict[str, Any]:
    return {
        "application_name": f"{APPLICATION}{schema().number}",
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        "options": f"-c statement_timeout={int(statement_seconds * 1000)} -c lock_timeout=10s "
        "-c idle_in_transaction_session_timeout=60s",
    }
