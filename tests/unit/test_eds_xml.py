"""What counts as a document: the parser's gate."""

import pytest

from gateway.eds.xml import Limits, XmlRejected, parse


@pytest.mark.parametrize(
    "raw",
    [
        b"<a/>",
        b"\xef\xbb\xbf<a/>",
        b'<?xml version="1.0" encoding="UTF-8"?><a/>',
        b"<?xml version='1.0' encoding='utf-8' standalone='yes'?><a/>",
        b'\xef\xbb\xbf<?xml version="1.0" encoding="us-ascii"?>\n<a/>',
        "<ә>ңғүұқөһі</ә>".encode(),
    ],
)
def test_utf_8_and_ascii_are_read(raw: bytes) -> None:
    """UTF-8 and US-ASCII documents are read, declared or not, with a byte order mark or without."""
    assert parse(raw).tag in {"a", "ә"}


@pytest.mark.parametrize(
    "raw",
    [
        "<a>ж</a>".encode("utf-16"),
        "<a>ж</a>".encode("utf-16-be"),
        "<a>ж</a>".encode("utf-32"),
        '<?xml version="1.0" encoding="windows-1251"?><a>ж</a>'.encode("cp1251"),
        b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b/+AD4-</a>',
        b'<?xml version="1.0" encoding="ebcdic-cp-us"?><a/>',
        b"<a>\xff</a>",
        b"<a>\xc0\x80</a>",
        b"<a>\xed\xa0\x80</a>",
        b"<a>\x00</a>",
    ],
)
def test_another_encoding_is_refused(raw: bytes) -> None:
    """Every other encoding, and what is not UTF-8 although it says so, is refused."""
    with pytest.raises(XmlRejected):
        parse(raw)


@pytest.mark.parametrize(
    "raw", [b"", b"   ", b"text", b"<a>", b"<a/><b/>", b"<a>&x;</a>", b"<p:a/>", b"<a b='1' b='2'/>"]
)
def test_what_is_not_well_formed_is_refused(raw: bytes) -> None:
    """Malformed XML, undeclared entities and undeclared prefixes are refused."""
    with pytest.raises(XmlRejected):
        parse(raw)


def test_xml_1_0_alone_is_read() -> None:
    """XML 1.1 and a declaration that is none are refused: other readers would read other characters."""
    for raw in (
        b'<?xml version="1.1"?><a/>',
        b'<?xml\tversion="1.1"?><a/>',
        b'<?xml encoding="UTF-8"?><a/>',
        b"<?xml version='1.0\"?><a/>",
        b"<?xml ?><a/>",
    ):
        with pytest.raises(XmlRejected, match="declaration"):
            parse(raw)


def test_rejection_quotes_nothing() -> None:
    """The reason of a refusal holds nothing of the content."""
    with pytest.raises(XmlRejected) as caught:
        parse(b"<a><iin>123456789011</iin><surname-of-somebody></a>")
    assert "123456789011" not in str(caught.value)
    assert "surname" not in str(caught.value)


def test_a_document_type_is_refused_wherever_it_hides() -> None:
    """A DTD is refused, with a subset or without, also behind comments and in CDATA of the payload."""
    for raw in (
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        b'<?xml version="1.0"?><!-- <b> --><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b"<a><![CDATA[<!DOCTYPE b [<!ENTITY x 'y'>]><b/>]]></a>",
    ):
        with pytest.raises(XmlRejected, match="document type"):
            parse(raw)


def test_sizes_and_counts_are_limited() -> None:
    """One byte, one element, one declaration and one attribute over the limit are refused; the limit itself is not."""
    limits = Limits(max_bytes=200, max_elements=3, max_namespaces=2, max_attributes=2)
    for allowed in (
        b"<a>" + b"x" * 193 + b"</a>",
        b"<a><b/><c/></a>",
        b"<a xmlns:p='u:p' xmlns:q='u:q'/>",
        b"<a b='' c=''/>",
    ):
        parse(allowed, limits)
    for refused in (
        b"<a>" + b"x" * 194 + b"</a>",
        b"<a><b/><c/><d/></a>",
        b"<a xmlns='u:' xmlns:p='u:p' xmlns:q='u:q'/>",
        b"<a b='' c='' d=''/>",
    ):
        with pytest.raises(XmlRejected):
            parse(refused, limits)


def test_depth_is_limited() -> None:
    """A document nested deeper than 256 elements is refused."""
    parse(b"<a>" * 256 + b"</a>" * 256)
    with pytest.raises(XmlRejected):
        parse(b"<a>" * 257 + b"</a>" * 257)


def test_namespaces_in_scope_are_limited_by_what_they_cost() -> None:
    """Many namespaces over many elements are refused; as many, each in its own element, are not."""
    declarations = b" ".join(b'xmlns:p%d="urn:%d"' % (number, number) for number in range(400))
    with pytest.raises(XmlRejected, match="in scope"):
        parse(b"<a " + declarations + b">" + b"<b/>" * 1000 + b"</a>")
    parse(b"<a>" + b"".join(b'<b xmlns:p="urn:%d"/>' % number for number in range(400)) + b"</a>")


def test_comments_can_be_left_out() -> None:
    """Without comments, text that a comment interrupts is read whole."""
    raw = b"<iin>123456<!-- -->789011</iin>"
    assert parse(raw, keep_comments=False).text == "123456789011"
    assert parse(raw).text == "123456"
