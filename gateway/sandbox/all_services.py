"""`make services`: every service of the two acts, through every channel that its act gives, from end to end.

Each of the 42 rows is one application on real processes: the portal's and the PSC's go over SOAP through the sandbox's
ShEP, those of the provider's and the akim's counters are entered as a clerk enters them; the provider's system decides,
and the row stands only when the signed result is where it belongs, and at a counter the applicant had the act's coupon
or receipt with everything that has to stand on it.
"""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from aiohttp import ClientSession
from rich.console import Console
from rich.table import Table

from gateway.cases.counter import Counter, NotThere
from gateway.cases.model import Ending
from gateway.cases.registrar import Registrar
from gateway.cases.services import Services
from gateway.cases.store.store import open_store
from gateway.cases.vault import Vault
from gateway.catalogue import cabinet_message, sample
from gateway.catalogue.cabinet_message import StatusCode
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.catalogue import Catalogue
from gateway.catalogue.channel import Channel
from gateway.catalogue.receipt import NOTHING, Receipt
from gateway.catalogue.receipt_blanks import LABELS, Blank
from gateway.catalogue.receipt_print import as_pdf
from gateway.catalogue.service import Service
from gateway.clock import utc_now
from gateway.eds import enveloped
from gateway.embedded import EmbeddedPostgres
from gateway.resources import schemas
from gateway.sandbox.cabinet import State
from gateway.sandbox.keeper import Keeper
from gateway.sandbox.order import Document, Order, application
from gateway.sandbox.rules import Office, Pace
from gateway.sandbox.wire import post
from gateway.sandbox.world import Options, World
from gateway.settings import Settings
from gateway.settings import load as load_settings
from gateway.shep.messages import AsyncMessage, Data, MessagesAnswer, MessagesQuery, MessageType, Sender

_LIMIT_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_QUICK = Pace(timedelta(seconds=0.05), timedelta(seconds=0.1), timedelta(seconds=60))
_CLERK = "sandbox clerk"
_ON_EVERY_RECEIPT = (Blank.NUMBER, Blank.SERVICE, Blank.APPLICANT, Blank.DOCUMENTS, Blank.COLLECTION, Blank.CLERK)


@dataclass(frozen=True, slots=True)
class Row:
    """One service through one channel."""

    service: str
    channel: Channel
    outcome: str
    """How it ended; anything but `positive` is a failure."""


class Rounds:
    """Sends one application through each channel of a service."""

    def __init__(self, world: World, counter: Counter, session: ClientSession) -> None:
        """Take the running sandbox and the counter of its gateway."""
        self._world = world
        self._counter = counter
        self._session = session
        self._serial = 0

    async def row(self, service: Service, channel: Channel) -> Row:
        """Go one application's way and tell how it ended."""
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                outcome = await self._go(service, channel)
        except Exception as error:  # noqa: BLE001  one row that fails must not hide the others
            outcome = f"{type(error).__name__}: {error}"
        return Row(service.id, channel, outcome)

    async def _go(self, service: Service, channel: Channel) -> str:
        self._serial += 1
        match channel:
            case Channel.PORTAL:
                return await self._portal(service)
            case Channel.PSC:
                return await self._psc(service)
            case _:
                return await self._at_counter(service, channel)

    async def _portal(self, service: Service) -> str:
        portal = self._world.portal
        placed = await portal.apply(_order(service, Channel.PORTAL))
        ends = {State.COMPLETED, State.TECH_ERROR}
        while (request := portal.cabinet.get(placed.number)).state not in ends:  # noqa: ASYNC110  files set no event
            await asyncio.sleep(_LOOK_SECONDS)
        if request.result is None or request.result.verdict != "VALID":
            return f"{request.state}: {request.fault or request.messages[-1:]}"
        return request.result.outcome

    async def _psc(self, service: Service) -> str:
        """Send as the PSC's integrated system does, signed by its clerk, and fetch what comes back."""
        plan, key = self._world.plan, self._world.authority.system("psc").key
        url, sender = f"{plan.shep_url}/bip-async", Sender("psc", plan.passwords["psc"])
        unsigned = application(_order(service, Channel.PSC), f"20109{self._serial:09d}", utc_now())
        message = AsyncMessage(
            service_id=service.id,
            message_type=MessageType.REQUEST,
            message_date=utc_now(),
            sender=sender,
            message_id=f"psc-{self._serial}",
            data=Data((enveloped.sign(unsigned, key),)),
        )
        await post(self._session, url, message, key, timeout=10)
        receipt: Receipt | None = None
        while True:
            answer = await post(
                self._session, url, MessagesQuery(service.id, sender=sender, amount=50), key, timeout=10
            )
            for one in answer.messages if isinstance(answer, MessagesAnswer) else ():
                said = cabinet_message.read(one.data.readings[0])
                if said.status.code is StatusCode.REGISTERED:
                    receipt = said.receipt
                if one.message_type is MessageType.RESPONSE:
                    if receipt is None or receipt.days is None:
                        return "no receipt"
                    if problem := _lacks(receipt, Blank.CLERK):
                        return problem
                    return said.result.outcome.value if said.result else f"{said.status.code}: {said.findings}"
            await asyncio.sleep(_LOOK_SECONDS)

    async def _at_counter(self, service: Service, channel: Channel) -> str:
        document = application(_order(service, channel), f"30109{self._serial:09d}", utc_now())
        coupon = await self._counter.take(service.id, channel, document, _CLERK)
        if (problem := _lacks(coupon.receipt)) or not as_pdf(coupon.receipt).startswith(b"%PDF-"):
            return problem or "no coupon to print"
        while True:
            try:
                ending, _ = await self._counter.result(coupon.number)
            except NotThere:
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                await self._counter.hand_over(coupon.number, _CLERK)
                return ending.value


def _lacks(receipt: Receipt, by_hand: Blank | None = None) -> str | None:
    """Return what is not on a receipt that has to be; `by_hand` may be empty."""
    values = {line.label: line.value for line in receipt.lines}
    for blank in _ON_EVERY_RECEIPT:
        if LABELS[blank] not in values or (blank is not by_hand and values[LABELS[blank]] == NOTHING):
            return f"no {blank} on the receipt"
    return None


def _order(service: Service, channel: Channel) -> Order:
    content = sample.form(service)
    kinds = sample.documents(service, channel, content) or (service.form.documents.kinds[0].value,)
    documents = tuple(Document(kind=kind, name=f"{kind}.pdf") for kind in kinds)
    return Order(service=service.id, form=content, documents=documents)


@asynccontextmanager
async def _running(folder: Path, say: Console) -> AsyncIterator[Rounds]:
    async with AsyncExitStack() as stack:
        world = await World.start(folder, options=Options(office=Office(pace=_QUICK)))
        stack.push_async_callback(world.stop)
        session = await stack.enter_async_context(ClientSession())
        file = world.settings_file()
        keeper = Keeper(file, folder / "gateway.log", world.plan.gateway_url, session, say.print)
        stack.push_async_callback(keeper.stop)
        await keeper.start()
        counter = await _counter(stack, load_settings(file))
        yield Rounds(world, counter, session)


async def _counter(stack: AsyncExitStack, settings: Settings) -> Counter:
    """Work on the gateway's own database, as the `qaqpa counter` command does."""
    url = EmbeddedPostgres.running(settings.data_dir / "postgres")
    if url is None:
        raise OSError("the gateway's database does not answer")
    vault = Vault.load(settings.keys.vault_key)
    store = await stack.enter_async_context(open_store(url, vault, 4))
    services = Services(Catalogue.load(schemas()), settings)
    registrar = Registrar(store.inbox, WorkingCalendar(settings.holidays))
    return Counter(services, store.inbox, store.ledger, vault, registrar, utc_now)


async def run(folder: Path, console: Console) -> int:
    """Go all rows; print the table; return 0 if and only if every row ended with a positive result."""
    services = Catalogue.load(schemas()).services
    table = Table("service", *(channel.value for channel in Channel))
    rows: list[Row] = []
    async with _running(folder, console) as rounds:
        for service in services:
            cells = {channel: await rounds.row(service, channel) for channel in service.channels}
            rows.extend(cells.values())
            table.add_row(service.id, *(_cell(cells.get(channel)) for channel in Channel))
            console.print(f"{service.id}: {', '.join(f'{row.channel} {row.outcome}' for row in cells.values())}")
    console.print(table)
    good = sum(row.outcome == Ending.POSITIVE for row in rows)
    console.print(f"{good} of {len(rows)}")
    return 0 if good == len(rows) else 1


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    return "[green]✓[/]" if row.outcome == Ending.POSITIVE else "[red]✗[/]"


def main() -> None:
    """Run in a folder of its own that goes afterwards."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="qaqpa-services-") as folder:
        raise SystemExit(asyncio.run(run(Path(folder), Console())))


if __name__ == "__main__":
    main()
