"""What we sign is accepted by an independent implementation: OpenSSL with the gost engine.

The engine knows the Russian names and byte order only: the key's OIDs are relabelled and the signature's bytes turned
round (s_BE ‖ r_BE of RFC 9215 is exactly the reverse of our r_LE ‖ s_LE).
"""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from asn1crypto.core import ObjectIdentifier

from gateway.eds.gost.keys import PrivateKey, digest
from gateway.eds.gost.suites import GOST_2004, GOST_2015_256, GOST_2015_512, SUITES, Suite
from tests.support.eds import unavailable

_RUSSIAN = {
    # RFC 4491 and RFC 9215: key, curve, digest
    GOST_2004: ("1.2.643.2.2.19", "1.2.643.2.2.35.1", "1.2.643.2.2.30.1"),
    GOST_2015_256: ("1.2.643.7.1.1.1.1", "1.2.643.7.1.2.1.1.1", "1.2.643.7.1.1.2.2"),
    GOST_2015_512: ("1.2.643.7.1.1.1.2", "1.2.643.7.1.2.1.2.1", "1.2.643.7.1.1.2.3"),
}
_suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)


@pytest.fixture(scope="module", autouse=True)
def _engine() -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        unavailable("no openssl program on this machine")
    shown = subprocess.run([str(openssl), "engine", "-t", "gost"], capture_output=True, text=True, check=False)
    if "[ available ]" not in shown.stdout:
        unavailable(
            "OpenSSL has no gost engine: GOST signatures are NOT checked; apt-get install libengine-gost-openssl"
        )


def _length(octets: bytes) -> bytes:
    size = len(octets)
    return bytes([size]) if size < 0x80 else bytes([0x81, size])


def _public_key(key: PrivateKey) -> bytes:
    """Write the public key under Russian OIDs, as PEM."""
    oids = [ObjectIdentifier(oid).dump() for oid in _RUSSIAN[key.public.suite]]
    parameters = oids[1] + oids[2]
    algorithm = oids[0] + b"\x30" + _length(parameters) + parameters
    point = b"\x04" + _length(key.public.value) + key.public.value
    bits = b"\x03" + _length(b"\x00" + point) + b"\x00" + point
    body = b"\x30" + _length(algorithm) + algorithm + bits
    spki = base64.encodebytes(b"\x30" + _length(body) + body)
    return b"-----BEGIN PUBLIC KEY-----\n" + spki + b"-----END PUBLIC KEY-----\n"


def _openssl_accepts(key: PrivateKey, digest_value: bytes, signature: bytes, folder: Path) -> bool:
    (folder / "key.pem").write_bytes(_public_key(key))
    (folder / "digest").write_bytes(digest_value)
    (folder / "signature").write_bytes(signature[::-1])
    command = "openssl pkeyutl -engine gost -verify -pubin -inkey key.pem -in digest -sigfile signature"
    done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout or "Signature Verification Failure" in done.stdout, done
    return done.returncode == 0


@_suites
def test_openssl_accepts_our_signatures(suite: Suite, tmp_path: Path) -> None:
    """Signatures of ours over random digests verify in OpenSSL, and a digest with one bit changed does not."""
    key = PrivateKey.generate(suite)
    for _ in range(5):
        value = os.urandom(suite.curve.size)
        signature = key.sign_digest(value)
        assert _openssl_accepts(key, value, signature, tmp_path)
        assert not _openssl_accepts(key, bytes([value[0] ^ 1]) + value[1:], signature, tmp_path)


@pytest.mark.parametrize(
    ("suite", "name"), [(GOST_2015_256, "md_gost12_256"), (GOST_2015_512, "md_gost12_512")], ids=["256", "512"]
)
def test_openssl_computes_our_digests(suite: Suite, name: str, tmp_path: Path) -> None:
    """Streebog digests of data of many lengths are OpenSSL's. (Its GOST 34.11-94 has another S-box.)"""
    for size in (0, 1, 63, 64, 65, 5000):
        data = os.urandom(size)
        (tmp_path / "data").write_bytes(data)
        command = f"openssl dgst -engine gost -{name} -binary data"
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True)
        assert done.stdout == digest(suite, data)
