"""Enveloped signatures: what is signed verifies, and the profile is kept strictly."""

import asyncio
import base64
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from gateway.eds import canonical, enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.revocation import Revocation, RevocationStatus
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.verifier import Verifier
from gateway.eds.xml import XmlRejected, parse
from tests.support.eds import (
    AFTER,
    AT,
    AUTHENTICATE,
    BEFORE,
    CA,
    Template,
    citizen,
    issue,
    judge,
    nca,
    resign,
    root,
    verifier,
)

_DOCUMENT = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<?style sheet?><!-- before --><p:form xmlns:p="urn:form" xmlns="urn:d" xml:lang="kk" Id="form-1">
  <iin>123456789011</iin><!-- inside -->
  <text xml:space="preserve"> &#13;&#9;қ &lt; <![CDATA[<b>&amp;</b>]]> </text>
</p:form><!-- after --><?end?>""".encode()


def _signed(document: bytes = _DOCUMENT) -> bytes:
    return enveloped.sign(document, citizen().key)


def test_a_signed_document_is_valid_and_says_by_whom() -> None:
    """What is signed verifies; the signer's certificate and the algorithm are told."""
    verdict = judge(_signed())
    assert verdict.indication is Indication.VALID
    assert verdict.reasons == frozenset()
    (signer,) = verdict.signers
    assert signer.certificate == citizen().certificate
    assert signer.signature_algorithm == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def test_what_may_be_read_is_what_was_signed() -> None:
    """`signed` is the canonical document without signatures and without comments, and nothing else."""
    assert judge(_signed()).signed == canonical.document(parse(_DOCUMENT))


def test_the_form_is_that_of_ncalayer() -> None:
    """Prefix ds, last child, URI="", enveloped-signature then C14N with comments, the leaf certificate alone."""
    signature = parse(_signed())[-1]
    assert signature.prefix == "ds"
    text = canonical.subtree(signature, canonical.METHODS[canonical.EXC_C14N]).decode()
    algorithms = [part.split('"')[0] for part in text.split('Algorithm="')[1:]]
    assert algorithms == [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    ]
    assert text.count('<ds:Reference URI="">') == text.count("<ds:X509Certificate>") == 1


def test_several_signers_stand_in_order() -> None:
    """Each further signature covers the earlier ones; all are told, first signer first."""
    second = citizen("ВТОРОЙ", "123456789012")
    verdict = judge(enveloped.sign(_signed(), second.key))
    assert verdict.indication is Indication.VALID
    assert [signer.certificate for signer in verdict.signers] == [citizen().certificate, second.certificate]
    assert verdict.signed == canonical.document(parse(_DOCUMENT))


def test_taking_the_second_signature_away_leaves_the_first() -> None:
    """The first signature stands by itself; the second does not stand without the first."""
    both = parse(enveloped.sign(_signed(), citizen("ВТОРОЙ", "123456789012").key))
    first_only, second_only = parse(canonical.serialise(both, declaration=True)), both
    canonical.remove(first_only[-1])
    canonical.remove(second_only[-2])
    assert judge(canonical.serialise(first_only, declaration=True)).indication is Indication.VALID
    assert judge(canonical.serialise(second_only, declaration=True)).reasons == {Reason.HASH_FAILURE}


def test_one_bad_signer_spoils_the_document() -> None:
    """VALID needs every signature valid; what is intact may still be read, and each signer has a verdict of its own."""
    stranger = issue("СТРАННЫЙ")
    verdict = judge(enveloped.sign(_signed(), stranger.key))
    assert verdict.indication is Indication.INVALID
    assert [signer.indication for signer in verdict.signers] == [Indication.VALID, Indication.INVALID]
    assert verdict.reasons == {Reason.NO_CERTIFICATE_CHAIN_FOUND}


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"123456789011</iin>", b"123456789012</iin>"),
        lambda raw: raw.replace(b"<iin>", b"<iin> "),
        lambda raw: raw.replace(b'xml:lang="kk"', b'xml:lang="ru"'),
        lambda raw: raw.replace(b"<?end?>", b""),
        lambda raw: raw.replace(b"<?style sheet?>", b"<?style other?>"),
        lambda raw: raw.replace(b"</p:form>", b"\n</p:form>"),
        lambda raw: raw.replace(b'Id="form-1"', b'Id="form-1" extra=""'),
        lambda raw: raw.replace(b"<ds:Signature ", b"<added/><ds:Signature ", 1),
    ],
)
def test_a_changed_document_is_found_out(change: Callable[[bytes], bytes]) -> None:
    """Any change of the content is a HASH_FAILURE, and nothing may be read."""
    raw = _signed()
    changed = change(raw)
    assert changed != raw
    verdict = judge(changed)
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.HASH_FAILURE}
    assert verdict.signed is None


def test_comments_are_no_part_of_what_is_signed() -> None:
    """URI="" leaves comments out (XML Signature 4.4.3.3): they may change, and they are not in `signed`."""
    verdict = judge(_signed().replace(b"<!-- inside -->", b"<!-- other -->").replace(b"12345678", b"1234<!---->5678"))
    assert verdict.indication is Indication.VALID
    assert verdict.signed is not None
    assert b"<iin>123456789011</iin>" in verdict.signed


def test_a_changed_signature_is_found_out() -> None:
    """A changed SignatureValue, or a changed SignedInfo with a fitting digest, is SIG_CRYPTO_FAILURE."""
    raw = _signed()
    start = raw.index(b"<ds:SignatureValue>") + len(b"<ds:SignatureValue>")
    flipped = raw[:start] + (b"B" if raw[start : start + 1] == b"A" else b"A") + raw[start + 1 :]
    assert judge(flipped).reasons == {Reason.SIG_CRYPTO_FAILURE}
    assert judge(raw.replace(b"<ds:SignedInfo>", b"<ds:SignedInfo> ")).reasons == {Reason.SIG_CRYPTO_FAILURE}


def test_white_space_in_base64_is_no_matter() -> None:
    """Santuario wraps base64 at 76 characters with carriage returns; outside SignedInfo that changes nothing."""
    root_element = parse(_signed())
    for element in (root_element[-1][1], root_element[-1][2][0][0]):
        text = element.text or ""
        element.text = "\n" + "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + "\n\t "
    raw = canonical.serialise(root_element, declaration=True)
    assert b"&#13;" in raw
    assert judge(raw).indication is Indication.VALID


def test_reference_by_the_roots_id_is_as_good() -> None:
    """A reference by the root's own unique Id covers the element; what stands beside it is not read then."""
    by_id = _signed_by_id(b'<?outside?><a Id="r"><b/></a>')
    verdict = judge(by_id)
    assert verdict.indication is Indication.VALID
    assert verdict.signed == b'<a Id="r"><b></b></a>'
    assert judge(by_id.replace(b"<?outside?>", b"<?other?>")).indication is Indication.VALID
    assert judge(_signed_by_id(b'<a Id="r"><b id="r"/></a>')).reasons == {Reason.SIG_CONSTRAINTS_FAILURE}


def _signed_by_id(document: bytes) -> bytes:
    element = parse(enveloped.sign(document, citizen().key).replace(b'URI=""', b'URI="#r"'))
    resign(element[-1], citizen().key, lambda _: canonical.subtree(parse(document), canonical.METHODS[canonical.C14N]))
    return canonical.serialise(element, declaration=False)


def test_no_signature_is_said() -> None:
    """A document without signatures is told from one with a bad one."""
    verdict = judge(_DOCUMENT)
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.SIGNATURE_MISSING}


def test_what_is_no_document_is_said() -> None:
    """Bytes that are no acceptable XML are FORMAT_FAILURE; signing them is refused."""
    assert judge(b"<a>").reasons == {Reason.FORMAT_FAILURE}
    assert judge(b"<!DOCTYPE a><a/>").reasons == {Reason.FORMAT_FAILURE}
    with pytest.raises(XmlRejected):
        enveloped.sign(b"<!DOCTYPE a><a/>", citizen().key)


@pytest.mark.parametrize(
    ("at", "reason"),
    [(BEFORE - timedelta(seconds=1), Reason.NOT_YET_VALID), (AFTER + timedelta(seconds=1), Reason.EXPIRED)],
)
def test_the_instant_decides_about_dates(at: datetime, reason: Reason) -> None:
    """Outside the certificate's validity the verdict is INVALID for that reason, and the content is still readable."""
    verdict = judge(_signed(), at=at)
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {reason}
    assert verdict.signed is not None


def test_a_certificate_that_may_not_sign_is_said() -> None:
    """An authentication certificate's signature is intact, and INVALID as CHAIN_CONSTRAINTS_FAILURE."""
    authentication = issue("ВХОД", nca(), Template(usage=AUTHENTICATE))
    verdict = judge(enveloped.sign(_DOCUMENT, authentication.key))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.CHAIN_CONSTRAINTS_FAILURE}
    assert verdict.signed is not None


def test_an_unknown_issuer_tells_nothing_more() -> None:
    """Without a path to an anchor the verdict is INVALID for that alone: dates of a stranger say nothing."""
    stranger = issue("СТРАННЫЙ", issue("ЧУЖОЙ ҰКО", template=CA), Template(not_after=BEFORE + timedelta(days=1)))
    verdict = judge(enveloped.sign(_DOCUMENT, stranger.key))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons == {Reason.NO_CERTIFICATE_CHAIN_FOUND}


def test_a_naive_instant_is_an_error_of_the_caller() -> None:
    """Judging at a naive time would judge at an unknown one."""
    with pytest.raises(ValueError, match="aware"):
        judge(_signed(), at=datetime(2026, 3, 1))  # noqa: DTZ001  the error that is tested


class _Answers:
    """A source of revocation that answers what it is told, and remembers what it was asked."""

    def __init__(self, state: Revocation) -> None:
        self.state = state
        self.asked: list[tuple[Certificate, Certificate, datetime]] = []

    async def status(self, certificate: Certificate, issuer: Certificate, at: datetime) -> RevocationStatus:
        self.asked.append((certificate, issuer, at))
        return RevocationStatus(self.state, "as told")


def _judged_with(state: Revocation, document: bytes) -> tuple[Verdict, _Answers]:
    source = _Answers(state)
    by = Verifier(Anchors.of([nca().certificate]), source)
    return asyncio.run(by.enveloped(document, at=AT)), source


@pytest.mark.parametrize(
    ("state", "indication", "reasons"),
    [
        (Revocation.GOOD, Indication.VALID, set[Reason]()),
        (Revocation.REVOKED, Indication.INVALID, {Reason.REVOKED}),
        (Revocation.UNAVAILABLE, Indication.INDETERMINATE, {Reason.TRY_LATER}),
    ],
)
def test_revocation_has_three_answers(state: Revocation, indication: Indication, reasons: set[Reason]) -> None:
    """Good, revoked and cannot tell are three verdicts; the source is asked about leaf and issuer at the instant."""
    verdict, source = _judged_with(state, _signed())
    assert verdict.indication is indication
    assert verdict.reasons == reasons
    assert source.asked == [(citizen().certificate, nca().certificate, AT)]


def test_the_worst_signer_decides() -> None:
    """INVALID weighs more than INDETERMINATE, INDETERMINATE more than VALID."""
    document = enveloped.sign(_signed(), issue("СТРАННЫЙ").key)
    verdict, _ = _judged_with(Revocation.UNAVAILABLE, document)
    assert verdict.indication is Indication.INVALID
    assert [signer.indication for signer in verdict.signers] == [Indication.INDETERMINATE, Indication.INVALID]


def test_nobody_is_asked_about_what_is_invalid_anyway() -> None:
    """Revocation is asked only about certificates that stand otherwise."""
    _, source = _judged_with(Revocation.GOOD, _signed().replace(b"12345", b"54321"))
    assert source.asked == []


def test_certificates_of_the_message_help_to_the_anchor() -> None:
    """An intermediate in KeyInfo completes the path to a configured root, in whatever order they stand."""
    document = _signed()
    element = parse(document)
    data = next(element.iter("{*}X509Data"))
    extra = parse(canonical.subtree(data[0], canonical.METHODS[canonical.EXC_C14N]))
    extra.text = base64.b64encode(nca().certificate.der).decode()
    data.insert(0, extra)
    verdict = judge(canonical.serialise(element, declaration=True), by=Verifier(Anchors.of([root().certificate])))
    assert verdict.indication is Indication.VALID
    assert judge(document, by=Verifier(Anchors.of([root().certificate]))).reasons == {Reason.NO_CERTIFICATE_CHAIN_FOUND}


def test_one_verifier_serves_many_documents() -> None:
    """A remembered path does not carry over to another document or instant."""
    by = verifier()
    assert judge(_signed(), by=by).indication is Indication.VALID
    assert judge(_signed(), by=by, at=AFTER + timedelta(days=1)).reasons == {Reason.EXPIRED}
    assert judge(_signed().replace(b"12345", b"54321"), by=by).reasons == {Reason.HASH_FAILURE}
    assert judge(_signed(b"<a/>"), by=by).indication is Indication.VALID
