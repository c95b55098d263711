"""`qaqpa eds sign` with every key store."""

import asyncio
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli import cli
from gateway.eds.anchors import Anchors
from gateway.eds.gost.suites import GOST_2015_512
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from tests.support import eds, gost, softhsm
from tests.support.pkcs12 import PASSWORD, File


def _signed(folder: Path, key: str, secret: str) -> Indication:
    document, password, out = folder / "document.xml", folder / "secret", folder / "signed.xml"
    document.write_bytes("<a>құжат</a>".encode())
    password.write_text(f"{secret}\n")
    words = ["eds", "sign", "xml", str(document), "--key", key, "--password-file", str(password), "--out", str(out)]
    ran = CliRunner().invoke(cli, words)
    assert ran.exit_code == 0, ran.output
    anchors = Anchors.of([eds.nca().certificate, gost.nca(GOST_2015_512).certificate])
    return asyncio.run(Verifier(anchors).enveloped(out.read_bytes(), at=eds.AT)).indication


def test_with_ncas_key_file(tmp_path: Path) -> None:
    """A PKCS #12 file as NCA RK gives it out is all that is needed."""
    citizen = gost.citizen(GOST_2015_512)
    file = tmp_path / "GOST512.p12"
    file.write_bytes(File([(citizen.private.to_pkcs8(), b"1")], [(citizen.certificate.der, b"1")]).der())
    assert _signed(tmp_path, str(file), PASSWORD) is Indication.VALID


def test_with_a_token(tmp_path: Path) -> None:
    """The URI of a key in a token stands where a file would."""
    with softhsm.token(tmp_path) as token:
        token.put_key(softhsm.system(), "transport", "01")
        token.put_certificate(softhsm.system(), "01")
        assert _signed(tmp_path, token.uri(";object=transport"), softhsm.PIN) is Indication.VALID


def test_what_is_wrong_with_the_key_is_said(tmp_path: Path) -> None:
    """A key that cannot be used is an error of usage, in one line."""
    document = tmp_path / "document.xml"
    document.write_bytes(b"<a/>")
    ran = CliRunner().invoke(cli, ["eds", "sign", "xml", str(document), "--key", str(tmp_path / "away.p12")])
    assert ran.exit_code == 3
    assert ran.stderr == f"qaqpa: the key cannot be used: {tmp_path / 'away.p12'}: No such file or directory\n"
