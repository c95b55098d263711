"""The sandbox's NCA over real HTTP, and fresh people it has certified."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from aiohttp import ClientSession

from gateway.clock import utc_now
from gateway.eds.certificate import Certificate
from gateway.eds.fetch import HttpFetch
from gateway.sandbox import nca_control, profile
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.identity import Identity
from gateway.sandbox.keys import Family
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.nca_services import NcaServices
from gateway.sandbox.plan import Plan
from gateway.sandbox.server import serve

_numbers = count(100)


@dataclass
class Nca:
    """A running NCA."""

    authority: TestAuthority
    services: NcaServices
    url: str
    """Of everything it serves, without a slash at the end."""
    control_url: str
    session: ClientSession

    @property
    def fetch(self) -> HttpFetch:
        """The gateway's own network."""
        return HttpFetch(self.session)

    def issuer(self, family: Family) -> Certificate:
        """Return the certificate of the issuing authority."""
        return self.authority.nca(family).certificate

    def person(self, family: Family) -> tuple[str, Identity]:
        """Certify a new citizen; return the name of the certificate and the identity."""
        citizen = replace(CITIZENS[0], slug=f"citizen-{next(_numbers)}", family=family)
        name = f"citizens/{citizen.slug}"
        return name, self.authority.issue(profile.of_citizen(citizen, utc_now()), name)

    async def order(self, path: str, **order: object) -> int:
        """Give an order over HTTP; return the status."""
        async with self.session.post(f"{self.control_url}/{path}", json=order) as answer:
            return answer.status


@dataclass
class NcaFolder:
    """An NCA on disk, with the port it is to have."""

    plan: Plan
    authority: TestAuthority

    @classmethod
    def make(cls, folder: Path) -> "NcaFolder":
        """Make it; the certificates name the port."""
        plan = Plan.open_or_create(folder)
        return cls(plan, TestAuthority.open_or_create(folder / "nca", base_url=f"{plan.shep_url}/nca"))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Nca]:
        """Serve it."""
        services = NcaServices(self.authority, utc_now)
        routes = [*services.routes(), *nca_control.routes(services)]
        runner = await serve(routes, self.plan.host, self.plan.ports.shep)
        try:
            async with ClientSession() as session:
                url = self.plan.shep_url
                yield Nca(self.authority, services, f"{url}/nca", f"{url}/control/nca", session)
        finally:
            await runner.cleanup()
