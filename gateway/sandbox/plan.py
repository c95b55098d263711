"""Where everything of a sandbox is: ports, addresses and passwords, chosen once per folder and kept there."""

import secrets
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from gateway.sandbox.files import write_atomically

_FILE = "world.json"
_LOOPBACK = "127.0.0.1"
_NOT_EPHEMERAL = range(20_000, 32_000)
_ATTEMPTS = 50


class Ports(BaseModel):
    """TCP ports; for 0 a free one is chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shep: int = 0
    portal: int = 0
    provider: int = 0
    gateway: int = 0


class Plan(BaseModel):
    """One sandbox. Its folder may be started again and is then the same world."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = _LOOPBACK
    ports: Ports
    passwords: dict[str, str]
    """Participant id -> its ShEP password."""
    callback_token: str

    @classmethod
    def open_or_create(cls, folder: Path, *, ports: Ports | None = None, host: str = _LOOPBACK) -> Self:
        """Read the plan of a folder, or make one: what the folder already says stands.

        Raises:
            OSError: the folder cannot be written, or a port that was asked for is taken.
            ValueError: the folder's plan is not readable.
        """
        path = folder / _FILE
        if path.is_file():
            return cls.model_validate_json(path.read_bytes())
        plan = cls(
            host=host,
            ports=_chosen(ports or Ports(), host),
            passwords={name: secrets.token_hex(32) for name in ("gateway", "portal", "psc")},
            callback_token=secrets.token_hex(32),
        )
        folder.mkdir(parents=True, exist_ok=True)  # open to others: the database's user must get through to its own
        write_atomically(path, plan.model_dump_json(indent=1).encode())
        return plan

    @property
    def shep_url(self) -> str:
        """Base URL of ShEP and of the certification authority's publications."""
        return self._url(self.ports.shep)

    @property
    def portal_url(self) -> str:
        """Base URL of the portal."""
        return self._url(self.ports.portal)

    @property
    def provider_url(self) -> str:
        """Base URL of the provider's system."""
        return self._url(self.ports.provider)

    @property
    def gateway_url(self) -> str:
        """Base URL of the gateway that this world talks to."""
        return self._url(self.ports.gateway)

    def _url(self, port: int) -> str:
        return f"http://{self.host}:{port}"


def _chosen(ports: Ports, host: str) -> Ports:
    # all sockets are open at once, or one port might be chosen twice
    with ExitStack() as stack:
        chosen = {}
        for name, port in ports:
            listener = stack.enter_context(socket.create_server((host, port)) if port else _free(host))
            chosen[name] = int(listener.getsockname()[1])
        return Ports(**chosen)


def _free(host: str) -> socket.socket:
    """Listen on a port that no outgoing connection gets from the system: a folder keeps its ports for later starts."""
    candidates = secrets.SystemRandom().sample(_NOT_EPHEMERAL, _ATTEMPTS)
    for port in candidates:
        with suppress(OSError):
            return socket.create_server((host, port))
    return socket.create_server((host, 0))
