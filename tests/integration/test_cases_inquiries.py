"""The portal's questions, answered from the catalogue and a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.cases import machine
from gateway.cases.inbound import Inquiry
from gateway.cases.inquiries import STATE_CODES, Inquiries
from gateway.cases.model import OPEN, Case, Ending, Lateness
from gateway.cases.number import registration_number
from gateway.cases.provider import Decision, Outcome
from gateway.cases.services import ServicesUnusable
from gateway.cases.store.ledger import Commit
from gateway.catalogue.channel import Channel
from gateway.catalogue.inquiry_words import ENDINGS, STATES, next_step
from gateway.faults import Code, GatewayFault
from gateway.sandbox.identities import CITIZENS
from gateway.sandbox.nca import TestAuthority
from gateway.settings import Body, Sender
from gateway.settings import Inquiries as Section
from tests.support.gateway import HOUSING, NOW, Desk, desk, gateway_settings, reply
from tests.support.inquiries import DICTIONARIES, SERVICES, STATUS, ask, inquiries, question, texts

IIN = CITIZENS[0].iin
UNKNOWN_NUMBER = "2026-99999999-0"


@pytest.fixture
async def at(database_url: str, authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(database_url, authority, tmp_path) as opened:
        yield opened


@pytest.fixture
def portal(at: Desk, tmp_path: Path) -> Inquiries:
    return inquiries(at, tmp_path)


async def _registered(at: Desk) -> Case:
    await at.intake.accept(at.message(at.document()), reply)
    (case,) = await at.store.ledger.cases()
    return case


async def _codes(portal: Inquiries, service_id: str, document: bytes) -> list[tuple[str, str | None]]:
    answer, root = await ask(portal, service_id, document)
    assert root.tag.endswith("}rejection")
    assert all(finding.text.kk and finding.text.ru for finding in answer.findings)
    return [(finding.code, finding.where) for finding in answer.findings]


class TestStatus:
    """How far an application is, by its number and its applicant's IIN."""

    async def test_the_applicant_is_told(self, at: Desk, portal: Inquiries) -> None:
        """State, registration, term and the next step come in both languages; no document and no person."""
        case = await _registered(at)
        _, root = await ask(portal, STATUS, question("statusRequest", caseNumber=case.number, iin=IIN))
        assert texts(root, "caseNumber") == [case.number]
        assert texts(root, "state/code") == ["registered"]
        assert texts(root, "state/text") == ["Өтініш тіркелді", "Заявление зарегистрировано"]
        assert texts(root, "overdue") == ["false"]
        assert len(texts(root, "nextStep")) == 2
        assert texts(root, "ending") == []
        assert IIN not in "".join(root.itertext())

    async def test_a_decided_case_says_how_it_ended(self, at: Desk, portal: Inquiries) -> None:
        """After the decision the ending stands there and where the result is; the document itself does not."""
        case = await _registered(at)
        event = machine.Decided(NOW, Decision(Outcome.REFUSED, NOW, b"<secret/>", "result.xml"))
        await at.store.ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, event)))
        answer, root = await ask(portal, STATUS, question("statusRequest", caseNumber=case.number, iin=IIN))
        assert texts(root, "state/code") == ["decided"]
        assert texts(root, "ending/code") == ["refused"]
        assert b"secret" not in answer.payload

    async def test_a_late_one_apologises(self, at: Desk, portal: Inquiries) -> None:
        """A case that is not decided in its term is overdue, and the citizen gets an apology."""
        case = await _registered(at)
        event = machine.TermEnding(NOW, Lateness.LATE)
        await at.store.ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, event)))
        _, root = await ask(portal, STATUS, question("statusRequest", caseNumber=case.number, iin=IIN))
        assert texts(root, "overdue") == ["true"]
        assert "приносим извинения" in texts(root, "nextStep")[1]

    async def test_another_person_and_an_unknown_number_get_one_answer(self, at: Desk, portal: Inquiries) -> None:
        """Who asks with another IIN learns no more than who asks for a number that nobody has: byte for byte."""
        case = await _registered(at)
        stranger = CITIZENS[1].iin
        assert case.number is not None
        year, serial, _ = case.number.split("-")
        other = registration_number(int(year), int(serial) + 1)
        asked = [(case.number, stranger), (other, IIN), (other, stranger)]
        answers = [
            await ask(portal, STATUS, question("statusRequest", caseNumber=number, iin=iin)) for number, iin in asked
        ]
        assert {answer.payload for answer, _ in answers} == {answers[0][0].payload}
        assert [finding.code for finding in answers[0][0].findings] == ["inquiry.not_found"]

    async def test_a_service_that_is_not_the_senders_is_not_found(
        self, at: Desk, database_url: str, authority: TestAuthority, tmp_path: Path
    ) -> None:
        """A sender learns nothing of cases of services that it may not use."""
        case = await _registered(at)
        settings = gateway_settings(tmp_path)
        narrow = Sender(**(settings.senders[2].model_dump() | {"services": ("kostanay.child-benefit", "status")}))
        async with desk(database_url, authority, tmp_path, senders=(narrow,)) as other:
            asked = question("statusRequest", caseNumber=case.number, iin=IIN)
            answer, _ = await ask(inquiries(other, tmp_path), STATUS, asked, sender="narrow")
        assert [finding.code for finding in answer.findings] == ["inquiry.not_found"]

    async def test_all_that_is_wrong_comes_at_once(self, portal: Inquiries) -> None:
        """A malformed number and an IIN with a wrong check digit are told together, each with its place."""
        wrong = IIN[:-1] + str((int(IIN[-1]) + 1) % 10)
        asked = question("statusRequest", caseNumber="2026-00000001-X", iin=wrong)
        assert await _codes(portal, STATUS, asked) == [("inquiry.number", "caseNumber"), ("inquiry.iin", "iin")]

    async def test_a_missing_field_does_not_hide_a_wrong_one(self, portal: Inquiries) -> None:
        """What the schema misses and what is wrong in the rest come together."""
        assert await _codes(portal, STATUS, question("statusRequest", iin="1")) == [
            ("inquiry.form", "iin"),
            ("inquiry.iin", "iin"),
        ]


class TestDictionaries:
    """Codes with names for the portal's form."""

    @pytest.mark.parametrize(
        ("fields", "code", "count"),
        [
            ({"dictionary": "providers", "region": "astana"}, "astana.1", 1),
            ({"dictionary": "documentKinds", "serviceId": "astana.wheelchair"}, "rehabilitationProgramme", 5),
            ({"dictionary": "components", "serviceId": "astana.categories-social-assistance"}, None, 11),
            ({"dictionary": "components", "serviceId": "astana.wheelchair"}, None, 0),
            ({"dictionary": "grounds", "serviceId": "astana.wheelchair"}, "refusal-1", 3),
            (
                {"dictionary": "choices", "serviceId": "astana.social-care-institutions", "field": "inpatient/stay"},
                "permanent",
                2,
            ),
        ],
    )
    async def test_each_dictionary_is_given(
        self, portal: Inquiries, fields: dict[str, str], code: str | None, count: int
    ) -> None:
        """Every dictionary comes with its codes, each named in Kazakh and Russian."""
        _, root = await ask(portal, DICTIONARIES, question("dictionaryRequest", **fields))
        codes = texts(root, "entry/code")
        assert texts(root, "total") == [str(count)]
        assert len(codes) == count
        assert code is None or codes[0] == code
        assert len(texts(root, "entry/name")) == 2 * count

    async def test_the_installation_names_its_bodies(self, at: Desk, tmp_path: Path) -> None:
        """Where the settings name the departments of a region, the form offers these."""
        named = inquiries(at, tmp_path, bodies={"kostanay.rudny": Body(kk="Рудный бөлімі", ru="Отдел Рудного")})
        asked = question("dictionaryRequest", dictionary="providers", region="kostanay")
        _, root = await ask(named, DICTIONARIES, asked)
        assert texts(root, "entry/code") == ["kostanay.rudny"]

    @pytest.mark.parametrize(
        ("offset", "limit", "given", "following"), [(0, 4, 4, ["4"]), (8, 4, 3, []), (20, 4, 0, [])]
    )
    async def test_a_long_one_comes_in_pages(
        self, portal: Inquiries, offset: int, limit: int, given: int, following: list[str]
    ) -> None:
        """What does not fit is asked for with the offset that the answer names; past the end there is nothing."""
        fields: dict[str, Any] = {"dictionary": "components", "serviceId": "astana.categories-social-assistance"}
        _, root = await ask(portal, DICTIONARIES, question("dictionaryRequest", **fields, offset=offset, limit=limit))
        assert len(texts(root, "entry")) == given
        assert (texts(root, "total"), texts(root, "next")) == (["11"], following)

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"dictionary": "streets"}, [("inquiry.dictionary", "dictionary")]),
            ({"dictionary": "providers", "region": "almaty"}, [("inquiry.region", "region")]),
            ({"dictionary": "providers"}, [("inquiry.region", "region")]),
            ({"dictionary": "components"}, [("inquiry.service", "serviceId")]),
            ({"dictionary": "grounds", "serviceId": "astana.flying"}, [("inquiry.service", "serviceId")]),
            (
                {"dictionary": "choices", "serviceId": "astana.wheelchair", "component": "x", "field": "y"},
                [("inquiry.component", "component"), ("inquiry.field", "field")],
            ),
            ({"dictionary": "providers", "region": "astana", "limit": 0}, [("inquiry.form", "limit")]),
            ({"dictionary": "providers", "region": "astana", "surprise": 1}, [("inquiry.form", "surprise")]),
        ],
    )
    async def test_what_is_not_there_is_named(
        self, portal: Inquiries, fields: dict[str, Any], expected: list[tuple[str, str | None]]
    ) -> None:
        """An unknown dictionary, region, service, component or field is answered with every finding and its place."""
        assert await _codes(portal, DICTIONARIES, question("dictionaryRequest", **fields)) == expected


class TestServices:
    """The list of services with channels and terms."""

    async def test_what_is_offered_here_is_listed(self, portal: Inquiries) -> None:
        """Each service that somebody provides here comes with its ids, namespace, channels and terms."""
        _, root = await ask(portal, SERVICES, question("servicesRequest"))
        assert len(texts(root, "service/serviceId")) == 4
        assert HOUSING in texts(root, "service/serviceId")
        assert f"urn:qaqpa:service:{HOUSING}:1" in texts(root, "service/namespace")
        assert set(texts(root, "service/channel/code")) == {"portal", "psc", "provider", "akim"}
        assert any("рабочих дней" in term for term in texts(root, "service/channel/term"))

    async def test_a_region_is_a_part_of_it(self, portal: Inquiries) -> None:
        """A region without a service here is an empty list; one that does not exist is a finding."""
        _, root = await ask(portal, SERVICES, question("servicesRequest", region="astana"))
        assert texts(root, "total") == ["0"]
        assert await _codes(portal, SERVICES, question("servicesRequest", region="almaty")) == [
            ("inquiry.region", "region")
        ]


@pytest.mark.parametrize(
    "document",
    [
        b"not xml",
        question("statusRequest", namespace="urn:qaqpa:portal:2", caseNumber=UNKNOWN_NUMBER, iin=IIN),
        question("citizensRequest"),
        question("servicesRequest"),
        b'<!DOCTYPE a [<!ENTITY x "y">]><statusRequest xmlns="urn:qaqpa:portal:1"/>',
    ],
    ids=["no-xml", "other-namespace", "unknown-root", "of-another-service-id", "dtd"],
)
async def test_what_is_no_question_is_a_fault(portal: Inquiries, document: bytes) -> None:
    """A payload that is not of this question's namespace is SCE001, as for applications."""
    with pytest.raises(GatewayFault) as caught:
        await portal.answer(Inquiry("pep", STATUS, document))
    assert (caught.value.code, caught.value.detail.code) == (Code.FORMAT, "client.payload")


async def test_only_who_is_permitted_may_ask(portal: Inquiries) -> None:
    """A sender registered for one service asks nothing that it was not registered for: SCE004."""
    with pytest.raises(GatewayFault) as caught:
        await portal.answer(Inquiry("narrow", SERVICES, question("servicesRequest")))
    assert (caught.value.code, caught.value.detail.code) == (Code.SERVICE, "client.unknown_service")


async def test_service_ids_are_settings(at: Desk, tmp_path: Path) -> None:
    """Questions are asked under the ids of the settings; one that is a service's already is refused at start."""
    renamed = inquiries(at, tmp_path, inquiries=Section(status="KST_STATUS"))
    assert renamed.answers("KST_STATUS")
    assert not renamed.answers(STATUS)
    with pytest.raises(ServicesUnusable, match=HOUSING):
        inquiries(at, tmp_path, inquiries=Section(status=HOUSING))
    with pytest.raises(ValueError, match="of its own"):
        Section(status="a", services="a")


def test_every_state_and_ending_has_its_words() -> None:
    """A state or an ending that a registered case may have, and that the status cannot name, is noticed here."""
    assert set(STATE_CODES) == OPEN
    assert set(STATE_CODES.values()) | {"decided"} == set(STATES)
    assert set(ENDINGS) == {ending.value for ending in Ending} - {Ending.REJECTED.value}


@pytest.mark.parametrize("state", sorted(STATES))
@pytest.mark.parametrize("channel", Channel)
def test_every_state_says_what_comes_next(state: str, channel: Channel) -> None:
    """Whatever the state and wherever the citizen applied, the next step is said in both languages, late or not."""
    for overdue in (False, True):
        step = next_step(state, channel, overdue=overdue)
        assert len(step.kk) > 20
        assert len(step.ru) > 20
