"""The call-back of a provider's system: it only wakes polling, nothing in it is trusted."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from lxml import etree

from adapters import contract
from adapters.contract import ContractBroken
from gateway.faults import GatewayFault
from gateway.settings import Provider

MAX_BYTES = 64 * 1024
RECEIVE_SECONDS = 10.0
"""How long a body may be on its way."""

Nudge = Callable[[str, str], Awaitable[bool]]
"""Takes the provider's name and the case's number, has its status asked for now; False if it has no such case.

Raises GatewayFault while that cannot be found out."""


def callback_routes(
    providers: Mapping[str, Provider], nudge: Nudge, *, receive_seconds: float = RECEIVE_SECONDS
) -> list[web.RouteDef]:
    """Return the route `POST /providers/{name}/callback`.

    The request has the header `Authorization: Bearer TOKEN` and the element `caseChanged` as its body, in a SOAP
    envelope or alone. Answers 204, or 400, 401, 404, 503 with a short code as text; 503 says when to come again.
    """

    async def callback(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if not _is_allowed(providers.get(name), request.headers.get("Authorization", "")):
            return _refusal(401, "client.token", {"WWW-Authenticate": "Bearer"})
        try:
            number = case_number(await _read(request, receive_seconds))
        except ContractBroken as error:
            return _refusal(400, f"client.format: {error}")
        try:
            known = await nudge(name, number)
        except GatewayFault as fault:
            return _refusal(503, fault.detail.code, {"Retry-After": str(fault.retry_after or 0)})
        return web.Response(status=204) if known else _refusal(404, "client.case_unknown")

    return [web.post("/providers/{name}/callback", callback)]


def case_number(body: bytes) -> str:
    """Return the number that a call-back's body names.

    Raises:
        ContractBroken: it is not `caseChanged`.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise ContractBroken("not XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ContractBroken("a document type is not allowed")
    if root.tag == f"{{{contract.SOAP_ENVELOPE}}}Envelope":
        root = contract.only_child(root.find(f"{{{contract.SOAP_ENVELOPE}}}Body"))
    if root.tag != contract.name("caseChanged") or not contract.is_valid(root):
        raise ContractBroken("not a caseChanged")
    return root.findtext(contract.name("number"), "").strip()


def _is_allowed(provider: Provider | None, authorization: str) -> bool:
    # An unknown provider and one without call-backs take the same time and get the same answer as a wrong token.
    token = provider.callback_token if provider is not None else None
    expected = token.get_secret_value() if token is not None else ""
    scheme, _, given = authorization.partition(" ")
    same = hmac.compare_digest(given.strip().encode(), expected.encode())
    return same and bool(expected) and scheme.lower() == "bearer"


async def _read(request: web.Request, seconds: float) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_chunked(MAX_BYTES):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ContractBroken(f"more than {MAX_BYTES} bytes")
    except TimeoutError:
        raise ContractBroken(f"it did not arrive within {seconds:g} seconds") from None
    return bytes(body)


def _refusal(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text, headers=headers)
