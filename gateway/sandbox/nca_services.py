"""What the sandbox's NCA serves over HTTP, where its certificates point: certificates, lists, OCSP and time stamps."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web

from gateway.clock import Clock
from gateway.sandbox import ocsp_responder, time_stamper
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.nca_conditions import Condition, Conditions, Service
from gateway.sandbox.revocation_lists import NCA_CADENCE, Cadence, RevocationLists

_GARBAGE: Final = b"<html><body>Captive portal</body></html>"
_UNAVAILABLE: Final = 503
_NAME: Final = "{name:[a-z_]+}"
_OCSP: Final = "application/ocsp-response"
_TSP: Final = "application/timestamp-reply"
_CRL: Final = "application/pkix-crl"


class NcaServices:
    """The NCA's public services over one authority."""

    def __init__(self, authority: TestAuthority, clock: Clock, cadence: Cadence = NCA_CADENCE) -> None:
        self.authority = authority
        self.conditions = Conditions()
        self.lists = {one.name: RevocationLists(one, clock, cadence) for one in authority.authorities}
        """By the authority's name, such as `nca_gost`."""
        self._clock = clock
        self._responders = authority.responders()
        self._time_stamping_keys = authority.time_stamping_keys()

    def routes(self, path: str = "/nca") -> list[web.RouteDef]:
        """Return the endpoints below `path`."""
        return [
            web.get(f"{path}/cert/{_NAME}.cer", self._certificate),
            web.get(f"{path}/crl/{_NAME}.crl", self._list),
            web.post(f"{path}/ocsp", self._ocsp),
            web.post(f"{path}/tsp", self._time_stamp),
        ]

    async def _certificate(self, request: web.Request) -> web.Response:
        wanted = request.match_info["name"]
        for one in self.authority.authorities:
            if one.name == wanted:
                return web.Response(body=one.certificate.der, content_type="application/pkix-cert")
        raise web.HTTPNotFound

    async def _list(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        lists = self.lists.get(name.removesuffix("_delta"))
        if lists is None:
            raise web.HTTPNotFound
        make = lists.delta if name.endswith("_delta") else lists.full
        return await self._answer(request, Service.CRL, _CRL, make, None)

    async def _ocsp(self, request: web.Request) -> web.Response:
        body = await request.read()
        know_nothing = self.conditions.of(Service.OCSP) is Condition.UNKNOWN
        return await self._answer(
            request,
            Service.OCSP,
            _OCSP,
            lambda: ocsp_responder.respond(body, self._responders, self._clock(), know_nothing=know_nothing),
            ocsp_responder.failure(ocsp_responder.Failure.TRY_LATER),
        )

    async def _time_stamp(self, request: web.Request) -> web.Response:
        body = await request.read()
        return await self._answer(
            request,
            Service.TSP,
            _TSP,
            lambda: time_stamper.stamp(body, self._time_stamping_keys, self._clock()),
            time_stamper.refusal(time_stamper.Failure.TIME_NOT_AVAILABLE),
        )

    async def _answer(
        self,
        request: web.Request,
        service: Service,
        content_type: str,
        make: Callable[[], bytes],
        later: bytes | None,
    ) -> web.Response:
        """Answer as the service is; `later` is how it says tryLater, None: by HTTP's status."""
        condition = self.conditions.of(service)
        await asyncio.sleep(self.conditions.delay_seconds(service))
        if condition is Condition.DOWN and request.transport is not None:
            request.transport.abort()
        if condition is Condition.GARBAGE:
            return web.Response(body=_GARBAGE, content_type="text/html")
        if condition is Condition.TRY_LATER:
            status = _UNAVAILABLE if later is None else 200
            return web.Response(body=later or b"", status=status, content_type=content_type)
        return web.Response(body=make(), content_type=content_type)
