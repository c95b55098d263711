"""Business data in every form peers send it in, cut out as the document its sender signed."""

import pytest

from gateway.shep.messages import SyncRequest
from gateway.shep.reader import read_request
from tests.support.shep_envelopes import SYNC, XSI, sync


def readings(data: str) -> tuple[bytes, ...]:
    """Return the readings of a data element."""
    message = read_request(sync(data)).message
    assert isinstance(message, SyncRequest)
    return message.data.readings


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
