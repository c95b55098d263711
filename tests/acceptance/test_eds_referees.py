"""Differential tests: libxmlsec1 (as library and as program) and signxml against ours, over generated documents."""

import shutil
import subprocess
from pathlib import Path

import pytest
import xmlsec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.eds import canonical, enveloped, wsse
from gateway.eds.dsig import DS
from gateway.eds.verdict import Indication, Reason
from gateway.eds.wsse import WSU
from gateway.eds.xml import parse
from tests.support.eds import AT, SOAP, citizen, judge, sign_part, unavailable, verifier

_EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_PIECES = ["a", "қ", "і", " ", "\n", "\t", "'", "&amp;", "&lt;", "&gt;", "&#13;", "&quot;"]
_TEXT = st.lists(st.sampled_from(_PIECES), max_size=5).map("".join)
_PREFIXES = {"": "urn:default", "p": "urn:p", "q": "http://example.kz/q", "ds": "urn:not-dsig"}


@st.composite
def _element(draw: st.DrawFn, scope: frozenset[str], depth: int) -> str:
    """One element with namespaces, attributes and mixed content; `scope` are the declared prefixes."""
    declared = draw(st.frozensets(st.sampled_from(sorted(_PREFIXES)), max_size=2))
    inner = scope | declared
    declarations = [f'xmlns{":" * bool(prefix)}{prefix}="{_PREFIXES[prefix]}"' for prefix in sorted(declared)]
    if "" in scope and not declared and draw(st.booleans()):
        declarations, inner = ['xmlns=""'], inner - {""}
    usable = sorted(inner - {""})
    attributes = [
        f'{name}="{draw(_TEXT)}"'
        for name in draw(
            st.sets(st.sampled_from(["b", "a", "xml:lang", "xml:space", *(f"{p}:c" for p in usable)]), max_size=3)
        )
        if name != "xml:space"
    ]
    prefix = draw(st.sampled_from(["", *(f"{prefix}:" for prefix in usable)]))
    name = prefix + draw(st.sampled_from(["form", "iin", "x"]))
    content = "".join(draw(st.lists(_content(inner, depth), max_size=4)))
    return f"<{' '.join([name, *declarations, *attributes])}>{content}</{name}>"


def _content(scope: frozenset[str], depth: int) -> st.SearchStrategy[str]:
    leaves = [
        _TEXT,
        st.just("<!-- comment -->"),
        st.just("<?instruction data?>"),
        st.just("<![CDATA[<b>&amp;</b>]]>"),
        st.just("<empty/>"),
    ]
    return st.one_of(*leaves, *([_element(scope, depth - 1)] if depth else []))


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """A document, with a declaration or without, and something beside its root or not."""
    declaration = draw(st.sampled_from(["", '<?xml version="1.0" encoding="UTF-8"?>\n']))
    beside = st.sampled_from(["", "<!-- beside -->", "<?beside?>"])
    return f"{declaration}{draw(beside)}{draw(_element(frozenset(), 3))}{draw(beside)}".encode()


def _for_signxml(raw: bytes) -> bool:
    """Whether signxml canonicalises this document rightly.

    It uses lxml's canonicalisation as it is: SignedInfo loses the xml:* attributes it inherits, processing
    instructions beside the root are lost, and comments are kept under `URI=""`. libxmlsec1 agrees with us on them all.
    """
    root = parse(raw)
    inherited = any(str(name).startswith("{http://www.w3.org/XML/") for name in root.attrib)
    return not inherited and b"<?beside?>" not in raw and b"<!--" not in raw


def _xmlsec_verifies(element: etree._Element, body: etree._Element | None = None) -> bool:
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(citizen().pem, xmlsec.constants.KeyDataFormatCertPem)
    if body is not None:
        context.register_id(body, "Id", WSU)
    signature = xmlsec.tree.find_node(element, "Signature")
    assert signature is not None
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def _xmlsec_signs(raw: bytes, transform: str, prefix: str | None) -> bytes:
    root = parse(raw)
    signature = xmlsec.template.create(
        root, xmlsec.constants.TransformInclC14N, xmlsec.constants.TransformRsaSha256, ns=prefix
    )
    root.append(signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, getattr(xmlsec.constants, transform))
    xmlsec.template.x509_data_add_certificate(xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature)))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(citizen().key_pem, xmlsec.constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(citizen().pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(signature)
    return canonical.serialise(root, declaration=True)


@_EXAMPLES
@given(documents())
def test_libxmlsec1_verifies_what_we_sign(raw: bytes) -> None:
    """Every document we sign verifies under libxmlsec1, and no more once its text is changed."""
    signed = enveloped.sign(raw, citizen().key)
    assert _xmlsec_verifies(parse(signed))
    changed = parse(signed)
    changed.text = (changed.text or "") + "x"
    assert not _xmlsec_verifies(changed)


@_EXAMPLES
@given(
    documents(), st.sampled_from(["TransformInclC14N", "TransformInclC14NWithComments"]), st.sampled_from(["sig", None])
)
def test_we_verify_what_libxmlsec1_signs(raw: bytes, transform: str, prefix: str | None) -> None:
    """Every document libxmlsec1 signs, under any prefix or none, is VALID, and no longer once it is changed."""
    signed = _xmlsec_signs(raw, transform, prefix)
    verdict = judge(signed)
    assert verdict.indication is Indication.VALID
    changed = parse(signed)
    changed.text = (changed.text or "") + "x"
    assert judge(canonical.serialise(changed, declaration=True)).reasons == {Reason.HASH_FAILURE}


@_EXAMPLES
@given(documents().filter(_for_signxml))
def test_signxml_verifies_what_we_sign(raw: bytes) -> None:
    """Every document we sign verifies under signxml, which names the same signed content."""
    signed = enveloped.sign(raw, citizen().key)
    result = _signxml_verify(signed)
    assert _alone(parse(etree.tostring(result))) == _alone(parse(raw))


def _alone(root: etree._Element) -> bytes:
    return canonical.subtree(root, canonical.METHODS[canonical.C14N])


def _signxml_verify(signed: bytes) -> etree._Element:
    result = XMLVerifier().verify(
        signed,
        x509_cert=citizen().pem.decode(),
        expect_config=SignatureConfiguration(location="./", verification_time=AT),
    )
    one = result[0] if isinstance(result, list) else result
    assert one.signed_xml is not None
    return one.signed_xml


@_EXAMPLES
@given(documents().filter(_for_signxml))
def test_we_verify_what_signxml_signs(raw: bytes) -> None:
    """Every document signxml signs in our profile is VALID."""
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    signed = signer.sign(parse(raw), key=citizen().key_pem, cert=citizen().pem.decode())
    verdict = judge(canonical.serialise(signed, declaration=True))
    assert verdict.indication is Indication.VALID


@pytest.fixture(scope="module")
def program() -> str:
    """The `xmlsec1` program (Debian package xmlsec1)."""
    found = shutil.which("xmlsec1")
    if found is None:
        unavailable("the xmlsec1 program is not installed (apt-get install xmlsec1)")
    return str(found)


_FEW = settings(_EXAMPLES, max_examples=12, suppress_health_check=[*HealthCheck])  # each one starts a process


def _run(program: str, *arguments: str) -> bool:
    return subprocess.run([program, *arguments], capture_output=True, check=False, timeout=30).returncode == 0


@_FEW
@given(raw=documents())
def test_the_xmlsec1_program_verifies_what_we_sign(program: str, tmp_path: Path, raw: bytes) -> None:
    """The program verifies our documents against the CA, and no longer when a byte of the text is changed."""
    certificate, document = tmp_path / "citizen.pem", tmp_path / "document.xml"
    certificate.write_bytes(citizen().pem)
    document.write_bytes(enveloped.sign(raw, citizen().key))
    assert _run(program, "--verify", "--pubkey-cert-pem", str(certificate), str(document))
    changed = parse(document.read_bytes())
    changed.text = (changed.text or "") + "x"
    document.write_bytes(canonical.serialise(changed, declaration=True))
    assert not _run(program, "--verify", "--pubkey-cert-pem", str(certificate), str(document))


@_FEW
@given(raw=documents())
def test_we_verify_what_the_xmlsec1_program_signs(program: str, tmp_path: Path, raw: bytes) -> None:
    """What the program signs from a template of the profile is VALID."""
    key, certificate, template, signed = (tmp_path / name for name in ("key.pem", "cert.pem", "in.xml", "out.xml"))
    key.write_bytes(citizen().key_pem)
    certificate.write_bytes(citizen().pem)
    root = parse(enveloped.sign(raw, citizen().key))
    for name in ("DigestValue", "SignatureValue", "X509Certificate"):
        next(root[-1].iter(f"{{{DS}}}{name}")).text = None
    template.write_bytes(canonical.serialise(root, declaration=True))
    assert _run(program, "--sign", "--privkey-pem", f"{key},{certificate}", "--output", str(signed), str(template))
    assert judge(signed.read_bytes()).indication is Indication.VALID


def _packet(payload: str) -> bytes:
    return f'<packet xmlns="urn:packet" xmlns:u="urn:unused" xml:lang="kk"><f Id="part">{payload}</f></packet>'.encode()


def _xmlsec_verifies_part(raw: bytes) -> bool:
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(citizen().pem, xmlsec.constants.KeyDataFormatCertPem)
    root = parse(raw)
    context.register_id(root[0], "Id")
    try:
        context.verify(root[1])
    except xmlsec.Error:
        return False
    return True


@_EXAMPLES
@given(_element(frozenset(), 3))
def test_libxmlsec1_and_we_agree_on_one_element(payload: str) -> None:
    """A signature over one element by its Id is good for both, its canonical form the same, and for neither changed."""
    signed = sign_part(_packet(payload), citizen().key)
    changed = signed.replace(b'<f Id="part">', b'<f Id="part">x')
    for raw, good in ((signed, True), (changed, False)):
        assert _xmlsec_verifies_part(raw) is good
        assert (judge(raw).indication is Indication.VALID) is good


@_EXAMPLES
@given(_element(frozenset(), 3), st.sampled_from(["sig", None]))
def test_we_verify_one_element_that_libxmlsec1_signs(payload: str, prefix: str | None) -> None:
    """What libxmlsec1 signs by Id, with inclusive SignedInfo under any prefix or none, is VALID."""
    root = parse(_packet(payload))
    constants = xmlsec.constants
    signature = xmlsec.template.create(root, constants.TransformInclC14N, constants.TransformRsaSha256, ns=prefix)
    root.append(signature)
    reference = xmlsec.template.add_reference(signature, constants.TransformSha256, uri="#part")
    xmlsec.template.add_transform(reference, constants.TransformInclC14NWithComments)
    xmlsec.template.x509_data_add_certificate(xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature)))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(citizen().key_pem, constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(citizen().pem, constants.KeyDataFormatPem)
    context.register_id(root[0], "Id")
    context.sign(signature)
    assert judge(etree.tostring(root)).indication is Indication.VALID


def _envelope(payload: str) -> bytes:
    body = f"<S:Body><data>{payload}</data></S:Body>"
    return f'<S:Envelope xmlns:S="{SOAP}" xmlns:p="urn:unused"><S:Header/>{body}</S:Envelope>'.encode()


@_EXAMPLES
@given(_element(frozenset(), 3))
def test_libxmlsec1_verifies_our_transport_signature(payload: str) -> None:
    """Every envelope we sign verifies under libxmlsec1, its Body and nothing else being the reference's target."""
    envelope = parse(wsse.sign(parse(_envelope(payload)), citizen().key))
    assert _xmlsec_verifies(envelope[0], envelope[1])
    envelope[1][0].text = (envelope[1][0].text or "") + "x"
    assert not _xmlsec_verifies(envelope[0], envelope[1])


@_EXAMPLES
@given(_element(frozenset(), 3), st.sampled_from(["", "p", "p #default", "S p q"]))
def test_we_verify_libxmlsec1s_transport_signature(payload: str, prefixes: str) -> None:
    """What libxmlsec1 signs in our place, with inclusive namespaces or without, is VALID, and not once changed."""
    envelope = parse(wsse.sign(parse(_envelope(payload)), citizen().key))
    signature = envelope[0][0][0]
    if prefixes:
        transform = next(signature.iter(f"{{{DS}}}Transform"))
        etree.SubElement(transform, f"{{{canonical.EXC_C14N}}}InclusiveNamespaces", PrefixList=prefixes)
    for name in ("DigestValue", "SignatureValue"):
        next(signature.iter(f"{{{DS}}}{name}")).text = None
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(citizen().key_pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(envelope[1], "Id", WSU)
    context.sign(signature)
    received = parse(etree.tostring(envelope))
    assert verifier().transport(received, received[1], at=AT, registered=()).indication is Indication.VALID
    received[1][0].text = (received[1][0].text or "") + "x"
    assert verifier().transport(received, received[1], at=AT, registered=()).reasons == {Reason.HASH_FAILURE}
