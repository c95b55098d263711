"""The load: applications signed beforehand, sent by a process of its own with a bounded number in flight."""

import asyncio
import random
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import uvloop

from gateway.clock import utc_now
from gateway.eds import enveloped
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.keys import Family
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Document, Order, application
from gateway.shep.messages import AsyncMessage, Data, MessageType, Sender
from gateway.shep.writer import write

_SERVICE = "kostanay.housing-assistance"
_DWELLING = "Қостанай қаласы, Үлгі көшесі, {}-үй"
"""One for each application: a citizen has one application at a time for a dwelling."""
_LENGTH = struct.Struct(">I")
_ENVELOPE_OVERHEAD = 6700  # both signatures, escaping, the form: what remains is the attached document


@dataclass(frozen=True)
class Load:
    """What to send."""

    url: str
    password: str
    applications: int
    in_flight: int
    size: int


@dataclass(frozen=True)
class Outcome:
    """What came of it; latencies in seconds."""

    seconds: float
    cpu_seconds: float
    latencies: list[float]


def prepare(load: Load, authority: TestAuthority, folder: Path) -> Path:
    """Write all messages, as ShEP brings them, into one file, each behind its length."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "messages"
    with path.open("wb") as file:
        for raw in signed(load, authority, "shep"):
            file.write(_LENGTH.pack(len(raw)) + raw)
    return path


def signed(load: Load, authority: TestAuthority, system: str) -> Iterator[bytes]:
    """Give the messages that `system` sends in the portal's name; citizens sign with RSA, as the floor is measured."""
    transport = authority.system(system).key
    citizens = [(one.slug, authority.of(one).key) for one in CITIZENS if one.family is Family.RSA]
    noise = random.Random(7)  # noqa: S311  filler, not a secret
    for index in range(load.applications):
        now = utc_now() - timedelta(minutes=5)
        slug, key = citizens[index % len(citizens)]
        filler = "%PDF-1.4 " + noise.randbytes(max(0, load.size - 4600) // 4).hex() + "\n%%EOF"
        paper = Document(kind="other", name="document.pdf", text=filler)
        form = {"dwellingAddress": _DWELLING.format(index + 1)}
        order = Order(service=_SERVICE, citizen=slug, form=form, documents=(paper,))
        document = enveloped.sign(application(order, f"1010900{index:07d}", now), key)
        message = AsyncMessage(
            service_id=_SERVICE,
            message_type=MessageType.REQUEST,
            message_date=now,
            sender=Sender("portal", load.password),
            message_id=str(254_750_000 + index),
            correlation_id=str(3_382_000 + index),
            data=Data((document,)),
        )
        yield write(message, transport)


def read(path: Path, first: int, last: int) -> Iterator[bytes]:
    """Give the messages `first` to `last`, without the last; as many as there are."""
    with path.open("rb") as file:
        for index in range(last):
            header = file.read(_LENGTH.size)
            if not header:
                return
            (length,) = _LENGTH.unpack(header)
            message = file.read(length)
            if index >= first:
                yield message


def send(load: Load, path: Path, first: int, last: int) -> Outcome:
    """Send messages and wait for every receipt. Anything but a receipt ends the run."""
    messages = list(read(path, first, last))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send(load, messages))


async def _send(load: Load, messages: list[bytes]) -> Outcome:
    latencies: list[float] = []
    waiting = iter(messages)
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}

    async def one_line(session: aiohttp.ClientSession) -> None:
        for message in waiting:
            started = time.perf_counter()
            async with session.post(load.url, data=message, headers=headers) as response:
                body = await response.read()
            if response.status != 200 or b"sendMessageResponse" not in body:  # noqa: PLR2004  HTTP
                raise SystemExit(f"not accepted: {response.status} {body[:2000]!r}")
            latencies.append(time.perf_counter() - started)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=load.in_flight)) as session:
        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one_line(session) for _ in range(load.in_flight)))
        return Outcome(time.perf_counter() - started, time.process_time() - cpu, latencies)
