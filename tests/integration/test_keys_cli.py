"""`qaqpa eds sign` with every key store, and `qaqpa eds cert` of one."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import cli
from gateway.eds.anchors import Anchors
from gateway.eds.gost.suites import GOST_2015_512
from gateway.eds.kinds import kind_of
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from tests.support import eds, gost, ncanode, softhsm
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


@pytest.mark.parametrize("form", ["xml", "soap", "cms"])
async def test_with_an_ncanode(form: str, tmp_path: Path) -> None:
    """An NCANode signs in every form with the file's key; what it returns is written only if it is what was asked."""
    citizen = gost.citizen(GOST_2015_512)
    for name, content in (
        ("key.p12", File([(citizen.private.to_pkcs8(), None)], [(citizen.certificate.der, None)]).der()),
        ("secret", PASSWORD.encode()),
        ("in", f'<s:Envelope xmlns:s="{eds.SOAP}"><s:Header/><s:Body><a/></s:Body></s:Envelope>'.encode()),
    ):
        (tmp_path / name).write_bytes(content)
    words = ["eds", "sign", form, str(tmp_path / "in"), "--key", str(tmp_path / "key.p12"), "--password-file"]
    words += [str(tmp_path / "secret"), "--out", str(tmp_path / "out"), "--ncanode"]
    async with ncanode.ncanode() as server:
        ran = await asyncio.to_thread(CliRunner().invoke, cli, [*words, server.url])
        assert ran.exit_code == 0, ran.output
        assert kind_of((tmp_path / "out").read_bytes()) is not None
        (tmp_path / "out").unlink()
        server.signs_with = eds.citizen().key
        ran = await asyncio.to_thread(CliRunner().invoke, cli, [*words, server.url])
    assert ran.exit_code == 3
    assert "certificate of the key" in ran.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--ncanode", "nowhere"], "--ncanode must be an address"),
        (["--ncanode", "http://127.0.0.1:9", "--tsa", "http://127.0.0.1:9"], "do not go with --ncanode"),
    ],
)
def test_what_does_not_go_with_ncanode_is_said(options: list[str], text: str, tmp_path: Path) -> None:
    """A wrong address, and options that NCANode knows nothing of, are errors of usage."""
    citizen = gost.citizen(GOST_2015_512)
    file = File([(citizen.private.to_pkcs8(), None)], [(citizen.certificate.der, None)]).der()
    (tmp_path / "key.p12").write_bytes(file)
    (tmp_path / "secret").write_text(PASSWORD)
    words = ["eds", "sign", "cms", str(tmp_path / "secret"), "--key", str(tmp_path / "key.p12"), *options]
    ran = CliRunner().invoke(cli, [*words, "--password-file", str(tmp_path / "secret")])
    assert ran.exit_code == 3
    assert text in ran.stderr


def test_a_key_store_is_shown(tmp_path: Path) -> None:
    """The certificate of a key store is shown with its password; without, it is said what the file is."""
    citizen = gost.citizen(GOST_2015_512)
    file, password = tmp_path / "key.p12", tmp_path / "secret"
    file.write_bytes(File([(citizen.private.to_pkcs8(), None)], [(citizen.certificate.der, None)]).der())
    password.write_text(PASSWORD)
    shown = CliRunner().invoke(cli, ["eds", "cert", str(file), "--password-file", str(password)])
    assert f"SHA-256: {citizen.certificate.sha256}" in shown.stdout
    refused = CliRunner().invoke(cli, ["eds", "cert", str(file)])
    assert refused.exit_code == 3
    assert "a key store (PKCS #12)" in refused.stderr


def test_what_is_wrong_with_the_key_is_said(tmp_path: Path) -> None:
    """A key that cannot be used is an error of usage, in one line."""
    document = tmp_path / "document.xml"
    document.write_bytes(b"<a/>")
    ran = CliRunner().invoke(cli, ["eds", "sign", "xml", str(document), "--key", str(tmp_path / "away.p12")])
    assert ran.exit_code == 3
    assert ran.stderr == f"qaqpa: the key cannot be used: {tmp_path / 'away.p12'}: No such file or directory\n"
