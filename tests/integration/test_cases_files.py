"""Applications that name files, over a real database and a storage that is not there."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from gateway.cases.calls import HANDLING, Failure
from gateway.cases.files import FileSteps
from gateway.cases.model import Case, State, TaskKind
from gateway.cases.store.doctor import diagnose
from gateway.cases.worker import StepFailed
from gateway.catalogue.cabinet_message import CabinetMessage
from gateway.catalogue.cabinet_message import read as read_message
from gateway.catalogue.receipt import Receipt
from gateway.catalogue.receipt_blanks import LABELS, Blank
from gateway.eds import enveloped
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Document, Order, application
from gateway.settings import Storage
from gateway.shep.client import ShepClient
from gateway.shep.messages import Sender
from gateway.shep.storage import ShepStorage
from gateway.shep.temp_files import Credentials
from tests.support.gateway import NOW, Desk, desk, reply

OTHER_DWELLING = {"dwellingAddress": "Қостанай, Басқа көше, 2"}
NOWHERE = "http://127.0.0.1:9/"
NAMED = (Document(kind="package", name="a.pdf", file_id="00000000-0001-2dcf-c120-49f90d44122c"),)
STORAGE = Storage(url=NOWHERE, sender_id="qaqpa", password=SecretStr("x"))


@pytest.fixture
async def at(database_url: str, authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(database_url, authority, tmp_path, storage=STORAGE) as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def fetched(at: Desk, session: aiohttp.ClientSession, now: datetime) -> Case:
    """Run the task that fetches, at `now`; return the case afterwards."""
    parts = at.parts(clock=lambda: now)
    key = at.authority.system("gateway").key
    client = ShepClient(session, key=key, verifier=at.verifier, certificates=(), clock=lambda: now, timeout_seconds=5)
    storage = ShepStorage(
        client,
        url=NOWHERE,
        service_id=STORAGE.service_id,
        sender=Sender("qaqpa", "x"),
        credentials=Credentials("qaqpa", "x"),
        clock=lambda: now,
    )
    claims = {claim.kind: claim for claim in await at.store.tasks.claim(10, 60)}
    await FileSteps(parts, storage, 20_000_000).fetch(claims[TaskKind.FETCH])
    return (await at.store.ledger.cases())[-1]


async def told(at: Desk, case: Case) -> CabinetMessage:
    pending = await at.store.outbox.next_pending(case.id)
    assert pending is not None
    return read_message(pending.payload)


async def test_the_receipt_does_not_wait_for_the_storage(at: Desk) -> None:
    """The application is taken at once, without a number, and nothing goes to the provider."""
    assert b"BeingChecked" in await at.intake.accept(at.message(at.document(documents=NAMED)), reply)
    (case,) = await at.store.ledger.cases()
    assert (case.state, case.number) == (State.AWAITING_VERIFICATION, None)
    kinds = {claim.kind for claim in await at.store.tasks.claim(10, 60)}
    assert kinds == {TaskKind.FETCH, TaskKind.DELIVER}
    assert (await diagnose(at.store.pool)).broken == {}


async def test_a_storage_that_is_away_is_no_finding(at: Desk, session: aiohttp.ClientSession) -> None:
    """Within the limit the step fails without counting, and the case stays as it was."""
    await at.intake.accept(at.message(at.document(documents=NAMED)), reply)
    with pytest.raises(StepFailed) as failure:
        await fetched(at, session, NOW + timedelta(hours=23))
    assert failure.value.code.startswith("storage.unavailable")
    assert failure.value.handling == HANDLING[Failure.NOT_NOW]
    (case,) = await at.store.ledger.cases()
    assert case.state is State.AWAITING_VERIFICATION


async def test_after_the_limit_the_citizen_is_told_whose_fault_it_is(at: Desk, session: aiohttp.ClientSession) -> None:
    """A day later the application is rejected, never accepted unchecked, with an apology instead of a list."""
    await at.intake.accept(at.message(at.document(documents=NAMED)), reply)
    case = await fetched(at, session, NOW + timedelta(hours=25))
    assert case.state is State.REJECTED
    events = await at.store.ledger.events(case.id)
    assert json.loads(events[-1].data)["findings"] == [["applicant.documents.unreachable", "documents"]]
    assert (await diagnose(at.store.pool)).broken == {}


async def test_without_a_storage_named_files_are_refused(
    database_url: str, authority: TestAuthority, tmp_path: Path
) -> None:
    """An installation that cannot fetch says so at once, for each file."""
    async with desk(database_url, authority, tmp_path) as at:
        await at.intake.accept(at.message(at.document(documents=NAMED * 2)), reply)
        (case,) = await at.store.ledger.cases()
        assert case.state is State.REJECTED
        said = await told(at, case)
        assert [finding.where for finding in said.findings] == [
            "documents/document[1]/fileId",
            "documents/document[2]/fileId",
        ]


class TestPublicServiceCentre:
    """What its integrated system gets to print."""

    SERVICE = "kostanay.child-benefit"

    async def receipt(self, at: Desk, **changes: object) -> tuple[Case, Receipt | None]:
        order = Order(**({"service": self.SERVICE} | changes))
        unsigned = application(order, "20109000000001", NOW)
        signed = enveloped.sign(unsigned, at.authority.system("psc").key)
        await at.intake.accept(at.message(signed, sender_id="psc", service_id=self.SERVICE), reply)
        (case,) = await at.store.ledger.cases()
        return case, (await told(at, case)).receipt

    async def test_registration_carries_the_receipt_and_its_days(self, at: Desk) -> None:
        """Number and days; the same days stand in the evidence."""
        case, receipt = await self.receipt(at)
        assert receipt is not None
        assert receipt.days is not None
        values = {line.label: line.value.ru for line in receipt.lines}
        assert values[LABELS[Blank.NUMBER]] == case.number
        (event,) = await at.store.ledger.events(case.id)
        assert json.loads(event.data)["days"] == {
            "to_provider": receipt.days.to_provider.isoformat(),
            "to_counter": receipt.days.to_counter.isoformat(),
            "to_applicant": receipt.days.to_applicant.isoformat(),
        }

    async def test_a_rejection_carries_the_receipt_of_the_refusal(self, at: Desk) -> None:
        """With everything that is wrong, so that the inspector can give it to the applicant at once."""
        case, receipt = await self.receipt(at, applicant={"phone": "1", "surname": None})
        assert case.state is State.REJECTED
        assert receipt is not None
        assert receipt.title.ru == "Расписка об отказе в приёме документов"
        values = {line.label: line.value.ru for line in receipt.lines}
        assert len(values[LABELS[Blank.MISSING]].splitlines()) == 2

    async def test_the_portal_gets_none(self, at: Desk) -> None:
        """The citizen's cabinet has its own words."""
        await at.intake.accept(at.message(at.document()), reply)
        (case,) = await at.store.ledger.cases()
        assert (await told(at, case)).receipt is None


async def test_an_addition_that_is_not_taken_changes_no_matter(at: Desk, session: aiohttp.ClientSession) -> None:
    """An addition about another dwelling whose files never come leaves the case with the matter it had."""
    await at.intake.accept(at.message(at.document(), message_id="1"), reply)
    moved = at.document(form=OTHER_DWELLING, documents=NAMED)
    await at.intake.accept(at.message(moved, message_id="2", message_type="UPDATE", correlation_id="chain-1"), reply)
    await fetched(at, session, NOW + timedelta(hours=25))
    assert b"applicant.second" in await at.intake.accept(at.message(at.document(), message_id="3"), reply)
    other = await at.intake.accept(at.message(at.document(form=OTHER_DWELLING), message_id="4"), reply)
    assert b"Registered" in other
    assert (await diagnose(at.store.pool)).broken == {}


async def test_an_addition_takes_its_matter_when_it_is_taken(at: Desk, session: aiohttp.ClientSession) -> None:
    """Who applied about that dwelling before its files were here was the first; the addition is told so as well."""
    await at.intake.accept(at.message(at.document(), message_id="1"), reply)
    document = at.document(form=OTHER_DWELLING, documents=NAMED)
    update = at.message(document, message_id="2", message_type="UPDATE", correlation_id="chain-1")
    await at.intake.accept(update, reply)
    (case,) = await at.store.ledger.cases()
    other = at.message(at.document(form=OTHER_DWELLING), message_id="3")
    assert b"Registered" in await at.intake.accept(other, reply)
    await fetched(at, session, NOW + timedelta(hours=25))
    event = (await at.store.ledger.events(case.id))[-1]
    assert [code for code, _ in json.loads(event.data)["findings"]] == [
        "applicant.documents.unreachable",
        "applicant.second",
    ]
    assert (await diagnose(at.store.pool)).broken == {}
