"""The parts of a gateway over a real database, with the sandbox's certification authority."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import psycopg
from pydantic import SecretStr

from gateway import resources, settings
from gateway.cases.destinations import Destinations
from gateway.cases.inbound import Inbound, Mode, Receipt
from gateway.cases.intake import Intake
from gateway.cases.provider import ProviderSystem
from gateway.cases.registrar import Registrar
from gateway.cases.services import Services
from gateway.cases.steps import Parts
from gateway.cases.store.migrate import migrate
from gateway.cases.store.store import Store, open_store
from gateway.cases.vault import Vault
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.catalogue import Catalogue
from gateway.clock import Clock
from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.revocation import RevocationSource
from gateway.eds.verifier import Revocation, RevocationStatus, Verifier
from gateway.sandbox.identities import CITIZENS, SYSTEMS
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Order, application

HOUSING = "kostanay.housing-assistance"
NOW = datetime.now(UTC).replace(microsecond=0)


def housing(**order: object) -> Order:
    """Return a complete order of housing assistance, with what `order` changes in it."""
    values: dict[str, object] = {"service": HOUSING, "form": {"dwellingAddress": "Қостанай, Үлгі көшесі, 1"}}
    return Order(**(values | order))


class Recorder:
    """Keeps what an observer is told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.verdicts: list[str] = []
        self.states: list[str] = []
        self.findings: list[str] = []
        self.failures: list[str] = []
        self.tasks: list[tuple[str, str]] = []
        self.deliveries: list[tuple[str, str]] = []
        self.calls_failed: list[tuple[str, str]] = []
        self.open: dict[str, bool] = {}
        self.found: dict[str, int] = {}
        self.adapters: list[tuple[str, str, str]] = []
        self.late: list[tuple[str, str, str, str]] = []
        self.refused: list[tuple[str, str]] = []

    def step(self, name: str, seconds: float) -> None:
        assert seconds >= 0
        self.steps.append(name)

    def verdict(self, indication: str, reasons: Sequence[str] = ()) -> None:
        self.verdicts.append(indication)
        assert all(reasons)

    def opened(self, state: str, findings: Sequence[str]) -> None:
        self.states.append(state)
        self.findings.extend(findings)

    def store_failed(self, error: str) -> None:
        self.failures.append(error)

    def task(self, kind: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.tasks.append((kind, outcome))

    def delivery(self, kind: str, state: str) -> None:
        self.deliveries.append((kind, state))

    def call_failed(self, destination: str, failure: str) -> None:
        self.calls_failed.append((destination, failure))

    def destination(self, name: str, *, is_open: bool) -> None:
        self.open[name] = is_open

    def swept(self, found: Mapping[str, int]) -> None:
        self.found = dict(found)

    def adapter(self, provider: str, operation: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.adapters.append((provider, operation, outcome))

    def lateness(self, service: str, unit: str, what: str, how: str) -> None:
        self.late.append((service, unit, what, how))

    def report_refused(self, provider: str, code: str) -> None:
        self.refused.append((provider, code))


def gateway_settings(folder: Path) -> settings.Settings:
    """Settings with one sender for the portal, one for the PSC, and one provider of all three portal services."""
    file = folder / "unused.pem"
    return settings.Settings(
        data_dir=folder,
        anchors_dir=folder,
        keys=settings.Keys(transport_certificate=file, transport_key=file, vault_key=file),
        shep=settings.Shep(
            async_url="http://127.0.0.1:9/", sender_id="qaqpa", password=SecretStr("x"), answers_signed=False
        ),
        senders=(
            settings.Sender(id="pep", password=SecretStr("p"), certificates=(), signed=False),
            settings.Sender(
                id="psc",
                password=SecretStr("p"),
                certificates=(),
                signed=False,
                channel="psc",
                bin=next(system.bin for system in SYSTEMS if system.slug == "psc"),
            ),
            settings.Sender(
                id="narrow",
                password=SecretStr("p"),
                certificates=(),
                services=("kostanay.child-benefit",),
                signed=False,
            ),
        ),
        providers={"akimat": settings.Provider(adapter="soap", url="http://127.0.0.1:9/", bin="150340021234")},
        services={
            "kostanay.housing-assistance": settings.Service(provider="akimat"),
            "kostanay.home-schooling-costs": settings.Service(provider="akimat"),
            "kostanay.categories-social-assistance": settings.Service(provider="akimat"),
            "kostanay.child-benefit": settings.Service(provider="akimat"),
        },
    )


@dataclass
class Desk:
    """An intake over a database, and the means to fill applications in."""

    authority: TestAuthority
    store: Store
    vault: Vault
    verifier: Verifier
    services: Services
    registrar: Registrar
    intake: Intake
    recorder: Recorder
    woken: list[bool]
    counter: list[int] = field(default_factory=lambda: [0])

    def document(self, *, citizen: int = 1, service: str = HOUSING, **order: object) -> bytes:
        """Return a signed application, each with a request number of its own."""
        self.counter[0] += 1
        filled = housing(service=service, citizen=CITIZENS[citizen - 1].slug, **order)
        unsigned = application(filled, f"10109{self.counter[0]:09d}", NOW - timedelta(minutes=1))
        return enveloped.sign(unsigned, self.authority.citizen(citizen).key)

    def message(self, *documents: bytes, message_id: str | None = "1", **changes: object) -> Inbound:
        """Return an asynchronous REQUEST with the documents as its readings."""
        values: dict[str, object] = {
            "sender_id": "pep",
            "mode": Mode.ASYNC,
            "message_id": message_id,
            "message_type": "REQUEST",
            "service_id": HOUSING,
            "correlation_id": f"chain-{message_id}",
            "route_id": None,
            "session_id": None,
            "received_at": NOW,
            "transport_certificate": None,
            "raw": b"<Envelope>" + b"".join(documents) + b"</Envelope>",
            "readings": documents,
        }
        return Inbound(**(values | changes))  # type: ignore[arg-type]

    def parts(
        self,
        *,
        clock: Clock = lambda: NOW,
        providers: Mapping[str, ProviderSystem] = MappingProxyType({}),
        akimat: settings.Provider | None = None,
    ) -> Parts:
        """Return what a worker's steps need; `akimat` replaces the settings of the one provider."""
        configured = gateway_settings(Path("/nowhere"))
        if akimat is not None:
            configured = configured.model_copy(update={"providers": {"akimat": akimat}})
        return Parts(
            ledger=self.store.ledger,
            services=self.services,
            verifier=self.verifier,
            registrar=self.registrar,
            providers=providers,
            destinations=Destinations.of(configured, self.recorder),
            provider_settings=configured.providers,
            settings=configured.worker,
            readings=lambda raw: (raw.removeprefix(b"<Envelope>").removesuffix(b"</Envelope>"),),
            search_key=self.vault.search_key,
            clock=clock,
            observer=self.recorder,
        )


class Unreachable:
    """A source of revocation that nobody can ask."""

    async def status(self, certificate: Certificate, issuer: Certificate, at: datetime) -> RevocationStatus:
        assert certificate.issuer == issuer.subject
        assert at == NOW
        return RevocationStatus(Revocation.UNAVAILABLE)


def reply(receipt: Receipt) -> bytes:
    """Make a reply that differs for every receipt."""
    return f"{receipt.inbox_id} {receipt.outcome}".encode()


@asynccontextmanager
async def desk(
    database_url: str,
    authority: TestAuthority,
    folder: Path,
    revocation: RevocationSource | None = None,
    **changes: object,
) -> AsyncIterator[Desk]:
    """Open a desk on a database, which is migrated; `changes` replace settings."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await migrate(connection)
    vault = Vault(bytes(range(32)))
    configured = gateway_settings(folder).model_copy(update=changes)
    recorder, woken = Recorder(), list[bool]()
    async with open_store(database_url, vault, 6) as store:
        services = Services(Catalogue.load(resources.schemas()), configured)
        verifier = Verifier(Anchors.load(authority.anchors), revocation)
        registrar = Registrar(store.inbox, WorkingCalendar())
        intake = Intake(
            services=services,
            verifier=verifier,
            inbox=store.inbox,
            ledger=store.ledger,
            vault=vault,
            registrar=registrar,
            clock=lambda: NOW,
            observer=recorder,
            wake=lambda: woken.append(True),
        )
        yield Desk(authority, store, vault, verifier, services, registrar, intake, recorder, woken)
