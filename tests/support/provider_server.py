"""A provider's information system on a real socket, that answers what the test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from lxml import etree

from gateway import resources

NAMESPACE = "urn:qaqpa:provider:1"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

REGISTERED = "<status><stage>REGISTERED</stage><at>2026-03-02T09:30:00+05:00</at></status>"


class ProviderServer:
    """Checks every request against the schema and keeps it; answers with `respond`."""

    def __init__(self) -> None:
        self.requests: list[etree._Element] = []
        self.actions: list[str] = []
        self.running = 0
        self.most_at_once = 0
        self.url = ""
        self.respond: Callable[[str], Awaitable[web.Response]] = self.registered
        self._schema = etree.XMLSchema(etree.parse(resources.schemas() / "providers" / "provider.xsd"))

    async def registered(self, operation: str) -> web.Response:
        return answer(f"{operation}Response", REGISTERED)

    async def handle(self, request: web.Request) -> web.Response:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            body = etree.fromstring(await request.read()).find(f"{{{ENVELOPE}}}Body")
            assert body is not None
            self._schema.assertValid(body[0])
            self.requests.append(body[0])
            self.actions.append(request.headers["SOAPAction"])
            return await self.respond(etree.QName(body[0]).localname)
        finally:
            self.running -= 1


def answer(element: str, content: str, status: int = 200) -> web.Response:
    """An answer in its envelope; `content` is XML of the contract without prefixes."""
    return envelope(f'<{element} xmlns="{NAMESPACE}">{content}</{element}>', status)


def fault(code: str, *, retryable: bool, message: str = "") -> web.Response:
    """A fault of the contract."""
    return plain_fault(
        f'<ProviderFault xmlns="{NAMESPACE}"><code>{code}</code><retryable>{str(retryable).lower()}</retryable>'
        f"<message>{message}</message></ProviderFault>"
    )


def plain_fault(detail: str) -> web.Response:
    """A SOAP fault with the given detail."""
    return envelope(
        f"<s:Fault><faultcode>s:Server</faultcode><faultstring>fault</faultstring><detail>{detail}</detail></s:Fault>",
        500,
    )


def envelope(body: str, status: int = 200) -> web.Response:
    """A SOAP 1.1 message."""
    text = f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body>{body}</s:Body></s:Envelope>'
    return web.Response(status=status, text=text, content_type="text/xml")


@asynccontextmanager
async def provider_server() -> AsyncIterator[ProviderServer]:
    """Serve on a free port of the loopback interface."""
    server = ProviderServer()
    app = web.Application(client_max_size=32_000_000)
    app.router.add_post("/provider", server.handle)
    # A caller that gave up is no call under way any more.
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/provider"
        yield server
    finally:
        await asyncio.shield(runner.cleanup())
