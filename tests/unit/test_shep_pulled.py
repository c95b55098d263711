"""Reading what ShEP gives to who fetches."""

import pytest

from gateway.shep.faults import FormatFault
from gateway.shep.messages import MessagesAnswer
from gateway.shep.reader import read_reply, read_taken

_GOOD = (
    "<messages><messageInfo><messageId>7</messageId><serviceId>S</serviceId><messageType>REQUEST</messageType>"
    "<messageDate>2026-03-02T09:00:00Z</messageDate><sender><senderId>pep</senderId></sender></messageInfo>"
    "<messageData><data>&lt;a/></data></messageData></messages>"
)
_BAD = "<messages><messageInfo><messageId>8</messageId><messageType>OTHER</messageType></messageInfo></messages>"
_NAMELESS = "<messages><messageInfo/></messages>"


def _answer(*messages: str) -> bytes:
    return (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        '<n:getMessagesResponse xmlns:n="http://bip.bee.kz/AsyncChannel/v10/Types"><response>'
        "<responseDate>2026-03-02T09:00:00Z</responseDate>"
        "<sessionId>{00000000-0000-0000-0000-000000000000}</sessionId>"
        f"{''.join(messages)}</response></n:getMessagesResponse></S:Body></S:Envelope>"
    ).encode()


def test_one_bad_message_does_not_hide_the_others() -> None:
    """Each message is read for itself; of one that cannot be read its id is known, so that it can be refused."""
    answer = read_reply(_answer(_BAD, _GOOD, _NAMELESS))
    assert isinstance(answer, MessagesAnswer)
    assert [one.message_id for one in answer.messages] == ["7"]
    assert [one.message_id for one in answer.unreadable] == ["8", None]
    assert {one.fault.detail.code for one in answer.unreadable} == {"client.missing_field"}


def test_the_application_is_read_again_out_of_what_was_kept() -> None:
    """An answer of ShEP with one message is as good as a pushed message; with several it is nobody's evidence."""
    assert read_taken(_answer(_GOOD)).readings == (b"<a/>",)
    for raw in (_answer(), _answer(_GOOD, _GOOD), _answer(_BAD)):
        with pytest.raises(FormatFault):
            read_taken(raw)
