"""A case while revocation cannot be asked: taken, told so, and decided when it can be, or when the limit is over."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.cases.model import Case, State, TaskKind
from gateway.cases.provider import Decision, Outcome, ProviderCase, ProviderStatus, ProviderSystem, Refusal, Stage
from gateway.cases.steps import ProviderSteps
from gateway.cases.store.tasks import Backlog
from gateway.cases.worker import StepFailed
from gateway.catalogue.cabinet_message import Outcome as CabinetOutcome
from gateway.catalogue.cabinet_message import StatusCode
from gateway.catalogue.cabinet_message import read as read_message
from gateway.catalogue.result_document import ResultDocument, render
from gateway.eds import enveloped
from gateway.eds.fetch import HttpFetch
from gateway.eds.gost.register import GostSigningKey
from gateway.eds.ocsp import Ocsp, OcspLimits
from gateway.eds.revocation import Source
from gateway.eds.revocation_memory import Remembered
from gateway.eds.revocation_policy import Mode, Policy, Revocations
from gateway.sandbox.identities import CITIZENS, PROVIDERS
from gateway.sandbox.nca import TestAuthority
from gateway.texts import Text
from tests.support import gost, ocsp
from tests.support.gateway import NOW, Desk, desk, gateway_settings, reply
from tests.support.ocsp import Reply, Server, failure, respond, serving


class Clock:
    """The gateway's clock, moved by a test."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Office:
    """A desk whose applicants are checked by OCSP over HTTP, with the worker's step."""

    def __init__(self, at: Desk, server: Server, session: aiohttp.ClientSession, authority: TestAuthority) -> None:
        self.at = at
        self.server = server
        self.clock = Clock()
        self.signer = _issuer(authority)
        source = Ocsp(HttpFetch(session), self.clock, OcspLimits(url=server.url, timeout_seconds=2.0), lambda: 0.0)
        remembered = Remembered(source, at.store.revocations, self.clock)
        policy = Policy(Mode.OCSP, Mode.OFF)
        self.revocations = Revocations(policy, {Source.OCSP: remembered})

    def says(self, **answer: object) -> None:
        """Let the responder answer like this, from the authority's own key."""
        self.server.behave = lambda request: respond(
            request,
            self.signer,
            Reply(**({"this_update": self.clock.now, "certificates": ()} | answer)),  # type: ignore[arg-type]
        )

    def fails(self) -> None:
        """Let the responder say tryLater."""
        self.server.behave = lambda _request: failure(3)

    async def applied(self) -> Case:
        """Send an application; return the case it became."""
        await self.at.intake.accept(self.at.message(self.at.document()), reply)
        (case,) = await self.at.store.ledger.cases()
        return case

    async def verified_again(self) -> Case:
        """Run the task that asks again; return the case afterwards."""
        async with self.at.store.pool.connection() as connection:
            await connection.execute("UPDATE tasks SET due_at = now(), claim = NULL")
        claims = {claim.kind: claim for claim in await self.at.store.tasks.claim(10, 60)}
        await self._steps().verify(claims[TaskKind.VERIFY])
        (case,) = await self.at.store.ledger.cases()
        return case

    async def polled(self, system: ProviderSystem) -> tuple[Case, list[Backlog]]:
        """Run the task that asks the provider; return the case afterwards, and what is left to do."""
        (case,) = await self.at.store.ledger.cases()
        async with self.at.store.pool.connection() as connection:
            await connection.execute(
                "UPDATE tasks SET kind = 'poll', due_at = now(), claim = NULL WHERE kind = 'submit'"
            )
            await connection.execute("UPDATE tasks SET due_at = now(), claim = NULL")
        claims = {claim.kind: claim for claim in await self.at.store.tasks.claim(10, 60)}
        await self._steps(system).poll(claims[TaskKind.POLL])
        (case,) = await self.at.store.ledger.cases()
        return case, await self.at.store.tasks.backlog()

    def _steps(self, system: ProviderSystem | None = None) -> ProviderSteps:
        akimat = gateway_settings(Path("/nowhere")).providers["akimat"].model_copy(update={"bin": PROVIDERS[0].bin})
        providers = {} if system is None else {"akimat": system}
        return ProviderSteps(self.at.parts(clock=self.clock, providers=providers, akimat=akimat))

    async def facts(self, case: Case) -> list[dict[str, Any]]:
        """Return the evidence of a case."""
        return [json.loads(event.data) for event in await self.at.store.ledger.events(case.id)]

    async def told(self, case: Case) -> list[StatusCode]:
        """Return what the cabinet is told of a case."""
        async with self.at.store.pool.connection() as connection:
            cursor = await connection.execute("SELECT count(*) FROM deliveries WHERE case_id = %s", (case.id,))
            row = await cursor.fetchone()
        first = await self.at.store.outbox.next_pending(case.id)
        assert first is not None
        assert row is not None
        return [read_message(first.payload).status.code] * row[0]


@dataclass
class Decided:
    """A provider's system that has decided."""

    what: Decision
    told: list[tuple[str, str]] = field(default_factory=list)

    async def status(self, number: str) -> ProviderStatus:
        assert number.encode() in self.what.document
        return ProviderStatus(Stage.DECIDED, self.what.at)

    async def decision(self, number: str) -> Decision:
        assert number.encode() in self.what.document
        return self.what

    async def submit(self, case: ProviderCase) -> ProviderStatus:
        return await self.status(case.number)

    async def supplement(self, case: ProviderCase) -> ProviderStatus:
        return await self.status(case.number)

    async def refused(self, number: str, refusal: Refusal) -> None:
        self.told.append((number, refusal.code))

    async def close(self) -> None:
        """Nothing is open."""


def decided(office: Office, case: Case) -> Decided:
    """Return the provider's system with a positive decision, signed by its head."""
    name = Text(kk="Нәтиже", ru="Результат")
    result = ResultDocument(
        case_number=case.number or "",
        service_id=case.service_id,
        iin=CITIZENS[0].iin,
        full_name="ҮЛГІ",
        outcome=CabinetOutcome.POSITIVE,
        title=name,
        text=name,
        decided_at=NOW,
        provider=PROVIDERS[0].name.kk,
    )
    document = enveloped.sign(render(result), office.at.authority.provider(PROVIDERS[0].slug).key)
    return Decided(Decision(Outcome.POSITIVE, NOW, document, "result.xml"))


def _issuer(authority: TestAuthority) -> gost.Issued:
    key = authority.nca(CITIZENS[0].family).key
    assert isinstance(key, GostSigningKey)
    return gost.Issued(key.certificate, key.private_key)


@asynccontextmanager
async def opened(database_url: str, authority: TestAuthority, folder: Path) -> AsyncIterator[Office]:
    async with serving() as server, aiohttp.ClientSession() as session:
        late = _Late()
        async with desk(database_url, authority, folder, late) as at:
            office = Office(at, server, session, authority)
            late.source = office.revocations
            yield office


class _Late:
    """The desk wants its source before there is a database to remember in."""

    source: Revocations

    async def status(self, *question: Any) -> Any:
        return await self.source.status(*question)


@pytest.fixture
async def office(database_url: str, authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(database_url, authority, tmp_path) as running:
        yield running


async def test_a_good_certificate_is_registered_with_its_proof(office: Office) -> None:
    """The evidence names the answer by its digest, and the answer itself is kept."""
    office.says()
    case = await office.applied()
    assert case.state is State.REGISTERED
    ((fact,),) = (await office.facts(case))[0]["revocation"]
    assert (fact["state"], fact["source"], fact["this_update"]) == ("GOOD", "ocsp", NOW.isoformat())
    kept = await office.at.store.revocations.proof(fact["proofs"][0])
    assert kept is not None
    assert ocsp.nonce_of_response(kept)


async def test_a_revoked_certificate_is_rejected(office: Office) -> None:
    """The citizen is told that the certificate is revoked; the answer proves it."""
    office.says(status=ocsp.REVOKED, since=NOW - timedelta(days=1), reason=1)
    case = await office.applied()
    assert case.state is State.REJECTED
    (fact,) = await office.facts(case)
    assert fact["findings"] == [["applicant.certificate.revoked", None]]
    assert await office.at.store.revocations.proof(fact["revocation"][0][0]["proofs"][0])


@pytest.mark.parametrize("answer", [None, {"nonce": b"87654321"}, {"status": ocsp.UNKNOWN}, {"broken_signature": True}])
async def test_down_then_back(office: Office, answer: dict[str, object] | None) -> None:
    """Down or lying: the application is acknowledged as being checked, waits, and is registered when OCSP is back."""
    if answer is None:
        office.fails()
    else:
        office.says(**answer)
    case = await office.applied()
    assert (case.state, case.number) == (State.AWAITING_VERIFICATION, None)
    assert await office.told(case) == [StatusCode.BEING_CHECKED]
    office.clock.now = NOW + timedelta(minutes=5)
    assert (await office.verified_again()).state is State.AWAITING_VERIFICATION
    office.clock.now = NOW + timedelta(minutes=10)
    office.says()
    case = await office.verified_again()
    assert case.state is State.REGISTERED
    assert case.number is not None
    delayed, registered = await office.facts(case)
    assert delayed["reasons"] == ["TRY_LATER"]
    assert registered["revocation"][0][0]["state"] == "GOOD"
    assert len(await office.told(case)) == 2


async def test_down_then_revoked(office: Office) -> None:
    """What comes to light later counts: the waiting application is rejected."""
    office.fails()
    await office.applied()
    office.says(status=ocsp.REVOKED, since=NOW - timedelta(days=1), reason=1)
    case = await office.verified_again()
    assert case.state is State.REJECTED
    assert (await office.facts(case))[-1]["findings"] == [["applicant.certificate.revoked", None]]


@pytest.mark.parametrize(("reason", "state"), [(4, State.REGISTERED), (1, State.REJECTED)])
async def test_revoked_while_it_waited(office: Office, reason: int, state: State) -> None:
    """The application was signed before: a certificate that was merely replaced since is good, a stolen key is not."""
    office.fails()
    await office.applied()
    office.clock.now = NOW + timedelta(hours=2)
    office.says(status=ocsp.REVOKED, since=NOW + timedelta(hours=1), reason=reason)
    assert (await office.verified_again()).state is state


async def test_never_back(office: Office) -> None:
    """After the limit the application is rejected, with a finding that says what to do; never registered."""
    office.fails()
    await office.applied()
    office.clock.now = NOW + timedelta(hours=23, minutes=59)
    assert (await office.verified_again()).state is State.AWAITING_VERIFICATION
    office.clock.now = NOW + timedelta(hours=24)
    case = await office.verified_again()
    assert (case.state, case.number) == (State.REJECTED, None)
    assert (await office.facts(case))[-1]["findings"] == [["applicant.certificate.unverifiable", None]]


async def test_one_question_for_many_applications(office: Office) -> None:
    """Within the life of an answer the citizen's next application asks nobody."""
    office.says()
    await office.applied()
    office.fails()
    elsewhere = office.at.document(form={"dwellingAddress": "Қостанай, Басқа көше, 2"})
    await office.at.intake.accept(office.at.message(elsewhere, message_id="2"), reply)
    assert {case.state for case in await office.at.store.ledger.cases()} == {State.REGISTERED}
    assert len(office.server.seen) == 1


async def test_a_result_waits_for_its_check(office: Office) -> None:
    """A provider's document whose signer cannot be checked now is neither issued nor given up: it is fetched again."""
    office.says()
    case = await office.applied()
    system = decided(office, case)
    office.fails()
    case, left = await office.polled(system)
    assert case.state is State.REGISTERED
    assert [(one.waiting, one.dead) for one in left if one.kind == TaskKind.POLL] == [(1, 0)]
    office.says()
    case, _ = await office.polled(system)
    assert case.state is State.DECIDED
    fact = (await office.facts(case))[-1]
    assert fact["revocation"][0][0]["state"] == "GOOD"


async def test_a_result_of_a_revoked_key_never_reaches_the_citizen(office: Office) -> None:
    """The head's key is revoked: the document is refused, the task tells why."""
    office.says()
    system = decided(office, await office.applied())
    office.says(status=ocsp.REVOKED, since=NOW - timedelta(days=1), reason=1)
    with pytest.raises(StepFailed, match=r"provider\.signature: REVOKED"):
        await office.polled(system)
    assert [code for _, code in system.told] == ["provider.signature"]
