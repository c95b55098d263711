"""A time-stamping authority asked over real HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.eds.fetch import HttpFetch, user_agent
from gateway.eds.timestamp.client import Authority, HttpTimeStampAuthority, StampFailed
from tests.support import eds, tsa

VALUE = b"a signature value"


@dataclass
class Server:
    """An authority whose next answers are told; then it stamps."""

    url: str = ""
    answers: list[web.Response] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        body = await request.read()
        if self.answers:
            return self.answers.pop(0)
        return _reply(tsa.Tsa.rsa().response(body, at=eds.AT))


def _reply(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/timestamp-reply")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    running = Server()
    app = web.Application()
    app.router.add_post("/", running.handle)
    async with TestServer(app) as listening:
        running.url = str(listening.make_url("/"))
        yield running


Ask = Callable[[], Awaitable[bytes]]


@pytest.fixture
async def ask(server: Server) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession() as session:
        authority = Authority(server.url, tsa.SHA256, timeout_seconds=5.0)
        client = HttpTimeStampAuthority(authority, HttpFetch(session))

        async def asked() -> bytes:
            return (await client.stamp(VALUE)).der

        yield asked


async def test_a_stamp_is_had(ask: Ask, server: Server) -> None:
    """The authority is asked by POST with RFC 3161's media type and says who asks; its stamp is VALID."""
    token = await ask()
    verdict = await tsa.verifier().time_stamp(token, VALUE, at=eds.AT)
    assert not verdict.reasons
    (request,) = server.requests
    assert request.headers["Content-Type"] == "application/timestamp-query"
    assert request.headers["User-Agent"] == user_agent() != ""


async def test_what_passes_is_asked_again(ask: Ask, server: Server) -> None:
    """A server error and `timeNotAvailable` are asked again, with another nonce."""
    server.answers = [web.Response(status=503), _reply(tsa.refusal(2, 14))]
    await ask()
    assert len(server.requests) == 3


async def test_what_does_not_pass_is_told_at_once(ask: Ask, server: Server) -> None:
    """A refusal, nonsense and a redirect to a captive portal are told, and not asked again."""
    redirect = web.Response(status=303, headers={"Location": "/portal"})
    for answer, why in (
        (_reply(tsa.refusal(2, 15)), "unacceptedPolicy"),
        (_reply(b"<html/>"), "not a time stamp response"),
        (redirect, "303"),
    ):
        server.requests.clear()
        server.answers = [answer]
        with pytest.raises(StampFailed, match=why):
            await ask()
        assert len(server.requests) == 1


async def test_an_old_answer_is_not_taken(ask: Ask, server: Server) -> None:
    """The answer to an earlier question, replayed, is refused by its nonce."""
    await ask()
    body = await server.requests[0].read()
    server.answers = [_reply(tsa.Tsa.rsa().response(body, at=eds.AT))]
    with pytest.raises(StampFailed, match="nonce"):
        await ask()


async def test_nobody_answers(unused_tcp_port: int) -> None:
    """An authority that is away is told as such."""
    async with aiohttp.ClientSession() as session:
        authority = Authority(f"http://127.0.0.1:{unused_tcp_port}/", tsa.SHA256)
        with pytest.raises(StampFailed, match="cannot be reached"):
            await HttpTimeStampAuthority(authority, HttpFetch(session)).stamp(VALUE)
