"""Outcomes: the acts' grounds, our refusal, and the particulars of the acts' own result forms."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from gateway.catalogue import grounds as grounding
from gateway.catalogue import result_document
from gateway.catalogue.cabinet_message import Outcome
from gateway.catalogue.form_field import FormField, Kind
from gateway.catalogue.grounds import GroundKind, grounds
from gateway.catalogue.refusal import refuse
from gateway.catalogue.result_details import DetailsWrongError, details, quarter_of
from gateway.catalogue.result_document import ResultDocument
from gateway.texts import Text
from tests.support.applications import ALL
from tests.support.catalogue import IIN, service

CERTIFICATE = "astana.assistance-certificate"
PAPERS = [(one.id, paper.element) for one in ALL for paper in one.result.papers]
_VALUES = {Kind.TEXT: "Үлгі", Kind.PERSON_NAME: "Ким Анна", Kind.DATE: "2026-02-02", Kind.BOOLEAN: "true"}


def _filled(fields: tuple[FormField, ...], prefix: str = "") -> Mapping[str, str]:
    values: dict[str, str] = {}
    for field in fields:
        path = f"{prefix}{field.name}" + ("[1]" if field.many > 1 else "")
        if field.type is Kind.BLOCK:
            values |= _filled(field.fields, f"{path}/")
        elif field.type is Kind.CHOICE:
            values[path] = field.choices[0].value
        else:
            values[path] = str(field.minimum) if field.minimum is not None else _VALUES[field.type]
    return values


def _decision(service_id: str, **changes: object) -> ResultDocument:
    values: dict[str, object] = {
        "case_number": "QZ-2026-000001-7",
        "service_id": service_id,
        "iin": IIN,
        "full_name": "Ахметова Әсел",
        "outcome": Outcome.POSITIVE,
        "title": Text("Хабарлама", "Уведомление"),
        "text": Text("Көмек тағайындалды.", "Помощь назначена."),
        "decided_at": datetime(2026, 2, 2, 5, 0, tzinfo=UTC),
        "provider": "Басқарма",
    }
    return ResultDocument(**(values | changes))  # type: ignore[arg-type]


def test_grounds_are_the_acts() -> None:
    """The 51 grounds of the passports, those of ending, suspending and returning: each with a code of its own."""
    everything = [ground for one in ALL for ground in grounds(one)]
    stated = sum(len(one.passport.refusal_grounds) for one in ALL)
    assert stated == 51
    assert sum(ground.code.startswith("refusal-") for ground in everything) == 51
    for one in ALL:
        codes = [ground.code for ground in grounds(one)]
        assert len(codes) == len(set(codes))


def test_every_ground_is_in_both_languages_with_its_clause() -> None:
    """A citizen can read the ground in Kazakh and Russian; Astana's name their clause, Kostanay's Russian is ours."""
    for one in ALL:
        for ground in grounds(one):
            assert ground.kk
            assert ground.ru
            assert not set("әғқңөұүһ") & set(ground.ru.casefold())
            assert ground.ours is (one.passport.region == "kostanay")
            assert ground.clause is not None or ground.ours or ground.kind is GroundKind.RETURN


def test_kinds_of_grounds_are_told_apart() -> None:
    """Refusing, not taking, returning, suspending and ending are different things."""
    housing = [ground.kind for ground in grounds(service("astana.housing-assistance"))]
    assert housing == [GroundKind.REFUSAL] * 4 + [GroundKind.INTAKE_REFUSAL, GroundKind.RETURN]
    assert len(grounds(service("astana.child-benefit"), GroundKind.TERMINATION)) == 4
    assert len(grounds(service("astana.categories-social-assistance"), GroundKind.SUSPENSION)) == 1
    kostanay = [ground.kind for ground in grounds(service("kostanay.child-benefit"))]
    assert kostanay == [GroundKind.REFUSAL, GroundKind.INTAKE_REFUSAL]


def test_ground_does_not_hold_for_the_components_it_excepts() -> None:
    """Nobody is refused a placement or a consultation for not being registered as unemployed."""
    referral = service("astana.employment-referral")
    assert len(grounds(referral, component="kind-1")) == 1
    assert grounds(referral, component="kind-4") == grounds(referral, component="kind-6") == ()


def test_ground_is_found_by_its_code() -> None:
    """What a clerk chose is found again."""
    target = service("astana.wheelchair")
    assert [grounding.find(target, ground.code) for ground in grounds(target)] == list(grounds(target))
    assert grounding.find(target, "refusal-99") is None


def test_refusal_names_ground_clause_reason_and_remedy() -> None:
    """Our one form of a refusal says what, why, by which clause, and what can be done."""
    target = service("astana.wheelchair")
    ground = grounds(target)[1]
    refused = refuse(
        target,
        case_number="QZ-2026-000001-7",
        iin=IIN,
        full_name="Ахметова Әсел",
        decided_at=datetime(2026, 2, 2, 5, 0, tzinfo=UTC),
        provider="Басқарма",
        ground=ground,
        reason=Text("Бағдарлама жоқ", "Нет программы реабилитации"),
    )
    assert refused.ground == ground.text
    assert refused.clause == "12"
    for words in ("кресла-коляски", ground.ru, "пунктом 12 регламента", "Нет программы реабилитации.", "обжаловать"):
        assert words in refused.text.ru
    for words in ("кресло-арба", ground.kk, "12-тармағында", "шағым бере аласыз"):
        assert words in refused.text.kk
    assert result_document.read(result_document.render(refused)) == refused


def test_refusal_without_a_ground_of_the_act_needs_a_reason() -> None:
    """Where the act has no ground the reason stands in its place; with neither there is no refusal."""
    target = service("kostanay.home-schooling-costs")
    given = {
        "case_number": "1",
        "iin": IIN,
        "full_name": "Ким",
        "decided_at": datetime(2026, 2, 2, tzinfo=UTC),
        "provider": "Бөлім",
    }
    reason = Text("Бала үйде оқытылмаған", "Ребёнок не обучался на дому")
    assert refuse(target, reason=reason, **given).ground == reason  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="ground of the act or a reason"):
        refuse(target, **given)  # type: ignore[arg-type]
    translated = refuse(target, ground=grounds(target)[0], **given)  # type: ignore[arg-type]
    assert "русский текст основания — перевод" in translated.text.ru


@pytest.mark.parametrize(("service_id", "element"), PAPERS)
def test_particulars_of_each_result_form_arrive_as_they_were_given(service_id: str, element: str) -> None:
    """Every paper of every service, filled in completely, is valid by its schema and read back value for value."""
    target = service(service_id)
    paper = target.result.paper(element)
    assert paper is not None
    made = details(target, element, _filled(paper.fields))
    document = result_document.render(_decision(service_id, details=made), target)
    assert result_document.read(document, target).details == made
    assert result_document.read(document).details is None
    inner = etree.fromstring(document).find(f".//{{{made.namespace}}}{element}")
    assert inner is not None
    assert target.result_schema is not None
    target.result_schema.assertValid(inner)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"quarter": "5", "year": "2026"}, "quarter"),
        ({"year": "2026"}, "quarter"),
        ({"quarter": "1", "year": "2026", "extra": "x"}, "extra"),
        ({"quarter": "1", "year": "2026", "member[1]/kinship": "x"}, "member"),
    ],
)
def test_wrong_particulars_are_refused_by_path(values: dict[str, str], named: str) -> None:
    """A quarter that is none, a missing or an unknown value: each is named by its path, without the value."""
    with pytest.raises(DetailsWrongError, match=named):
        details(service(CERTIFICATE), "certificate", values)


def test_particulars_of_another_service_are_refused() -> None:
    """A paper that is none of the service's, or in another's namespace, is not taken."""
    with pytest.raises(DetailsWrongError, match="no result paper"):
        details(service(CERTIFICATE), "referral", {})
    made = details(service(CERTIFICATE), "certificate", {"quarter": "1", "year": "2026"})
    document = result_document.render(_decision(CERTIFICATE, details=made), service(CERTIFICATE))
    with pytest.raises(DetailsWrongError, match="namespace"):
        result_document.read(document, service("astana.wheelchair"))
    with pytest.raises(ValueError, match="need their service"):
        result_document.render(_decision(CERTIFICATE, details=made))


def test_ending_of_a_benefit_is_a_decision_with_a_ground() -> None:
    """What was granted may end on the act's ground, with its clause."""
    ground = grounds(service("astana.child-benefit"), GroundKind.TERMINATION)[0]
    ended = _decision("astana.child-benefit", outcome=Outcome.TERMINATED, ground=ground.text, clause=ground.clause)
    assert result_document.read(result_document.render(ended)) == ended
    with pytest.raises(ValueError, match="ground must be given"):
        result_document.render(_decision("astana.child-benefit", outcome=Outcome.TERMINATED))
    with pytest.raises(ValueError, match="no decision"):
        result_document.render(_decision("astana.child-benefit", outcome=Outcome.RETURNED))


@pytest.mark.parametrize(
    ("day", "quarter"),
    [
        (date(2026, 1, 1), (1, 2026)),
        (date(2026, 6, 30), (2, 2026)),
        (date(2026, 7, 1), (3, 2026)),
        (date(2026, 12, 31), (4, 2026)),
    ],
)
def test_a_quarter_goes_from_its_first_day_to_its_last(day: date, quarter: tuple[int, int]) -> None:
    """The certificate names the quarter that the day is in."""
    assert quarter_of(day) == quarter
