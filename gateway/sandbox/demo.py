"""`make demo`: applications go their whole way through a real gateway, while one can look."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from rich.console import Console

from gateway.children import Child
from gateway.sandbox.cabinet import Request
from gateway.sandbox.identities import provider_of
from gateway.sandbox.keeper import STOP_SECONDS, DemoFailed, Keeper, environment, python, until_answers
from gateway.sandbox.order import Order
from gateway.sandbox.plan import Plan
from gateway.sandbox.scenarios import SCENARIOS, Scenario
from gateway.sandbox.steps import Seen
from gateway.sandbox.view import View

_LIMIT_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_CALL = ClientTimeout(total=_LIMIT_SECONDS)  # the whole play is bounded; a call may wait for a restarting gateway


@dataclass(slots=True)
class _Application:
    scenario: Scenario
    number: str
    seen: Seen | None = None
    repeated: bool | None = None
    """Whether the repeated message got the first receipt; None before, and where nothing is repeated."""

    @property
    def ended(self) -> bool:
        return self.seen is not None and self.seen.ending is not None

    def faults(self) -> list[str]:
        if self.seen is None:
            return ["never seen in the cabinet"]
        wrong = self.seen.faults(self.scenario)
        if self.scenario.repeat and not self.repeated:
            wrong.append("the repeated message did not get the first receipt")
        return wrong


@dataclass(slots=True)
class _Demo:
    plan: Plan
    session: ClientSession
    keeper: Keeper
    view: View
    applications: list[_Application] = field(default_factory=list)

    async def play(self) -> None:
        """Send everything and look until everything has ended, or the time is over."""
        for scenario in SCENARIOS:
            made = await self._post(f"{self.plan.portal_url}/applications", scenario.order)
            self.applications.append(_Application(scenario, made["number"]))
        with suppress(TimeoutError):
            async with asyncio.timeout(_LIMIT_SECONDS):
                await self._watch()
                await self._repeat()

    async def _watch(self) -> None:
        while not all(application.ended for application in self.applications):
            await asyncio.sleep(_LOOK_SECONDS)
            await self.look()
            for application in self.applications:
                supplement = application.scenario.supplement
                if supplement is not None and application.seen is not None and application.seen.wants_supplement:
                    await self._post(f"{self.plan.portal_url}/applications/{application.number}/supplement", supplement)
                    self.view.say(f"application {application.number}: the citizen sends the documents")

    async def _repeat(self) -> None:
        for application in self.applications:
            if application.scenario.repeat and application.seen is not None:
                shep_id = application.seen.request.letters[0].shep_id
                answer = await self._post(f"{self.plan.shep_url}/shep/repeat/{shep_id}", None)
                application.repeated = answer["again"] == answer["first"] is not None
                self.view.say(
                    f"ShEP pushed message {shep_id} again: the gateway gave "
                    + ("the receipt it gave first" if application.repeated else "ANOTHER receipt")
                )
        await asyncio.sleep(1.0)  # time for a second case or result to show up, which must not come
        await self.look()

    async def look(self) -> None:
        """Read the cabinets and the providers' registers."""
        self.keeper.check()
        cabinet = await self._get(f"{self.plan.portal_url}/cabinet.json")
        cases = await self._get(f"{self.plan.provider_url}/provider/cases.json")
        requests = {one["number"]: Request.model_validate(one) for one in cabinet["requests"]}
        by_request = {case["request_number"]: case for case in cases}
        for application in self.applications:
            request = requests[application.number]
            application.seen = Seen(request, by_request.get(request.number), _bin(request.service))
        self.view.show([application.seen for application in self.applications])

    async def _get(self, url: str) -> Any:  # noqa: ANN401  JSON
        async with self.session.get(url, timeout=_CALL) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _post(self, url: str, order: Order | None) -> Any:  # noqa: ANN401  JSON
        content = order.model_dump_json() if order is not None else ""
        async with self.session.post(url, data=content, timeout=_CALL) as answer:
            answer.raise_for_status()
            return await answer.json()


async def run(folder: Path, keep: bool, console: Console | None = None) -> int:  # noqa: FBT001  the command's own switch
    """Run the demo; return 0 if and only if every application ended as it must.

    Args:
        folder: what gateway and sandbox keep; made when missing, continued when not.
        keep: leave everything running at the end, until SIGINT or SIGTERM.
        console: where it is shown; default: the terminal.
    """
    view = View(console or Console(), SCENARIOS)
    task = asyncio.ensure_future(_run(folder, keep=keep, view=view))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        view.say("stopped")
        return 130
    except (DemoFailed, OSError, ValueError, ClientError, TimeoutError) as error:
        view.say(f"the demo failed: {str(error) or type(error).__name__}")
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _run(folder: Path, *, keep: bool, view: View) -> int:
    view.header()
    plan = Plan.open_or_create(folder)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        keeper = await _start(stack, folder, plan, session, view)
        demo = _Demo(plan, session, keeper, view)
        with view:
            await demo.play()
        code = _summary(view, demo.applications, keeper)
        _where(view, plan, folder)
        if keep:
            view.say("everything stays running; Ctrl-C ends it")
            await _until_stopped(keeper)
        view.say("stopping")
    return code


async def _start(stack: AsyncExitStack, folder: Path, plan: Plan, session: ClientSession, view: View) -> Keeper:
    logs = folder / "logs"
    view.say("starting the sandbox: NCA with OCSP and revocation lists, ShEP, portal, providers")
    sandbox = await Child.start(
        "the sandbox", python("-m", "gateway.sandbox", folder), logs / "sandbox.log", environment()
    )
    stack.push_async_callback(sandbox.stop, STOP_SECONDS)
    settings = folder / "gateway" / "gateway.toml"
    await until_answers(session, f"{plan.provider_url}/provider/cases.json", sandbox)
    view.say("starting the gateway with its embedded PostgreSQL")
    keeper = Keeper(settings, logs / "gateway.log", plan.gateway_url, session, view.say)
    stack.push_async_callback(keeper.stop)
    await keeper.start()
    view.say(f"the gateway is ready at {plan.gateway_url}; {len(SCENARIOS)} applications go to the portal")
    return keeper


def _bin(service: str) -> str | None:
    provider = provider_of(service)
    return None if provider is None else provider.bin


async def _until_stopped(keeper: Keeper) -> None:
    with suppress(asyncio.CancelledError):
        while True:
            keeper.check()
            await asyncio.sleep(1.0)


def _summary(view: View, applications: Sequence[_Application], keeper: Keeper) -> int:
    wrong = 0
    for index, application in enumerate(applications, start=1):
        for fault in application.faults():
            wrong += 1
            view.console.print(f"[red]✗[/] {index}. {application.scenario.title}: {fault}")
    ended = sum(application.ended for application in applications)
    restarts = f"; the gateway died and was started again, times: {keeper.restarts}" if keeper.restarts else ""
    verdict = f"[red]{wrong} things are not as they must be[/]" if wrong else "[green]all as it must be[/]"
    view.console.print(f"\n{ended} of {len(applications)} applications ended, {verdict}{restarts}.")
    return 1 if wrong else 0


def _where(view: View, plan: Plan, folder: Path) -> None:
    places = {
        "personal cabinets": f"{plan.portal_url}/cabinet",
        "their files": str((folder / "cabinet").resolve()),
        "metrics": f"{plan.gateway_url}/metrics",
        "health": f"{plan.gateway_url}/health/ready",
        "WSDL": f"{plan.gateway_url}/shep/async?wsdl",
        "logs": str((folder / "logs").resolve()),
    }
    for name, place in places.items():
        view.console.print(f"{name + ':':19}{place}", highlight=False, soft_wrap=True)
