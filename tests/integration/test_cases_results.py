"""A result reaches the citizen only if the provider signed it, for this case, this person and this outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.cases.model import Case
from gateway.cases.provider import Decision, Outcome
from gateway.cases.results import ResultUntrusted, check_result
from gateway.cases.vault import Vault
from gateway.catalogue import cabinet_message
from gateway.catalogue.result_document import ResultDocument, render
from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.keys import SigningKey
from gateway.eds.verifier import Verifier
from gateway.sandbox.identities import CITIZENS, PROVIDERS
from gateway.sandbox.nca import TestAuthority
from gateway.texts import Text
from tests.support.cases import new_case
from tests.support.catalogue import service
from tests.support.gateway import NOW

VAULT = Vault(bytes(32))
GROUND = Text("негіз", "основание")
PERSON = CITIZENS[0]


def case() -> Case:
    return replace(
        new_case(),
        number="2026-00000001-1",
        registered_at=NOW - timedelta(days=1),
        applicant_key=VAULT.search_key(PERSON.iin),
    )


def document(**changes: object) -> ResultDocument:
    values: dict[str, object] = {
        "case_number": "2026-00000001-1",
        "service_id": "kostanay.housing-assistance",
        "iin": PERSON.iin,
        "full_name": "А. Б.",
        "outcome": cabinet_message.Outcome.POSITIVE,
        "title": Text("kk", "ru"),
        "text": Text("kk", "ru"),
        "decided_at": NOW,
        "provider": "akimat",
        "ground": None,
    }
    return ResultDocument(**(values | changes))  # type: ignore[arg-type]


class Office:
    """Checks documents as the worker does."""

    def __init__(self, authority: TestAuthority) -> None:
        self.authority = authority
        self.key = authority.provider(PROVIDERS[0].slug).key

    async def check(
        self, one: ResultDocument, outcome: Outcome = Outcome.POSITIVE, key: SigningKey | None = None
    ) -> Text | None:
        signed = enveloped.sign(render(one), key or self.key)
        return await self.check_bytes(signed, outcome)

    async def check_bytes(self, signed: bytes, outcome: Outcome = Outcome.POSITIVE) -> Text | None:
        decision = Decision(outcome, NOW, signed, "result.xml", ground=Text("басқа", "другое"))
        verifier = Verifier(Anchors.load(self.authority.anchors))
        checked = await check_result(
            verifier,
            case(),
            decision,
            service=service("kostanay.housing-assistance"),
            provider_bin=PROVIDERS[0].bin,
            search_key=VAULT.search_key,
            at=NOW,
        )
        return checked.ground


@pytest.fixture
def office(authority: TestAuthority) -> Office:
    return Office(authority)


async def test_the_providers_document_is_trusted(office: Office) -> None:
    """A positive document of this case has no ground."""
    assert await office.check(document()) is None


async def test_a_clock_that_was_hours_ahead_at_registration_bars_no_decision(office: Office) -> None:
    """The case counts as registered yesterday; the decision is dated hours before that by a clock that is right."""
    assert await office.check(document(decided_at=NOW - timedelta(days=1, hours=6))) is None


async def test_the_ground_is_the_one_that_was_signed(office: Office) -> None:
    """What the provider's system says beside the document does not count."""
    refused = document(outcome=cabinet_message.Outcome.REFUSED, ground=GROUND)
    assert await office.check(refused, Outcome.REFUSED) == GROUND


@pytest.mark.parametrize(
    "changes",
    [
        {"case_number": "2026-00000002-0"},
        {"service_id": "kostanay.home-schooling-costs"},
        {"iin": CITIZENS[1].iin},
        {"decided_at": NOW - timedelta(days=400)},
        {"decided_at": NOW + timedelta(days=400)},
        {"outcome": cabinet_message.Outcome.REFUSED, "ground": GROUND},
    ],
)
async def test_a_document_about_something_else_is_not(office: Office, changes: dict[str, object]) -> None:
    """Another case, service, person, outcome, or a date that cannot be: it must not reach this citizen."""
    with pytest.raises(ResultUntrusted, match=r"provider\.document"):
        await office.check(document(**changes))


async def test_another_bodys_signature_is_not(office: Office) -> None:
    """A valid signature of a citizen or of another system is not the provider's EDS."""
    for key in (office.authority.citizen(1).key, office.authority.system("portal").key):
        with pytest.raises(ResultUntrusted, match=r"provider\.signer"):
            await office.check(document(), key=key)


async def test_a_changed_or_unsigned_document_is_not(office: Office) -> None:
    """One changed letter, or no signature at all, and the document is nobody's."""
    signed = enveloped.sign(render(document()), office.key)
    for broken in (signed.replace(b"akimat", b"akimaT"), render(document())):
        with pytest.raises(ResultUntrusted, match=r"provider\.signature"):
            await office.check_bytes(broken)


async def test_something_else_with_the_providers_signature_is_not(office: Office) -> None:
    """The provider's EDS on another kind of document decides nothing."""
    with pytest.raises(ResultUntrusted, match="not a result"):
        await office.check_bytes(enveloped.sign(b"<letter>hello</letter>", office.key))
