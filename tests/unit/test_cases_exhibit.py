"""Documents that quote another one are kept without it."""

from base64 import b64encode

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cases.exhibit import cut, whole

XML = st.binary(max_size=60).filter(lambda data: b"\0" not in data)


@settings(max_examples=200)
@given(XML, XML, st.binary(max_size=40), st.booleans())
def test_what_was_cut_is_whole_again(before: bytes, after: bytes, quoted: bytes, found: bool) -> None:  # noqa: FBT001  drawn
    """Whatever a text holds before and behind its quotation, and if it holds none, the same bytes come back."""
    text = before + (b64encode(quoted) if found else b"") + after
    assert whole(cut(text, quoted), quoted) == text


def test_a_quotation_is_not_kept_twice() -> None:
    """What is stored of a text is as long as the text without its quotation."""
    quoted = b"<result/>" * 100
    assert len(cut(b"<a>" + b64encode(quoted) + b"</a>", quoted)) == len(b"<a></a>") + 1


def test_a_text_that_is_no_xml_stays_as_it_is() -> None:
    """A peer may send anything: a zero byte of its own is not taken for a gap."""
    text = b"\0" + b64encode(b"quoted")
    assert cut(text, b"quoted") == text
