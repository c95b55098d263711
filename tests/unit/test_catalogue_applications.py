"""The application forms of all 22 services: complete ones are taken, and each mistake is named."""

import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway import resources
from gateway.catalogue import sample
from gateway.catalogue.catalogue import Catalogue, CatalogueError
from gateway.catalogue.channel import Channel
from gateway.catalogue.condition import age
from gateway.catalogue.coverage import APPLICATION, printed, referred
from gateway.catalogue.form import Reading, read_application
from gateway.catalogue.iin import birth_date, is_valid
from gateway.catalogue.phrases import UNREADABLE
from tests.support.applications import ALL, WAYS, attached, complete, tree, xml
from tests.support.catalogue import IIN, OTHER_IIN, catalogue, service

TARGETED = "astana.targeted-social-assistance"
CATEGORIES = "astana.categories-social-assistance"
CHILD = "astana.child-benefit"
COMPONENTS = [(one.id, component) for one in ALL for component in sample.components(one)]


def _read(service_id: str, channel: Channel, answers: Mapping[str, str] | None = None, **changes: Any) -> Reading:
    target = service(service_id)
    return read_application(target, complete(target, channel, answers, **changes), channel=channel)


def _places(reading: Reading) -> list[tuple[str, str | None]]:
    assert (reading.application is None) == bool(reading.findings)
    return [(finding.code, finding.where) for finding in reading.findings]


@pytest.mark.parametrize(("service_id", "channel"), WAYS)
@pytest.mark.parametrize("full", [False, True])
def test_complete_application_is_taken_through_each_channel(service_id: str, channel: Channel, *, full: bool) -> None:
    """All 42 ways to apply take an application with what must stand, and one with every field filled in."""
    answers = {"category": "disability"} if service_id == "kostanay.categories-social-assistance" else None
    reading = _read(service_id, channel, answers, full=full)
    assert _places(reading) == []


def test_there_are_42_ways_to_apply() -> None:
    """21 services at the provider's counter, 13 at the PSC, 5 at an akim, 3 at the portal."""
    counts = {channel: sum(way[1] is channel for way in WAYS) for channel in Channel}
    assert counts == {Channel.PROVIDER: 21, Channel.PSC: 13, Channel.AKIM: 5, Channel.PORTAL: 3}


@pytest.mark.parametrize(("service_id", "component"), COMPONENTS)
def test_each_component_can_be_asked_for(service_id: str, component: str) -> None:
    """The kinds of payment, the measures, the aids: each is taken with its own fields and documents."""
    reading = _read(service_id, Channel.PROVIDER, {"component": component})
    assert _places(reading) == []
    assert reading.application is not None
    assert reading.application.fields["component"] == component


def test_components_are_the_acts() -> None:
    """Eleven kinds of assistance in Astana 13 and six measures in Astana 15."""
    assert len(sample.components(service(CATEGORIES))) == 11
    assert len(sample.components(service("astana.employment-referral"))) == 6


def test_every_blank_of_the_acts_application_forms_has_its_place() -> None:
    """The blanks of the application forms are all covered, table columns included."""
    blanks = sum(len(printed(one.passport, APPLICATION)) for one in ALL)
    covered = sum(
        len(list(referred(one.form.declaration.fields)))
        + sum(len(entry.act) for entry in one.form.declaration.elsewhere)
        for one in ALL
    )
    assert blanks == covered
    assert blanks > 270


def test_rows_of_a_table_stay_apart() -> None:
    """Each row of a table arrives under its own number."""
    family = {"member": [{"name": name, "kinship": "бала", "birthYear": "2015"} for name in ("Әли", "Дана")]}
    content = sample.form(service(TARGETED), {"occasion": "first"}) | {"family": family}
    order = [field.name for field in service(TARGETED).form.own]
    content = dict(sorted(content.items(), key=lambda item: order.index(item[0])))
    kinds = sample.documents(service(TARGETED), Channel.PROVIDER, content)
    reading = _read(TARGETED, Channel.PROVIDER, form=content, documents=attached(kinds))
    assert reading.application is not None
    assert reading.application.fields["family/member[1]/name"] == "Әли"
    assert reading.application.fields["family/member[2]/name"] == "Дана"


def _with(application: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    block, _, name = path.rpartition("/")
    inside = application
    for part in block.split("/") if block else []:
        inside = inside[part]
    inside[name] = value
    return application


@pytest.mark.parametrize(
    ("service_id", "path", "value", "place"),
    [
        (CHILD, "form/familySize", "0", "form/familySize"),
        (CHILD, "form/familySize", "51", "form/familySize"),
        (CHILD, "form/liability", "false", "form/liability"),
        (CHILD, "form/bankName", "Банк\u202e", "form/bankName"),
        (CHILD, "applicant/iin", "880101300124", "applicant/iin"),
        (CHILD, "applicant/birthDate", "1899-12-31", "applicant/birthDate"),
        (CHILD, "applicant/birthDate", "2026-01-06", "applicant/birthDate"),
        (CHILD, "header/provider", "kostanay.1", "header/provider"),
        (CATEGORIES, "form/component", "payment-7", "form/component"),
        (TARGETED, "form/occasion", "third", "form/occasion"),
        ("astana.semipalatinsk-registration", "form/livedFrom", "949", "form/livedFrom"),
    ],
)
def test_wrong_value_is_named_with_its_place(service_id: str, path: str, value: str, place: str) -> None:
    """A value out of range, refused, unknown, unreasonable or with hidden characters is named by its place."""
    target = service(service_id)
    application = tree(target, Channel.PROVIDER, full=True)
    reading = read_application(target, xml(target, _with(application, path, value)), channel=Channel.PROVIDER)
    assert place in [where for _, where in _places(reading)]


def test_date_of_issue_cannot_be_after_the_application() -> None:
    """A document that is issued tomorrow is not believed."""
    target = service(CHILD)
    content = sample.form(target, full=True) | {"idIssuedOn": "2026-01-06"}
    assert ("applicant.form", "form/idIssuedOn") in _places(_read(CHILD, Channel.PROVIDER, form=content))


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        ({"component": "payment-4"}, "form/tuition"),
        ({"notCompensated": "false"}, "form/compensation"),
        ({"setting": "inpatient"}, "form/inpatient"),
        ({"component": "hygiene"}, "form/hygieneMeans"),
        ({"component": "tiflo"}, "form/meansName"),
        ({"occasion": "repeated"}, "form/unchanged"),
    ],
)
def test_field_is_demanded_only_where_an_answer_makes_it_so(answers: dict[str, str], missing: str) -> None:
    """What some applicants have to fill in is demanded of those, and of nobody else."""
    (name, given) = next(iter(answers.items()))
    fields = {one.id: {field.name: field for field in one.form.own} for one in ALL}
    target = service(next(one for one in fields if name in fields[one] and missing[5:] in fields[one]))
    content = sample.form(target, answers)
    del content[missing[5:]]
    assert ("applicant.form", missing) in _places(_read(target.id, Channel.PROVIDER, form=content))
    others = [choice.value for choice in fields[target.id][name].choices if choice.value != given] or ["true"]
    assert _places(_read(target.id, Channel.PROVIDER, {name: others[0]})) == []


def test_several_values_of_one_field_are_read() -> None:
    """A field that may stand several times gives each of its values."""
    target = service("astana.prosthetic-orthopaedic-aid")
    content = sample.form(target) | {"aid": ["cane", "straps"]}
    reading = _read(target.id, Channel.PROVIDER, form=content)
    assert reading.application is not None
    assert reading.application.fields == {"aid[1]": "cane", "aid[2]": "straps"}


def test_acceptance_is_noted_at_a_counter_and_nowhere_else() -> None:
    """The note of who took the documents may stand in an application from a counter, not in one from the portal."""
    note = {"acceptedAt": "2026-01-05T10:00:00+05:00", "officer": "Ким А.", "originalsCompared": "true"}
    assert _places(_read(CHILD, Channel.PSC, acceptance=note)) == []
    portal = _read("kostanay.housing-assistance", Channel.PORTAL, acceptance=note)
    assert _places(portal) == [("applicant.form", "acceptance")]


def test_minor_is_represented_where_the_act_says_so() -> None:
    """Home care for a child is asked for by a representative; a minor's own application is refused with the reason."""
    child = {"iin": "150505500345", "surname": "Ахметов", "givenName": "Дәурен"}
    alone = _read("astana.home-social-care", Channel.PROVIDER, applicant=child)
    assert ("applicant.eligibility", "representative") in _places(alone)
    parent = {"iin": OTHER_IIN, "surname": "Ким", "givenName": "Анна", "authority": "туу туралы куәлік"}
    assert _places(_read("astana.home-social-care", Channel.PROVIDER, applicant=child, representative=parent)) == []


def test_portal_eligibility_does_not_bind_the_counter() -> None:
    """The categories that the act keeps from the portal are served by the provider and the akim."""
    other = {"category": "other"}
    for channel in (Channel.PROVIDER, Channel.AKIM):
        assert _places(_read("kostanay.categories-social-assistance", channel, other)) == []
    portal = _read("kostanay.categories-social-assistance", Channel.PORTAL, other)
    assert _places(portal) == [("applicant.eligibility", "form/category")]


@pytest.mark.parametrize(
    ("service_id", "channel", "needed"),
    [
        ("kostanay.assistance-certificate", Channel.AKIM, True),
        ("kostanay.child-benefit", Channel.PSC, True),
        ("kostanay.child-benefit", Channel.AKIM, False),
        ("kostanay.housing-assistance", Channel.PORTAL, True),
        ("kostanay.home-schooling-costs", Channel.PSC, False),
        ("astana.wheelchair", Channel.PROVIDER, False),
    ],
)
def test_consent_is_required_where_the_act_takes_it(service_id: str, channel: Channel, *, needed: bool) -> None:
    """Without consent an application is refused in the channels in which the act takes it, and only there."""
    found = _places(_read(service_id, channel, consent="false"))
    assert found == ([("applicant.form", "consent")] if needed else [])


LARGEST = service(TARGETED)
COMPLETE = complete(LARGEST, Channel.PROVIDER, full=True)
SIZE = len(list(etree.fromstring(COMPLETE).iter()))
VALUES = ["", "x", "0", "-1", "2026-02-30", "2026-02-03", "true", "false", "first", "1.555", "a\u200eb", IIN]


def _changed(root: etree._Element, position: int, kind: str, value: str) -> None:
    elements = list(root.iter())
    element = elements[1 + position % (len(elements) - 1)]
    parent = element.getparent()
    assert parent is not None
    if kind == "remove":
        parent.remove(element)
    elif kind == "repeat":
        parent.append(etree.fromstring(etree.tostring(element)))
    elif kind == "move":
        parent.insert(0, element)
    else:
        element.text = value


@settings(max_examples=200, deadline=None)
@given(st.integers(0, SIZE), st.sampled_from(["remove", "repeat", "move", "text"]), st.sampled_from(VALUES), st.data())
def test_whatever_the_schema_refuses_in_the_largest_form_is_named(
    position: int, kind: str, value: str, data: st.DataObject
) -> None:
    """Changed anywhere, an application that the schema refuses has a finding that says what is wrong."""
    root = etree.fromstring(COMPLETE)
    for _ in range(data.draw(st.integers(1, 3))):
        if len(root):
            _changed(root, position, kind, value)
    changed = etree.tostring(root)
    reading = read_application(LARGEST, changed)
    assert LARGEST.schema is not None
    if not LARGEST.schema.validate(etree.fromstring(changed)):
        assert reading.application is None
    assert UNREADABLE not in [finding.text for finding in reading.findings]


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    copy = tmp_path / "schemas"
    shutil.copytree(resources.schemas(), copy)
    return copy


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        (
            "form.json",
            lambda d: d["fields"].pop(0),
            "forms[0].fields[3]: must be covered by a field or stand elsewhere",
        ),
        (
            "form.json",
            lambda d: d["elsewhere"][0]["act"].append("forms[0].fields[3]"),
            "forms[0].fields[3]: must be covered exactly once",
        ),
        (
            "form.json",
            lambda d: d["elsewhere"][0]["act"].append("forms[0].fields[99]"),
            "forms[0].fields[99]: is no blank of the act's forms of this kind",
        ),
        ("form.json", lambda d: d["elsewhere"][0].update(place="nowhere"), "elsewhere[0].place: must be one of"),
        ("documents.json", lambda d: d["requirements"].pop(), "requirements: must name each document"),
        (
            "documents.json",
            lambda d: d["requirements"][6]["when"].update(field="nothing"),
            "requirements[6].when: must ask a field of the form",
        ),
        (
            "documents.json",
            lambda d: d["requirements"][4].update(in_form="nothing"),
            "requirements[4].in_form: must be a field of the form",
        ),
        (
            "result.json",
            lambda d: d["papers"][0]["fields"].pop(0),
            "forms[3].fields[2]: must be covered by a field or stand elsewhere",
        ),
    ],
)
def test_declaration_that_loses_a_part_of_the_act_is_refused(
    schemas: Path, name: str, change: Any, expected: str
) -> None:
    """What a declaration forgets or doubles of the act's forms and documents stops the start, with its place."""
    file = schemas / "services" / CHILD / name
    declared = json.loads(file.read_bytes())
    change(declared)
    file.write_text(json.dumps(declared), encoding="utf-8")
    with pytest.raises(CatalogueError) as raised:
        Catalogue.load(schemas)
    assert f"services/{CHILD}/{name}: {expected}" in str(raised.value)


def test_iin_says_whether_it_can_be_one_and_when_its_holder_was_born() -> None:
    """The control digit is judged, and the date of birth read by century."""
    assert is_valid(IIN)
    assert not is_valid(IIN[:-1] + "4")
    assert not is_valid("12")
    assert not is_valid("٠" * 12)
    assert birth_date("150505500345") == date(2015, 5, 5)
    assert birth_date(IIN) == date(1988, 1, 1)
    assert birth_date("881301300123") is None
    assert birth_date("880101000123") is None


def test_age_counts_completed_years() -> None:
    """Somebody comes of age on the birthday."""
    assert age(date(2008, 1, 6), date(2026, 1, 5)) == 17
    assert age(date(2008, 1, 6), date(2026, 1, 6)) == 18


def test_catalogue_knows_every_service_with_its_form() -> None:
    """All 22 services have a compiled form and a compiled result."""
    assert [one.id for one in catalogue().services if one.schema is None or one.result_schema is None] == []
