"""A recording go-between: what ShEP and the gateway send each other passes through it and is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import ClientSession, web

_PASSED_ON = ("Content-Type", "SOAPAction", "Authorization")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request and its answer."""

    to: str
    """Name of the side that was asked."""
    request: bytes = field(repr=False)
    answer: bytes = field(repr=False)


class Recorder:
    """Passes POSTs of `/<name>/...` on to the side of that name."""

    def __init__(self, sides: Mapping[str, str], session: ClientSession) -> None:
        """Take the URL of each side."""
        self._sides = sides
        self._session = session
        self.exchanges: list[Exchange] = []

    def routes(self) -> list[web.RouteDef]:
        """Return the one route."""
        return [web.post("/{side:[a-z]+}/{path:.*}", self._pass_on)]

    async def _pass_on(self, request: web.Request) -> web.Response:
        side, body = request.match_info["side"], await request.read()
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        url = f"{self._sides[side]}/{request.match_info['path']}"
        async with self._session.post(url, data=body, headers=headers) as response:
            answer = await response.read()
            self.exchanges.append(Exchange(side, body, answer))
            return web.Response(status=response.status, body=answer, content_type=response.content_type)
