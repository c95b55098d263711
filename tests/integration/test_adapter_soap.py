"""The SOAP adapter against a provider's system on a real socket."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from aiohttp import web
from lxml import etree

from adapters.soap import SoapProvider
from adapters.transport import MAX_ANSWER_BYTES
from gateway.cases.calls import Failure
from gateway.cases.provider import Outcome, ProviderCase, ProviderRejected, ProviderUnavailable, Stage
from gateway.catalogue.application import Application, Attachment, Person
from gateway.settings import Provider
from gateway.texts import Text
from tests.support.provider_server import (
    NAMESPACE,
    REGISTERED,
    ProviderServer,
    answer,
    envelope,
    fault,
    plain_fault,
    provider_server,
)

Responder = Callable[[str], Awaitable[web.Response]]
ALMATY = timezone(timedelta(hours=5))
SECRET = "040101500123"
CASE = ProviderCase(
    number="KST-2026-000017-4",
    service_id="kostanay.child-benefit",
    registered_at=datetime(2026, 3, 2, 4, 30, tzinfo=UTC),
    deadline=datetime(2026, 3, 13, 18, 30, tzinfo=ALMATY),
    application=Application(
        service_id="kostanay.child-benefit",
        request_number="101-2026-5",
        submitted_at=datetime(2026, 3, 2, 9, 29, 58, tzinfo=ALMATY),
        language="kk",
        applicant=Person(SECRET, "Қайратқызы", "Әсел", birth_date=date(2004, 1, 1), email="a@example.kz"),
        consent=True,
        attachments=(
            Attachment("birth", "туу туралы.pdf", "application/pdf", content=b"%PDF-1.7"),
            Attachment("income", "income.pdf", "application/pdf", content=b"%PDF-1.4", file_id="file-7"),
        ),
        fields={"child/surname": "Ғалымұлы", "children": "2"},
    ),
    document=b"<application>\xd2\x9b &amp; \xd0\xba</application>",
)


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with provider_server() as serving:
        yield serving


@pytest.fixture
async def system(server: ProviderServer) -> AsyncIterator[SoapProvider]:
    provider = adapter(server.url)
    yield provider
    await provider.close()


def adapter(url: str, *, seconds: float = 20.0, concurrency: int = 8) -> SoapProvider:
    settings = Provider(adapter="soap", url=url, timeout_seconds=seconds, concurrency=concurrency, bin="990140000000")
    return SoapProvider(settings)


def text(element: etree._Element, path: str) -> str | None:
    return element.findtext("/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/")))


async def test_case_arrives_whole(server: ProviderServer, system: SoapProvider) -> None:
    """The provider gets every part of the case, valid by the schema, and the signed document byte for byte."""
    status = await system.submit(CASE)
    assert status.stage is Stage.REGISTERED
    assert status.at == datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    assert server.actions == ['"urn:qaqpa:provider:1:SubmitCase"']
    case = server.requests[0][0]
    assert base64.b64decode(text(case, "document") or "") == CASE.document
    assert text(case, "number") == CASE.number
    assert datetime.fromisoformat(text(case, "deadline") or "") == CASE.deadline
    assert text(case, "application/applicant/surname") == "Қайратқызы"
    assert text(case, "application/applicant/birthDate") == "2004-01-01"
    names = [found.text for found in case.iterfind(f".//{{{NAMESPACE}}}field/{{{NAMESPACE}}}name")]
    assert names == ["child/surname", "children"]
    contents = [text(found, "content") for found in case.iterfind(f".//{{{NAMESPACE}}}attachment")]
    assert contents == [base64.b64encode(content).decode() for content in (b"%PDF-1.7", b"%PDF-1.4")]


async def test_supplement_is_another_operation(server: ProviderServer, system: SoapProvider) -> None:
    """A completed application is handed over as a supplement, not as a new case."""
    await system.supplement(CASE)
    assert etree.QName(server.requests[0]).localname == "SupplementCase"


async def test_large_case(server: ProviderServer, system: SoapProvider) -> None:
    """A document as large as ordinary XML parsers can take goes through."""
    large = ProviderCase(
        CASE.number, CASE.service_id, CASE.registered_at, CASE.deadline, CASE.application, b"x" * 7_000_000
    )
    await system.submit(large)
    assert len(text(server.requests[0], "case/document") or "") > 9_000_000


async def test_documents_needed(server: ProviderServer, system: SoapProvider) -> None:
    """A request for documents is read with its texts in both languages and its last day."""
    server.respond = respond(
        "GetCaseStatusResponse",
        "<status><stage>DOCUMENTS_NEEDED</stage><at>2026-03-03T10:00:00Z</at><note><kk>Құжат</kk><ru>Документ</ru></note>"
        "<document><kk>Анықтама</kk><ru>Справка</ru></document><until>2026-03-10</until></status>",
    )
    status = await system.status("KST-1")
    assert status.stage is Stage.DOCUMENTS_NEEDED
    assert status.note == Text("Құжат", "Документ")
    assert status.documents == (Text("Анықтама", "Справка"),)
    assert status.until == date(2026, 3, 10)


async def test_decision(server: ProviderServer, system: SoapProvider) -> None:
    """A refusing decision is read with its ground, and its document byte for byte."""
    document = base64.b64encode("<шешім/>".encode()).decode()
    server.respond = respond(
        "FetchDecisionResponse",
        "<decision><outcome>REFUSED</outcome><at>2026-03-04T11:00:00+05:00</at><name>шешім.xml</name>"
        f"<document>{document}</document><ground><kk>Негіз</kk><ru>Основание</ru></ground></decision>",
    )
    decision = await system.decision("KST-1")
    assert decision.outcome is Outcome.REFUSED
    assert decision.document == "<шешім/>".encode()
    assert decision.name == "шешім.xml"
    assert decision.ground == Text("Негіз", "Основание")


async def test_retryable_fault(server: ProviderServer, system: SoapProvider) -> None:
    """A fault that says it may be retried means later, and its code is kept."""
    server.respond = give(fault("registry.closed", retryable=True, message=SECRET))
    with pytest.raises(ProviderUnavailable, match=r"^registry\.closed$"):
        await system.submit(CASE)


async def test_final_fault(server: ProviderServer, system: SoapProvider) -> None:
    """A fault that says a retry is useless means a person; its free text goes nowhere."""
    server.respond = give(fault("service.unknown", retryable=False, message=SECRET))
    with pytest.raises(ProviderRejected, match=r"^service\.unknown$"):
        await system.submit(CASE)


UNUSABLE = {
    "page instead of an answer": web.Response(
        status=502, text="<html><body>Bad gateway</body></html>", content_type="text/html"
    ),
    "well-formed page that calls itself XML": web.Response(status=503, text="<html/>", content_type="text/xml"),
    "empty failure": web.Response(status=500, content_type="text/xml"),
    "not found": web.Response(status=404, text="no such page"),
    "redirect": web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}, content_type="text/xml"),
    "not XML": web.Response(body=b"\xff\xfe garbage", content_type="text/xml"),
    "no content": web.Response(status=202, content_type="text/xml"),
    "empty body": envelope(""),
    "two answers": envelope(f'<a xmlns="{NAMESPACE}"/><a xmlns="{NAMESPACE}"/>'),
    "answer of another operation": answer("FetchDecisionResponse", REGISTERED),
    "foreign element": envelope("<ok/>"),
    "missing parts": answer("GetCaseStatusResponse", "<status><stage>REGISTERED</stage></status>"),
    "unknown stage": answer("GetCaseStatusResponse", REGISTERED.replace("REGISTERED", "LOST")),
    "time without offset": answer("GetCaseStatusResponse", REGISTERED.replace("+05:00", "")),
    "time beyond reason": answer("GetCaseStatusResponse", REGISTERED.replace("2026", "30000")),
    "time at the start of the calendar": answer(
        "GetCaseStatusResponse", REGISTERED.replace("2026", "0001").replace("+05:00", "+14:00")
    ),
    "time at the end of the calendar": answer(
        "GetCaseStatusResponse", REGISTERED.replace("2026", "9999").replace("+05:00", "-14:00")
    ),
    "day at the end of the calendar": answer(
        "GetCaseStatusResponse", REGISTERED.replace("</status>", "<until>9999-12-31</until></status>")
    ),
    "no document named": answer("GetCaseStatusResponse", REGISTERED.replace("REGISTERED", "DOCUMENTS_NEEDED")),
    "fault without detail": plain_fault(""),
    "fault of somebody else": plain_fault("<error xmlns='urn:other'/>"),
    "fault that breaks the contract": fault(f"iin {SECRET}", retryable=False),
    "entities": web.Response(
        text=f'<!DOCTYPE s [<!ENTITY a "{SECRET}">]><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
        "<s:Body>&a;</s:Body></s:Envelope>",
        content_type="text/xml",
    ),
    "multipart": web.Response(
        body=b"--b\r\n\r\n<a/>\r\n--b--", headers={"Content-Type": "multipart/related; boundary=b"}
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_unusable_answer(server: ProviderServer, system: SoapProvider, case: str) -> None:
    """Whatever is not an answer or a fault of the contract is the provider's failure, to be asked again; not quoted."""
    kept = UNUSABLE[case]
    server.respond = give(web.Response(status=kept.status, body=kept.body, headers=kept.headers))
    with pytest.raises(ProviderUnavailable) as caught:
        await system.status("KST-1")
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize("ground", ["", "<ground><kk>Негіз</kk><ru>Основание</ru></ground>"])
async def test_decision_that_contradicts_itself(server: ProviderServer, system: SoapProvider, ground: str) -> None:
    """A refusal without its ground, and a positive decision with one, are not taken."""
    outcome = "POSITIVE" if ground else "REFUSED"
    server.respond = respond(
        "FetchDecisionResponse",
        f"<decision><outcome>{outcome}</outcome><at>2026-03-04T11:00:00Z</at><name>d.xml</name>"
        f"<document>PGEvPg==</document>{ground}</decision>",
    )
    with pytest.raises(ProviderUnavailable, match="ground"):
        await system.decision("KST-1")


async def test_answer_without_end(server: ProviderServer, system: SoapProvider) -> None:
    """An answer larger than any decision is cut off."""
    server.respond = respond("GetCaseStatusResponse", REGISTERED + " " * MAX_ANSWER_BYTES)
    with pytest.raises(ProviderUnavailable, match="more than"):
        await system.status("KST-1")


async def test_refused_connection() -> None:
    """A system that is not there is unavailable."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    provider = adapter(f"http://127.0.0.1:{port}/provider")
    with pytest.raises(ProviderUnavailable, match="network: ConnectError"):
        await provider.submit(CASE)
    await provider.close()


async def test_no_answer_in_time(server: ProviderServer) -> None:
    """A system that does not answer within its time limit is unavailable."""

    async def silence(_: str) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    server.respond = silence
    provider = adapter(server.url, seconds=0.2)
    with pytest.raises(ProviderUnavailable, match=r"no answer within 0\.2 s"):
        await provider.submit(CASE)
    await provider.close()


@pytest.mark.parametrize(("status", "asked", "seconds"), [(503, "120", 120.0), (429, "soon", 0.0), (502, None, 0.0)])
async def test_a_system_that_says_when_to_come_again(
    server: ProviderServer, system: SoapProvider, status: int, asked: str | None, seconds: float
) -> None:
    """HTTP 429, 502, 503 and 504 are no answer about the case; the wait they ask for is told."""
    headers = {"Retry-After": asked} if asked else {}
    server.respond = give(web.Response(status=status, text="<html/>", content_type="text/html", headers=headers))
    with pytest.raises(ProviderUnavailable) as caught:
        await system.status("KST-1")
    assert (caught.value.failure, caught.value.retry_after) == (Failure.BUSY, seconds)


async def test_dropped_connection() -> None:
    """A system that hangs up in the middle of an answer is unavailable."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<s:Envelope")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        provider = adapter(f"http://127.0.0.1:{port}/provider")
        with pytest.raises(ProviderUnavailable, match="network: RemoteProtocolError"):
            await provider.status("KST-1")
        await provider.close()


async def test_calls_at_the_same_time_are_limited(server: ProviderServer) -> None:
    """A provider's system never gets more calls at once than its limit, and all are answered."""
    arrived, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slowly(operation: str) -> web.Response:
        arrived.release()
        await go_on.wait()
        return await server.registered(operation)

    server.respond = slowly
    provider = adapter(server.url, concurrency=3)
    calls = [asyncio.create_task(provider.status("KST-1")) for _ in range(10)]
    for _ in range(3):
        await arrived.acquire()
    go_on.set()
    answers = await asyncio.gather(*calls)
    assert len(answers) == 10
    assert server.most_at_once == 3
    await provider.close()


def respond(element: str, content: str) -> Responder:
    return give(answer(element, content))


def give(response: web.Response) -> Responder:
    async def respond_with(_: str) -> web.Response:
        return response

    return respond_with
