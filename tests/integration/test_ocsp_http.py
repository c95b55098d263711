"""OCSP over real HTTP: a responder that answers, lies, dawdles and is away."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from gateway.clock import utc_now
from gateway.eds.certificate import Certificate
from gateway.eds.fetch import HttpFetch, user_agent
from gateway.eds.ocsp import Ocsp, OcspLimits, responder_of
from gateway.eds.revocation import Answer, NoAnswer, NotBelieved, RevocationReason
from tests.support import eds, ocsp
from tests.support.eds import AT, CITIZEN, citizen, nca
from tests.support.ocsp import REVOKED, UNKNOWN, Server, failure, respond, responder, serving

LIMITS = OcspLimits(timeout_seconds=2.0)
NOW = AT + timedelta(seconds=1)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


class Client:
    """The gateway's client, with a clock that a test moves."""

    def __init__(self, session: aiohttp.ClientSession, url: str | None, limits: OcspLimits = LIMITS) -> None:
        self.monotonic = 0.0
        self.ocsp = Ocsp(HttpFetch(session), lambda: NOW, replace(limits, url=url), lambda: self.monotonic)

    async def ask(self, about: Certificate | None = None) -> Answer:
        return await self.ocsp.ask(about or citizen().certificate, nca().certificate)


@pytest.fixture
def client(session: aiohttp.ClientSession, server: Server) -> Client:
    return Client(session, server.url)


async def test_good_and_revoked(client: Client, server: Server) -> None:
    """A responder is asked by POST, says who asks and what it sends, and its answer is taken."""
    assert (await client.ask()).withdrawal is None
    server.says(status=REVOKED, since=AT - timedelta(days=1), reason=4)
    withdrawal = (await client.ask()).withdrawal
    assert withdrawal is not None
    assert (withdrawal.at, withdrawal.reason) == (AT - timedelta(days=1), RevocationReason.SUPERSEDED)
    assert server.seen[0]["User-Agent"] == user_agent() != ""
    assert server.seen[0]["Content-Type"] == "application/ocsp-request"


@pytest.mark.parametrize(
    "reply",
    [
        {"status": UNKNOWN},
        {"nonce": b"87654321"},
        {"nonce": None},
        {"serial": 4711},
        {"broken_signature": True},
        {"this_update": AT - timedelta(hours=1)},
    ],
)
async def test_a_lie_is_not_asked_again(client: Client, server: Server, reply: dict[str, object]) -> None:
    """What is not believed is neither repeated nor mended by asking once more."""
    server.says(**reply)
    with pytest.raises(NotBelieved):
        await client.ask()
    assert len(server.seen) == 1


async def test_another_signer_is_not_believed(client: Client, server: Server) -> None:
    """A responder entitled by nobody is not believed over HTTP either."""
    stranger = eds.issue("OCSP RESPONDER", None, replace(ocsp.RESPONDER, key_name="stranger"))
    server.behave = lambda request: respond(request, stranger)
    with pytest.raises(NotBelieved, match="not of the authority"):
        await client.ask()


async def test_a_replayed_answer_is_not_believed(client: Client, server: Server) -> None:
    """The answer to yesterday's question does not answer today's: the nonce is another one."""
    server.says()
    kept: list[bytes] = []

    def record(request: bytes) -> bytes:
        kept.append(respond(request, responder()))
        return kept[0]

    server.behave = record
    assert (await client.ask()).withdrawal is None
    with pytest.raises(NotBelieved, match="another nonce"):
        await client.ask()


@pytest.mark.parametrize("body", [failure(3), failure(2), failure(1), failure(6), b"<html>login</html>", b""])
async def test_no_answer_is_asked_for_twice(client: Client, server: Server, body: bytes) -> None:
    """tryLater, an error, garbage: a second attempt, then no answer."""
    server.behave = lambda _request: body
    with pytest.raises(NoAnswer):
        await client.ask()
    assert len(server.seen) == 2


async def test_try_later_and_then_an_answer(client: Client, server: Server) -> None:
    """NCA RK's responder says tryLater now and then; the second attempt is answered."""

    def once(_request: bytes) -> bytes:
        server.says()
        return failure(3)

    server.behave = once
    assert (await client.ask()).withdrawal is None


@pytest.mark.parametrize(("status", "attempts"), [(303, 1), (404, 1), (500, 2), (503, 2)])
async def test_http_errors(client: Client, server: Server, status: int, attempts: int) -> None:
    """A redirect is not followed (captive portals), an error of the server is tried once more."""
    server.status = status
    with pytest.raises(NoAnswer, match=f"HTTP {status}"):
        await client.ask()
    assert len(server.seen) == attempts


async def test_a_slow_responder(session: aiohttp.ClientSession, server: Server) -> None:
    """Who does not answer within the limit did not answer."""
    server.behave = lambda _request: None
    with pytest.raises(NoAnswer, match="cannot be reached"):
        await Client(session, server.url, replace(LIMITS, timeout_seconds=0.1)).ask()
    assert len(server.seen) == 2


async def test_a_flood_is_cut_off(client: Client, server: Server) -> None:
    """More than a response can have is not read."""
    server.behave = lambda _request: b"\x30" * 1_000_000
    with pytest.raises(NoAnswer, match="more than"):
        await client.ask()


async def test_a_responder_that_is_away_is_left_alone(session: aiohttp.ClientSession) -> None:
    """After five failures nobody waits for it any more; after the pause one question goes out again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = Client(session, f"http://127.0.0.1:{port}/ocsp")
    for _ in range(3):
        with pytest.raises(NoAnswer, match=r"cannot be reached|left alone"):
            await client.ask()
    with pytest.raises(NoAnswer, match="left alone"):
        await client.ask()
    async with serving(port) as server:
        with pytest.raises(NoAnswer, match="left alone"):
            await client.ask()
        assert server.seen == []
        client.monotonic = 31.0
        assert (await client.ask()).withdrawal is None
        assert (await client.ask()).withdrawal is None


async def test_only_so_many_at_a_time(session: aiohttp.ClientSession, server: Server) -> None:
    """More questions than allowed wait for their turn, and give up when it does not come."""
    client = Client(session, server.url, replace(LIMITS, timeout_seconds=0.2, concurrency=2))
    server.behave = lambda _request: None
    outcomes = await asyncio.gather(*(client.ask() for _ in range(8)), return_exceptions=True)
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes)
    assert len(server.seen) < 8


async def test_the_certificate_names_its_responder(session: aiohttp.ClientSession, server: Server) -> None:
    """Without a setting the address in the certificate is asked; without either, nobody."""
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                x509.oid.AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://127.0.0.1:9/")
            ),
            x509.AccessDescription(
                x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(server.url)
            ),
        ]
    )
    issued = eds.issue("АЙГҮЛ", nca(), replace(CITIZEN, extra=((access, False),))).certificate
    assert responder_of(issued) == server.url
    assert (await Client(session, None).ask(issued)).withdrawal is None
    assert responder_of(citizen().certificate) is None
    with pytest.raises(NoAnswer, match="names no responder"):
        await Client(session, None).ask()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ldap://127.0.0.1/", "http://", "not an address"])
async def test_only_http_is_asked(session: aiohttp.ClientSession, url: str) -> None:
    """An address of another kind in a certificate leads nowhere."""
    with pytest.raises(NoAnswer):
        await Client(session, url).ask()


async def test_openssl_as_responder(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    """OpenSSL's own responder is believed: good, revoked, and unknown."""
    now = utc_now()
    authority = eds.issue("OPENSSL ҰКО", template=replace(eds.CA, not_after=now + timedelta(days=900)))
    late = replace(CITIZEN, not_after=now + timedelta(days=900))
    good, bad, unknown = (eds.issue(f"OPENSSL {number}", authority, late) for number in range(3))
    entitled = eds.issue("OPENSSL OCSP", authority, replace(ocsp.RESPONDER, not_after=late.not_after, extra=()))
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "responder.pem").write_bytes(entitled.pem)
    (tmp_path / "responder.key").write_bytes(entitled.key_pem)
    yesterday = f"{now - timedelta(days=1):%y%m%d%H%M%SZ}"
    lines = [
        f"V\t300101000000Z\t\t{good.certificate.serial_number:040X}\tunknown\t/CN=good",
        f"R\t300101000000Z\t{yesterday},keyCompromise\t{bad.certificate.serial_number:040X}\tunknown\t/CN=bad",
    ]
    (tmp_path / "index.txt").write_text("\n".join(lines) + "\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["openssl", "ocsp", "-index", "index.txt", "-port", str(port), "-CA", "ca.pem", "-text"]
    command += ["-rsigner", "responder.pem", "-rkey", "responder.key", "-ndays", "1"]
    try:
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)  # noqa: ASYNC220  starts at once
    except FileNotFoundError:
        eds.unavailable("openssl is not installed")
    try:
        await _listening(tmp_path / "log")
        client = Ocsp(HttpFetch(session), utc_now, replace(LIMITS, url=f"http://127.0.0.1:{port}"))
        answer = await client.ask(good.certificate, authority.certificate)
        assert answer.withdrawal is None
        assert datetime.now(UTC) < answer.fresh_until <= utc_now() + LIMITS.max_age
        revoked = (await client.ask(bad.certificate, authority.certificate)).withdrawal
        assert revoked is not None
        assert revoked.reason is RevocationReason.KEY_COMPROMISE
        with pytest.raises(NotBelieved, match="does not know"):
            await client.ask(unknown.certificate, authority.certificate)
    finally:
        process.terminate()
        process.wait(10)


async def _listening(log: Path) -> None:
    """Wait until OpenSSL says that it waits: a connection to see whether it is there would hang it."""
    async with asyncio.timeout(20):
        while "waiting for OCSP client" not in await asyncio.to_thread(log.read_text):
            await asyncio.sleep(0.05)
