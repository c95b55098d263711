"""The settings and keys of a gateway that belongs to a sandbox's world: its registration with everyone."""

import json
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gateway.resources import schemas
from gateway.sandbox.files import write_atomically
from gateway.sandbox.identities import PROVIDERS, SYSTEMS, Organization, provider_of
from gateway.sandbox.keys import Family
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.plan import Plan

_POLL_SECONDS = 0.5
_LIST_REFRESH_SECONDS = 5.0
_ANSWER_LIFE_SECONDS = 10.0
"""A revocation in the sandbox is to be noticed while somebody looks on; NCA's answers are good for minutes."""
_STORAGE_SECONDS = 5.0
_VAULT_KEY_BYTES = 32

_PSC_BIN = next(system.bin for system in SYSTEMS if system.slug == "psc")

Value = str | int | float | bool | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Variant:
    """What may differ between the gateways of a world."""

    revocation: Literal["both", "off"] = "both"
    """OCSP and then the lists, or nothing: for measurements without an NCA to ask."""
    family: Family | None = None
    """Of the gateway's own key; default: the one registered with ShEP."""
    pulls: bool = False
    """Whether it fetches its messages from ShEP."""


def write_gateway_config(folder: Path, plan: Plan, authority: TestAuthority, variant: Variant = Variant()) -> Path:
    """Write `gateway.toml` with everything it names; return its path. What stands already is kept where it is secret.

    Args:
        folder: the gateway's own.
        plan: where everything is.
        authority: whose keys everyone has.
        variant: what is to be otherwise than usual.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vault_key = folder / "vault.key"
    if not vault_key.is_file():
        write_atomically(vault_key, b64encode(secrets.token_bytes(_VAULT_KEY_BYTES)) + b"\n")
    path = folder / "gateway.toml"
    header = "# Made by the Qaqpa sandbox for its own gateway: test keys and test systems, never for production.\n\n"
    write_atomically(path, (header + _toml(_tables(folder, plan, authority, variant))).encode())
    return path


def services() -> list[str]:
    """Return the ids of the services whose passports there are."""
    return sorted(path.parent.name for path in (schemas() / "services").glob("*/passport.json"))


def _tables(folder: Path, plan: Plan, authority: TestAuthority, variant: Variant) -> dict[str, Mapping[str, Value]]:
    own = authority.system("gateway", variant.family)
    shep = authority.system("shep").certificate_file
    tables: dict[str, Mapping[str, Value]] = {
        "": {"data_dir": folder / "data", "anchors_dir": authority.anchors},
        "http": {"host": plan.host, "port": plan.ports.gateway},
        "keys": {
            "transport_certificate": own.certificate_file,
            "transport_key": own.key_file,
            "vault_key": folder / "vault.key",
        },
        "shep": {
            "async_url": f"{plan.shep_url}/bip-async",
            "sender_id": "gateway",
            "password": plan.passwords["gateway"],
            "certificates": [shep],
        },
        **({"shep.pull": {"interval_seconds": _POLL_SECONDS}} if variant.pulls else {}),
        "storage": {
            "url": f"{plan.shep_url}/bip-sync",
            "sender_id": "gateway",
            "password": plan.passwords["gateway"],
            "timeout_seconds": _STORAGE_SECONDS,
        },
        "revocation": _revocation(plan, authority) if variant.revocation == "both" else {"policy": "off"},
        # ShEP signs anew what it carries: its certificate stands on the messages of every sender.
        "[senders]portal": _sender("portal", plan, shep),
        "[senders]psc": _sender("psc", plan, shep) | {"bin": _PSC_BIN},
    }
    tables |= {f"providers.{organization.slug}": _provider(organization, plan) for organization in PROVIDERS}
    return tables | {
        f"services.{json.dumps(service)}": {"provider": organization.slug}
        for service in services()
        if (organization := provider_of(service)) is not None
    }


def _revocation(plan: Plan, authority: TestAuthority) -> dict[str, Value]:
    # the responder is named in each certificate; where the lists are, an operator says
    names = [f"{hierarchy.nca.name}{kind}" for hierarchy in authority.hierarchies.values() for kind in ("", "_delta")]
    return {
        "policy": "both",
        "ocsp_max_age_seconds": _ANSWER_LIFE_SECONDS,
        "list_urls": [f"{plan.shep_url}/nca/crl/{name}.crl" for name in names],
        "list_refresh_seconds": _LIST_REFRESH_SECONDS,
    }


def _provider(organization: Organization, plan: Plan) -> dict[str, Value]:
    return {
        "adapter": "soap",
        "url": f"{plan.provider_url}/provider/{organization.slug}",
        "poll_seconds": _POLL_SECONDS,
        "bin": organization.bin,
        "callback_token": plan.callback_token,
    }


def _sender(name: str, plan: Plan, certificate: Path) -> dict[str, Value]:
    return {"id": name, "password": plan.passwords[name], "certificates": [certificate], "channel": name}


def _toml(tables: Mapping[str, Mapping[str, Value]]) -> str:
    lines = []
    for name, values in tables.items():
        if name.startswith("["):
            lines.append(f"[[{name[1 : name.index(']')]}]]")
        elif name:
            lines.append(f"[{name}]")
        lines += [f"{key} = {_literal(value)}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)


def _literal(value: Any) -> str:  # noqa: ANN401  one of `Value`
    # JSON's strings, numbers, booleans and lists are written in TOML just so
    if isinstance(value, Path):
        return json.dumps(str(value.resolve()), ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False)
