"""Attacks on the endpoint: each is refused with its fault, nothing reaches intake, and the gateway goes on serving."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from copy import deepcopy
from urllib.parse import urlsplit

import aiohttp
import pytest
from lxml import etree

from gateway.shep.messages import AsyncMessage, Data, MessageType, Sender
from gateway.shep.reader import ReplyFault, read_reply
from gateway.shep.writer import write
from tests.support.shep_gateway import PASSWORD, Wire, wire
from tests.support.shep_parties import NOW, party

LIMIT = 200_000
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
BODY = f"{{{SOAP}}}Body"


@pytest.fixture
async def gateway() -> AsyncIterator[Wire]:
    """A gateway's wire; after the test it must still take a good message."""
    async with wire(max_message_bytes=LIMIT) as running:
        yield running
        before = len(running.intake.accepted)
        async with aiohttp.ClientSession() as http, http.post(f"{running.url}/shep/async", data=signed()) as response:
            assert response.status == 200
        assert len(running.intake.accepted) == before + 1


def signed(payload: str = "<a/>") -> bytes:
    """Return a good signed application."""
    message = AsyncMessage(
        "KSL-1", MessageType.REQUEST, NOW, Sender("portal", PASSWORD), "1", data=Data((payload.encode(),))
    )
    return write(message, party("portal").key)


async def refused(gateway: Wire, body: bytes, path: str = "async") -> tuple[str, str]:
    """Send an attack; return outward and precise code of the fault. Nothing may reach intake."""
    async with aiohttp.ClientSession() as http, http.post(f"{gateway.url}/shep/{path}", data=body) as response:
        assert response.status == 500
        raw = await response.read()
    with pytest.raises(ReplyFault) as caught:
        read_reply(raw)
    assert gateway.intake.accepted == []
    error = caught.value.error
    assert error.sub_error is not None
    return error.code, error.sub_error.code


async def test_giant_body(gateway: Wire) -> None:
    """A body announced as too large is refused by its length."""
    assert await refused(gateway, b"<" * (LIMIT + 1)) == ("SCE001", "client.too_large")


async def test_endless_chunks(gateway: Wire) -> None:
    """A chunked body is refused as soon as it is too large: the sender cannot push on."""
    address = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"POST /shep/async HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(LIMIT // 0x10000 + 1):
        writer.write(chunk)
    await writer.drain()

    head = await reader.readuntil(b"\r\n\r\n")  # no end of the body was ever sent
    writer.close()

    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"Connection: close" in head


async def test_compressed_body(gateway: Wire) -> None:
    """A compressed body, small outside and large inside, is refused by its header."""
    bomb = gzip.compress(b" " * 10_000_000)
    headers = {"Content-Encoding": "gzip"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{gateway.url}/shep/async", data=bomb, headers=headers) as response,
    ):
        assert response.status == 500
        assert b"client.content_encoding" in await response.read()


@pytest.mark.parametrize(
    "prolog",
    [
        b"<!DOCTYPE a>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd">',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
    ],
    ids=["doctype", "external-dtd", "external-entity", "billion-laughs"],
)
async def test_document_type(gateway: Wire, prolog: bytes) -> None:
    """A document type declaration of any kind is refused, in front of an otherwise good message."""
    declaration, _, rest = signed().partition(b"?>")

    assert await refused(gateway, declaration + b"?>" + prolog + rest) == ("SCE001", "client.dtd")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<a>" * 20_000, "client.not_xml"),
        (b"<a" + b"".join(b' xmlns:n%d="u"' % number for number in range(2_500)) + b"/>", "client.too_complex"),
        (b"<a" + b"".join(b' b%d=""' % number for number in range(5_000)) + b"/>", "client.too_complex"),
    ],
    ids=["depth", "namespaces", "attributes"],
)
async def test_expensive_structure(gateway: Wire, body: bytes, code: str) -> None:
    """Depth, namespaces and attributes that make canonicalisation expensive are refused before it."""
    assert await refused(gateway, body) == ("SCE001", code)


def _other_body(envelope: etree._Element) -> etree._Element:
    """Return a Body that asks for something else, unsigned."""
    other = deepcopy(envelope.find(BODY))
    assert other is not None
    other.attrib.clear()
    (service,) = other.iter("serviceId")
    service.text = "KSL-2"
    return other


def _wrapped_in_header(envelope: etree._Element) -> None:
    header, body = envelope[0], envelope.find(BODY)
    assert body is not None
    envelope.append(_other_body(envelope))
    etree.SubElement(header, "{urn:x}Wrapper").append(body)


def _second_body(envelope: etree._Element) -> None:
    envelope.append(_other_body(envelope))


def _same_id_twice(envelope: etree._Element) -> None:
    header, body = envelope[0], envelope.find(BODY)
    assert body is not None
    other = _other_body(envelope)
    other.set(f"{{{WSU}}}Id", body.get(f"{{{WSU}}}Id", ""))
    envelope.replace(body, other)
    etree.SubElement(header, "{urn:x}Wrapper").append(body)


def _wrapped_in_data(envelope: etree._Element) -> None:
    body = envelope.find(BODY)
    assert body is not None
    other = _other_body(envelope)
    (data,) = other.iter("data")
    envelope.replace(body, other)
    data.append(body)


@pytest.mark.parametrize(
    ("wrap", "fault"),
    [
        (_wrapped_in_header, ("SCE006", "client.signature.invalid")),
        (_second_body, ("SCE001", "client.not_soap")),
        (_same_id_twice, ("SCE006", "client.signature.invalid")),
        (_wrapped_in_data, ("SCE006", "client.signature.invalid")),
    ],
)
async def test_signature_wrapping(gateway: Wire, wrap: object, fault: tuple[str, str]) -> None:
    """The signed Body put aside and another one read in its place is never taken."""
    envelope = etree.fromstring(signed())
    wrap(envelope)  # type: ignore[operator]  # a function of the list above

    assert await refused(gateway, etree.tostring(envelope)) == fault


@pytest.mark.parametrize(
    ("name", "instant", "outward"),
    [
        ("Expires", "9999-12-31T23:59:59Z", None),
        ("Expires", "9999-12-31T23:59:59-14:00", None),
        ("Expires", "0001-01-01T00:00:00+14:00", "SCE006"),
        ("Created", "0001-01-01T00:00:00Z", None),
        ("Created", "0001-01-01T00:00:00+14:00", None),
        ("Created", "9999-12-31T23:59:59-14:00", "SCE006"),
    ],
)
async def test_timestamp_at_the_ends_of_the_calendar(
    gateway: Wire, name: str, instant: str, outward: str | None
) -> None:
    """A time stamp at the ends of the calendar is judged like any other, and is no defect of the gateway."""
    envelope = etree.fromstring(signed())
    etree.SubElement(etree.SubElement(envelope[0][0], f"{{{WSU}}}Timestamp"), f"{{{WSU}}}{name}").text = instant

    if outward is not None:
        assert await refused(gateway, etree.tostring(envelope)) == (outward, "client.signature.invalid")
        return
    url = f"{gateway.url}/shep/async"
    async with aiohttp.ClientSession() as http, http.post(url, data=etree.tostring(envelope)) as response:
        assert response.status == 200


async def test_signature_of_another_message(gateway: Wire) -> None:
    """A header taken from one signed message does not carry another one's Body."""
    first, second = etree.fromstring(signed("<a/>")), etree.fromstring(signed("<b/>"))
    first.replace(first[0], deepcopy(second[0]))

    assert (await refused(gateway, etree.tostring(first)))[0] == "SCE006"


async def test_comment_inside_a_signed_value(gateway: Wire) -> None:
    """A comment put into a signed field, which the signature does not notice, does not change what is read."""
    body = signed().replace(b"<serviceId>KSL-1<", b"<serviceId>KSL<!-- x -->-1<")

    async with aiohttp.ClientSession() as http, http.post(f"{gateway.url}/shep/async", data=body) as response:
        assert response.status == 200
    assert gateway.intake.accepted[0].service_id == "KSL-1"


@pytest.mark.parametrize(
    "path",
    [
        "/shep/../pyproject.toml",
        "/shep/..%2f..%2fpyproject.toml",
        "/shep/%2e%2e/%2e%2e/etc/passwd",
        "/shep/..%5CCommonTypes.xsd",
        "/shep/Unknown.xsd",
        "/shep/SyncChannel.wsdl%00.xsd",
        "/shep//etc/passwd",
    ],
)
async def test_path_traversal(gateway: Wire, path: str) -> None:
    """No name reaches a file outside the fixed list; the path goes over the socket as it is."""
    address = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    answer = await reader.read()
    writer.close()

    assert answer.split(b" ", 2)[1] in {b"404", b"400"}
    assert b"root:" not in answer
    assert b"schema" not in answer
