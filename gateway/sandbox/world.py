"""The sandbox: certification authority, ShEP, portal and provider, started on one folder and stopped together.

All in one process, or its parts in processes of their own on the same folder, so that one may die without the others.

For the demo and for tests, never for production: keys lie open in the folder and nothing protects the pages.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from aiohttp import ClientSession, web

from gateway.clock import Clock, utc_now
from gateway.eds.anchors import Anchors
from gateway.eds.verifier import Verifier
from gateway.sandbox import nca_control, portal_routes, provider_soap
from gateway.sandbox.cabinet import Cabinet
from gateway.sandbox.courier import Courier, Persistence
from gateway.sandbox.failures import Failures
from gateway.sandbox.gateway_config import Variant, services, write_gateway_config
from gateway.sandbox.identities import PROVIDERS, Organization
from gateway.sandbox.journal import Journal
from gateway.sandbox.mailroom import Mailroom
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.nca_services import NcaServices
from gateway.sandbox.participants import Participant, Register
from gateway.sandbox.plan import Plan, Ports
from gateway.sandbox.portal import Channel, Portal
from gateway.sandbox.provider import Callback, ProviderSystem
from gateway.sandbox.register import CaseRegister
from gateway.sandbox.rules import Office
from gateway.sandbox.server import serve
from gateway.sandbox.shep import Shep
from gateway.sandbox.temp_shelf import TempShelf
from gateway.sandbox.temp_storage import TempStorage
from gateway.shep.messages import MessageType, Sender

_GATEWAY_REPORTS = frozenset({MessageType.RESPONSE})
_PORTAL_REPORTS = frozenset({MessageType.REQUEST, MessageType.UPDATE})


class Part(StrEnum):
    """What may run in a process of its own. The folder's authority is made by whichever is started first, alone."""

    SHEP = "shep"  # with the certification authority's services
    PORTAL = "portal"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Options:
    """How the world behaves."""

    parts: frozenset[Part] = frozenset(Part)
    persistence: Persistence = field(default_factory=Persistence)
    office: Office = field(default_factory=Office)
    gateway_reports: frozenset[MessageType] = _GATEWAY_REPORTS
    """Of which of its messages the gateway is told the fate."""
    gateway_pulls: bool = False
    """Whether the gateway fetches its messages; ShEP then brings it none, and no reports."""
    callbacks: bool = True
    """Whether the provider calls the gateway back."""


class World:
    """A running sandbox."""

    def __init__(self, folder: Path, plan: Plan, options: Options, clock: Clock) -> None:
        self.folder = folder
        self.plan = plan
        self.failures = Failures()
        self._options = options
        self._clock = clock
        self._stack = AsyncExitStack()
        self.authority = TestAuthority.open_or_create(folder / "nca", base_url=f"{plan.shep_url}/nca", clock=clock)
        self._verifier = Verifier(Anchors.load(self.authority.anchors))
        self.nca = NcaServices(self.authority, clock)
        self.shelf = TempShelf(folder / "storage", clock)
        self.shep: Shep
        self.portal: Portal
        self.providers: tuple[ProviderSystem, ...]

    @classmethod
    async def start(
        cls,
        folder: Path,
        *,
        ports: Ports | None = None,
        gateway_url: str | None = None,
        options: Options = Options(),
        clock: Clock = utc_now,
    ) -> Self:
        """Start the sandbox on a folder, which is made when missing and continued when not.

        Args:
            folder: everything it keeps.
            ports: TCP ports; those of an existing folder stand.
            gateway_url: where the gateway is; default: on the port that the folder's settings give it.
            options: how it behaves.
            clock: the time.

        Raises:
            OSError: a port is taken or the folder cannot be written.
            ValueError: the folder holds something else.
        """
        world = cls(folder, Plan.open_or_create(folder, ports=ports), options, clock)
        try:
            await world._open(gateway_url or world.plan.gateway_url)
        except BaseException:
            await world.stop()
            raise
        return world

    async def stop(self) -> None:
        """Stop everything; what is under way goes on at the next start."""
        await self._stack.aclose()

    def settings_file(self) -> Path:
        """Write the settings of a gateway for this world, with its keys; return the TOML file."""
        variant = Variant(pulls=self._options.gateway_pulls)
        return write_gateway_config(self.folder / "gateway", self.plan, self.authority, variant)

    async def _open(self, gateway_url: str) -> None:
        session = await self._stack.enter_async_context(ClientSession())
        if Part.SHEP in self._options.parts:
            self.shep = self._make_shep(session, gateway_url)
            routes = [*self.shep.routes(), *self._storage().routes(), *self.nca.routes(), *nca_control.routes(self.nca)]
            await self._run(routes, self.plan.ports.shep, self.shep.courier)
        if Part.PORTAL in self._options.parts:
            self.portal, mailroom = self._make_portal(session)
            await self._run(portal_routes.routes(self.portal, mailroom), self.plan.ports.portal, self.portal)
        if Part.PROVIDER in self._options.parts:
            self.providers = tuple(self._make_provider(one, session, gateway_url) for one in PROVIDERS)
            await self._run(provider_soap.routes(*self.providers), self.plan.ports.provider, *self.providers)

    async def _run(self, routes: list[web.RouteDef], port: int, *workers: Courier | Portal | ProviderSystem) -> None:
        """Serve the routes; what works in the background is started after and stopped before them."""
        runner = await serve(routes, self.plan.host, port, self.failures)
        self._stack.push_async_callback(runner.cleanup)
        for one in workers:
            self._stack.push_async_callback(one.stop)
            one.start()

    def _make_shep(self, session: ClientSession, gateway_url: str) -> Shep:
        journal = Journal.open(self.folder / "shep" / "shep.db")
        self._stack.callback(journal.close)
        register = Register(self._participants(gateway_url), self._verifier, self._clock)
        key = self.authority.system("shep").key
        courier = Courier(journal, register, key, session, self._clock, self._options.persistence)
        return Shep(journal, register, courier, dict.fromkeys(services(), "gateway"), self._clock)

    def _storage(self) -> TempStorage:
        return TempStorage(self.shelf, self.shep.register, self.shep.courier.key, self._clock)

    def _participants(self, gateway_url: str) -> list[Participant]:
        urls = {"portal": f"{self.plan.portal_url}{portal_routes.PUSH_PATH}"}
        if not self._options.gateway_pulls:
            urls["gateway"] = f"{gateway_url}/shep/async"
        reports = {"gateway": self._options.gateway_reports, "portal": _PORTAL_REPORTS}
        return [
            Participant(
                id=name,
                password=password,
                certificate=self.authority.system(name).key.certificate,
                url=urls.get(name),
                reports=reports.get(name, frozenset()),
            )
            for name, password in self.plan.passwords.items()
        ]

    def _make_portal(self, session: ClientSession) -> tuple[Portal, Mailroom]:
        cabinet = Cabinet(self.folder / "cabinet")
        sender = Sender("portal", self.plan.passwords["portal"])
        channel = Channel(f"{self.plan.shep_url}/bip-async", sender, self.authority.system("portal").key, session)
        shep = self.authority.system("shep").key.certificate
        portal = Portal(cabinet, self.authority, channel, self.shelf, self._clock)
        return portal, Mailroom(cabinet, self._verifier, shep, self._clock)

    def _make_provider(self, organization: Organization, session: ClientSession, gateway_url: str) -> ProviderSystem:
        register = CaseRegister.open(self.folder / "provider" / f"{organization.slug}.db")
        self._stack.callback(register.close)
        url = f"{gateway_url}/providers/{organization.slug}/callback"
        callback = Callback(url, self.plan.callback_token, session) if self._options.callbacks else None
        key = self.authority.provider(organization.slug).key
        return ProviderSystem(organization, key, register, self._clock, self._options.office, callback)
