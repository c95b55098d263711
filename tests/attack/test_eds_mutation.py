"""Messages changed at random: there is always a verdict, and never a VALID one for another content."""

import copy
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.eds import canonical, enveloped, wsse
from gateway.eds.canonical import EXC_C14N, METHODS
from gateway.eds.verdict import Indication
from gateway.eds.xml import XmlRejected, parse
from tests.support.eds import AT, SOAP, citizen, judge, verifier

_EXAMPLES = settings(max_examples=300, deadline=None)
_PAYLOAD = '<form xmlns="urn:form" Id="f"><iin kind="a">123456789011</iin><list><item>қ</item><item/></list></form>'
_DOCUMENT = enveloped.sign(enveloped.sign(_PAYLOAD.encode(), citizen().key), citizen("ВТОРОЙ", "123456789012").key)
_CONTENT = canonical.document(parse(_PAYLOAD.encode()))
_ENVELOPE = wsse.sign(
    parse(f'<S:Envelope xmlns:S="{SOAP}"><S:Header/><S:Body>{_PAYLOAD}</S:Body></S:Envelope>'.encode()), citizen().key
)
_BODY = canonical.subtree(parse(_ENVELOPE)[1], METHODS[EXC_C14N])
_OPERATIONS = st.sampled_from(["move", "copy", "before", "delete", "unwrap", "swap text", "swap attributes", "rename"])
_STEPS = st.lists(st.tuples(_OPERATIONS, st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=4)


def _ancestors(element: etree._Element) -> list[etree._Element]:
    return [element, *element.iterancestors()]


def _change(root: etree._Element, operation: str, one: int, other: int) -> None:
    """Apply one change to two elements chosen by number; changes that make no tree are left out."""
    elements = list(root.iter("*"))
    source, target = elements[one % len(elements)], elements[other % len(elements)]
    if source in _ancestors(target) or source is root:
        return
    changes: dict[str, Callable[[], object]] = {
        "move": lambda: target.append(source),
        "copy": lambda: target.append(copy.deepcopy(source)),
        "before": lambda: target.insert(0, source),
        "delete": lambda: canonical.remove(source),
        "unwrap": lambda: target.extend(list(source)),
        "swap text": lambda: _swap_text(source, target),
        "swap attributes": lambda: _swap_attributes(source, target),
        "rename": lambda: setattr(source, "tag", target.tag),
    }
    changes[operation]()


def _swap_text(one: etree._Element, other: etree._Element) -> None:
    one.text, other.text = other.text, one.text


def _swap_attributes(one: etree._Element, other: etree._Element) -> None:
    mine, theirs = one.items(), other.items()
    for element, attributes in ((one, theirs), (other, mine)):
        for name in element.keys():  # noqa: SIM118  an element iterates over its children
            element.attrib.pop(name)
        for name, value in attributes:
            element.set(name, value)


def _bytes_changed(raw: bytes) -> st.SearchStrategy[bytes]:
    """Replace a piece of the bytes by another piece of them, or by something else."""
    positions = st.integers(0, len(raw))
    lengths = st.integers(0, 40)
    return st.builds(
        lambda at, cut, start, length, other: raw[:at] + (other or raw[start : start + length]) + raw[at + cut :],
        positions,
        lengths,
        positions,
        lengths,
        st.sampled_from([b"", b"", b"", b"<!---->", b"<x/>", b"&#0;", b"A", b"\x00", b"<?x?>", b"]]>", b'"']),
    )


def _check_document(raw: bytes) -> None:
    verdict = judge(raw)
    if verdict.indication is Indication.VALID:
        assert verdict.signed == _CONTENT
    else:
        assert verdict.reasons


def _check_envelope(raw: bytes) -> None:
    try:
        envelope = parse(raw)
    except XmlRejected:
        return
    for body in envelope.iter(f"{{{SOAP}}}Body"):
        verdict = verifier().transport(envelope, body, at=AT, registered=[citizen().certificate])
        if verdict.indication is Indication.VALID:
            assert verdict.signed == _BODY
            assert canonical.subtree(body, METHODS[EXC_C14N]) == _BODY
        else:
            assert verdict.reasons


@_EXAMPLES
@given(_STEPS)
def test_a_document_taken_apart(steps: list[tuple[str, int, int]]) -> None:
    """Elements moved, copied, deleted, renamed: VALID only while the content is what was signed."""
    root = parse(_DOCUMENT)
    for step in steps:
        _change(root, *step)
    _check_document(etree.tostring(root))


@_EXAMPLES
@given(_STEPS)
def test_an_envelope_taken_apart(steps: list[tuple[str, int, int]]) -> None:
    """Elements moved, copied, deleted, renamed: no Body is VALID but the one that was signed."""
    root = parse(_ENVELOPE)
    for step in steps:
        _change(root, *step)
    _check_envelope(etree.tostring(root))


@_EXAMPLES
@given(_bytes_changed(_DOCUMENT))
def test_a_document_with_other_bytes(raw: bytes) -> None:
    """Bytes replaced anywhere: a verdict, and VALID only while the content is what was signed."""
    _check_document(raw)


@_EXAMPLES
@given(_bytes_changed(_ENVELOPE))
def test_an_envelope_with_other_bytes(raw: bytes) -> None:
    """Bytes replaced anywhere: a verdict or a refusal to read, and VALID only for the Body that was signed."""
    _check_envelope(raw)


@settings(_EXAMPLES, max_examples=200)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_document_at_all(raw: bytes) -> None:
    """Anything whatever gets a verdict, and never VALID."""
    assert judge(raw).indication is Indication.INVALID
