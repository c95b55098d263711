"""Attacks on signatures that cover one element only: something else is brought to where a reader looks."""

from collections.abc import Callable

import pytest
from lxml import etree

from gateway.eds import canonical, enveloped
from gateway.eds.coverage import ENVELOPED
from gateway.eds.dsig import DS
from gateway.eds.verdict import Defect, Indication
from gateway.eds.xml import parse
from tests.support.eds import citizen, judge, resign, sign_part

_EVIL = '<form Id="other"><iin>999999999999</iin></form>'


def _signed() -> etree._Element:
    document = b'<packet><form Id="part"><iin>123456789011</iin><list><item/></list></form></packet>'
    return parse(sign_part(document, citizen().key))


def _sibling(content: str, position: int) -> Callable[[etree._Element], None]:
    return lambda root: root.insert(position, parse(content.encode()))


def _text(root: etree._Element) -> None:
    root[0].tail = "999999999999"


def _text_behind(root: etree._Element) -> None:
    root[1].tail = "999999999999"


def _instruction(root: etree._Element) -> None:
    root.insert(1, etree.ProcessingInstruction("pay", "thief"))


def _attribute(root: etree._Element) -> None:
    root.set("iin", "999999999999")


def _deeper(root: etree._Element) -> None:
    evil = parse(_EVIL.encode())
    signed = root[0]
    root.insert(0, evil)
    evil.append(signed)


def _into(name: str) -> Callable[[etree._Element], None]:
    def move(root: etree._Element) -> None:
        signed, signature = root[0], root[1]
        root.insert(0, parse(_EVIL.encode()))
        parent = signature if name == "Object" else signature[2]
        (etree.SubElement(parent, f"{{{DS}}}Object") if name == "Object" else parent).append(signed)

    return move


def _same_id(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        root[0][1][0].set(name, "part")

    return change


def _same_id_on_signature(root: etree._Element) -> None:
    root[1].set("Id", "part")


def _same_id_on_root(root: etree._Element) -> None:
    root.set("Id", "part")


def _signature_inside(root: etree._Element) -> None:
    root[0].append(root[1])


def _signature_deep(root: etree._Element) -> None:
    inner = etree.SubElement(etree.SubElement(root, "signs"), "sign")
    inner.append(root[1])


def _place_with_more(root: etree._Element) -> None:
    place = etree.SubElement(root, "signs")
    place.append(root[1])
    etree.SubElement(place, "iin").text = "999999999999"


def _whole_in_wrapper(root: etree._Element) -> None:
    packet = etree.SubElement(root, "packet")
    packet.extend(list(root)[:2])


@pytest.mark.parametrize(
    ("move", "defect"),
    [
        (_sibling(_EVIL, 0), Defect.UNSIGNED_CONTENT),
        (_sibling(_EVIL, 1), Defect.UNSIGNED_CONTENT),
        (_sibling(_EVIL, 2), Defect.UNSIGNED_CONTENT),
        (_sibling("<approved/>", 1), Defect.UNSIGNED_CONTENT),
        (_text, Defect.UNSIGNED_CONTENT),
        (_text_behind, Defect.UNSIGNED_CONTENT),
        (_instruction, Defect.UNSIGNED_CONTENT),
        (_attribute, Defect.UNSIGNED_CONTENT),
        (_place_with_more, Defect.WRAPPED_PAYLOAD),
        (_deeper, Defect.WRAPPED_PAYLOAD),
        (_into("Object"), None),
        (_into("KeyInfo"), None),
        (_same_id("Id"), Defect.DUPLICATE_ID),
        (_same_id("ID"), Defect.DUPLICATE_ID),
        (_same_id("id"), Defect.DUPLICATE_ID),
        (_same_id("{urn:wsu}Id"), Defect.DUPLICATE_ID),
        (_same_id_on_signature, Defect.DUPLICATE_ID),
        (_same_id_on_root, Defect.DUPLICATE_ID),
        (_signature_inside, Defect.WRAPPED_PAYLOAD),
        (_signature_deep, Defect.WRAPPED_PAYLOAD),
        (_whole_in_wrapper, Defect.WRAPPED_PAYLOAD),
    ],
)
def test_a_signed_element_does_not_speak_for_another(
    move: Callable[[etree._Element], None], defect: Defect | None
) -> None:
    """However the signed element is kept and whatever is put beside it, nothing is VALID and nothing may be read."""
    root = _signed()
    move(root)
    verdict = judge(etree.tostring(root))
    assert verdict.indication is Indication.INVALID
    assert verdict.signed is None
    assert defect is None or verdict.codes == {defect.value}


def test_the_control_is_valid() -> None:
    """The document that is moved about above is VALID as it stands."""
    assert judge(etree.tostring(_signed())).indication is Indication.VALID


def _transforms(*uris: str) -> Callable[[etree._Element], None]:
    def change(signature: etree._Element) -> None:
        transforms = signature[0][2][0]
        for transform in list(transforms):
            transforms.remove(transform)
        for uri in uris:
            etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=uri)

    return change


def _points_to(uri: str) -> Callable[[etree._Element], None]:
    return lambda signature: signature[0][2].set("URI", uri)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_transforms(ENVELOPED, canonical.C14N), Defect.TRANSFORM_NOT_ALLOWED),
        (_transforms(canonical.EXC_C14N), Defect.TRANSFORM_NOT_ALLOWED),
        (_transforms(canonical.C14N, canonical.C14N), Defect.TRANSFORM_NOT_ALLOWED),
        (_transforms("http://www.w3.org/TR/1999/REC-xslt-19991116", canonical.C14N), Defect.TRANSFORM_NOT_ALLOWED),
        (_transforms("http://www.w3.org/TR/1999/REC-xpath-19991116"), Defect.TRANSFORM_NOT_ALLOWED),
        (_points_to("#nobody"), Defect.REFERENCE_ELSEWHERE),
        (_points_to("#"), Defect.REFERENCE_ELSEWHERE),
        (_points_to("#xpointer(id('part'))"), Defect.REFERENCE_ELSEWHERE),
        (_points_to("#key"), Defect.REFERENCE_ELSEWHERE),
        (_points_to("#inner"), Defect.WRAPPED_PAYLOAD),
        (_points_to("file:///etc/passwd"), Defect.EXTERNAL_REFERENCE),
        (_points_to("other.xml#part"), Defect.EXTERNAL_REFERENCE),
        (_points_to(""), Defect.TRANSFORM_NOT_ALLOWED),
    ],
)
def test_another_reference_is_refused_whoever_signs_it(change: Callable[[etree._Element], None], code: Defect) -> None:
    """The key's own owner cannot make a signature VALID that points elsewhere or transforms what it covers."""
    root = _signed()
    root[0][1].set("Id", "inner")
    root[1][2].set("Id", "key")
    change(root[1])
    resign(root[1], citizen().key, lambda _: canonical.subtree(root[0], canonical.METHODS[canonical.C14N]))
    verdict = judge(etree.tostring(root))
    assert verdict.codes == {code.value}
    assert verdict.signed is None


def test_two_parts_leave_open_which_one_counts() -> None:
    """Two elements, each with a signature of its own, are beside each other what is not signed."""
    document = b'<packet><form Id="one"><iin>1</iin></form><form Id="two"><iin>2</iin></form></packet>'
    raw = sign_part(sign_part(document, citizen().key, identifier="one"), citizen().key, identifier="two")
    assert judge(raw).codes == {Defect.UNSIGNED_CONTENT.value}


def test_signers_of_different_things_agree_on_nothing_more_than_both_signed() -> None:
    """Where one signer covers the document and another its element, only the element may be read."""
    document = b'<packet><form Id="part"><iin>123456789011</iin></form></packet>'
    raw = sign_part(enveloped.sign(document, citizen().key), citizen().key)
    verdict = judge(raw)
    assert verdict.indication is Indication.VALID
    assert verdict.signed == b'<form Id="part"><iin>123456789011</iin></form>'
