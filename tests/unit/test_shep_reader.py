"""Tolerant in: every shape that peers were seen to send is read, and what cannot be read is said precisely."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import ALMATY
from gateway.faults import Code
from gateway.shep.contract import Operation
from gateway.shep.faults import FormatFault
from gateway.shep.messages import (
    AsyncMessage,
    DeliveryNotification,
    MessagesQuery,
    MessageType,
    Property,
    ReceiveStatus,
    SyncRequest,
)
from gateway.shep.reader import read_request
from gateway.shep.values import read_date, read_int
from tests.support.shep_envelopes import ASYNC, SENDER, SOAP, SYNC, WSSE, XSI, envelope, outcome, push, sync


def fault(raw: bytes) -> FormatFault:
    """Return the fault that reading ends in."""
    with pytest.raises(FormatFault) as caught:
        read_request(raw)
    assert caught.value.code is Code.FORMAT
    return caught.value


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
    result = outcome(damaged)

    assert isinstance(result, Operation) or result.detail.code.startswith("client.")
