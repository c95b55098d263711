"""What is made of NCANode's answers, and of two opinions."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds.ncanode.answers import read_cms_verified, read_verified
from gateway.eds.second_opinion import Opinion, Stand, combined
from gateway.eds.verdict import Finding, Indication, Reason, Signer, Verdict
from tests.support import eds

_SERIAL = eds.citizen().certificate.serial_number
_GOOD = {"valid": True, "serialNumber": f"{_SERIAL:x}", "revocations": [{"revoked": False, "by": "OCSP"}]}
_REVOKED = _GOOD | {"valid": False, "revocations": [{"revoked": True, "by": "CRL", "reason": "keyCompromise"}]}
_NOT_ASKED = _GOOD | {"valid": False, "revocations": [{"revoked": False, "by": "OCSP", "reason": "Try again"}]}
_UNTRUSTED = _GOOD | {"valid": False}


def _answer(valid: Any, *signers: Any) -> bytes:
    return json.dumps({"status": 200, "message": "OK", "valid": valid, "signers": signers, "new": 1}).encode()


@pytest.mark.parametrize(
    ("answer", "stand", "reason"),
    [
        (_answer(True, _GOOD), Stand.AGREES, None),
        (_answer(True, _GOOD, _GOOD | {"serialNumber": "1"}), Stand.AGREES, None),
        (_answer(False, _GOOD), Stand.DISAGREES, Reason.SIG_CRYPTO_FAILURE),
        (_answer(False, _UNTRUSTED), Stand.DISAGREES, Reason.NO_CERTIFICATE_CHAIN_FOUND),
        (_answer(True, _UNTRUSTED), Stand.DISAGREES, Reason.NO_CERTIFICATE_CHAIN_FOUND),
        (_answer(False, _REVOKED), Stand.DISAGREES, Reason.REVOKED),
        (_answer(True, _REVOKED | {"valid": True}), Stand.DISAGREES, Reason.REVOKED),
        (_answer(False, _NOT_ASKED, _REVOKED), Stand.DISAGREES, Reason.REVOKED),
        (_answer(False, _NOT_ASKED, _UNTRUSTED), Stand.DISAGREES, Reason.NO_CERTIFICATE_CHAIN_FOUND),
        (_answer(False, None), Stand.DISAGREES, Reason.SIG_CRYPTO_FAILURE),
        (_answer(False, _NOT_ASKED), Stand.NONE, None),
        (_answer(False), Stand.NONE, None),
        (_answer(True), Stand.NONE, None),
        (_answer(True, None), Stand.NONE, None),
        (_answer(True, _GOOD, None), Stand.NONE, None),
        (_answer("true", _GOOD), Stand.NONE, None),
        (_answer(1, _GOOD), Stand.NONE, None),
        (_answer(True, _GOOD | {"serialNumber": "-1"}), Stand.NONE, None),
        (_answer(True, *[_GOOD] * 65), Stand.NONE, None),
        (b'{"status": 200}', Stand.NONE, None),
        (b"[]", Stand.NONE, None),
        (b"<html>", Stand.NONE, None),
        (b"\xff", Stand.NONE, None),
        (b"", Stand.NONE, None),
    ],
)
def test_answers_are_read(answer: bytes, stand: Stand, reason: Reason | None) -> None:
    """Agreement is what says so plainly of named signers; refusal has its reason; all else is no opinion."""
    opinion = read_verified(answer)
    assert opinion.stand is stand
    assert reason is None or opinion.reason is reason
    assert (_SERIAL in opinion.serial_numbers) == (stand is Stand.AGREES)


@pytest.mark.parametrize("form", [lambda one: {"certificates": [one], "tsp": None}, lambda one: {"certificate": one}])
@pytest.mark.parametrize(
    ("valid", "certificate", "stand"),
    [(True, _GOOD, Stand.AGREES), (False, _UNTRUSTED, Stand.DISAGREES), (False, _NOT_ASKED, Stand.NONE)],
)
def test_signers_of_cms_are_read(form: Any, valid: bool, certificate: Any, stand: Stand) -> None:  # noqa: FBT001  a value
    """Older versions give a list of certificates for each signer, newer ones one certificate."""
    assert read_cms_verified(_answer(valid, form(certificate))).stand is stand


@pytest.mark.parametrize("signer", [{}, {"certificates": []}, {"certificates": None, "certificate": None}])
def test_a_cms_signer_without_certificate_is_no_agreement(signer: Any) -> None:
    """NCANode says `valid: true` of a signature whose certificate is missing; that confirms nothing."""
    assert read_cms_verified(_answer(True, {"certificates": [_GOOD]}, signer)).stand is Stand.NONE
    assert read_cms_verified(_answer(True)).stand is Stand.NONE


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.dictionaries(st.sampled_from(["valid", "signers", "certificates", "serialNumber", "revocations"]), inner)
            | st.lists(inner)
        ),
    )
)
def test_rubbish_is_no_agreement(value: Any) -> None:
    """Whatever the JSON holds, it is read without a fault, and not as agreement unless it names a valid signer."""
    for read in (read_verified, read_cms_verified):
        opinion = read(json.dumps(value).encode())
        assert opinion.stand is not Stand.AGREES or opinion.serial_numbers


def _verdict(indication: Indication) -> Verdict:
    findings = () if indication is Indication.VALID else (Finding(Reason.TRY_LATER, "ocsp: away"),)
    return Verdict(indication, signers=(Signer(eds.citizen().certificate, indication, findings),), signed=b"<a/>")


_AGREES = Opinion(Stand.AGREES, serial_numbers=frozenset({_SERIAL, 1}))
_OTHERS = Opinion(Stand.AGREES, serial_numbers=frozenset({1}))
_REFUSES = Opinion(Stand.DISAGREES, "NCANode: no", Reason.REVOKED)
_SILENT = Opinion(Stand.NONE, "NCANode is away")


@pytest.mark.parametrize(
    ("own", "opinion", "required", "expected"),
    [
        (Indication.VALID, _AGREES, True, Indication.VALID),
        (Indication.VALID, _REFUSES, True, Indication.INVALID),
        (Indication.VALID, _REFUSES, False, Indication.INVALID),
        (Indication.VALID, _SILENT, True, Indication.INDETERMINATE),
        (Indication.VALID, _SILENT, False, Indication.VALID),
        (Indication.VALID, _OTHERS, False, Indication.INDETERMINATE),
        (Indication.INDETERMINATE, _AGREES, True, Indication.INDETERMINATE),
        (Indication.INDETERMINATE, _REFUSES, True, Indication.INVALID),
        (Indication.INDETERMINATE, _SILENT, False, Indication.INDETERMINATE),
        (Indication.INVALID, _AGREES, True, Indication.INVALID),
        (Indication.INVALID, _SILENT, True, Indication.INVALID),
    ],
)
def test_two_opinions_make_one_verdict(
    own: Indication,
    opinion: Opinion,
    required: bool,  # noqa: FBT001  a value of the table
    expected: Indication,
) -> None:
    """VALID needs both; a second opinion never makes a verdict better; what it says stands among the findings."""
    verdict = combined(_verdict(own), opinion, required=required)
    assert verdict.indication is expected
    changed = opinion.stand is Stand.DISAGREES or (opinion.stand is Stand.NONE and required) or opinion is _OTHERS
    assert bool(verdict.findings) == changed
    if opinion is _REFUSES:
        assert verdict.findings == (Finding(Reason.REVOKED, "NCANode: no"),)
    if opinion is _SILENT and required:
        assert Reason.TRY_LATER in verdict.reasons
