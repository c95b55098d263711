"""The transport signature over soap:Body."""

import base64
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from lxml import etree

from gateway.eds import canonical, wsse
from gateway.eds.canonical import EXC_C14N, METHODS
from gateway.eds.certificate import Certificate
from gateway.eds.dsig import DS
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.wsse import WSSE, WSU, X509V3
from gateway.eds.xml import parse
from tests.support.eds import AFTER, AT, BEFORE, SOAP, citizen, issue, nca, resign, verifier

_ENVELOPE = f"""<?xml version="1.0"?>
<S:Envelope xmlns:S="{SOAP}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:default">
<S:Body>
<n:SendMessage xmlns:n="http://bip.bee.kz/SyncChannel/v10/Types">
<request xmlns=""><data>қ&lt;a/&gt;&#13;</data></request>
</n:SendMessage></S:Body></S:Envelope>""".encode()
_BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"


def _signed(raw: bytes = _ENVELOPE) -> bytes:
    return wsse.sign(parse(raw), citizen().key)


def _judge(raw: bytes, registered: Iterable[Certificate] = ()) -> Verdict:
    envelope = parse(raw)
    body = envelope.find(f"{{{SOAP}}}Body")
    assert body is not None
    return verifier().transport(envelope, body, at=AT, registered=registered)


def test_a_signed_envelope_is_valid_and_says_by_whom() -> None:
    """What is signed verifies; the certificate is told for the caller to compare, and the Body as it was signed."""
    verdict = _judge(_signed())
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].certificate == citizen().certificate
    assert verdict.signed is not None
    assert verdict.signed.startswith(b"<S:Body ")


def test_the_form_is_that_of_smart_bridge() -> None:
    """mustUnderstand, exclusive C14N twice, one reference to wsu:Id of Body, KeyIdentifier X509v3 (protocol.md 4.3)."""
    envelope = parse(_signed())
    security = envelope[0][0]
    assert security.get(f"{{{SOAP}}}mustUnderstand") == "1"
    (reference,) = security.iter(f"{{{DS}}}Reference")
    assert reference.get("URI") == "#" + envelope[1].get(f"{{{WSU}}}Id", "")
    identifier = next(security.iter(f"{{{WSSE}}}KeyIdentifier"))
    assert identifier.get("ValueType") == X509V3
    assert base64.b64decode(identifier.text or "") == citizen().certificate.der
    assert {element.get("Algorithm") for element in security.iter("{*}CanonicalizationMethod", "{*}Transform")} == {
        EXC_C14N
    }


def test_header_is_kept_and_made() -> None:
    """An existing Header keeps its content; a missing one is made, as the first child."""
    with_header = _ENVELOPE.replace(b"<S:Body>", b"<S:Header><own xmlns='urn:own'/></S:Header><S:Body>")
    envelope = parse(_signed(with_header))
    assert [element.tag for element in envelope[0]] == ["{urn:own}own", wsse.SECURITY]
    assert _judge(_signed(with_header)).indication is Indication.VALID


def test_signing_twice_or_nothing_is_refused() -> None:
    """An envelope that is signed, and what is no envelope, are errors of the caller."""
    with pytest.raises(ValueError, match="already"):
        wsse.sign(parse(_signed()), citizen().key)
    with pytest.raises(ValueError, match="Body"):
        wsse.sign(parse(b"<a/>"), citizen().key)


def test_an_unsigned_envelope_is_said() -> None:
    """No header, no security header and an empty one are SIGNATURE_MISSING."""
    security = f"<S:Header><w:Security xmlns:w='{WSSE}'/></S:Header><S:Body>".encode()
    for raw in (
        _ENVELOPE,
        _ENVELOPE.replace(b"<S:Body>", b"<S:Header/><S:Body>"),
        _ENVELOPE.replace(b"<S:Body>", security),
    ):
        assert _judge(raw).reasons == {Reason.SIGNATURE_MISSING}


def test_a_changed_body_or_signature_is_found_out() -> None:
    """A changed Body is HASH_FAILURE, a changed SignedInfo SIG_CRYPTO_FAILURE; nothing may be read then."""
    changed = _judge(_signed().replace("қ".encode(), "к".encode()))
    assert changed.reasons == {Reason.HASH_FAILURE}
    assert changed.signed is None
    assert _judge(_signed().replace(b"<ds:SignedInfo>", b"<ds:SignedInfo> ")).reasons == {Reason.SIG_CRYPTO_FAILURE}


def test_moved_declarations_do_not_matter() -> None:
    """JAX-WS moves unused namespace declarations about; exclusive C14N does not see it."""
    raw = _signed().replace(b' xmlns:xs="http://www.w3.org/2001/XMLSchema"', b"")
    assert b"XMLSchema" not in raw
    assert _judge(raw).indication is Indication.VALID


def test_dates_of_the_transport_certificate_count() -> None:
    """Outside its validity the verdict is INVALID for that reason alone, whoever it belongs to."""
    envelope = parse(_signed())
    for at, reason in ((BEFORE - timedelta(days=1), Reason.NOT_YET_VALID), (AFTER + timedelta(days=1), Reason.EXPIRED)):
        verdict = verifier().transport(envelope, envelope[1], at=at, registered=())
        assert verdict.indication is Indication.INVALID
        assert verdict.reasons == {reason}


def test_trust_is_the_callers() -> None:
    """A stranger's certificate is told, not judged: transport is trusted by registration, which the caller compares."""
    stranger = issue("СТРАННЫЙ")
    verdict = _judge(wsse.sign(parse(_ENVELOPE), stranger.key))
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].certificate == stranger.certificate


def test_verifying_leaves_the_envelope_as_it_was() -> None:
    """The caller's tree is not changed by verification."""
    envelope = parse(_signed())
    before = etree.tostring(envelope)
    verifier().transport(envelope, envelope[1], at=AT, registered=())
    assert etree.tostring(envelope) == before


def _with_key_info(content: str, *, header: str = "", change: Callable[[etree._Element], None] | None = None) -> bytes:
    """Sign an envelope whose KeyInfo and security header hold something else."""
    envelope = parse(_signed())
    security = envelope[0][0]
    signature = security[0]
    namespaces = f'xmlns:ds="{DS}" xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"'
    signature.replace(signature[2], parse(f"<ds:KeyInfo {namespaces}>{content}</ds:KeyInfo>".encode()))
    for element in parse(f"<x {namespaces}>{header}</x>".encode()):
        security.insert(0, element)
    if change:
        change(signature)
    resign(signature, citizen().key, lambda reference: _referenced(envelope, reference))
    return canonical.serialise(envelope, declaration=True)


def _referenced(envelope: etree._Element, reference: etree._Element) -> bytes:
    (element, *_) = canonical.elements_with_id(envelope, reference.get("URI", "")[1:])
    prefixes = [element.get("PrefixList", "") for element in reference.iter("{*}InclusiveNamespaces")]
    return canonical.subtree(element, METHODS[EXC_C14N], tuple(" ".join(prefixes).split()))


def _der(certificate: Certificate) -> str:
    return base64.b64encode(certificate.der).decode()


def _token(identifier: str = "token", value_type: str = X509V3) -> str:
    return (
        f'<wsse:BinarySecurityToken EncodingType="{_BASE64}" ValueType="{value_type}" wsu:Id="{identifier}">'
        f"{_der(citizen().certificate)}</wsse:BinarySecurityToken>"
    )


_TOKEN_REFERENCE = '<wsse:SecurityTokenReference><wsse:Reference URI="#token"/></wsse:SecurityTokenReference>'


def test_a_binary_security_token_is_accepted() -> None:
    """KeyInfo may refer to a BinarySecurityToken of the same security header."""
    assert _judge(_with_key_info(_TOKEN_REFERENCE, header=_token())).indication is Indication.VALID


@pytest.mark.parametrize(
    "header",
    ["", _token() + _token(), _token("other"), _token(value_type=f"{X509V3}X"), '<wsse:UsernameToken wsu:Id="token"/>'],
)
def test_an_unfit_token_is_refused(header: str) -> None:
    """No token, two of the same id, and a token of another type are refused."""
    verdict = _judge(_with_key_info(_TOKEN_REFERENCE, header=header))
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons <= {Reason.SIG_CONSTRAINTS_FAILURE, Reason.FORMAT_FAILURE}


def test_an_embedded_certificate_is_accepted() -> None:
    """KeyInfo may hold X509Data with the certificate, in a token reference or not."""
    data = f"<ds:X509Data><ds:X509Certificate>{_der(citizen().certificate)}</ds:X509Certificate></ds:X509Data>"
    for content in (data, f"<wsse:SecurityTokenReference>{data}</wsse:SecurityTokenReference>"):
        assert _judge(_with_key_info(content)).indication is Indication.VALID


def _issuer_serial(issuer: str, serial: str) -> str:
    return (
        '<wsse:SecurityTokenReference wsu:Id="STR-1"><ds:X509Data><ds:X509IssuerSerial>'
        f"<ds:X509IssuerName>{issuer}</ds:X509IssuerName><ds:X509SerialNumber>{serial}</ds:X509SerialNumber>"
        "</ds:X509IssuerSerial></ds:X509Data></wsse:SecurityTokenReference>"
    )


@pytest.mark.parametrize("issuer", ["CN=СЫНАҚ ҰКО (ТЕСТ),C=KZ", "C=KZ, CN=СЫНАҚ ҰКО (ТЕСТ)"])
def test_issuer_and_serial_are_looked_up_among_the_registered(issuer: str) -> None:
    """X509IssuerSerial, as WSS4J writes it in either order, names a registered certificate; others it does not find."""
    raw = _with_key_info(_issuer_serial(issuer, str(citizen().certificate.serial_number)))
    others = [nca().certificate, citizen("ДРУГОЙ").certificate]
    verdict = _judge(raw, [*others, citizen().certificate])
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].certificate == citizen().certificate
    assert _judge(raw, others).reasons == {Reason.NO_SIGNING_CERTIFICATE_FOUND}


def test_a_certificate_beside_its_issuer_and_serial_must_be_the_one_they_name() -> None:
    """libxmlsec1 writes both; they are taken together, and refused when they name different certificates."""
    certificate = f"<ds:X509Certificate>{_der(citizen().certificate)}</ds:X509Certificate>"
    names_it = _issuer_serial("CN=СЫНАҚ ҰКО (ТЕСТ),C=KZ", str(citizen().certificate.serial_number))
    for order in (
        names_it.replace("<ds:X509Data>", f"<ds:X509Data>{certificate}"),
        names_it.replace("</ds:X509Data>", f"{certificate}</ds:X509Data>"),
    ):
        assert _judge(_with_key_info(order)).indication is Indication.VALID
    another = _issuer_serial("CN=СЫНАҚ ҰКО (ТЕСТ),C=KZ", str(citizen().certificate.serial_number + 1))
    mixed = another.replace("<ds:X509Data>", f"<ds:X509Data>{certificate}")
    assert _judge(_with_key_info(mixed)).reasons == {Reason.NO_SIGNING_CERTIFICATE_FOUND}


@pytest.mark.parametrize(
    ("issuer", "serial"), [("", "1"), ("CN=x", ""), ("CN=x", "0x1"), ("x", "1"), ("CN=x", "9" * 10_000)]
)
def test_an_unreadable_issuer_serial_is_refused(issuer: str, serial: str) -> None:
    """What is no name or no decimal number finds nobody."""
    verdict = _judge(_with_key_info(_issuer_serial(issuer, serial)), [citizen().certificate])
    assert verdict.indication is Indication.INVALID
    assert verdict.reasons <= {Reason.FORMAT_FAILURE, Reason.NO_SIGNING_CERTIFICATE_FOUND}


def test_inclusive_namespaces_are_honoured() -> None:
    """WSS4J lists prefixes, `#default` among them; the digest covers them then."""

    def with_prefixes(signature: etree._Element) -> None:
        for element in signature.iter("{*}Transform"):
            etree.SubElement(element, f"{{{EXC_C14N}}}InclusiveNamespaces", PrefixList="xs #default")

    key_info = f"<ds:X509Data><ds:X509Certificate>{_der(citizen().certificate)}</ds:X509Certificate></ds:X509Data>"
    raw = _with_key_info(key_info, change=with_prefixes)
    verdict = _judge(raw)
    assert verdict.indication is Indication.VALID
    assert verdict.signed is not None
    assert verdict.signed.startswith(b'<S:Body xmlns="urn:default" xmlns:S=')
    assert b'xmlns:xs="http://www.w3.org/2001/XMLSchema"' in verdict.signed.split(b">")[0]


def _timestamp(created: str, expires: str) -> str:
    return (
        f'<wsu:Timestamp wsu:Id="TS"><wsu:Created>{created}</wsu:Created>'
        f"<wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
    )


def _timestamp_signed(signature: etree._Element) -> None:
    signed_info = signature[0]
    text = canonical.subtree(signed_info[2], METHODS[EXC_C14N]).decode()
    identifier = signed_info[2].get("URI", "")
    signed_info.append(parse(text.replace(identifier, "#TS").encode()))


@pytest.mark.parametrize(
    ("created", "expires", "reasons"),
    [
        ("2026-02-28T23:59:00Z", "2026-03-01T00:05:00Z", set[Reason]()),
        ("2026-03-01T04:59:00.5+05:00", "2026-02-28T23:56:00", set[Reason]()),  # within the clocks' five minutes
        ("2026-02-28T23:00:00Z", "2026-02-28T23:54:59Z", {Reason.SIG_CONSTRAINTS_FAILURE}),
        ("2026-03-01T00:05:01Z", "2026-03-01T00:15:00Z", {Reason.SIG_CONSTRAINTS_FAILURE}),
        ("yesterday", "tomorrow", {Reason.FORMAT_FAILURE}),
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", set[Reason]()),  # the ends of the calendar
        ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", {Reason.SIG_CONSTRAINTS_FAILURE}),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", {Reason.SIG_CONSTRAINTS_FAILURE}),
    ],
)
def test_a_timestamp_is_kept(created: str, expires: str, reasons: set[Reason]) -> None:
    """A wsu:Timestamp beside the Body may be signed too; expired or future ones are refused, five minutes allowed."""
    key_info = f"<ds:X509Data><ds:X509Certificate>{_der(citizen().certificate)}</ds:X509Certificate></ds:X509Data>"
    raw = _with_key_info(key_info, header=_timestamp(created, expires), change=_timestamp_signed)
    assert _judge(raw).reasons == reasons


def test_body_may_carry_two_ids() -> None:
    """wsu:Id and wsse:Id of the same value on one Body are one element's."""
    envelope = parse(_signed())
    envelope[1].set(f"{{{WSSE}}}Id", envelope[1].get(f"{{{WSU}}}Id", ""))
    resign(envelope[0][0][0], citizen().key, lambda reference: _referenced(envelope, reference))
    assert _judge(canonical.serialise(envelope, declaration=True)).indication is Indication.VALID
