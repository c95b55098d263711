"""What the settings make of revocation."""

import asyncio
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from aiohttp import web
from pydantic import ValidationError
from typer.testing import CliRunner

from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import open_store
from gateway.cases.vault import Vault
from gateway.cli import cli
from gateway.eds.anchors import Anchors
from gateway.eds.revocation import Revocation, RevocationStatus
from gateway.eds.revocation_policy import Mode, Policy
from gateway.eds.revocation_setup import policy_of, revocation_source
from gateway.sandbox.gateway_config import write_gateway_config
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.plan import Plan
from gateway.settings import Revocation as RevocationSettings
from gateway.telemetry.metrics import Metrics
from tests.support.crl import ListTemplate, Revoked, revocation_list
from tests.support.eds import AT, citizen, nca

NEXT_UPDATE = "qaqpa_revocation_list_next_update_timestamp_seconds"


async def asked(
    database_url: str, folder: Path, settings: RevocationSettings, start_seconds: float = 30
) -> tuple[RevocationStatus | None, str]:
    """Ask once by the settings; return the answer and the metrics."""
    metrics = Metrics()
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await migrate(connection)
    async with (
        open_store(database_url, Vault(bytes(32)), 4) as store,
        revocation_source(
            settings,
            folder=folder / "revocation",
            anchors=Anchors.of([nca().certificate]),
            shared=store.revocations,
            clock=lambda: AT,
            observer=metrics,
            start_seconds=start_seconds,
        ) as source,
    ):
        if source is None:
            return None, ""
        status = await source.status(citizen().certificate, nca().certificate, AT)
        for proof in status.proofs:
            assert await store.revocations.proof(proof.sha256)
    return status, metrics.exposition().decode()


def listed(folder: Path) -> Path:
    """Put down a list on which the citizen stands."""
    lists = folder / "lists"
    lists.mkdir()
    template = ListTemplate(this_update=AT - timedelta(hours=1))
    (lists / "nca.crl").write_bytes(
        revocation_list(nca(), [Revoked(citizen().certificate.serial_number, reason=1)], template)
    )
    return lists


async def test_the_default_fails_closed(database_url: str, tmp_path: Path) -> None:
    """Nothing set: OCSP, then the lists; a certificate about which nobody can be asked is not good."""
    assert policy_of(RevocationSettings()) == Policy(Mode.BOTH, Mode.CRL)
    status, metrics = await asked(database_url, tmp_path, RevocationSettings())
    assert status is not None
    assert status.state is Revocation.UNAVAILABLE
    assert "names no responder" in status.detail
    assert "no list of this authority" in status.detail
    assert 'qaqpa_revocation_asked_total{outcome="unavailable",source="ocsp"} 1.0' in metrics
    assert 'qaqpa_revocation_asked_total{outcome="unavailable",source="crl"} 1.0' in metrics


async def test_off_asks_nobody(database_url: str, tmp_path: Path) -> None:
    """Only the explicit word turns it off."""
    assert await asked(database_url, tmp_path, RevocationSettings(policy="off")) == (None, "")
    assert not (tmp_path / "revocation").exists()


async def test_lists_stand_before_the_first_question(database_url: str, tmp_path: Path) -> None:
    """The start waits for the lists; the answer rests on one that is kept as evidence, and metrics show its end."""
    status, metrics = await asked(
        database_url,
        tmp_path,
        RevocationSettings(policy="both", lists_dir=listed(tmp_path), ocsp_url="http://127.0.0.1:9"),
    )
    assert status is not None
    assert (status.state, status.source) == (Revocation.REVOKED, "crl")
    assert 'qaqpa_revocation_list_refreshes_total{origin="nca.crl",outcome="new"} 1.0' in metrics
    (line,) = [line for line in metrics.splitlines() if line.startswith(f"{NEXT_UPDATE}{{")]
    assert float(line.split()[-1]) == (AT + timedelta(hours=26)).timestamp()


@pytest.mark.parametrize(
    "section",
    [
        {"policy": "crl"},
        {"policy": "ocps"},
        {"authorities": "ocsp"},
        {"ocsp_max_age_seconds": 1.9},
        {"ocsp_nonce_bytes": 33},
        {"unknown": 1},
    ],
)
def test_settings_that_make_no_sense(section: dict[str, object]) -> None:
    """A slip in the settings is named at start: it must not turn the checks off."""
    with pytest.raises(ValidationError):
        RevocationSettings.model_validate(section)


def test_check_config_says_what_is_asked(authority: TestAuthority, tmp_path: Path) -> None:
    """The operator sees the policy and the lists; turned off, it says so loudly."""
    path = write_gateway_config(tmp_path, Plan.open_or_create(tmp_path), authority)
    shown = CliRunner().invoke(cli, ["check-config", "--settings", str(path)])
    assert shown.exit_code == 0, shown.output
    assert "policy " in shown.output
    assert "/nca/crl/nca_gost.crl" in shown.output
    text = path.read_text()
    before, _, after = text.partition("[revocation]")
    path.write_text(f'{before}[revocation]\npolicy = "off"\n\n[' + after.partition("\n[")[2])
    assert "OFF" in CliRunner().invoke(cli, ["check-config", "--settings", str(path)]).output


async def test_a_slow_download_does_not_hold_up_the_end(database_url: str, tmp_path: Path) -> None:
    """A process that stops does not wait for a list on its way."""
    started = asyncio.Event()

    async def never(_request: web.Request) -> web.Response:
        started.set()
        await asyncio.sleep(3600)
        raise web.HTTPServiceUnavailable

    app = web.Application()
    app.router.add_get("/nca.crl", never)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/nca.crl"
        settings = RevocationSettings(policy="crl", list_urls=(url,))
        status, _ = await asked(database_url, tmp_path, settings, start_seconds=0.2)
        assert started.is_set()
        assert status is not None
        assert status.state is Revocation.UNAVAILABLE
    finally:
        await runner.cleanup()
