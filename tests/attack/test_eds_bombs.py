"""Documents made to cost much: refused before canonicalisation, which is where the cost would be."""

import pytest

from gateway.eds.verdict import Reason
from gateway.eds.xml import Limits, XmlRejected, parse
from tests.support.eds import judge

_ENTITIES = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 10))


@pytest.mark.parametrize(
    "raw",
    [
        f'<!DOCTYPE a [<!ENTITY e0 "x">{_ENTITIES}]><a>&e9;</a>'.encode(),
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><a/>',
        b'<!DOCTYPE a [<!ATTLIST a Id ID "x">]><a/>',
        b"<a>" * 5_000 + b"</a>" * 5_000,
        b"<a>" + b"<b/>" * 100_001 + b"</a>",
        b"<a>" + b"x" * 8_000_000 + b"</a>",
        b"<a " + b" ".join(b'b%d=""' % number for number in range(300)) + b"/>",
        b"<a " + b" ".join(b'xmlns:b%d="urn:b"' % number for number in range(2_001)) + b"/>",
        b"<a " + b" ".join(b'xmlns:b%d="urn:b"' % number for number in range(500)) + b">" + b"<b/>" * 500 + b"</a>",
    ],
    ids=["laughs", "file", "parameter", "attlist", "depth", "elements", "bytes", "attributes", "namespaces", "scope"],
)
def test_bombs_are_refused(raw: bytes) -> None:
    """Entity, depth, size, attribute and namespace bombs are refused by the parser; the verdict is FORMAT_FAILURE."""
    with pytest.raises(XmlRejected):
        parse(raw)
    assert judge(raw).reasons == {Reason.FORMAT_FAILURE}


def test_limits_are_the_installations() -> None:
    """A document is judged against the limits that were given, not only against the defaults."""
    raw = b"<a>" + b"x" * 100 + b"</a>"
    parse(raw)
    with pytest.raises(XmlRejected):
        parse(raw, Limits(max_bytes=50))
