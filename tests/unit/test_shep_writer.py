"""Exact out: what is written is valid, and reads back as what was meant."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from gateway.eds.verdict import Indication
from gateway.resources import schemas
from gateway.shep.contract import Operation
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    DeliveryNotificationReceipt,
    MessagesAnswer,
    MessageType,
    Property,
    Request,
    Response,
    StatusChangeReceipt,
    StatusInfo,
    StatusQuery,
    SyncRequest,
    SyncResponse,
)
from gateway.shep.reader import ReplyFault, read_reply, read_request
from gateway.shep.values import shorten, write_date
from gateway.shep.writer import FaultCode, write, write_fault
from tests.support.shep_messages import APPLICATION, ERROR, REQUESTS, RESPONSES, SENDER, SESSION
from tests.support.shep_parties import NOW, party, verifier

SHEP = schemas() / "shep"
NIL = "{00000000-0000-0000-0000-000000000000}"


@cache
def _schema(folder: Path) -> etree.XMLSchema:
    """Return one schema over all the namespaces of the contract."""
    wrapper = etree.Element("{http://www.w3.org/2001/XMLSchema}schema")
    for name in ("SyncChannelTypes", "AsyncChannelTypes", "AsyncChannelClientTypes"):
        path = folder / f"{name}.xsd"
        namespace = etree.parse(path).getroot().get("targetNamespace", "")
        location = path.as_uri()
        etree.SubElement(wrapper, f"{wrapper.tag[:-6]}import", namespace=namespace, schemaLocation=location)
    return etree.XMLSchema(wrapper)


def _wrapper(envelope: bytes) -> etree._Element:
    body = etree.fromstring(envelope).find("{*}Body")
    assert body is not None
    return body[0]


@pytest.mark.parametrize("name", REQUESTS)
def test_requests_round_trip(name: str) -> None:
    """A request is valid against the schema and reads back as the same message."""
    raw = write(REQUESTS[name], None)

    _schema(SHEP).assertValid(_wrapper(raw))
    assert read_request(raw).message == REQUESTS[name]


@pytest.mark.parametrize("name", RESPONSES)
def test_responses_round_trip(name: str) -> None:
    """A response is valid against the schema and reads back as the same message."""
    raw = write(RESPONSES[name], None)

    _schema(SHEP).assertValid(_wrapper(raw))
    assert read_reply(raw) == RESPONSES[name]


@pytest.mark.parametrize("operation", Operation)
def test_faults_round_trip(operation: Operation) -> None:
    """A fault stands in its operation's own element, valid against the schema, and reads back as the same error."""
    raw = write_fault(operation, ERROR, None)
    fault = _wrapper(raw)

    assert [child.tag for child in fault] == ["faultcode", "faultstring", "detail"]
    assert (fault[0].text, fault[1].text) == ("S:Server", "қате")
    assert fault[2][0].tag == operation.fault_tag
    _schema(SHEP).assertValid(fault[2][0])
    with pytest.raises(ReplyFault) as caught:
        read_reply(raw)
    assert caught.value.error == ERROR


def test_fault_code_is_qualified() -> None:
    """The prefix in faultcode is bound to the SOAP namespace."""
    fault = _wrapper(write_fault(Operation.SEND_MESSAGE, ERROR, None, faultcode=FaultCode.MUST_UNDERSTAND))

    assert fault[0].text == "S:MustUnderstand"
    assert fault[0].nsmap["S"] == "http://schemas.xmlsoap.org/soap/envelope/"


@pytest.mark.parametrize("message", [REQUESTS["sync-full"], RESPONSES["messages-full"]])
def test_signature_covers_the_body(message: Request | Response) -> None:
    """With a key, the written envelope verifies as signed by that key, and still reads back."""
    raw = write(message, party("portal").key)
    read = read_request(raw) if message is REQUESTS["sync-full"] else None
    envelope = etree.fromstring(raw)
    body = envelope.find("{*}Body")
    assert body is not None

    verdict = verifier().transport(envelope, body, at=NOW, registered=())

    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].certificate == party("portal").certificate
    assert (read.message if read else read_reply(raw)) == message


def test_text_data_is_typed() -> None:
    """Text in data carries xsi:type="xs:string" with both prefixes declared, or JAXB peers read an element."""
    (data,) = etree.fromstring(write(REQUESTS["async"], None)).iter("data")

    assert data.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "xs:string"
    assert data.nsmap["xs"] == "http://www.w3.org/2001/XMLSchema"
    assert data.text is not None
    assert data.text.encode() == APPLICATION


def test_data_is_required_in_the_asynchronous_channel() -> None:
    """An empty message still has its data element there."""
    empty = AsyncMessage("KSL-1", MessageType.REQUEST, NOW, SENDER)

    _schema(SHEP).assertValid(_wrapper(write(empty, None)))


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 3, 2, 2, 8, 9, 123456, tzinfo=UTC), "2026-03-02T07:08:09.123+05:00"),
        (datetime(2024, 5, 6, 20, 0, tzinfo=UTC), "2024-05-07T01:00:00.000+05:00"),
        (datetime(2023, 5, 6, 20, 0, tzinfo=UTC), "2023-05-07T02:00:00.000+06:00"),
    ],
)
def test_dates(instant: datetime, text: str) -> None:
    """Dates are on Kazakhstan's clock, to the millisecond, with the offset that held on that day."""
    assert write_date(instant) == text


@pytest.mark.parametrize(
    ("session", "written"),
    [(SESSION, SESSION), (SESSION[1:-1], SESSION), ("SIGN_NOT_EXIST", None), (None, None)],
)
def test_session_id_is_a_guid_or_absent(session: str | None, written: str | None) -> None:
    """A session id that is no GUID is left out where the contract lets it out."""
    raw = write(AsyncReceipt("1", "2", NOW, session), None)

    assert read_reply(raw) == AsyncReceipt("1", "2", NOW, written)


@pytest.mark.parametrize(
    "message",
    [DeliveryNotificationReceipt("n-1", NOW, ""), MessagesAnswer(NOW, "SIGN_NOT_EXIST"), StatusChangeReceipt(NOW, "")],
)
def test_required_session_id_is_zeros(message: Response) -> None:
    """Where the contract requires a session id and there is none, zeros stand for it."""
    raw = write(message, None)

    _schema(SHEP).assertValid(_wrapper(raw))
    assert [element.text for element in etree.fromstring(raw).iter("sessionId")] == [NIL]


def test_status_message_is_shortened() -> None:
    """A status message longer than the contract allows is cut at a word."""
    message = " ".join(["сөз"] * 100)
    raw = write(SyncResponse("1", NOW, StatusInfo("SCSS001", message)), None)
    (written,) = (element.text for element in etree.fromstring(raw).iter("message"))

    _schema(SHEP).assertValid(_wrapper(raw))
    assert written == " ".join(["сөз"] * 62) + "…"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abc", 3, "abc"),
        ("abc def", 6, "abc…"),
        ("abc def", 4, "abc…"),
        ("abcdefgh", 4, "abc…"),
        ("abc, def", 6, "abc…"),
    ],
)
def test_shorten(text: str, limit: int, expected: str) -> None:
    """A text is cut at the end of a word; a single long word is cut in the middle."""
    assert shorten(text, limit) == expected


@pytest.mark.parametrize(
    "message",
    [
        AsyncReceipt(None, "1", NOW),
        AsyncReceipt("1", "2", None),
        SyncRequest(None, "KSL-1", NOW, SENDER),
        StatusQuery("1", NOW, SENDER, (Property("k" * 31, ""),)),
    ],
)
def test_incomplete_messages_are_not_written(message: Request | Response) -> None:
    """What the contract requires and the message lacks is an error of the caller, never a message."""
    with pytest.raises(ValueError, match=r"required|at most"):
        write(message, None)
