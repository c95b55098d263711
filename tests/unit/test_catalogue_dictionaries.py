"""Dictionaries, channels that a region opens, second applications, translations, pages."""

import json
import re
from dataclasses import replace
from datetime import date

import pytest
from lxml import etree

from gateway import resources
from gateway.catalogue import dictionaries, kazakh
from gateway.catalogue.application import Application
from gateway.catalogue.channel import Channel, PortalOpening, channel_refusal, channels, issue_channels
from gateway.catalogue.eligibility import eligibility
from gateway.catalogue.form import read_application
from gateway.catalogue.matter import matter
from gateway.catalogue.page import page
from gateway.catalogue.procedure import Course, procedure
from gateway.catalogue.service import Service
from gateway.catalogue.wording import Fact, Wording
from gateway.texts import Text
from tests.support.applications import ALL, complete
from tests.support.catalogue import service

WHEELCHAIR, CATEGORIES = "astana.wheelchair", "astana.categories-social-assistance"
OPENING = PortalOpening("12-3", date(2026, 1, 1), Text("Портал туралы", "О портале"))


def test_region_opens_the_portal_by_a_legal_act() -> None:
    """A service whose regulation closes the portal is given through it where a setting names the act that opens it."""
    target = service(WHEELCHAIR)
    assert channel_refusal(target, Channel.PORTAL) is not None
    opened = {WHEELCHAIR: OPENING}
    assert channel_refusal(target, Channel.PORTAL, opened) is None
    assert channels(target, opened) == (Channel.PROVIDER, Channel.PORTAL)
    assert channels(service("astana.child-benefit"), opened) == service("astana.child-benefit").channels
    assert channel_refusal(target, Channel.AKIM, opened) is not None


def test_result_is_handed_over_where_the_act_says() -> None:
    """The result comes first to where it was asked for, and the act's other places are named too."""
    assert issue_channels(service("kostanay.housing-assistance"), Channel.PSC) == (Channel.PSC, Channel.PORTAL)
    assert issue_channels(service(WHEELCHAIR), Channel.PORTAL) == (Channel.PORTAL, Channel.PROVIDER)


def test_list_of_services_has_channels_and_terms() -> None:
    """The portal's list names each service, where one may apply and how long it takes there."""
    listed = dictionaries.services(ALL, {WHEELCHAIR: OPENING})
    assert len(listed) == 22
    assert sum(len(entry.channels) for entry in listed) == 43
    wheelchair = next(entry for entry in listed if entry.code == WHEELCHAIR)
    assert wheelchair.channels[Channel.PORTAL].text.ru == "10 рабочих дней"
    assert all(entry.kk and entry.ru for entry in listed)


def test_providers_are_the_acts_or_the_installations() -> None:
    """One body in Astana; in Kostanay the act's general words until an installation names its departments."""
    assert [entry.code for entry in dictionaries.providers(ALL, "astana")] == ["astana.1"]
    assert all(entry.ru and entry.kk for entry in dictionaries.providers(ALL, "kostanay"))
    named = {"kostanay.rudny": Text("Рудный қаласының бөлімі", "Отдел города Рудного")}
    assert dictionaries.providers(ALL, "kostanay", named) == (
        dictionaries.Entry("kostanay.rudny", "Рудный қаласының бөлімі", "Отдел города Рудного"),
    )
    with pytest.raises(ValueError, match=r"must begin with astana\."):
        dictionaries.providers(ALL, "astana", named)


def test_dictionaries_of_a_form() -> None:
    """Components, document kinds, choices inside blocks and grounds come as codes with names."""
    assert len(dictionaries.components(service(CATEGORIES))) == 11
    assert dictionaries.components(service(WHEELCHAIR)) == ()
    kinds = [entry.code for entry in dictionaries.document_kinds(service(WHEELCHAIR))]
    assert kinds == ["rehabilitationProgramme", "accidentAct", "employerClosure", "authority", "other"]
    stay = dictionaries.choices(service("astana.social-care-institutions"), "inpatient/stay")
    assert [entry.code for entry in stay] == ["permanent", "temporary"]
    assert dictionaries.choices(service(WHEELCHAIR), "nothing/at/all") == ()
    assert [entry.code for entry in dictionaries.refusal_grounds(service(WHEELCHAIR))] == [
        "refusal-1",
        "refusal-2",
        "refusal-3",
    ]
    assert dictionaries.refusal_grounds(service("astana.employment-referral"), "kind-6") == ()


def test_eligibility_is_the_acts() -> None:
    """Who may have a service is listed by component, the portal's own limit first."""
    portal = eligibility(service("kostanay.categories-social-assistance"), Channel.PORTAL)
    assert [rule.judged_at_intake for rule in portal] == [True]
    assert eligibility(service("kostanay.categories-social-assistance"), Channel.AKIM) == ()
    texts = [rule.text.ru for rule in eligibility(service(CATEGORIES), component="payment-4")]
    assert texts == ["отдельным категориям нуждающихся граждан", "выпускникам общеобразовательных школ"]


def _application(component: str) -> Application:
    target = service(CATEGORIES)
    body = complete(target, Channel.PROVIDER, {"component": component})
    reading = read_application(target, body)
    assert reading.application is not None
    return reading.application


def test_same_matter_is_the_same_person_service_and_kind() -> None:
    """A second application for the same kind of assistance is the same matter; for another kind it is not."""
    target, first = service(CATEGORIES), _application("payment-2")
    assert matter(target, first) == matter(target, _application("payment-2"))
    assert matter(target, first) != matter(target, _application("payment-6"))
    other = replace(first, applicant=replace(first.applicant, iin="900202400230"))
    assert matter(target, first) != matter(target, other)


def test_same_matter_is_blind_to_letters_that_look_alike() -> None:
    """A dwelling written with a Latin letter, other case or another space is the same dwelling."""
    target = service("kostanay.housing-assistance")
    reading = read_application(target, complete(target, Channel.PORTAL))
    assert reading.application is not None
    one = replace(reading.application, fields={"dwellingAddress": "Абай к.,  1 үй"})
    other = replace(reading.application, fields={"dwellingAddress": "абай к., 1 ҮЙ".replace("а", "a", 1)})
    assert matter(target, one) == matter(target, other)


@pytest.mark.parametrize(
    ("printed", "meant"),
    [("жасқа дейiнгi", "жасқа дейінгі"), ("ядеpных", "ядерных"), ("Form 1", "Form 1"), ("1ҚФБ", "1ҚФБ")],
)
def test_latin_letters_in_kazakh_words_are_put_right(printed: str, meant: str) -> None:
    """A word of mixed letters becomes Cyrillic, one that is wholly Latin stays."""
    assert kazakh.normalised(printed) == meant
    assert kazakh.same(printed.upper(), f" {meant} ")


def test_every_word_of_the_kazakh_act_has_our_russian() -> None:
    """All texts of the seven Kostanay passports can be shown in Russian, marked as ours."""
    missing = []

    def walk(value: object, one: Service) -> None:
        if isinstance(value, Wording) and value.kk and not value.ru:
            text = one.text(value)
            ours = one.translations.is_ours(value)
            if not ours or set("әғқңөұүһі") & set(text.ru.casefold()):
                missing.append(value.kk)
        if isinstance(value, tuple):
            for item in value:
                walk(item, one)
        elif isinstance(value, Fact):
            for name in type(value).model_fields:
                walk(getattr(value, name), one)

    for one in ALL:
        if one.passport.region == "kostanay":
            walk(one.passport, one)
    assert missing == []


def test_astana_words_are_the_acts_own() -> None:
    """Where the act has both languages nothing is translated by us."""
    wording = service(WHEELCHAIR).passport.name
    assert not service(WHEELCHAIR).translations.is_ours(wording)
    assert service(WHEELCHAIR).name.ru == wording.ru
    assert service(WHEELCHAIR).text(None) == Text("", "")


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_page_says_what_the_act_says(one: Service) -> None:
    """A reader of the page finds the act's documents, grounds, steps, terms and contradictions in both languages."""
    text = page(one, ())
    flat = " ".join(text.split())
    for channel in one.channels:
        for course in Course:
            for step in procedure(one, channel, course):
                assert " ".join(step.action.kk.split()) in flat
                assert " ".join(step.action.ru.split()) in flat
    for ground in one.passport.refusal_grounds:
        assert " ".join(kazakh.normalised(ground.kk or "").split()) in flat
    assert len(re.findall(r"^- ", text.split("line numbers of the source:")[1], re.MULTILINE)) == len(
        one.passport.anomalies
    )


def test_table_of_services_names_the_42_ways() -> None:
    """The index of the pages has a row for each service and counts the ways to apply."""
    folder = resources.schemas().parent / "docs" / "services"
    table = (folder / "README.md").read_text(encoding="utf-8")
    assert table.count("](") == 22
    assert "22 services, 42 ways to apply." in table
    assert sorted(path.stem for path in folder.glob("*.*.md")) == sorted(one.id for one in ALL)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_the_published_dictionaries_hold_what_the_forms_schema_takes(one: Service) -> None:
    """Every code that the service's schema lists for a choice or a document is published with both its names."""
    folder = resources.schemas() / "services" / one.id
    published = json.loads((folder / "dictionaries.json").read_text())
    lists = [published["documentKinds"], *published["choices"].values()]
    named = {entry["code"] for entries in lists for entry in entries if entry["kk"] and entry["ru"]}
    schema = etree.parse(folder / "application.xsd")
    listed = {element.get("value", "") for element in schema.iter("{http://www.w3.org/2001/XMLSchema}enumeration")}
    assert {code for code in listed if "/" not in code} == named  # types of files are told by the files
