"""The walk itself: a sandbox, a gateway, one application from its request to the confirmed delivery of its result."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aiohttp import ClientSession

from gateway.catalogue import cabinet_message
from gateway.clock import utc_now
from gateway.sandbox.cabinet import Request, State
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.keeper import Keeper
from gateway.sandbox.order import Document, Order
from gateway.sandbox.plan import Plan
from gateway.sandbox.rules import Office, Pace
from gateway.sandbox.server import serve
from gateway.sandbox.walkthrough.recorder import Exchange, Recorder
from gateway.sandbox.world import Options, World
from gateway.shep.messages import AsyncMessage, Data, Sender, SyncRequest
from gateway.shep.reader import read_request
from gateway.shep.writer import write

HOUSING = "kostanay.housing-assistance"
_LIMIT_SECONDS = 90.0
_LOOK_SECONDS = 0.1
_PACE = Pace(timedelta(seconds=0.3), timedelta(seconds=0.6), timedelta(seconds=60))
_ORDER = Order(
    service=HOUSING,
    form={"dwellingAddress": "Қостанай қаласы, Үлгі көшесі, 1-үй"},
    documents=(Document(kind="package", name="qujattar.pdf"),),
)
_QUESTION = '<{root} xmlns="urn:qaqpa:portal:1">{fields}</{root}>'
_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


@dataclass(frozen=True, slots=True)
class Stage:
    """What the walk is played on."""

    world: World
    recorder: Recorder
    session: ClientSession

    async def apply(self, order: Order) -> Request:
        """Send an application through ShEP; return it when it is over."""
        portal = self.world.portal
        placed = await portal.apply(order)
        ended = {State.COMPLETED, State.TECH_ERROR}
        while portal.cabinet.get(placed.number).state not in ended:  # noqa: ASYNC110  files set no event
            await asyncio.sleep(_LOOK_SECONDS)
        return portal.cabinet.get(placed.number)

    async def until(self, chosen: Callable[[Exchange], bool]) -> Exchange:
        """Wait for a recorded exchange; return the first."""
        while not (found := [one for one in self.recorder.exchanges if chosen(one)]):  # noqa: ASYNC110  same
            await asyncio.sleep(_LOOK_SECONDS)
        return found[0]

    async def say(self, path: str, message: AsyncMessage | SyncRequest) -> Exchange:
        """Send a message to the gateway as ShEP does, signed by ShEP."""
        envelope, url = write(message, self.world.authority.system("shep").key), self.world.plan.gateway_url
        async with self.session.post(f"{url}{path}", data=envelope, headers=_HEADERS) as response:
            return Exchange("gateway", envelope, await response.read())

    async def ask(self, number: str, service_id: str, root: str, **fields: str) -> Exchange:
        """Ask a question on SyncChannel."""
        content = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        document = _QUESTION.format(root=root, fields=content).encode()
        sender = Sender("portal", self.world.plan.passwords["portal"])
        request = SyncRequest(number, service_id, utc_now(), sender, data=Data((document,)))
        return await self.say("/shep/sync", request)


async def play(folder: Path) -> dict[str, Exchange]:
    """Play the walk in an empty folder; return its exchanges by name.

    Raises:
        TimeoutError: it did not end in time.
        OSError, DemoFailed: sandbox or gateway do not start.
    """
    async with asyncio.timeout(_LIMIT_SECONDS), _stage(folder) as stage:
        played = await _application(stage)
        played |= await _refusals(stage)
        number = (stage.world.portal.cabinet.all()[0]).case_number or ""
        own, other = CITIZENS[0].iin, CITIZENS[1].iin
        return played | {
            "status": await stage.ask("q-1", "qaqpa.status", "statusRequest", caseNumber=number, iin=own),
            "status-unknown": await stage.ask("q-2", "qaqpa.status", "statusRequest", caseNumber=number, iin=other),
            "status-wrong": await stage.ask("q-3", "qaqpa.status", "statusRequest", caseNumber="2026-1", iin="1"),
            "dictionary": await stage.ask(
                "q-4",
                "qaqpa.dictionaries",
                "dictionaryRequest",
                dictionary="documentKinds",
                serviceId=HOUSING,
                limit="2",
            ),
        }


async def _application(stage: Stage) -> dict[str, Exchange]:
    """The application, what the cabinet is told of it, and that it got there."""
    await stage.apply(_ORDER)
    return {
        "application": await stage.until(lambda one: _of_type(one, "REQUEST")),
        "registered": await stage.until(lambda one: _tells(one, cabinet_message.StatusCode.REGISTERED)),
        "in-progress": await stage.until(lambda one: _tells(one, cabinet_message.StatusCode.IN_PROGRESS)),
        "result": await stage.until(lambda one: _tells(one, cabinet_message.StatusCode.DECIDED)),
        "delivered": await stage.until(lambda one: b"changeMassageStatusNotification>" in one.request),
    }


async def _refusals(stage: Stage) -> dict[str, Exchange]:
    """An application with two mistakes, which is rejected, and a message that is not taken at all."""
    await stage.apply(_ORDER.model_copy(update={"form": {}, "applicant": {"phone": "8"}}))
    rejected = await stage.until(lambda one: _tells(one, cabinet_message.StatusCode.REJECTED))
    first = read_request(stage.recorder.exchanges[0].request).message
    if not isinstance(first, AsyncMessage):
        raise TypeError("the first message is an application")
    changed = first.data.readings[0].replace("Үлгі".encode(), "Басқа".encode())
    forged = AsyncMessage(
        service_id=first.service_id,
        message_type=first.message_type,
        message_date=utc_now(),
        sender=first.sender,
        message_id="254799999",
        correlation_id="3389999",
        data=Data((changed,)),
    )
    return {"rejected": rejected, "fault": await stage.say("/shep/async", forged)}


def _of_type(exchange: Exchange, kind: str) -> bool:
    return f"<messageType>{kind}</messageType>".encode() in exchange.request


def _tells(exchange: Exchange, status: cabinet_message.StatusCode) -> bool:
    return exchange.to == "shep" and f"code&gt;{status.value}&lt;".encode() in exchange.request


@asynccontextmanager
async def _stage(folder: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        plan = Plan.open_or_create(folder)
        recorder = Recorder({"gateway": plan.gateway_url, "shep": plan.shep_url}, session)
        runner = await serve(recorder.routes(), "127.0.0.1", 0)
        stack.push_async_callback(runner.cleanup)
        between = f"http://127.0.0.1:{runner.addresses[0][1]}"
        options = Options(office=Office(pace=_PACE))
        world = await World.start(folder, gateway_url=f"{between}/gateway", options=options)
        stack.push_async_callback(world.stop)
        file = world.settings_file()
        file.write_text(file.read_text().replace(f"{plan.shep_url}/bip-async", f"{between}/shep/bip-async"))
        keeper = Keeper(file, folder / "gateway.log", plan.gateway_url, session, lambda _: None)
        stack.push_async_callback(keeper.stop)
        await keeper.start()
        yield Stage(world, recorder, session)
