"""The settings that the sandbox writes for its gateway."""

import json
from pathlib import Path

from gateway import settings
from gateway.sandbox.gateway_config import write_gateway_config
from gateway.sandbox.identities import PROVIDERS
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.plan import Plan


def test_gateways_settings_are_complete(tmp_path: Path) -> None:
    """The gateway reads the written settings, also from a folder with a space and Kazakh letters in its name."""
    folder = tmp_path / "қақпа sandbox"
    plan = Plan.open_or_create(folder)
    authority = TestAuthority.open_or_create(folder / "nca")
    loaded = settings.load(write_gateway_config(folder / "gateway", plan, authority))

    assert loaded.http.port == plan.ports.gateway
    assert loaded.shep.async_url == f"{plan.shep_url}/bip-async"
    assert loaded.keys.transport_certificate == authority.system("gateway").certificate_file
    assert {sender.id: sender.channel for sender in loaded.senders} == {"portal": "portal", "psc": "psc"}
    assert loaded.providers["kostanay"].bin == PROVIDERS[0].bin
    assert "kostanay.housing-assistance" in loaded.services


def test_folder_keeps_its_addresses_and_keys(tmp_path: Path) -> None:
    """Started again, a folder has the same ports, passwords and vault key: a restart must find what it stored."""
    authority = TestAuthority.open_or_create(tmp_path / "nca")
    first = Plan.open_or_create(tmp_path)
    write_gateway_config(tmp_path / "gateway", first, authority)
    key = (tmp_path / "gateway/vault.key").read_bytes()
    second = Plan.open_or_create(tmp_path)
    write_gateway_config(tmp_path / "gateway", second, authority)
    assert second == first
    assert (tmp_path / "gateway/vault.key").read_bytes() == key
    assert len(set(json.loads((tmp_path / "world.json").read_text())["ports"].values())) == 4
