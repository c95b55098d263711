"""Signatures over one element of a document, by its Id, as NCALayer makes them when it is given XPaths."""

import pytest

from gateway.eds import canonical, enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.gost.suites import SUITES, Suite
from gateway.eds.verdict import Indication, Reason
from gateway.eds.verifier import Verifier
from gateway.eds.xml import parse
from tests.support import gost
from tests.support.eds import citizen, judge, sign_part

_DOCUMENT = (
    b'<r:packet xmlns:r="urn:r" xmlns="urn:d" xml:lang="kk">\n  <!-- note -->\n'
    b'  <form Id="part"><iin>123456789011</iin><!-- inside --></form>\n</r:packet>'
)
_SIGNED = b'<form xmlns="urn:d" xmlns:r="urn:r" Id="part" xml:lang="kk"><iin>123456789011</iin></form>'


def test_the_element_is_what_was_signed() -> None:
    """The verdict is VALID, says that a part is covered, and `signed` is that element in canonical form, no more."""
    verdict = judge(sign_part(_DOCUMENT, citizen().key))
    assert verdict.indication is Indication.VALID
    assert verdict.of_part
    assert verdict.signed == _SIGNED


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_with_gost_keys(suite: Suite) -> None:
    """The form is judged alike for every GOST suite."""
    by = Verifier(Anchors.of([gost.nca(suite).certificate]))
    raw = sign_part(_DOCUMENT, gost.citizen(suite).key)
    assert judge(raw, by=by).signed == _SIGNED
    assert judge(raw.replace(b"9011<", b"9012<"), by=by).reasons == {Reason.HASH_FAILURE}


def test_a_document_signed_as_a_whole_says_so() -> None:
    """What the whole document covers is told from what a part covers."""
    assert not judge(enveloped.sign(_DOCUMENT, citizen().key)).of_part


@pytest.mark.parametrize("name", ["Id", "ID", "id", "wsu:Id", "xml:id"])
def test_every_form_of_the_identifier(name: str) -> None:
    """Whichever attribute bears the Id, it names the element; there is no DTD that could say which one does."""
    document = f'<r xmlns:wsu="urn:wsu"><form {name}="part"><iin/></form></r>'.encode()
    assert judge(sign_part(document, citizen().key)).indication is Indication.VALID


def test_several_signers_of_one_element() -> None:
    """Signatures over the same element do not cover each other: each stands without the other, in any order."""
    second = citizen("ВТОРОЙ", "123456789012")
    both = sign_part(sign_part(_DOCUMENT, citizen().key), second.key)
    verdict = judge(both)
    assert verdict.indication is Indication.VALID
    assert [signer.certificate for signer in verdict.signers] == [citizen().certificate, second.certificate]
    assert verdict.signed == _SIGNED
    root = parse(both)
    canonical.remove(root[-2])
    assert judge(canonical.serialise(root, declaration=False)).indication is Indication.VALID


def test_a_second_signer_may_cover_everything() -> None:
    """A later signature over the whole document covers the first; what both cover is the element."""
    first = sign_part(_DOCUMENT, citizen().key)
    verdict = judge(enveloped.sign(first, citizen("ВТОРОЙ", "123456789012").key))
    assert verdict.indication is Indication.VALID
    assert (verdict.of_part, verdict.signed) == (True, _SIGNED)


def test_a_place_of_its_own_for_the_signature() -> None:
    """The signature may stand in an element that holds signatures and nothing else, before or after what is signed."""
    for document in (b'<r><f Id="part"/><signs> </signs></r>', b'<r><signs/><f Id="part"/></r>'):
        raw = sign_part(document, citizen().key, place="signs")
        assert judge(raw).signed == b'<f Id="part"></f>'
        assert judge(sign_part(raw, citizen().key, place="signs")).indication is Indication.VALID


def test_comments_are_no_part_of_it() -> None:
    """A reference by Id leaves comments out whatever the transform says (XML Signature 4.4.3.3), as libxmlsec1 does."""
    raw = sign_part(_DOCUMENT, citizen().key).replace(b"12345678", b"1234<!---->5678").replace(b"<!-- note -->", b"")
    assert judge(raw).signed == _SIGNED


def test_what_is_claimed_is_what_would_be_signed() -> None:
    """Read again later, without checking, such a document gives the same element; any other gives itself."""
    raw = sign_part(_DOCUMENT, citizen().key)
    assert enveloped.claimed(raw) == _SIGNED
    for whole in (enveloped.sign(_DOCUMENT, citizen().key), _DOCUMENT, b"no XML"):
        assert enveloped.claimed(whole) == whole
