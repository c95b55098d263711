"""What the sandbox's NCA publishes over HTTP: its certificates and its revocation lists."""

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.clock import Clock
from gateway.sandbox.nca import TestAuthority


def routes(authority: TestAuthority, clock: Clock, path: str = "/nca") -> list[web.RouteDef]:
    """Return `<path>/cert/<name>.cer` and `<path>/crl/<name>.crl`, where the certificates point to."""
    authorities = {"root": authority.root, "nca": authority.nca}

    async def certificate(request: web.Request) -> web.Response:
        der = authorities[request.match_info["name"]].certificate.public_bytes(Encoding.DER)
        return web.Response(body=der, content_type="application/pkix-cert")

    async def crl(request: web.Request) -> web.Response:
        der = authorities[request.match_info["name"]].crl(clock())
        return web.Response(body=der, content_type="application/pkix-crl")

    return [
        web.get(f"{path}/cert/{{name:root|nca}}.cer", certificate),
        web.get(f"{path}/crl/{{name:root|nca}}.crl", crl),
    ]
