"""What the applicant may get wrong, for every service of the two acts: each mistake named, all of them at once."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.catalogue import dictionaries
from gateway.catalogue.declarations import COMPONENT
from gateway.catalogue.findings import Finding
from gateway.catalogue.form import read_application
from gateway.catalogue.service import Service
from tests.support.applications import ALL, attached, tree, xml
from tests.support.catalogue import IIN

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)
"""An hour after the applications below were submitted."""
Tree = dict[str, Any]
Mistake = Callable[[Tree], None]


def _in(block: str, name: str, value: str | None) -> Mistake:
    """Return the mistake of a field that holds `value`, or is missing."""

    def make(application: Tree) -> None:
        inside = application[block]
        application[block] = {key: old for key, old in inside.items() if key != name}
        if value is not None:  # in its place: the order of fields is part of the form
            application[block] = {key: value if key == name else old for key, old in inside.items()}

    return make


def _wrong_kind(application: Tree) -> None:
    # a document of a kind that the service's list does not have, beside those that it wants
    wanted = application["documents"]["document"]
    application["documents"] = {"document": [*wanted, *attached(["dogLicence"])["document"]]}


def _other_region(application: Tree) -> None:
    own = application["header"]["serviceId"].partition(".")[0]
    header = application["header"]
    application["header"] = header | {"provider": "kostanay.1" if own == "astana" else "astana.1"}


def _no_consent_answer(application: Tree) -> None:
    application["consent"] = "perhaps"


WRONG_DIGIT = f"{IIN[:-1]}{(int(IIN[-1]) + 1) % 10}"
MISTAKES: dict[str, tuple[Mistake, str, str]] = {
    "missing field": (_in("applicant", "surname", None), "applicant.form", "applicant/surname"),
    "wrong value": (_in("header", "language", "en"), "applicant.form", "header/language"),
    "check digit": (_in("applicant", "iin", WRONG_DIGIT), "applicant.form", "applicant/iin"),
    "control characters": (_in("applicant", "givenName", "Ас\u202eель"), "applicant.form", "applicant/givenName"),
    "no such day": (_in("applicant", "birthDate", "1988-02-30"), "applicant.form", "applicant/birthDate"),
    "before all dates": (_in("applicant", "birthDate", "1899-12-31"), "applicant.form", "applicant/birthDate"),
    "born tomorrow": (_in("applicant", "birthDate", "2026-01-06"), "applicant.form", "applicant/birthDate"),
    "not the IIN's birth": (
        _in("applicant", "birthDate", "1988-01-02"),
        "applicant.form",
        "applicant/birthDate",
    ),
    "from the future": (
        _in("header", "submittedAt", "2026-01-05T23:00:00+05:00"),
        "applicant.form",
        "header/submittedAt",
    ),
    "another region": (_other_region, "applicant.form", "header/provider"),
    "kind of document": (_wrong_kind, "applicant.documents", "kind"),
    "consent": (_no_consent_answer, "applicant.form", "consent"),
}


def _application(service: Service) -> Tree:
    return tree(service, service.channels[0])


def _findings(service: Service, application: Tree) -> tuple[Finding, ...]:
    channel = service.channels[0]
    reading = read_application(service, xml(service, application), now=NOW, channel=channel)
    assert (reading.application is None) == bool(reading.findings)
    return reading.findings


def _is(finding: Finding, code: str, where: str) -> bool:
    return finding.code == code and (finding.where or "").endswith(where)


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.id)
def test_without_a_mistake_nothing_is_found(service: Service) -> None:
    """The application below is right, so that what is found in the others was put there."""
    assert _findings(service, _application(service)) == ()


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("service", ALL, ids=lambda service: service.id)
def test_each_mistake_is_named_once_in_both_languages(service: Service, mistake: str) -> None:
    """One mistake gives one finding with its code and place, in Kazakh and in Russian."""
    make, code, where = MISTAKES[mistake]
    application = _application(service)
    make(application)
    findings = _findings(service, application)
    assert len([finding for finding in findings if _is(finding, code, where)]) == 1, findings
    for finding in findings:
        assert set(finding.text.kk.casefold()) & set("әғқңөұүһі")
        assert not set(finding.text.ru.casefold()) & set("әғқңөұүһі")


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.id)
def test_all_mistakes_come_at_once(service: Service) -> None:
    """Eight mistakes in one application are eight findings in one answer, whatever the service."""
    names = (
        "missing field",
        "wrong value",
        "check digit",
        "control characters",
        "born tomorrow",
        "another region",
        "kind of document",
        "consent",
    )
    application = _application(service)
    for name in names:
        MISTAKES[name][0](application)
    findings = _findings(service, application)
    for name in names:
        _, code, where = MISTAKES[name]
        assert any(_is(finding, code, where) for finding in findings), (name, findings)


@pytest.mark.parametrize("service", [one for one in ALL if dictionaries.components(one)], ids=lambda one: one.id)
def test_a_component_that_the_act_does_not_have_is_named(service: Service) -> None:
    """A kind of payment, measure or means that is not in the act's list is a finding at its field."""
    application = _application(service)
    application["form"] = dict(application["form"]) | {COMPONENT: "payment-99"}
    assert any(_is(finding, "applicant.form", f"form/{COMPONENT}") for finding in _findings(service, application))


@pytest.mark.parametrize(
    "service", [one for one in ALL if one.form.declaration.minors_represented is not None], ids=lambda one: one.id
)
def test_a_minor_needs_a_representative_where_the_act_says_so(service: Service) -> None:
    """A child's own application is refused with the reason, together with whatever else is wrong in it."""
    application = _application(service)
    child = {"iin": "150505500345", "surname": "Ахметов", "givenName": "Дәурен", "birthDate": "2015-05-05"}
    application["applicant"] = child
    MISTAKES["wrong value"][0](application)
    found = {(finding.code, finding.where) for finding in _findings(service, application)}
    assert {("applicant.eligibility", "representative"), ("applicant.form", "header/language")} <= found


def test_a_region_is_told_by_its_whole_name() -> None:
    """A provider's code that merely begins with the letters of the region is of another region."""
    service = ALL[0]
    application = _application(service)
    application["header"] = application["header"] | {"provider": "astanalyq.1"}
    assert any(_is(finding, "applicant.form", "header/provider") for finding in _findings(service, application))
