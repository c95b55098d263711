"""Replies as peers send them."""

import pytest

from gateway.shep.messages import AsyncReceipt
from gateway.shep.reader import ReplyFault, ReplyUnreadable, read_reply
from tests.support.shep_envelopes import ASYNC, envelope, sync


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
