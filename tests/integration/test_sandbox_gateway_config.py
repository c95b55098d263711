"""The settings that the sandbox writes for its gateway."""

import json
from pathlib import Path

from gateway import settings
from gateway.sandbox.gateway_config import Variant, write_gateway_config
from gateway.sandbox.identities import PROVIDERS
from gateway.sandbox.keys import Family
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
    assert {slug: one.bin for slug, one in loaded.providers.items()} == {one.slug: one.bin for one in PROVIDERS}
    assert loaded.services["kostanay.housing-assistance"].provider == "kostanay"
    assert loaded.services["astana.child-benefit"].provider == "astana"
    assert loaded.revocation.policy == "both"
    assert [url.rpartition("/")[2] for url in loaded.revocation.list_urls] == [
        *("nca_rsa.crl", "nca_rsa_delta.crl", "nca_gost.crl", "nca_gost_delta.crl")
    ]


def test_a_measured_gateway_asks_nobody_and_signs_with_rsa(tmp_path: Path) -> None:
    """A variant of the settings turns revocation off in so many words, and gives the gateway an RSA key."""
    plan, authority = Plan.open_or_create(tmp_path), TestAuthority.open_or_create(tmp_path / "nca")
    variant = Variant(revocation="off", family=Family.RSA)
    loaded = settings.load(write_gateway_config(tmp_path / "gateway", plan, authority, variant))
    assert (loaded.revocation.policy, loaded.revocation.list_urls) == ("off", ())
    assert loaded.keys.transport_certificate == authority.system("gateway", Family.RSA).certificate_file


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
