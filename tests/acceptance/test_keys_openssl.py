"""Keys as OpenSSL writes them, in every form an operator may have them in."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.eds.keys import KeyUnusable, load_pem
from gateway.eds.keystore.source import load_key
from tests.support.eds import citizen, nca, unavailable

_PASSWORD = "Қпс 1"
_LEGACY = ("-legacy",)


def _openssl(folder: Path, *arguments: str) -> bytes:
    if shutil.which("openssl") is None:
        unavailable("no openssl on this machine")
    (folder / "key.pem").write_bytes(citizen().key_pem)
    (folder / "certificate.pem").write_bytes(citizen().pem)
    (folder / "chain.pem").write_bytes(nca().pem)
    done = subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
    return done.stdout


@pytest.mark.parametrize(
    "how",
    [
        (),
        _LEGACY,
        (*_LEGACY, "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
        (*_LEGACY, "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-RC2-128"),
        ("-certpbe", "AES-128-CBC", "-keypbe", "AES-192-CBC", "-macalg", "sha512", "-iter", "100000"),
        ("-certpbe", "NONE", "-keypbe", "NONE"),
        ("-certfile", "chain.pem"),
    ],
    ids=lambda how: " ".join(how) or "default",
)
def test_pkcs12(tmp_path: Path, how: tuple[str, ...]) -> None:
    """Whatever OpenSSL protects a file with, the right password opens it and a wrong one is said."""
    files = ("-inkey", "key.pem", "-in", "certificate.pem", "-out", "key.p12", "-passout", f"pass:{_PASSWORD}")
    _openssl(tmp_path, "pkcs12", "-export", *files, *how)
    assert load_key(tmp_path / "key.p12", _PASSWORD.encode()).certificate == citizen().certificate
    with pytest.raises(KeyUnusable, match="password of the PKCS #12 file is wrong"):
        load_key(tmp_path / "key.p12", b"wrong")


def test_pkcs12_with_an_empty_password(tmp_path: Path) -> None:
    """An empty password is a password."""
    files = ("-inkey", "key.pem", "-in", "certificate.pem", "-out", "key.p12", "-passout", "pass:")
    _openssl(tmp_path, "pkcs12", "-export", *files)
    assert load_key(tmp_path / "key.p12", b"").certificate == citizen().certificate


def test_pkcs12_without_mac(tmp_path: Path) -> None:
    """A file that anybody could have changed is refused, although its password is right."""
    files = ("-inkey", "key.pem", "-in", "certificate.pem", "-out", "key.p12", "-passout", f"pass:{_PASSWORD}")
    _openssl(tmp_path, "pkcs12", "-export", "-nomac", *files)
    with pytest.raises(KeyUnusable, match="no MAC"):
        load_key(tmp_path / "key.p12", _PASSWORD.encode())


@pytest.mark.parametrize(
    "how",
    [
        ("pkcs8", "-topk8", "-v2", "aes-256-cbc"),
        ("pkcs8", "-topk8", "-v2", "des3", "-v2prf", "hmacWithSHA1"),
        ("pkcs8", "-topk8", "-scrypt"),
        ("pkcs8", "-topk8", "-provider", "legacy", "-provider", "default", "-v1", "PBE-SHA1-3DES"),
        ("rsa", "-aes128", "-traditional"),
    ],
    ids=" ".join,
)
def test_pem_under_a_password(tmp_path: Path, how: tuple[str, ...]) -> None:
    """Encrypted keys of every form are opened with the password, and a wrong one is said."""
    key = _openssl(tmp_path, *how, "-in", "key.pem", "-passout", f"pass:{_PASSWORD}")
    assert load_pem(citizen().pem, key, _PASSWORD.encode()).certificate == citizen().certificate
    for password in (b"wrong", None):
        with pytest.raises(KeyUnusable, match="password"):
            load_pem(citizen().pem, key, password)
