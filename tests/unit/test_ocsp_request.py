"""The question of OCSP: what it names, and that others read it."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.ocsp import OCSPRequestBuilder, load_der_ocsp_request

from gateway.eds.der import children, element_at
from gateway.eds.gost.suites import SUITES, Suite
from gateway.eds.ocsp_request import Question, public_key_bits
from tests.support import eds, gost, ocsp


def test_it_names_the_certificate_as_cryptography_does() -> None:
    """Name, key and serial number are hashed as the library does it from whole RSA certificates."""
    citizen, nca = eds.citizen(), eds.nca()
    theirs = OCSPRequestBuilder().add_certificate(citizen.x509, nca.x509, SHA256()).build()
    ours = load_der_ocsp_request(Question.about(citizen.certificate, nca.certificate, b"12345678").der())
    assert (ours.issuer_name_hash, ours.issuer_key_hash) == (theirs.issuer_name_hash, theirs.issuer_key_hash)
    assert (ours.serial_number, ours.hash_algorithm.name) == (theirs.serial_number, "sha256")


@pytest.mark.parametrize("suite", SUITES)
def test_a_gost_key_is_hashed_with_its_header(suite: Suite) -> None:
    """The contents of the BIT STRING are an OCTET STRING, and its header is hashed too."""
    issuer = gost.nca(suite).certificate
    bits = public_key_bits(issuer.spki)
    assert bits[:1] == b"\x04"
    assert bits.endswith(gost.nca(suite).private.public.value)
    asked = load_der_ocsp_request(Question.about(gost.citizen(suite).certificate, issuer, b"12345678").der())
    assert asked.issuer_key_hash == hashlib.sha256(bits).digest()


@pytest.mark.parametrize("size", [1, 8, 32])
def test_the_nonce_is_an_octet_string_in_an_octet_string(size: int) -> None:
    """RFC 8954: the extension's value is itself DER."""
    der = Question.about(eds.citizen().certificate, eds.nca().certificate, b"n" * size).der()
    assert ocsp.nonce_of(der) == b"n" * size
    assert bytes([4, size + 2, 4, size]) + b"n" * size in der
    assert len(list(children(der, element_at(der, 0)))) == 1


def test_openssl_reads_it(tmp_path: Path) -> None:
    """OpenSSL finds the same serial number and the nonce."""
    citizen = eds.citizen().certificate
    request = tmp_path / "request.der"
    request.write_bytes(Question.about(citizen, eds.nca().certificate, b"12345678").der())
    try:
        text = subprocess.run(
            ["openssl", "ocsp", "-reqin", request, "-req_text"], capture_output=True, check=True, text=True
        ).stdout
    except FileNotFoundError:
        eds.unavailable("openssl is not installed")
    assert f"{citizen.serial_number:X}" in text
    assert "04083132333435363738" in text
