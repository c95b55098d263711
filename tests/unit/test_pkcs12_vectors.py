"""NCA RK's own published test keys in PKCS #12."""

import asyncio
from pathlib import Path

import pytest

from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.keys import KeyUnusable
from gateway.eds.keystore.source import load_key
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from tests.support.eds import SHARED

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="compares with the reference data")
_PKI = SHARED / "pki"
_FILES = sorted((_PKI / "p12").glob("*.p12"))


def test_there_are_vectors() -> None:
    """RSA, GOST 34.310-2004 and GOST 34.310-2015 are among them."""
    kinds = {load_key(path, b"Qwerty12").certificate.key_oid for path in _FILES}
    assert kinds == {"1.2.840.113549.1.1.1", "1.2.398.3.10.1.1.1.1", "1.2.398.3.10.1.1.2.2"}


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_ncas_keys_sign_under_ncas_authorities(path: Path) -> None:
    """A document signed with an NCA test key is VALID in the key's time if its key is for signing, else intact."""
    key = load_key(path, b"Qwerty12")
    at = key.certificate.not_before + (key.certificate.not_after - key.certificate.not_before) / 2
    signed = enveloped.sign("<a>құжат</a>".encode(), key)
    verdict = asyncio.run(Verifier(Anchors.load(_PKI / "ca" / "test")).enveloped(signed, at=at))
    assert verdict.signed == "<a>құжат</a>".encode()
    assert (verdict.indication is Indication.VALID) == (not key.certificate.for_signing())


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_wrong_password_is_said(path: Path) -> None:
    """Not "invalid data", not a traceback: the password."""
    with pytest.raises(KeyUnusable, match="password of the PKCS #12 file is wrong"):
        load_key(path, b"qwerty12")
