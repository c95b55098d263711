"""Tolerant in: every shape that peers were seen to send is read, and what cannot be read is said precisely."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import ALMATY
from gateway.faults import Code
from gateway.shep.contract import Operation
from gateway.shep.faults import FormatFault
from gateway.shep.messages import (
    AsyncMessage,
    AsyncReceipt,
    DeliveryNotification,
    MessagesQuery,
    MessageType,
    Property,
    ReceiveStatus,
    Request,
    SyncRequest,
    SyncResponse,
)
from gateway.shep.reader import ReplyFault, ReplyUnreadable, read_reply, read_request
from gateway.shep.values import read_date, read_int

SHARED = Path(__file__).parents[2].parent / "shared" / "shep"
needs_samples = pytest.mark.skipif(not SHARED.is_dir(), reason="the captured messages are not beside the checkout")

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SYNC = "http://bip.bee.kz/SyncChannel/v10/Types"
ASYNC = "http://bip.bee.kz/AsyncChannel/v10/Types"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
SENDER = "<sender><senderId>portal</senderId><password>secret</password></sender>"


def envelope(body: str, header: str = "") -> bytes:
    """Return an envelope around a body."""
    return f'<S:Envelope xmlns:S="{SOAP}">{header}<S:Body>{body}</S:Body></S:Envelope>'.encode()


def sync(data: str, info: str = "") -> bytes:
    """Return a SendMessage request."""
    return envelope(
        f'<n:SendMessage xmlns:n="{SYNC}"><request><requestInfo><messageId>m-1</messageId>{info}'
        f"<serviceId>KSL-1</serviceId><messageDate>2026-03-02T07:08:09+05:00</messageDate>{SENDER}</requestInfo>"
        f"<requestData>{data}</requestData></request></n:SendMessage>"
    )


def push(info: str, data: str = "<data>x</data>") -> bytes:
    """Return a sendMessage request."""
    return envelope(
        f'<n:sendMessage xmlns:n="{ASYNC}"><request><messageInfo>{info}</messageInfo>'
        f"<messageData>{data}</messageData></request></n:sendMessage>"
    )


def readings(data: str) -> tuple[bytes, ...]:
    """Return the readings of a data element."""
    message = read_request(sync(data)).message
    assert isinstance(message, SyncRequest)
    return message.data.readings


def fault(raw: bytes) -> FormatFault:
    """Return the fault that reading ends in."""
    with pytest.raises(FormatFault) as caught:
        read_request(raw)
    assert caught.value.code is Code.FORMAT
    return caught.value


def _outcome(raw: bytes) -> Operation | FormatFault:
    try:
        return read_request(raw).operation
    except FormatFault as refused:
        return refused


_CAPTURED = {
    Operation.SYNC_SEND_MESSAGE: "SendMessage",
    Operation.SEND_MESSAGE: "sendMessage",
    Operation.SEND_DELIVERY_NOTIFICATION: "sendDeliveryNotification",
    Operation.GET_MESSAGE_STATUS: "getMessageStatus",
    Operation.GET_MESSAGES: "getMessages",
}


@needs_samples
@pytest.mark.parametrize("operation", _CAPTURED)
def test_captured_messages(operation: Operation) -> None:
    """Every captured request, response and fault of an operation is read."""
    name = _CAPTURED[operation]
    for path in SHARED.glob(f"captures/*-{name}.request.xml"):
        assert read_request(path.read_bytes()).operation is operation
    for path in SHARED.glob(f"captures/*-{name}.response-200.xml"):
        assert read_reply(path.read_bytes())
    for path in SHARED.glob(f"captures/*-{name}.response-500.xml"):
        with pytest.raises(ReplyFault) as caught:
            read_reply(path.read_bytes())
        assert caught.value.error.code in {"SCE001", "SCE004"}
        assert caught.value.error.session_id == "{11111111-2222-3333-4444-555555555555}"


@needs_samples
@pytest.mark.parametrize(
    ("file", "kind", "payload"),
    [
        ("samples/observed-async-push-notification.xml", AsyncMessage, b"http://example.kz/payload"),
        ("samples/observed-pep-final-response.xml", AsyncMessage, b"<ns3:SystemInfo>"),
        ("samples/observed-pep-status-notification.xml", AsyncMessage, "Заявка успешно создана".encode()),
        ("samples/observed-sync-empty-optionals.xml", SyncRequest, b"<downloadRequest>"),
        ("samples/observed-sync-typed-data-request.xml", SyncRequest, b"<ScreeningId>"),
        ("request.xml", SyncRequest, b"<requestNumber>"),
    ],
)
def test_observed_requests(file: str, kind: type[Request], payload: bytes) -> None:
    """Every observed request is read, with its business data."""
    message = read_request((SHARED / file).read_bytes()).message

    assert isinstance(message, kind)
    assert isinstance(message, SyncRequest | AsyncMessage)
    assert message.data.readings
    assert all(payload in reading for reading in message.data.readings)


@needs_samples
@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("samples/observed-async-provider-ack.xml", AsyncReceipt),
        ("samples/observed-sync-typed-data-response.xml", SyncResponse),
        ("response.xml", SyncResponse),
    ],
)
def test_observed_responses(file: str, kind: type) -> None:
    """Every observed response is read."""
    assert isinstance(read_reply((SHARED / file).read_bytes()), kind)


@needs_samples
@pytest.mark.parametrize("path", sorted(SHARED.glob("samples/soapui-*")), ids=lambda path: path.stem)
def test_templates(path: Path) -> None:
    """A template with question marks is read, or refused for a field by name."""
    outcome = _outcome(path.read_bytes())

    assert isinstance(outcome, Operation) or (outcome.detail.code, bool(outcome.operation)) == (
        "client.invalid_field",
        True,
    )


def test_order_and_empty_optionals() -> None:
    """Fields in another order and empty optional fields are read; an empty one is none."""
    raw = push(
        f"<sessionId/><correlationId/><properties/><routeId></routeId>{SENDER}"
        "<messageType>REQUEST</messageType><messageId> 254750124 </messageId><serviceId>KSL-1</serviceId>"
    )
    message = read_request(raw).message

    assert isinstance(message, AsyncMessage)
    assert message.message_id == "254750124"
    assert message.message_type is MessageType.REQUEST
    assert message.message_date is None
    assert (message.correlation_id, message.route_id, message.session_id, message.properties) == (None, None, None, ())


def test_properties() -> None:
    """Properties are read in their order."""
    info = "<properties><key>A</key><value>1</value></properties><properties><value>2</value><key>B</key></properties>"
    message = read_request(sync("<data>x</data>", info)).message

    assert isinstance(message, SyncRequest)
    assert message.properties == (Property("A", "1"), Property("B", "2"))


def test_session_id_inside_sender() -> None:
    """A session id that stands in sender is found."""
    raw = push(
        "<serviceId>S</serviceId><messageType>REQUEST</messageType>"
        "<sender><senderId>portal</senderId><sessionId>1-2</sessionId></sender>"
    )
    message = read_request(raw).message

    assert isinstance(message, AsyncMessage)
    assert message.session_id == "1-2"


def test_byte_order_mark_and_foreign_declarations() -> None:
    """A byte order mark, a qualified field and xsi:type of either dialect make no difference."""
    raw = b"\xef\xbb\xbf" + sync("<data>x</data>").replace(
        b"<requestInfo>",
        f'<q:requestInfo xmlns:q="urn:q" {XSI} xsi:type="q:SyncMessageInfo">'.encode(),
    ).replace(b"</requestInfo>", b"</q:requestInfo>")
    message = read_request(raw).message

    assert isinstance(message, SyncRequest)
    assert message.service_id == "KSL-1"


def test_corrected_spelling() -> None:
    """MESSAGE_NOT_ACCEPTED is understood as the contract's MESSAGE_NOT_ACCTEPTED."""
    raw = envelope(
        f'<n:sendDeliveryNotification xmlns:n="{ASYNC}"><request><notification><messageId>1</messageId>'
        "<serviceId>S</serviceId><deliveryStatus><receiveStatus>MESSAGE_NOT_ACCEPTED</receiveStatus>"
        "<resendMessage>RESEND</resendMessage></deliveryStatus></notification></request></n:sendDeliveryNotification>"
    )
    message = read_request(raw).message

    assert isinstance(message, DeliveryNotification)
    assert message.receive_status is ReceiveStatus.NOT_ACCEPTED
    assert message.sender is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (f'<data {XSI} xsi:type="xs:string">&lt;a&gt;ұл&lt;/a&gt;</data>', "<a>ұл</a>"),
        ("<data>&lt;a>1&lt;/a></data>", "<a>1</a>"),
        ("<data><![CDATA[<a>1</a>]]></data>", "<a>1</a>"),
        ("<data><![CDATA[<a>]]>1<![CDATA[</a>]]></data>", "<a>1</a>"),
        ("<data>plain text</data>", "plain text"),
        ("<data>\n  &lt;?xml version='1.0'?&gt;&lt;a/&gt;</data>", "<?xml version='1.0'?><a/>"),
        ("<data>\ufeff&lt;a/&gt;</data>", "<a/>"),
        (
            "<data>\ufeff\n&lt;?xml version='1.0' encoding='UTF-8'?&gt;&lt;a/&gt;</data>",
            "<?xml version='1.0' encoding='UTF-8'?><a/>",
        ),
        ('<data>&lt;?xml version="1.0" encoding="utf-16"?&gt;&lt;a/&gt;</data>', '<?xml version="1.0"?><a/>'),
        ("<data>&lt;a&gt;<!-- cut here -->1&lt;/a&gt;</data>", "<a>1</a>"),
        ("<data>&lt;a&gt;&#13;\n&lt;/a&gt;</data>", "<a>\r\n</a>"),
        ('<n:data xmlns:n="urn:n">&lt;a/&gt;</n:data>', "<a/>"),
    ],
)
def test_text_data(data: str, expected: str) -> None:
    """Text in any clothing has one reading: the text, in UTF-8, ready to be parsed."""
    assert readings(data) == (expected.encode(),)


@pytest.mark.parametrize("data", ["", "<data/>", "<data></data>", "<data> \n </data>", "<data><!-- x --></data>"])
def test_no_data(data: str) -> None:
    """Absent and empty data have no reading."""
    assert readings(data) == ()


def test_nested_data() -> None:
    """Nested XML is read alone and with the declarations in scope, without what follows it."""
    lean, full = readings(f'<data {XSI}>\n <p:a xmlns:p="urn:p" xmlns:q="urn:q"><b xsi:nil="true">ұ</b></p:a>\n</data>')

    assert b"\n" not in lean + full
    assert lean.startswith(b"<p:a ")
    assert b'xmlns:q="urn:q"' in lean
    assert b"http://www.w3.org/2001/XMLSchema-instance" in lean
    assert b'"http://www.w3.org/2001/XMLSchema"' not in lean
    assert b'"http://www.w3.org/2001/XMLSchema"' in full
    assert SYNC.encode() in full
    assert "ұ".encode() in lean


def test_typed_data_with_several_elements() -> None:
    """Typed data has no single root: the data element itself is the document."""
    lean, full = readings(
        f'<data {XSI} xmlns:q1="urn:q" xsi:type="q1:IntegraRequest"><Type>1</Type><Body>2</Body></data>'
    )

    assert lean.startswith(b"<data ")
    assert full.endswith(b"<Type>1</Type><Body>2</Body></data>")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "client.not_xml"),
        (b"not xml", "client.not_xml"),
        (b'{"json": true}', "client.not_xml"),
        (b"<a>", "client.not_xml"),
        (b"<a/>", "client.not_soap"),
        ("<a/>".encode("utf-16"), "client.not_xml"),
        (b"<!DOCTYPE a><a/>", "client.dtd"),
        (f'<S:Envelope xmlns:S="{SOAP}"/>'.encode(), "client.not_soap"),
        (f'<S:Envelope xmlns:S="{SOAP}"><S:Body/><S:Body/></S:Envelope>'.encode(), "client.not_soap"),
        (
            b'<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope"><S:Body/></S:Envelope>',
            "client.soap_version",
        ),
        (envelope(""), "client.empty_body"),
        (envelope("<a/><b/>"), "client.several_operations"),
        (envelope("<SendMessage/>"), "client.unknown_operation"),
        (envelope(f'<SendMessage xmlns="{ASYNC}"/>'), "client.unknown_operation"),
        (envelope(f'<n:SendMessage xmlns:n="{SYNC}"/>'), "client.missing_field"),
        (envelope(f'<n:SendMessage xmlns:n="{SYNC}"><request/></n:SendMessage>'), "client.missing_field"),
        (push("<serviceId>S</serviceId><messageType>REQUEST</messageType>"), "client.missing_field"),
        (push(f"<serviceId>S</serviceId><messageType>ASK</messageType>{SENDER}"), "client.invalid_field"),
        (push(f"<serviceId>S<b/></serviceId><messageType>REQUEST</messageType>{SENDER}"), "client.invalid_field"),
        (push(f"<serviceId>S</serviceId><serviceId>T</serviceId>{SENDER}"), "client.repeated_field"),
        (sync("<data>x</data><data>y</data>"), "client.repeated_field"),
    ],
)
def test_refusals(raw: bytes, code: str) -> None:
    """What is not a message of the contract is SCE001 with a code that says why."""
    assert fault(raw).detail.code == code


@pytest.mark.parametrize(
    ("info", "path"),
    [
        (f"<messageType>REQUEST</messageType>{SENDER}", "serviceId"),
        (f"<serviceId> </serviceId><messageType>REQUEST</messageType>{SENDER}", "serviceId"),
        (f"<serviceId>S</serviceId>{SENDER}", "messageType"),
        ("<serviceId>S</serviceId><messageType>REQUEST</messageType><sender/>", "sender/senderId"),
    ],
)
def test_missing_field_is_named(info: str, path: str) -> None:
    """The fault names the field by its path, and knows the operation and the session."""
    refused = fault(push(f"{info}<sessionId>77</sessionId>"))

    assert f"sendMessage/request/messageInfo/{path} is required" == refused.detail.text
    assert refused.operation is Operation.SEND_MESSAGE
    assert refused.session_id == "77"


@pytest.mark.parametrize("attribute", ['S:mustUnderstand="1"', f'S:mustUnderstand="1" S:actor="{SOAP[:-9]}actor/next"'])
def test_header_that_must_be_understood(attribute: str) -> None:
    """A header for us that must be understood and is not wsse:Security is refused."""
    header = f'<S:Header><x:T xmlns:x="urn:x" {attribute}/></S:Header>'

    assert fault(envelope("<a/>", header)).detail.code == "client.must_understand"


@pytest.mark.parametrize(
    "block",
    [
        '<x:T xmlns:x="urn:x"/>',
        '<x:T xmlns:x="urn:x" S:mustUnderstand="0"/>',
        '<x:T xmlns:x="urn:x" S:mustUnderstand="1" S:actor="urn:somebody-else"/>',
        f'<w:Security xmlns:w="{WSSE}" S:mustUnderstand="1"/>',
    ],
)
def test_other_headers(block: str) -> None:
    """Headers that need not be understood, are for others, or are wsse:Security are no obstacle."""
    raw = sync("<data>x</data>").replace(b"<S:Body>", f"<S:Header>{block}</S:Header><S:Body>".encode())

    assert read_request(raw).operation is Operation.SYNC_SEND_MESSAGE


def test_comments_do_not_cut_values() -> None:
    """A comment inside a value hides no part of it: signatures do not cover comments."""
    message = read_request(
        push("<serviceId>KSL<!-- x -->-1</serviceId><messageType>REQUEST</messageType>" + SENDER)
    ).message

    assert isinstance(message, AsyncMessage)
    assert message.service_id == "KSL-1"


def test_password_is_silent() -> None:
    """The password is in no representation and in no fault."""
    read = read_request(sync("<data>payload-text</data>"))
    refused = fault(push(f"<serviceId>S</serviceId><messageType>secret</messageType>{SENDER}"))

    assert "secret" not in f"{read!r}{refused!r}{refused}{refused.detail}"
    assert "payload-text" not in repr(read)


@pytest.mark.parametrize(
    ("amount", "expected"), [("<amount>10</amount>", 10), ("<amount>0</amount>", 0), ("<amount/>", None), ("", None)]
)
def test_amount(amount: str, expected: int | None) -> None:
    """The amount is a number or absent."""
    raw = envelope(
        f'<n:getMessages xmlns:n="{ASYNC}"><request><serviceId>S</serviceId>{amount}</request></n:getMessages>'
    )
    message = read_request(raw).message

    assert isinstance(message, MessagesQuery)
    assert message.amount == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-06T07:08:09.123+05:00", datetime(2024, 5, 6, 2, 8, 9, 123000, tzinfo=UTC)),
        ("2024-05-06T07:08:09Z", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2021-10-12T10:47:28+06:00", datetime(2021, 10, 12, 4, 47, 28, tzinfo=UTC)),
        ("2024-05-06T07:08:09.1234567+05:00", datetime(2024, 5, 6, 2, 8, 9, 123456, tzinfo=UTC)),
        ("2024-05-06T07:08:09", datetime(2024, 5, 6, 7, 8, 9, tzinfo=ALMATY)),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("?", None),
        ("", None),
        (None, None),
    ],
)
def test_dates(text: str | None, expected: datetime | None) -> None:
    """Dates are read with or without fractions and zone; without one they are Kazakhstan's; anything else is none."""
    assert read_date(text) == expected


@given(st.text(max_size=40))
@settings(max_examples=200)
def test_any_text_is_a_date_or_none(text: str) -> None:
    """No text breaks the reading of dates, and every date read can be moved to any zone."""
    instant = read_date(text)

    assert instant is None or instant.astimezone(timezone(timedelta(hours=-14))) == instant


@pytest.mark.parametrize("text", ["?", "1.0", "1_0", "٣", "2147483648", "-2147483649", "", "9" * 5000])
def test_not_an_int(text: str) -> None:
    """What is no xs:int is refused."""
    with pytest.raises(ValueError, match="xs:int"):
        read_int(text)


@pytest.mark.parametrize(
    "raw",
    [
        envelope(f'<n:sendMessageResponse xmlns:n="{ASYNC}"/>'),
        envelope(f'<n:sendMessageResponse xmlns:n="{ASYNC}"><response/></n:sendMessageResponse>'),
    ],
)
def test_empty_receipt(raw: bytes) -> None:
    """An empty receipt, which some peers send, is a receipt that names nothing."""
    assert read_reply(raw) == AsyncReceipt(None, None, None)


def test_fault_without_detail() -> None:
    """A fault whose code and text stand in faultcode and faultstring is read from there."""
    raw = envelope("<S:Fault><faultcode>S:SCE004</faultcode><faultstring>no service</faultstring></S:Fault>")

    with pytest.raises(ReplyFault) as caught:
        read_reply(raw)
    assert (caught.value.error.code, caught.value.error.message) == ("SCE004", "no service")
    assert "no service" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html/>", envelope("<a/>"), envelope(f'<n:getMessageStatusResponse xmlns:n="{ASYNC}"/>'), sync("<data/>")],
)
def test_unreadable_replies(raw: bytes) -> None:
    """What is no reply of the contract is unreadable, not a crash."""
    with pytest.raises(ReplyUnreadable):
        read_reply(raw)


def test_endless_sub_errors_are_cut() -> None:
    """A chain of sub-errors is read to a fixed depth."""
    depth = 60
    nested = "<subError><errorCode>E</errorCode>" * depth + "</subError>" * depth
    raw = envelope(f'<S:Fault><detail><n:F xmlns:n="{ASYNC}"><errorCode>E</errorCode>{nested}</n:F></detail></S:Fault>')
    with pytest.raises(ReplyFault) as caught:
        read_reply(raw)

    error, length = caught.value.error, 0
    while error.sub_error is not None:
        error, length = error.sub_error, length + 1
    assert 0 < length < depth


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_are_refused_cleanly(raw: bytes) -> None:
    """Random bytes end in a format fault."""
    with pytest.raises(FormatFault):
        read_request(raw)


@given(st.integers(0, 700), st.binary(min_size=1, max_size=3))
@settings(max_examples=300)
def test_damaged_messages_are_read_or_refused(position: int, damage: bytes) -> None:
    """A message damaged at any place is read or refused, never a crash."""
    raw = sync(f'<data {XSI} xsi:type="xs:string">&lt;a/&gt;</data>', "<sessionId>1</sessionId>")
    damaged = raw[:position] + damage + raw[position + len(damage) :]
    outcome = _outcome(damaged)

    assert isinstance(outcome, Operation) or outcome.detail.code.startswith("client.")
