"""Documents: what the acts want is asked for, and nothing that they do not."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.catalogue import sample, structure
from gateway.catalogue.answers import of_block
from gateway.catalogue.channel import Channel
from gateway.catalogue.completeness import Wanted, checklist, missing
from gateway.catalogue.condition import Answers
from gateway.catalogue.document_list import Need
from gateway.catalogue.form import read_application
from gateway.catalogue.payload import parse
from gateway.catalogue.service import Service
from tests.support.applications import ALL, WAYS, attached, complete
from tests.support.catalogue import PORTAL_SERVICES, service

CATEGORIES = "astana.categories-social-assistance"
HOUSING = "astana.housing-assistance"
PROSTHETIC = "astana.prosthetic-orthopaedic-aid"
ADULT = Answers(birth_date=date(1980, 1, 1), on=date(2026, 1, 5))


def _required(service_id: str, channel: Channel = Channel.PROVIDER, **fields: str) -> list[tuple[str, ...]]:
    answers = Answers({name: (value,) for name, value in fields.items()}, ADULT.birth_date, ADULT.on)
    items = checklist(service(service_id), channel, answers)
    return [item.kinds for item in items if item.wanted is Wanted.REQUIRED]


def _read(service_id: str, channel: Channel = Channel.PROVIDER) -> Answers:
    target = service(service_id)
    answers = {"category": "disability"} if service_id == "kostanay.categories-social-assistance" else None
    document = complete(target, channel, answers)
    assert read_application(target, document, channel=channel).application is not None
    return of_block(structure.read(parse(target, document), target.form.root, []))


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_each_document_of_the_act_is_read_in_one_way_at_least(one: Service) -> None:
    """Every entry of the act's list stands in a requirement, which names the document for people in both languages."""
    documents = one.form.documents
    named = {index for requirement in documents.requirements for index in requirement.act}
    assert named == set(range(len(one.passport.documents)))
    assert all(kind.label.kk and kind.label.ru for kind in documents.kinds)


@pytest.mark.parametrize(("service_id", "channel"), WAYS)
def test_complete_package_has_no_finding_and_each_missing_document_has_one(service_id: str, channel: Channel) -> None:
    """Taken out one by one, each required document is missed by its name, and only it."""
    target, answers = service(service_id), _read(service_id, channel)
    assert missing(target, channel, answers) == ()
    names = {kind.value: kind.label for kind in target.form.documents.kinds}
    for kind in answers.kinds:
        findings = missing(target, channel, replace(answers, kinds=answers.kinds - {kind}))
        assert [finding.code for finding in findings] == ["applicant.documents"]
        assert names[kind].kk in findings[0].text.kk
        assert names[kind].ru in findings[0].text.ru


def test_several_missing_documents_are_all_named_at_once() -> None:
    """Somebody who attaches nothing reads everything that is missing."""
    target = service(HOUSING)
    reading = read_application(
        target, complete(target, Channel.PROVIDER, documents=attached(())), channel=Channel.PROVIDER
    )
    assert [finding.where for finding in reading.findings] == ["documents"] * 4


@pytest.mark.parametrize("service_id", [*PORTAL_SERVICES, "kostanay.rural-specialists-fuel"])
def test_nothing_is_obligatory_where_the_act_only_names_a_standard(service_id: str) -> None:
    """The Kostanay act lists no document, so none is demanded in any channel."""
    required = [_required(service_id, channel) for channel in service(service_id).channels]
    assert required == [[]] * len(required)


@pytest.mark.parametrize(
    ("component", "kinds"),
    [
        ("service-1", ["identity", "privilege", "residence"]),
        ("service-2", ["identity", "privilege", "sanatoriumCard", "residence"]),
        ("payment-1", []),
        ("payment-2", ["identity", "pensionOrDisability", "propertyCertificate", "residence"]),
        ("payment-3", []),
        ("payment-4", ["identity", "testCertificate", "residence"]),
        ("payment-5", []),
        ("payment-6", ["identity", "emergencyProof", "residence"]),
    ],
)
def test_documents_go_by_component(component: str, kinds: list[str]) -> None:
    """Each kind of assistance has its own list; three of the eleven need no documents."""
    assert _required(CATEGORIES, component=component) == [(kind,) for kind in kinds]


@pytest.mark.parametrize(
    ("category", "more"),
    [("orphan", ["parentsDeath", "birthCertificate"]), ("largeFamily", ["largeFamily"]), ("none", [])],
)
def test_answer_decides_on_conditional_documents(category: str, more: list[str]) -> None:
    """An orphan, a child of a large family, anybody else: each is asked for what the act asks of them."""
    required = _required(CATEGORIES, component="payment-4", studentCategory=category)
    assert [kinds[0] for kinds in required if kinds[0] not in {"identity", "testCertificate", "residence"}] == more


def test_unanswered_question_leaves_the_document_to_the_clerk() -> None:
    """Nobody is refused for a document that only some need, while it is not known whether they do."""
    items = checklist(service(CATEGORIES), Channel.PROVIDER, Answers({"component": ("payment-4",)}))
    assert {item.kinds[0] for item in items if item.wanted is Wanted.IF_APPLICABLE} == {
        "registrationBook",
        "parentsDeath",
        "disabilityCertificate",
        "largeFamily",
        "birthCertificate",
    }


def test_each_of_alternatives_is_enough() -> None:
    """Whoever shows a residence permit is not asked for a citizen's card; with neither, both are named."""
    target = service("astana.assistance-certificate")
    for kind in ("identityCitizen", "identityForeigner", "identityStateless"):
        body = complete(target, Channel.PROVIDER, documents=attached((kind,)))
        assert read_application(target, body, channel=Channel.PROVIDER).findings == ()
    body = complete(target, Channel.PROVIDER, documents=attached(("other",)))
    findings = read_application(target, body, channel=Channel.PROVIDER).findings
    assert len(findings) == 1
    assert "Удостоверение личности (паспорт)" in findings[0].text.ru
    assert "Вид на жительство" in findings[0].text.ru


def test_documents_go_by_channel() -> None:
    """At the PSC the state's own data are not asked of the citizen, and bills go by what help is asked for."""
    assert _required(HOUSING) == [("identity",), ("title",), ("registrationBook",), ("familyIncome",)]
    assert _required(HOUSING, Channel.PSC) == [("familyIncome",)]
    assert ("meterBill",) in _required(HOUSING, expense="meter")
    assert ("meterBill",) not in _required(HOUSING, Channel.PSC, expense="meter")
    assert ("rentBill",) in _required(HOUSING, Channel.PSC, expense="rent")


def test_age_decides_between_a_card_and_a_birth_certificate() -> None:
    """An adult shows the identity document, a child the birth certificate and a parent's document."""
    assert ("identity",) in _required(PROSTHETIC)
    child = Answers(birth_date=date(2015, 5, 5), on=date(2026, 1, 5))
    required = [i.kinds for i in checklist(service(PROSTHETIC), Channel.PSC, child) if i.wanted is Wanted.REQUIRED]
    assert required == [("birthCertificate",), ("parentIdentity",)]


def test_form_filled_in_stands_for_the_paper() -> None:
    """A family's composition may be filled in; then no paper of it is wanted."""
    target = service("astana.child-benefit")
    content = sample.form(target, full=True)
    assert "familyComposition" not in sample.documents(target, Channel.PROVIDER, content)
    del content["family"]
    assert "familyComposition" in sample.documents(target, Channel.PROVIDER, content)


def test_representative_of_a_disabled_person_shows_an_identity_document() -> None:
    """Sanatorium treatment asked for by another person wants that person's document too."""
    target = service("astana.sanatorium-treatment")
    for represented in (False, True):
        answers = Answers(birth_date=ADULT.birth_date, on=ADULT.on, represented=represented)
        kinds = [item.kinds for item in checklist(target, Channel.PROVIDER, answers)]
        assert (("applicantIdentity",) in kinds) is represented


def test_iin_stands_for_the_numbers_it_replaced() -> None:
    """Nobody is asked for the social code or the taxpayer's number."""
    covered = [
        one.id
        for one in ALL
        for entry in one.form.documents.requirements
        if entry.need is Need.COVERED and not entry.kind
    ]
    for service_id in ("astana.unemployed-registration", "astana.employment-referral"):
        assert service_id in covered


def test_answers_of_an_application_are_those_it_gives() -> None:
    """What was read answers the conditions: fields, age, day, kinds."""
    answers = _read("astana.home-social-care")
    assert answers.fields["orderKnown"] == ("true",)
    assert answers.minor is False
    assert answers.on == date(2026, 1, 5)
    assert "medicalCard" in answers.kinds
    assert not answers.represented
