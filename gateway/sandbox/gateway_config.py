"""The settings and keys of a gateway that belongs to a sandbox's world: its registration with everyone."""

import json
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.resources import schemas
from gateway.sandbox.files import write_atomically
from gateway.sandbox.identities import PROVIDERS
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.plan import Plan

_POLL_SECONDS = 0.5
_LIST_REFRESH_SECONDS = 5.0
_VAULT_KEY_BYTES = 32
_PROVIDER = PROVIDERS[0]
_REGION = "kostanay."

Value = str | int | float | bool | Path | Sequence[str | Path]


def write_gateway_config(folder: Path, plan: Plan, authority: TestAuthority) -> Path:
    """Write `gateway.toml` with everything it names; return its path. What stands already is kept where it is secret.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vault_key = folder / "vault.key"
    if not vault_key.is_file():
        write_atomically(vault_key, b64encode(secrets.token_bytes(_VAULT_KEY_BYTES)) + b"\n")
    path = folder / "gateway.toml"
    header = "# Made by the Qaqpa sandbox for its own gateway: test keys and test systems, never for production.\n\n"
    write_atomically(path, (header + _toml(_tables(folder, plan, authority))).encode())
    return path


def services() -> list[str]:
    """Return the ids of the services whose passports there are."""
    return sorted(path.parent.name for path in (schemas() / "services").glob("*/passport.json"))


def _tables(folder: Path, plan: Plan, authority: TestAuthority) -> dict[str, Mapping[str, Value]]:
    own = authority.system("gateway")
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
        "revocation": {
            "policy": "crl",
            "list_urls": [f"{plan.shep_url}/nca/crl/nca.crl"],
            "list_refresh_seconds": _LIST_REFRESH_SECONDS,
        },
        # ShEP signs anew what it carries: its certificate stands on the messages of every sender.
        "[senders]portal": _sender("portal", plan, shep),
        "[senders]psc": _sender("psc", plan, shep),
        f"providers.{_PROVIDER.slug}": {
            "adapter": "soap",
            "url": f"{plan.provider_url}/provider",
            "poll_seconds": _POLL_SECONDS,
            "bin": _PROVIDER.bin,
            "callback_token": plan.callback_token,
        },
    }
    own_services = [service for service in services() if service.startswith(_REGION)]
    return tables | {f"services.{json.dumps(service)}": {"provider": _PROVIDER.slug} for service in own_services}


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
