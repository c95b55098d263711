"""The published contract is the original contract."""

from pathlib import Path

import pytest
from lxml import etree

from gateway.resources import schemas
from gateway.shep.contract import Channel, Operation, guid
from gateway.shep.documents import Documents
from tests.support.shep_contract import contract

OURS = schemas() / "shep"
ORIGINAL = Path(__file__).parents[2].parent / "shared" / "shep" / "wsdl"
needs_original = pytest.mark.skipif(not ORIGINAL.is_dir(), reason="the original WSDL is not beside the checkout")

SERVICES = [OURS / f"{name}.wsdl" for name in ("SyncChannel", "AsyncChannel", "AsyncChannelClient")]


@needs_original
def test_same_contract() -> None:
    """Operations, messages, parts, elements, types, order, occurrence, facets, faults and binding are the same."""
    assert contract(*ORIGINAL.glob("*/*/Interfaces/*Http_Service.wsdl")) == contract(*SERVICES)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("CommonTypes.xsd", 'value="250"', 'value="255"'),
        ("CommonTypes.xsd", "MESSAGE_NOT_ACCTEPTED", "MESSAGE_NOT_ACCEPTED"),
        ("AsyncChannelITypes.xsd", 'name="amount" type="xsd:int" minOccurs="0"', 'name="amount" type="xsd:int"'),
        ("AsyncChannelTypes.xsd", 'nillable="true"', 'nillable="false"'),
        ("IAsyncChannel.wsdl", "sendMessageParameters", "parameters"),
        ("AsyncChannel.wsdl", 'soapAction=""', 'soapAction="x"'),
        ("AsyncChannel.wsdl", 'style="document"', 'style="rpc"'),
    ],
)
def test_comparison_notices(tmp_path: Path, file: str, old: str, new: str) -> None:
    """The comparison is not blind: one changed facet, occurrence, part or binding makes two contracts differ."""
    for path in OURS.iterdir():
        text = path.read_text()
        changed = path.name == file
        assert not changed or old in text
        (tmp_path / path.name).write_text(text.replace(old, new, 1) if changed else text)

    assert contract(OURS / "AsyncChannel.wsdl") != contract(tmp_path / "AsyncChannel.wsdl")


@pytest.mark.parametrize("path", sorted(OURS.glob("*.xsd")), ids=lambda path: path.name)
def test_schemas_load_in_libxml2(path: Path) -> None:
    """Every schema file loads by itself, which the original ones do not in libxml2."""
    etree.XMLSchema(etree.parse(path))


@pytest.mark.parametrize(
    ("channel", "query", "address"),
    [
        (Channel.SYNC, "wsdl", b'location="https://gate.example.kz/shep/sync"'),
        (Channel.ASYNC, "WSDL", b'location="https://gate.example.kz/shep/async"'),
        (Channel.ASYNC, "wsdl=client", b'location="https://gate.example.kz/shep/async"'),
    ],
)
def test_addresses(channel: Channel, query: str, address: bytes) -> None:
    """The served WSDL names the public address, however the query is spelled, and no other."""
    document = Documents("https://gate.example.kz/").query(channel, query)

    assert document is not None
    assert address in document
    assert b"localhost" not in document


@pytest.mark.parametrize("name", ["../faults.py", "/etc/passwd", "CommonTypes.XSD", "", "SyncChannel"])
def test_no_other_file(name: str) -> None:
    """Only the files of the fixed list are given out."""
    assert Documents("http://localhost").file(name) is None


def test_imports_resolve() -> None:
    """Every file that a served document refers to is served."""
    documents = Documents("http://localhost")
    for path in OURS.iterdir():
        content = documents.file(path.name)
        assert content is not None
        for element in etree.fromstring(content).iter("*"):
            location = element.get("schemaLocation") or (element.get("location") if "import" in element.tag else None)
            assert location is None or documents.file(location) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{0F8fad5b-d9cb-469f-a165-70867728950e}", "{0F8fad5b-d9cb-469f-a165-70867728950e}"),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", "{0f8fad5b-d9cb-469f-a165-70867728950e}"),
        ("SIGN_NOT_EXIST", None),
        ("0f8fad5bd9cb469fa16570867728950e", None),
        ("", None),
        (None, None),
    ],
)
def test_guid(text: str | None, expected: str | None) -> None:
    """A session id is given back with braces if it is a GUID, and is none otherwise."""
    assert guid(text) == expected


def test_operations_have_distinct_wrappers() -> None:
    """No two operations share a request, response or fault element."""
    tags = [tag for item in Operation for tag in (item.request_tag, item.response_tag, item.fault_tag)]

    assert len(tags) == len(set(tags))
