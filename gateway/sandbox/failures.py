"""Failures on request: a tester tells the sandbox how its next answers are to go wrong."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_MOST = 1000


class Kind(StrEnum):
    """How an answer goes wrong."""

    ERROR_BEFORE = "error_before"  # HTTP 500, nothing was done
    ERROR_AFTER = "error_after"  # HTTP 500 although everything was done
    DROP_BEFORE = "drop_before"  # the connection is cut, nothing was done
    DROP_AFTER = "drop_after"  # the connection is cut although everything was done
    DELAY = "delay"  # the answer comes late
    ENDLESS = "endless"  # the answer begins and never ends


class Failure(BaseModel):
    """One order: the next `count` requests to `path` fail in this way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    path: str
    count: Annotated[int, Field(gt=0, le=_MOST)] = 1
    seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    """With `delay`: how late."""


class Failures:
    """The orders not yet carried out, and an aiohttp middleware that carries them out."""

    def __init__(self) -> None:
        self._orders: deque[Failure] = deque(maxlen=_MOST)
        self.done = 0
        """How many requests failed by order."""

    def order(self, failure: Failure) -> None:
        """Add an order."""
        self._orders.extend([failure] * failure.count)

    def clear(self) -> None:
        """Forget all orders."""
        self._orders.clear()

    def take(self, path: str) -> Failure | None:
        """Return the oldest order for `path` and strike it off."""
        for order in self._orders:
            if order.path == path:
                self._orders.remove(order)
                self.done += 1
                return order
        return None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Carry out an order for this path, if there is one."""
        order = self.take(request.path) if request.method == "POST" else None
        if order is None:
            return await handler(request)
        if order.kind in {Kind.ERROR_AFTER, Kind.DROP_AFTER}:
            await handler(request)
        if order.kind in {Kind.DROP_BEFORE, Kind.DROP_AFTER} and request.transport is not None:
            request.transport.abort()
        if order.kind is Kind.ENDLESS:
            return await _endless(request)
        if order.kind is Kind.DELAY:
            await asyncio.sleep(order.seconds)
            return await handler(request)
        return web.Response(status=500, text="ordered failure")

    def routes(self, path: str) -> list[web.RouteDef]:
        """Return the endpoint that takes orders as JSON."""

        async def take_order(request: web.Request) -> web.Response:
            self.order(Failure.model_validate_json(await request.read()))
            return web.Response(status=204)

        return [web.post(path, take_order)]


async def _endless(request: web.Request) -> web.StreamResponse:
    """Answer until the other side has had enough."""
    response = web.StreamResponse(headers={"Content-Type": "text/xml; charset=utf-8"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" " * _PIECE)
    return response


_PIECE = 1 << 16
