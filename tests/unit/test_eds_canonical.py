"""Canonical XML where lxml needs help; each expected text is written out by hand from the specifications."""

import pytest
from lxml import etree

from gateway.eds import canonical
from gateway.eds.canonical import C14N, EXC_C14N, METHODS, NotCanonicalizable
from gateway.eds.xml import parse


def test_inner_element_takes_over_xml_attributes_of_its_ancestors() -> None:
    """C14N 1.0 section 2.4: the apex takes the nearest xml:* attributes of its ancestors, unless it has its own."""
    root = parse(b'<a xml:lang="kk" xml:space="preserve" xmlns:p="urn:p"><b xml:lang="ru"><c xml:base="x"/></b></a>')
    inner = root[0][0]
    expected = b'<c xmlns:p="urn:p" xml:base="x" xml:lang="ru" xml:space="preserve"></c>'
    assert canonical.subtree(inner, METHODS[C14N]) == expected
    assert inner.keys() == ["{http://www.w3.org/XML/1998/namespace}base"], "the tree stays as it was"


def test_a_default_namespace_is_not_undone_further_in() -> None:
    """C14N 1.0 section 2.3: `xmlns=""` stands only where a default namespace was in force and no longer is."""
    root = parse(b'<r xmlns="urn:r"><a><b><c xmlns=""><d/></c></b></a></r>')
    assert canonical.subtree(root[0], METHODS[C14N]) == b'<a xmlns="urn:r"><b><c xmlns=""><d></d></c></b></a>'
    inner = parse(b'<r><a xmlns="urn:a"><b><c/></b></a></r>')[0]
    assert canonical.subtree(inner, METHODS[C14N]) == b'<a xmlns="urn:a"><b><c></c></b></a>'


def test_exclusive_method_takes_over_nothing() -> None:
    """Exclusive C14N section 3: no xml:* attributes and no unused namespaces of the ancestors."""
    root = parse(b'<a xml:lang="kk" xmlns:p="urn:p" xmlns="urn:d"><p:b>x</p:b> tail</a>')
    assert canonical.subtree(root[0], METHODS[EXC_C14N]) == b'<p:b xmlns:p="urn:p">x</p:b>'


def test_prefix_list_keeps_namespaces_that_only_values_use() -> None:
    """Exclusive C14N section 3: listed prefixes are treated as in inclusive C14N; #default names the default one."""
    root = parse(b'<a xmlns:xs="urn:xs" xmlns:q="urn:q" xmlns="urn:d"><q:b>xs:string</q:b></a>')
    kept = canonical.subtree(root[0], METHODS[EXC_C14N], ("xs",))
    assert kept == b'<q:b xmlns:q="urn:q" xmlns:xs="urn:xs">xs:string</q:b>'
    with_default = canonical.subtree(root[0], METHODS[EXC_C14N], ("#default",))
    assert with_default == b'<q:b xmlns="urn:d" xmlns:q="urn:q">xs:string</q:b>'


def test_document_form_has_no_comments_but_outer_processing_instructions() -> None:
    """XML Signature 4.4.3.3: URI="" is the document without comments, processing instructions beside the root kept."""
    root = parse(b'<?xml version="1.0"?><?one 1?><!--x--><a>y<!--z-->y</a><!--x--><?two 2?>')
    assert canonical.document(root) == b"<?one 1?>\n<a>yy</a>\n<?two 2?>"
    assert canonical.subtree(root, canonical.METHODS[canonical.C14N]) == b"<a>yy</a>"


def test_characters_are_written_as_canonical_xml_says() -> None:
    """C14N 1.0 section 2.3: carriage returns and tabs as references, CDATA as text, attributes sorted and quoted."""
    root = parse("<a z=\"'\" b='&quot;&#9;&#10;&#13;'>&#13;<![CDATA[<&]]>қ&gt;</a>".encode())
    assert canonical.document(root) == '<a b="&quot;&#x9;&#xA;&#xD;" z="\'">&#xD;&lt;&amp;қ&gt;</a>'.encode()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"<a>1<b/>2</a>", b"<a>12</a>"),
        (b"<a>1<c/>2<b/>3</a>", b"<a>1<c></c>23</a>"),
        (b"<a><c/><b/>3</a>", b"<a><c></c>3</a>"),
        (b"<a><b/></a>", b"<a></a>"),
        (b"<a>1<!--x--><b/>2</a>", b"<a>12</a>"),
    ],
)
def test_removing_an_element_leaves_its_tail(raw: bytes, expected: bytes) -> None:
    """The text behind a removed element stays where it stands."""
    root = parse(raw)
    canonical.remove(root.findall("b")[0])
    assert canonical.document(root) == expected


def test_the_root_cannot_be_removed() -> None:
    """Removing the root is an error of the caller."""
    with pytest.raises(ValueError, match="root"):
        canonical.remove(parse(b"<a/>"))


def test_relative_namespaces_have_no_canonical_form() -> None:
    """C14N 1.0 section 1: a document with a relative namespace URI is reported, not written."""
    with pytest.raises(NotCanonicalizable):
        canonical.document(parse(b'<a xmlns="relative/uri"/>'))


def test_ids_are_found_under_every_name_a_reader_may_use() -> None:
    """Id, ID and id in any namespace count, anywhere in the document; other attributes do not."""
    root = parse(
        b'<a xmlns:u="urn:u" Id="x"><b ID="x"/><c id="x"/><d u:Id="x"/><e xml:id="x"/>'
        b'<f ref="x" u:iD="x"/><g Id="y"/></a>'
    )
    found = canonical.elements_with_id(root[2], "x")
    assert [element.tag for element in found] == ["a", "b", "c", "d", "e"]


def test_written_documents_keep_their_canonical_form() -> None:
    """Writing and parsing again does not change the canonical form, declaration or not."""
    raw = "<?xml version='1.0' standalone='no'?><?p i?><a b='&#10;'>&#13;<![CDATA[қ]]></a>".encode()
    for declaration in (True, False):
        written = canonical.serialise(parse(raw), declaration=declaration)
        assert written.startswith(b"<?xml ") is declaration
        assert canonical.document(parse(written)) == canonical.document(parse(raw))
    assert etree.fromstring(canonical.serialise(parse(raw), declaration=True)).getroottree().docinfo.standalone is False
