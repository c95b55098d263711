"""HTTP for zeep: bounded answers, no fetching of WSDL, and nothing of a message in a log."""

from contextvars import ContextVar
from typing import NoReturn

import httpx
from zeep.transports import AsyncTransport

from adapters.contract import ContractBroken
from gateway.cases.calls import AWAY_STATUSES, retry_after
from gateway.clock import utc_now

MAX_ANSWER_BYTES = 12_000_000
"""More than a decision of 7 MB in base64 (libxml2 reads no more than 10,000,000 characters of one element)."""

last_answer: ContextVar[bytes] = ContextVar("last_answer")
"""The body of the last answer in this task: zeep gives only what it read out of it, and evidence is the bytes."""

_MEDIA_TYPES = frozenset({"text/xml", "application/xml", "application/soap+xml"})


class Away(Exception):  # noqa: N818  says what the system is
    """The HTTP status says that the system cannot answer now."""

    def __init__(self, status: int, retry_after: float) -> None:
        """Take the status, and after how many seconds the system wants to be asked again."""
        super().__init__(f"HTTP {status}")
        self.retry_after = retry_after


class Transport(AsyncTransport):
    """Posts messages through a given client; it is the client that knows the time limits of one read or write."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Take the client; whoever made it closes it."""
        super().__init__(client=client)  # type: ignore[no-untyped-call]  # zeep's
        self.wsdl_client.close()

    def _load_remote_data(self, url: str) -> NoReturn:  # noqa: ARG002  the signature is zeep's
        raise ContractBroken("the contract is read from the disk, never from the network")

    async def post(self, address: str, message: bytes, headers: dict[str, str]) -> httpx.Response:
        """Post a message and return the whole answer. Overrides zeep's, which writes both into the debug log.

        Raises:
            httpx.HTTPError: the network failed.
            Away: the system says that it cannot answer now.
            ContractBroken: the answer is too large, or not XML by its own account.
        """
        async with self.client.stream("POST", address, content=message, headers=headers) as response:
            if response.status_code in AWAY_STATUSES:
                raise Away(response.status_code, retry_after(response.headers.get("Retry-After"), utc_now()))
            media_type = response.headers.get("Content-Type", "text/xml")
            if media_type.partition(";")[0].strip().lower() not in _MEDIA_TYPES:
                raise ContractBroken(f"HTTP {response.status_code} with an answer that is not XML")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise ContractBroken(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
        last_answer.set(bytes(body))
        # The body is decoded by now: of the headers only the media type is still true.
        headers = {"Content-Type": media_type}
        return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=response.request)


class _Network(httpx.AsyncHTTPTransport):
    """httpx's own, which says of every broken connection that it is one."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except AttributeError as error:
            # anyio over uvloop asks a connection that was reset while it was opened for its socket: there is none.
            raise httpx.ConnectError("reset while it was opened", request=request) from error


def client(timeout_seconds: float, connections: int) -> httpx.AsyncClient:
    """Return an HTTP client without redirects, proxies or credentials out of the environment."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    network = _Network(limits=limits, trust_env=False)
    return httpx.AsyncClient(transport=network, timeout=timeout_seconds, follow_redirects=False, trust_env=False)
