"""Gateway processes of one installation, and messages to send them, without the rest of the e-government."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from gateway.clock import utc_now
from gateway.eds import enveloped
from gateway.sandbox.gateway_config import Variant, write_gateway_config
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Order, application
from gateway.sandbox.plan import Plan
from gateway.shep.messages import AsyncMessage, Data, MessageType, Sender
from gateway.shep.writer import write
from tests.support.world import HOUSING, GatewayProcess


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    retry_after: int | None
    body: bytes = field(repr=False)

    @property
    def accepted(self) -> bool:
        """Whether it is a receipt."""
        return self.status == 200 and b"sendMessageResponse" in self.body

    def refused(self, code: str) -> bool:
        """Whether it is SCE909 with that code of ours and says when to come again."""
        told = b"SCE909" in self.body and f">{code}<".encode() in self.body
        return self.status == 500 and told and bool(self.retry_after)


@dataclass
class Running:
    """One process as the test reaches it."""

    process: GatewayProcess
    url: str

    async def start(self) -> None:
        await self.process.start(self.url)


@dataclass
class Installation:
    """Settings and keys of a gateway, on a folder."""

    folder: Path
    authority: TestAuthority
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.plan = Plan.open_or_create(self.folder / "plan")
        variant = Variant(revocation="off")
        self.settings = write_gateway_config(self.folder / "gateway", self.plan, self.authority, variant)
        (self.settings.parent / "data").mkdir()

    def process(self, name: str = "gateway", *options: str, **environment: str) -> Running:
        """Describe a process; it gets a port of its own. Settings are changed as `http__port="1"`."""
        port = Plan.open_or_create(self.folder / name).ports.gateway
        changed = {"http__port": str(port), "min_free_disk_mb": "0"} | environment
        variables = {f"QAQPA_{key.upper()}": value for key, value in changed.items()}
        process = GatewayProcess(self.settings, self.folder / f"{name}.log", environment=variables, options=options)
        return Running(process, f"http://127.0.0.1:{port}")

    def message(self) -> bytes:
        """Return a signed message with an application of its own."""
        number, now = next(self.numbers), utc_now() - timedelta(minutes=1)
        order = Order(service=HOUSING, form={"dwellingAddress": f"Қостанай, Үлгі көшесі, {number}"})
        document = enveloped.sign(application(order, f"10109{number:09d}", now), self.authority.citizen(1).key)
        message = AsyncMessage(
            service_id=HOUSING,
            message_type=MessageType.REQUEST,
            message_date=now,
            sender=Sender("portal", self.plan.passwords["portal"]),
            message_id=str(900_000 + number),
            correlation_id=str(800_000 + number),
            data=Data((document,)),
        )
        return write(message, self.authority.system("shep").key)

    async def qaqpa(self, *words: str, program: str = "gateway.cli", **environment: str) -> tuple[int, str]:
        """Run the `qaqpa` command; return its exit code and what it prints."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", program, *words, "--settings", str(self.settings)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | environment,
        )
        output = (await process.communicate())[0].decode()
        assert process.returncode is not None
        return process.returncode, output


async def send(session: aiohttp.ClientSession, url: str, raw: bytes) -> Answer:
    """Send a message once. Raises aiohttp.ClientError."""
    async with session.post(f"{url}/shep/async", data=raw) as response:
        told = response.headers.get("Retry-After")
        return Answer(response.status, int(told) if told else None, await response.read())


async def ready(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    """Return what `/health/ready` says."""
    async with session.get(f"{url}/health/ready") as response:
        said: dict[str, Any] = json.loads(await response.read())
        assert (response.status == 200) == (said["status"] == "ready")
        return said
