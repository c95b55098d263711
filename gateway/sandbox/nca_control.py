"""Orders to the NCA over HTTP: what a tester tells it to revoke, and how its services are to fail."""

from enum import StrEnum
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.eds.revocation import RevocationReason
from gateway.sandbox.nca_conditions import ServiceCondition
from gateway.sandbox.nca_services import NcaServices

_Model = TypeVar("_Model", bound=BaseModel)


class Action(StrEnum):
    """What happens to a certificate."""

    REVOKE = "revoke"
    HOLD = "hold"
    RELEASE = "release"


class Order(BaseModel):
    """One order about one certificate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: str
    """Its name in the authority's folder, such as `citizens/citizen-1`."""
    action: Action
    reason: RevocationReason = RevocationReason.UNSPECIFIED
    """With `revoke`."""


def routes(services: NcaServices, path: str = "/control/nca") -> list[web.RouteDef]:
    """Return the endpoints that take orders as JSON.

    `<path>/service` takes a `ServiceCondition`, `<path>/certificate` an `Order`; `<path>/lists` has full lists made.
    What was done is answered 204; an order without sense 400, an unknown certificate 404, an impossible change 409.
    """

    async def service(request: web.Request) -> web.Response:
        order = _read(ServiceCondition, await request.read())
        services.conditions.set(order.service, order.condition, order.seconds)
        return web.Response(status=204)

    async def certificate(request: web.Request) -> web.Response:
        order = _read(Order, await request.read())
        try:
            _carry_out(services, order)
        except KeyError:
            raise web.HTTPNotFound(text="no such certificate was issued here") from None
        except ValueError as error:
            raise web.HTTPConflict(text=str(error)) from None
        return web.Response(status=204)

    async def lists(_: web.Request) -> web.Response:
        for one in services.lists.values():
            one.renew()
        return web.Response(status=204)

    return [
        web.post(f"{path}/service", service),
        web.post(f"{path}/certificate", certificate),
        web.post(f"{path}/lists", lists),
    ]


def _carry_out(services: NcaServices, order: Order) -> None:
    authority = services.authority
    found = authority.find(order.certificate)
    if order.action is Action.RELEASE:
        authority.release(found)
    else:
        authority.revoke(found, RevocationReason.CERTIFICATE_HOLD if order.action is Action.HOLD else order.reason)


def _read(kind: type[_Model], body: bytes) -> _Model:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise web.HTTPBadRequest(text=f"{error.error_count()} values are not as they should be") from None
