"""An application that NCALayer signed as one element of a document: from intake to the provider."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from gateway.cases.model import State, TaskKind
from gateway.cases.provider import Decision, ProviderCase, ProviderStatus, Refusal, Stage
from gateway.cases.steps import ProviderSteps
from gateway.faults import Code, GatewayFault
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import application
from gateway.sandbox.rules import read_facts
from tests.support.eds import sign_part
from tests.support.gateway import HOUSING, NOW, Desk, desk, housing, reply

_NUMBER = "10109000000777"


@pytest.fixture
async def at(database_url: str, authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(database_url, authority, tmp_path) as opened:
        yield opened


def _packet(at: Desk) -> bytes:
    element = etree.fromstring(application(housing(citizen=CITIZENS[0].slug), _NUMBER, NOW - timedelta(minutes=1)))
    element.set("Id", "part")
    packet = b"<packet>" + etree.tostring(element, encoding="UTF-8", xml_declaration=False) + b"</packet>"
    return sign_part(packet, at.authority.citizen(1).key)


@dataclass
class _Office:
    """A provider's system that takes whatever it is given."""

    taken: list[ProviderCase] = field(default_factory=list)

    async def submit(self, case: ProviderCase) -> ProviderStatus:
        self.taken.append(case)
        return ProviderStatus(Stage.IN_PROGRESS, NOW)

    async def supplement(self, case: ProviderCase) -> ProviderStatus:
        return await self.submit(case)

    async def status(self, number: str) -> ProviderStatus:
        raise LookupError(number)

    async def decision(self, number: str) -> Decision:
        raise LookupError(number)

    async def refused(self, number: str, refusal: Refusal) -> None:
        raise LookupError(number, refusal)

    async def close(self) -> None:
        """Nothing is open."""


def _steps(at: Desk, office: _Office) -> ProviderSteps:
    return ProviderSteps(at.parts(providers={"akimat": office}))


async def test_it_is_registered_and_handed_over(at: Desk) -> None:
    """The application is read from the signed element, and the provider gets its fields and the document as signed."""
    packet, office = _packet(at), _Office()
    await at.intake.accept(at.message(packet), reply)
    (case,) = await at.store.ledger.cases()
    assert (case.state, case.request_number) == (State.REGISTERED, _NUMBER)
    claims = {claim.kind: claim for claim in await at.store.tasks.claim(10, 60)}
    await _steps(at, office).submit(claims[TaskKind.SUBMIT])
    (handed,) = office.taken
    assert handed.application.applicant.iin == CITIZENS[0].iin
    assert handed.document == packet
    assert read_facts(HOUSING, handed.document).request_number == _NUMBER


@pytest.mark.parametrize(
    ("old", "new", "code", "detail"),
    [
        ("Үлгі көшесі, 1", "Үлгі көшесі, 2", Code.APPLICANT_SIGNATURE, "applicant.signature"),
        ("<packet>", "<packet><application/>", Code.FORMAT, "client.payload"),
        ("<packet>", "<packet>unsigned", Code.FORMAT, "client.payload"),
    ],
)
async def test_a_changed_packet_is_refused(at: Desk, old: str, new: str, code: Code, detail: str) -> None:
    """A changed element is a bad signature; with unsigned content beside it the document is no application at all."""
    with pytest.raises(GatewayFault) as caught:
        await at.intake.accept(at.message(_packet(at).replace(old.encode(), new.encode())), reply)
    assert (caught.value.code, caught.value.detail.code) == (code, detail)
    assert await at.store.ledger.cases() == []
