"""The portal's HTTP side: ShEP's pushes, the citizens' forms, the cabinet pages."""

from aiohttp import web
from pydantic import ValidationError

from gateway.sandbox import cabinet_page
from gateway.sandbox.mailroom import Mailroom
from gateway.sandbox.order import Order
from gateway.sandbox.portal import Portal
from gateway.sandbox.wire import endpoint

PUSH_PATH = "/portal/async"


def routes(portal: Portal, mailroom: Mailroom) -> list[web.RouteDef]:
    """Return the portal's routes."""

    async def apply(request: web.Request) -> web.Response:
        return await _answered(request, None)

    async def supplement(request: web.Request) -> web.Response:
        return await _answered(request, request.match_info["number"])

    async def _answered(request: web.Request, number: str | None) -> web.Response:
        try:
            order = Order.model_validate_json(await request.read())
            made = await (portal.apply(order) if number is None else portal.supplement(number, order))
        except ValidationError as error:
            raise web.HTTPBadRequest(text=error.json(include_input=False), content_type="application/json") from None
        except (KeyError, ValueError):
            raise web.HTTPBadRequest(text="no such citizen or request") from None
        return web.Response(text=made.model_dump_json(), status=201, content_type="application/json")

    return [
        web.post(PUSH_PATH, endpoint(mailroom.answer, portal.channel.key, portal.clock)),
        web.post("/applications", apply),
        web.post("/applications/{number:[0-9]+}/supplement", supplement),
        *cabinet_page.routes(portal.cabinet),
    ]
