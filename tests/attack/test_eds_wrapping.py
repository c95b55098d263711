"""Signature wrapping: a good signature, moved so that something else is read."""

import copy
from collections.abc import Callable

import pytest
from lxml import etree

from gateway.eds import canonical, enveloped, wsse
from gateway.eds.dsig import DS, SIGNATURE
from gateway.eds.verdict import Indication, Reason
from gateway.eds.wsse import WSSE, WSU
from gateway.eds.xml import parse
from tests.support.eds import AT, SOAP, citizen, judge, resign, verifier

_BODY = f"{{{SOAP}}}Body"
_ID = f"{{{WSU}}}Id"
_FORGED = '<q:pay xmlns:q="urn:q">to the thief</q:pay>'


def _envelope() -> etree._Element:
    raw = f'<S:Envelope xmlns:S="{SOAP}"><S:Body><q:pay xmlns:q="urn:q">to the school</q:pay></S:Body></S:Envelope>'
    return parse(wsse.sign(parse(raw.encode()), citizen().key))


def _forged_body(envelope: etree._Element, **attributes: str) -> etree._Element:
    """Take the signed Body out, put a forged one in its place, and return the signed one."""
    signed = envelope[1]
    forged = parse(f'<S:Body xmlns:S="{SOAP}">{_FORGED}</S:Body>'.encode())
    for name, value in attributes.items():
        forged.set(name, value)
    envelope.replace(signed, forged)
    return signed


def _wrapper(content: etree._Element) -> etree._Element:
    wrapper = etree.Element("{urn:thief}Wrapper")
    wrapper.append(content)
    return wrapper


def _into_header(envelope: etree._Element) -> None:
    envelope[0].append(_wrapper(_forged_body(envelope)))


def _into_security(envelope: etree._Element) -> None:
    envelope[0][0].append(_forged_body(envelope))


def _into_security_under_another_id(envelope: etree._Element) -> None:
    envelope[0][0].append(_forged_body(envelope, **{_ID: "other"}))


def _into_forged_body(envelope: etree._Element) -> None:
    signed = _forged_body(envelope)
    envelope[1].append(_wrapper(signed))


def _into_object(envelope: etree._Element) -> None:
    signed = _forged_body(envelope)
    etree.SubElement(envelope[0][0][0], f"{{{DS}}}Object").append(signed)


def _same_id_twice(envelope: etree._Element) -> None:
    signed = _forged_body(envelope, **{_ID: envelope[1].get(_ID, "")})
    envelope[0].append(_wrapper(signed))


def _same_id_in_another_attribute(envelope: etree._Element) -> None:
    signed = _forged_body(envelope, ID=envelope[1].get(_ID, ""))
    envelope[0].append(_wrapper(signed))


def _second_body_before(envelope: etree._Element) -> None:
    signed = _forged_body(envelope)
    envelope.append(signed)


def _second_body_after(envelope: etree._Element) -> None:
    envelope.append(parse(f'<S:Body xmlns:S="{SOAP}">{_FORGED}</S:Body>'.encode()))


def _into_inner_envelope(envelope: etree._Element) -> None:
    signed = _forged_body(envelope)
    inner = etree.Element(f"{{{SOAP}}}Envelope")
    inner.append(signed)
    envelope[0].append(inner)


def _after_body(envelope: etree._Element) -> None:
    envelope.append(_wrapper(_forged_body(envelope)))


def _second_header(envelope: etree._Element) -> None:
    signed = _forged_body(envelope)
    header = etree.Element(f"{{{SOAP}}}Header")
    header.append(signed)
    envelope.insert(0, header)


@pytest.mark.parametrize(
    "move",
    [
        _into_header,
        _into_security,
        _into_security_under_another_id,
        _into_forged_body,
        _into_object,
        _same_id_twice,
        _same_id_in_another_attribute,
        _second_body_before,
        _second_body_after,
        _into_inner_envelope,
        _after_body,
        _second_header,
    ],
)
def test_a_signed_body_moved_elsewhere_does_not_speak_for_a_forged_one(move: Callable[[etree._Element], None]) -> None:
    """However the signed Body is kept in the message, no Body that could be read in its place is VALID."""
    envelope = _envelope()
    move(envelope)
    envelope = parse(etree.tostring(envelope))
    bodies = list(envelope.iter(_BODY))
    assert any(b"thief" in etree.tostring(body) for body in bodies)
    for body in bodies:
        verdict = verifier().transport(envelope, body, at=AT, registered=[citizen().certificate])
        assert verdict.indication is Indication.INVALID
        assert verdict.signed is None


def test_only_the_body_that_is_read_can_be_covered() -> None:
    """The signed Body's verdict is not given for another element, nor for a copy of it outside the envelope."""
    envelope = _envelope()
    assert verifier().transport(envelope, envelope[1], at=AT, registered=()).indication is Indication.VALID
    for other in (
        envelope,
        envelope[0],
        envelope[1][0],
        copy.deepcopy(envelope[1]),
        parse(etree.tostring(envelope))[1],
    ):
        verdict = verifier().transport(envelope, other, at=AT, registered=())
        assert verdict.reasons == {Reason.SIG_CONSTRAINTS_FAILURE}


def _resigned(envelope: etree._Element, change: Callable[[etree._Element], None]) -> etree._Element:
    """Change the signature and make it cryptographically right again, by the sender itself."""
    signature = envelope[0][0][0]
    change(signature)

    def covered(reference: etree._Element) -> bytes:
        found = canonical.elements_with_id(envelope, reference.get("URI", "")[1:])
        return canonical.subtree(found[0], canonical.METHODS[canonical.EXC_C14N]) if found else b""

    resign(signature, citizen().key, covered)
    return parse(etree.tostring(envelope))


def _reference(signature: etree._Element) -> etree._Element:
    return signature[0][2]


def _without_body(signature: etree._Element) -> None:
    signature.set("Id", "sig")
    _reference(signature).set("URI", "#key-info")
    signature[2].set("Id", "key-info")


def _body_twice(signature: etree._Element) -> None:
    signature[0].append(copy.deepcopy(_reference(signature)))


def _six_references(signature: etree._Element) -> None:
    for _ in range(5):
        signature[0].append(copy.deepcopy(_reference(signature)))


def _whole_document(signature: etree._Element) -> None:
    _reference(signature).set("URI", "")


def _outside(signature: etree._Element) -> None:
    _reference(signature).set("URI", "http://127.0.0.1:9/body.xml")


def _xpointer(signature: etree._Element) -> None:
    identifier = _reference(signature).get("URI", "")[1:]
    _reference(signature).set("URI", f"#xpointer(id('{identifier}'))")


def _of_type_manifest(signature: etree._Element) -> None:
    _reference(signature).set("Type", f"{DS}Manifest")


def _inclusive_signed_info(signature: etree._Element) -> None:
    signature[0][0].set("Algorithm", canonical.C14N)


def _into_the_payload(signature: etree._Element) -> None:
    payload = signature.getroottree().getroot()[1][0]
    payload.set("Id", "payload")
    _reference(signature).set("URI", "#payload")


@pytest.mark.parametrize(
    "change",
    [
        _without_body,
        _body_twice,
        _six_references,
        _whole_document,
        _outside,
        _xpointer,
        _of_type_manifest,
        _inclusive_signed_info,
        _into_the_payload,
    ],
)
def test_a_signature_that_does_not_cover_the_body_once_is_refused(change: Callable[[etree._Element], None]) -> None:
    """Even the sender's own signature is refused when it points elsewhere, more than once, or by another language."""
    envelope = _resigned(_envelope(), change)
    verdict = verifier().transport(envelope, envelope[1], at=AT, registered=())
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons <= {Reason.SIG_CONSTRAINTS_FAILURE, Reason.FORMAT_FAILURE}


def test_resigning_alone_is_not_what_is_refused() -> None:
    """The control: the same way of signing anew, without a change, is VALID."""
    envelope = _resigned(_envelope(), lambda _: None)
    assert verifier().transport(envelope, envelope[1], at=AT, registered=()).indication is Indication.VALID


def test_a_second_transport_signature_is_refused() -> None:
    """Two signatures, in one security header or in two, leave open which one counts."""
    for parent in ("Security", "Header"):
        envelope = _envelope()
        copied = copy.deepcopy(envelope[0][0] if parent == "Header" else envelope[0][0][0])
        (envelope[0] if parent == "Header" else envelope[0][0]).append(copied)
        verdict = verifier().transport(envelope, envelope[1], at=AT, registered=())
        assert verdict.reasons == {Reason.SIG_CONSTRAINTS_FAILURE}


def test_a_stripped_or_misplaced_transport_signature_is_missing() -> None:
    """A signature that does not stand in a wsse:Security of the Header is none."""
    for place in _PLACES:
        envelope = _envelope()
        signature = envelope[0][0][0]
        envelope[0][0].remove(signature)
        for parent in place(envelope):
            parent.append(signature)
        verdict = verifier().transport(envelope, envelope[1], at=AT, registered=())
        assert verdict.reasons == {Reason.SIGNATURE_MISSING}


_PLACES: tuple[Callable[[etree._Element], list[etree._Element]], ...] = (
    lambda _: [],
    lambda envelope: [envelope[0]],
    lambda envelope: [envelope[1]],
    lambda envelope: [etree.SubElement(envelope[0][0], "{urn:thief}Wrapper")],
    lambda envelope: [etree.SubElement(envelope[0], f"{{{WSSE}x}}Security")],
)
"""Where a signature may be put that is not its place: nowhere, Header, Body, deeper, a header of another namespace."""

_DOCUMENT = b'<form Id="f"><iin>123456789011</iin><list><item/></list></form>'
_EVIL = b'<form Id="f"><iin>999999999999</iin></form>'


def _signed() -> etree._Element:
    return parse(enveloped.sign(_DOCUMENT, citizen().key))


def _signed_by_id() -> etree._Element:
    root = parse(enveloped.sign(_DOCUMENT, citizen().key).replace(b'URI=""', b'URI="#f"'))
    resign(root[-1], citizen().key, lambda _: canonical.subtree(parse(_DOCUMENT), canonical.METHODS[canonical.C14N]))
    return root


def _original_beside(root: etree._Element) -> etree._Element:
    evil, signature = parse(_EVIL), root[-1]
    evil.append(root)
    evil.append(signature)
    return evil


def _original_in_object(root: etree._Element) -> etree._Element:
    evil, signature = parse(_EVIL), root[-1]
    evil.append(signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(root)
    return evil


def _original_in_key_info(root: etree._Element) -> etree._Element:
    evil, signature = parse(_EVIL), root[-1]
    evil.append(signature)
    signature[2].append(root)
    return evil


def _original_behind(root: etree._Element) -> etree._Element:
    evil, signature = parse(_EVIL), root[-1]
    evil.append(signature)
    evil.append(root)
    return evil


def _signature_first(root: etree._Element) -> etree._Element:
    root.insert(0, root[-1])
    return root


def _signature_inside(root: etree._Element) -> etree._Element:
    root[1].append(root[-1])
    return root


def _content_behind(root: etree._Element) -> etree._Element:
    etree.SubElement(root, "iin").text = "999999999999"
    return root


def _signature_copied_inside(root: etree._Element) -> etree._Element:
    root[1].append(copy.deepcopy(root[-1]))
    return root


def _signature_is_root(root: etree._Element) -> etree._Element:
    signature = root[-1]
    root.remove(signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(root)
    return signature


def _whole_in_wrapper(root: etree._Element) -> etree._Element:
    return _wrapper(root)


@pytest.mark.parametrize("signed", [_signed, _signed_by_id])
@pytest.mark.parametrize(
    "move",
    [
        _original_beside,
        _original_in_object,
        _original_in_key_info,
        _original_behind,
        _signature_first,
        _signature_inside,
        _content_behind,
        _signature_copied_inside,
        _signature_is_root,
        _whole_in_wrapper,
    ],
)
def test_a_signed_document_does_not_speak_for_another(
    signed: Callable[[], etree._Element], move: Callable[[etree._Element], etree._Element]
) -> None:
    """However a signed document is built into another, the other is not VALID and nothing of it may be read."""
    verdict = judge(etree.tostring(move(signed())))
    assert verdict.indication is Indication.INVALID
    assert verdict.signed is None


def test_the_controls_are_valid() -> None:
    """Both documents that are moved about above are VALID as they stand."""
    for signed in (_signed(), _signed_by_id()):
        assert judge(etree.tostring(signed)).indication is Indication.VALID


def test_a_stripped_signature_is_missing() -> None:
    """Without its signature a document is unsigned; renamed into another namespace it is as well."""
    assert judge(_DOCUMENT).reasons == {Reason.SIGNATURE_MISSING}
    renamed = etree.tostring(_signed()).replace(DS.encode(), b"urn:thief")
    assert judge(renamed).reasons == {Reason.SIGNATURE_MISSING}


def test_swapped_signatures_are_found_out() -> None:
    """Two signatures in another order no longer cover each other as they did."""
    root = parse(enveloped.sign(etree.tostring(_signed()), citizen("ВТОРОЙ", "123456789012").key))
    root.append(root[-2])
    assert [root[-2].tag, root[-1].tag] == [SIGNATURE, SIGNATURE]
    assert judge(etree.tostring(root)).indication is Indication.INVALID


def test_many_signatures_are_refused_before_any_is_verified() -> None:
    """Nine signatures are more than eight."""
    root = _signed()
    for _ in range(8):
        root.append(copy.deepcopy(root[-1]))
    verdict = judge(etree.tostring(root))
    assert verdict.reasons == {Reason.SIG_CONSTRAINTS_FAILURE}
    assert verdict.signers == ()
