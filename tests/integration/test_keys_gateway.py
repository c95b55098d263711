"""The gateway with its transport key in a PKCS #12 file, exchanged while it serves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from gateway import app, settings
from gateway.cli import cli
from gateway.eds import wsse
from gateway.eds.certificate import Certificate
from gateway.eds.gost.keys import PrivateKey
from gateway.eds.gost.suites import GOST_2015_512
from gateway.eds.xml import parse
from gateway.process import Role
from gateway.sandbox.gateway_config import write_gateway_config
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.plan import Plan
from tests.support import eds, gost
from tests.support.eds import Template
from tests.support.pkcs12 import PASSWORD, File


@pytest.fixture
def first() -> gost.Issued:
    return _system("1")


def _system(name: str) -> gost.Issued:
    now = datetime.now(UTC)
    validity = Template(not_before=now - timedelta(days=1), not_after=now + timedelta(days=100))
    like = eds.issue(f"ИС {name}", eds.nca(), validity).certificate
    private = PrivateKey.generate(GOST_2015_512)
    authority = gost.nca(GOST_2015_512).private
    return gost.Issued(gost.issue(like, private.public, authority), private)


def _put(folder: Path, system: gost.Issued, password: str) -> None:
    file = File([(system.private.to_pkcs8(), b"1")], [(system.certificate.der, b"1")], password=password)
    (folder / "password").write_text(f"{password}\n")
    (folder / "own.p12").write_bytes(file.der())


def _configured(folder: Path, authority: TestAuthority) -> Path:
    """Write settings whose transport key is `own.p12`, under the password in `password`."""
    path = write_gateway_config(folder, Plan.open_or_create(folder), authority)
    lines = [line for line in path.read_text().splitlines() if not line.startswith("transport_")]
    keys = lines.index("[keys]") + 1
    lines[keys:keys] = ['transport_key = "own.p12"', 'transport_key_password_file = "password"', "check_seconds = 0.05"]
    path.write_text("\n".join(lines))
    return path


@contextlib.asynccontextmanager
async def _serving(loaded: settings.Settings, database_url: str) -> AsyncIterator[str]:
    changed = loaded.model_copy(
        update={
            "database": settings.Database(url=SecretStr(database_url)),
            "http": settings.Http(port=0),
            "revocation": settings.Revocation(policy="off"),
        }
    )
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(app.run(changed, Role.SERVE, stop=stop, ready=ready.set_result))
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        yield ready.result()
    finally:
        stop.set()
        await running


async def _signer(url: str) -> Certificate:
    """Return whose signature an answer carries, whatever it says; the signature must hold."""
    async with aiohttp.ClientSession() as session, session.post(f"{url}/shep/sync", data=b"<rubbish/>") as response:
        envelope = parse(await response.read())
    body = envelope.find(f"{{{eds.SOAP}}}Body")
    assert body is not None
    return wsse.examine(envelope, body, at=datetime.now(UTC), registered=())[0]


async def _metrics(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as response:
        return await response.text()


async def test_a_key_is_exchanged_while_messages_are_answered(
    first: gost.Issued, authority: TestAuthority, database_url: str, tmp_path: Path
) -> None:
    """Answers are signed by the new key of the file soon after it was put there; a broken file changes nothing."""
    _put(tmp_path, first, PASSWORD)
    loaded = settings.load(_configured(tmp_path, authority))
    async with _serving(loaded, database_url) as url, asyncio.timeout(30):
        assert await _signer(url) == first.certificate
        (tmp_path / "own.p12").write_bytes(b"0broken")
        while "qaqpa_key_outdated 1.0" not in await _metrics(url):
            await asyncio.sleep(0.02)
        assert await _signer(url) == first.certificate
        second = _system("2")
        _put(tmp_path, second, "another password")
        while await _signer(url) != second.certificate:
            await asyncio.sleep(0.02)
        assert "qaqpa_key_outdated 0.0" in await _metrics(url)


def test_check_config_describes_the_key(first: gost.Issued, authority: TestAuthority, tmp_path: Path) -> None:
    """The operator sees where the key is, its algorithm, the days left and what computes GOST; no secret is shown."""
    _put(tmp_path, first, PASSWORD)
    path = _configured(tmp_path, authority)
    shown = CliRunner().invoke(cli, ["check-config", "--settings", str(path)])
    assert shown.exit_code == 0, shown.output
    for text in ("PKCS #12", "GOST 34.310-2015 (512)", "99 days left", "points: ", "hashes: "):
        assert text in shown.output
    assert PASSWORD not in shown.output


def test_a_key_that_cannot_be_used_is_said_in_a_line(
    first: gost.Issued, authority: TestAuthority, tmp_path: Path
) -> None:
    """A wrong password ends the command with one sentence."""
    _put(tmp_path, first, PASSWORD)
    path = _configured(tmp_path, authority)
    (tmp_path / "password").write_text("wrong")
    shown = CliRunner().invoke(cli, ["check-config", "--settings", str(path)])
    assert "the password of the PKCS #12 file is wrong" in str(shown.exception)


@pytest.mark.parametrize("value", ["pkcs11:token=a?module-path=/l.so", "own.p12"])
def test_files_are_relative_to_the_settings_and_tokens_are_not(
    value: str, authority: TestAuthority, tmp_path: Path
) -> None:
    """A file's name is completed with the folder of the settings; a URI stays as it is."""
    path = _configured(tmp_path, authority)
    path.write_text(path.read_text().replace('"own.p12"', f'"{value}"'))
    expected = value if value.startswith("pkcs11:") else tmp_path / value
    assert settings.load(path).keys.transport_key == expected
    assert settings.load(path).keys.transport_key_password_file == tmp_path / "password"
