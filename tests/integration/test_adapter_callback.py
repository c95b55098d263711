"""The call-back of a provider's system."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from adapters.callback import MAX_BYTES, callback_routes
from gateway.cases.unavailable import store_unavailable
from gateway.settings import Provider

TOKEN = "a-long-random-token"
CHANGED = '<caseChanged xmlns="urn:qaqpa:provider:1"><number>KST-1</number></caseChanged>'
SOAP = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{CHANGED}</s:Body></s:Envelope>'
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def nudged() -> list[tuple[str, str]]:
    return []


@pytest.fixture
async def client(nudged: list[tuple[str, str]]) -> AsyncIterator[Client]:
    async def nudge(provider: str, number: str) -> bool:
        nudged.append((provider, number))
        if number == "KST-AWAY":
            raise store_unavailable()
        return number == "KST-1"

    providers = {"social": provider(callback_token=TOKEN), "silent": provider()}
    app = web.Application()
    app.add_routes(callback_routes(providers, nudge, receive_seconds=0.3))
    async with TestClient(TestServer(app)) as serving:
        yield serving


def provider(**values: Any) -> Provider:
    return Provider(adapter="soap", url="http://127.0.0.1:1/", bin="990140000000", **values)


async def call(
    client: Client, body: str | bytes, *, name: str = "social", token: str | None = f"Bearer {TOKEN}"
) -> tuple[int, str]:
    headers = {"Authorization": token} if token is not None else {}
    async with client.post(f"/providers/{name}/callback", data=body, headers=headers) as response:
        return response.status, await response.text()


@pytest.mark.parametrize("body", [CHANGED, SOAP, '<?xml version="1.0" encoding="UTF-8"?>\n' + SOAP])
async def test_wakes_the_case(client: Client, nudged: list[tuple[str, str]], body: str) -> None:
    """A call-back with the right token wakes its case, in a SOAP envelope or without."""
    assert await call(client, body) == (204, "")
    assert nudged == [("social", "KST-1")]


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("social", None),
        ("social", ""),
        ("social", "Bearer"),
        ("social", "Bearer wrong"),
        ("social", f"Basic {TOKEN}"),
        ("social", f"Bearer {TOKEN}x"),
        ("social", "Bearer қате"),
        ("silent", f"Bearer {TOKEN}"),
        ("silent", "Bearer "),
        ("unknown", f"Bearer {TOKEN}"),
    ],
)
async def test_without_the_right_token(
    client: Client, nudged: list[tuple[str, str]], name: str, token: str | None
) -> None:
    """Whoever has not the token of that very provider gets one and the same answer, and nothing happens."""
    assert await call(client, CHANGED, name=name, token=token) == (401, "client.token")
    assert nudged == []


async def test_unknown_case(client: Client) -> None:
    """A case the gateway does not have is answered as such."""
    assert await call(client, CHANGED.replace("KST-1", "KST-2")) == (404, "client.case_unknown")


MALFORMED: dict[str, Callable[[], str | bytes]] = {
    "nothing": lambda: b"",
    "not XML": lambda: b"number=KST-1",
    "another element": lambda: CHANGED.replace("caseChanged", "GetCaseStatus"),
    "another namespace": lambda: CHANGED.replace("urn:qaqpa:provider:1", "urn:other"),
    "no number": lambda: CHANGED.replace("<number>KST-1</number>", ""),
    "number of any length": lambda: CHANGED.replace("KST-1", "1" * 41),
    "empty body": lambda: SOAP.replace(CHANGED, ""),
    "envelope without body": lambda: '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>',
    "entities": lambda: '<!DOCTYPE c [<!ENTITY n "KST-1">]>' + CHANGED.replace("KST-1", "&n;"),
    "too large": lambda: CHANGED + " " * MAX_BYTES,
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_malformed(client: Client, nudged: list[tuple[str, str]], kind: str) -> None:
    """What is not a small caseChanged is refused with the reason, and nothing happens."""
    status, text = await call(client, MALFORMED[kind]())
    assert status == 400
    assert text.startswith("client.format: ")
    assert nudged == []


async def test_a_body_that_never_comes_is_not_waited_for(client: Client, nudged: list[tuple[str, str]]) -> None:
    """A call-back whose body does not arrive in time is refused, and nothing happens."""

    async def never() -> AsyncIterator[bytes]:
        yield b"<caseChanged"
        await asyncio.Event().wait()

    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with asyncio.timeout(10), client.post("/providers/social/callback", data=never(), headers=headers) as answer:
        assert (answer.status, (await answer.text())[:14]) == (400, "client.format:")
    assert nudged == []


async def test_while_the_store_is_away_it_says_when_to_come_again(client: Client) -> None:
    """A call-back that cannot be heeded now is answered 503 with a time, not with a defect."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = CHANGED.replace("KST-1", "KST-AWAY")
    async with client.post("/providers/social/callback", data=body, headers=headers) as response:
        assert (response.status, await response.text()) == (503, "gateway.store_unavailable")
        assert int(response.headers["Retry-After"]) > 0
