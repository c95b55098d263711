"""Procedures: the acts' own steps, walked from the first to the last."""

import re

import pytest

from gateway.catalogue.channel import Channel
from gateway.catalogue.particulars import particulars
from gateway.catalogue.party import Party, party_of
from gateway.catalogue.procedure import Course, Position, advance, at_provider, procedure
from tests.support.applications import ALL, WAYS
from tests.support.catalogue import service

CHILD = "astana.child-benefit"


@pytest.mark.parametrize(("service_id", "channel"), WAYS)
@pytest.mark.parametrize("course", Course)
def test_course_leads_from_its_first_step_to_its_last(service_id: str, channel: Channel, course: Course) -> None:
    """Followed by its numbers, a course visits each of its steps once, in the order in which it is listed."""
    target = service(service_id)
    steps = procedure(target, channel, course)
    assert steps or course is Course.ALTERNATIVE
    visited = list[str]()
    position = Position(course, steps[0].no) if steps else None
    while position is not None:
        visited.append(position.no)
        position = advance(target, channel, position)
    assert visited == [step.no for step in steps]


@pytest.mark.parametrize(("service_id", "channel"), WAYS)
def test_steps_speak_both_languages_and_name_who_acts(service_id: str, channel: Channel) -> None:
    """Each step has its actor and its action in Kazakh and Russian, as the desk and the notices need them."""
    for course in Course:
        for step in procedure(service(service_id), channel, course):
            words = (step.actor, step.action, *([step.outcome] if step.outcome is not None else []))
            assert all(text.kk and text.ru for text in words)
            assert not any(set("әғқңөұүһ") & set(text.ru) for text in words)


def test_what_a_citizen_reads_of_a_step_names_no_unit_by_its_number() -> None:
    """The act writes "to СФЕ-5" for the commissions; a citizen gets the other words of the step, or none."""
    child = {step.no: step.achieved for step in procedure(service("astana.child-benefit"), Channel.PROVIDER)}
    transferred = child["4"]
    assert transferred is not None
    assert transferred.ru.startswith("Формирование личных дел")
    for service_id, channel in WAYS:
        for step in procedure(service(service_id), channel):
            assert step.achieved is None or not {"СФЕ", "ҚФБ"} & set(re.split(r"\W", str(step.achieved)))


def test_numbers_of_steps_are_the_acts() -> None:
    """As many steps as the tables and lists of the acts have, in each channel and course."""
    for one in ALL:
        process, channels = one.passport.process, one.passport.channel_procedures
        for channel in one.channels:
            main = len(procedure(one, channel))
            alternative = len(procedure(one, channel, Course.ALTERNATIVE))
            if channel is Channel.PROVIDER:
                assert (main, alternative) == (len(process.main), len(process.alternative))
            elif process.sfu_actions_psc:
                assert main == alternative == len(process.sfu_actions_psc)
            else:
                rows = [row.no for row in getattr(channels, channel)]
                assert main == sum(no.isdigit() for no in rows if no is not None)
                assert alternative == (rows.index("2a") + 1 if "2a" in rows else 0)


def test_channel_that_the_act_does_not_have_has_no_steps() -> None:
    """Nothing is invented for a channel that is closed."""
    assert procedure(service("astana.wheelchair"), Channel.PSC) == ()
    assert procedure(service("astana.wheelchair"), Channel.AKIM) == ()


def test_portal_opened_by_a_region_has_the_providers_steps() -> None:
    """What its provider reports of an application through an opened portal are the steps of the provider's table."""
    wheelchair = service("astana.wheelchair")
    assert procedure(wheelchair, Channel.PORTAL) == procedure(wheelchair, Channel.PROVIDER) != ()
    assert at_provider(wheelchair, Channel.PORTAL) == at_provider(wheelchair, Channel.PROVIDER)


def test_negative_outcome_goes_on_in_the_alternative_course() -> None:
    """After a commission's refusal the case goes on with the signing of the refusal, not of the grant."""
    target, decision = service(CHILD), Position(Course.MAIN, "6")
    assert advance(target, Channel.PROVIDER, decision) == Position(Course.MAIN, "7")
    assert advance(target, Channel.PROVIDER, decision, positive=False) == Position(Course.ALTERNATIVE, "7")
    (refusal,) = (step for step in procedure(target, Channel.PROVIDER, Course.ALTERNATIVE) if step.no == "8")
    assert "отказ" in refusal.action.ru


def test_incomplete_package_ends_at_the_psc() -> None:
    """The check of the package leads to the receipt of refusal, and there the course ends."""
    target, check = service("kostanay.child-benefit"), Position(Course.MAIN, "2")
    refused = advance(target, Channel.PSC, check, positive=False)
    assert refused == Position(Course.ALTERNATIVE, "2a")
    assert refused is not None
    assert advance(target, Channel.PSC, refused) is None


def test_without_a_course_to_a_refusal_the_main_one_goes_on() -> None:
    """Where an act describes no refusal, a negative result takes the same steps."""
    target = service("kostanay.home-schooling-costs")
    assert advance(target, Channel.PORTAL, Position(Course.MAIN, "4"), positive=False) == Position(Course.MAIN, "5")


def test_unknown_step_is_an_error() -> None:
    """A position that is none of the course is not silently the end."""
    with pytest.raises(KeyError):
        advance(service(CHILD), Channel.PROVIDER, Position(Course.MAIN, "99"))


@pytest.mark.parametrize(
    ("service_id", "channel", "no", "unit", "party"),
    [
        ("astana.surdo-tiflo-hygiene-aids", Channel.PSC, "1", "SFU-2", Party.PSC),
        ("astana.housing-assistance", Channel.PSC, "5", "SFU-5", Party.COMMISSION),
        ("astana.sanatorium-treatment", Channel.PROVIDER, "1", "SFU-2", Party.HEAD),
        ("kostanay.categories-social-assistance", Channel.AKIM, "2", None, Party.AKIM),
        ("kostanay.categories-social-assistance", Channel.AKIM, "3", None, Party.AKIM_OFFICE),
        ("kostanay.housing-assistance", Channel.PORTAL, "3", None, Party.APPLICANT),
        ("kostanay.home-schooling-costs", Channel.PROVIDER, "1", "SFU-1", Party.CHANCELLERY),
    ],
)
def test_misnumbered_units_are_those_that_act(
    service_id: str, channel: Channel, no: str, unit: str | None, party: Party
) -> None:
    """Where a table misnumbers a unit, the step has the unit that the act's other clauses name."""
    (step,) = (step for step in procedure(service(service_id), channel) if step.no == no)
    assert (step.unit, step.party) == (unit, party)


def test_unknown_actor_is_an_error() -> None:
    """A new act's actor must be put in order before it is used."""
    with pytest.raises(ValueError, match="not known"):
        party_of("министр")


def test_particulars_stand_where_their_acts_have_them() -> None:
    """Each particular thing belongs to the services whose acts say it, and to no other."""
    having: dict[str, set[str]] = {}
    for one in ALL:
        given = particulars(one)
        for name in type(given).__slots__:
            value = getattr(given, name)
            if value not in {(), None, False} and name != "application_on_paper":
                having.setdefault(name, set()).add(one.id.removeprefix("astana."))
        if not given.application_on_paper:
            having.setdefault("no_application", set()).add(one.id.removeprefix("astana."))
    assert having == {
        "commission_steps": {
            "semipalatinsk-registration",
            "child-benefit",
            "targeted-social-assistance",
            "housing-assistance",
        },
        "income_confirmation": {"child-benefit", "targeted-social-assistance"},
        "check_in": {"unemployed-registration"},
        "change_notice": {"child-benefit", "targeted-social-assistance", "housing-assistance"},
        "without_application": {"categories-social-assistance"},
        "no_application": {"unemployed-registration", "employment-referral"},
        "oral_result": {"employment-referral"},
        "return_to_psc": {"semipalatinsk-registration", "child-benefit", "housing-assistance"},
        "restoration": {"targeted-social-assistance", "housing-assistance"},
        "akim_condition": {"kostanay.rural-specialists-fuel"},
        "valid_for_quarter": {"assistance-certificate"},
    }


def test_particulars_have_the_acts_values() -> None:
    """The unemployed come every ten calendar days, income is confirmed each quarter, three payments go by lists."""
    unemployed = particulars(service("astana.unemployed-registration"))
    assert unemployed.check_in is not None
    assert unemployed.check_in.term.text.ru == "10 календарных дней"
    child = particulars(service(CHILD))
    assert child.income_confirmation is not None
    assert child.income_confirmation.term.text.kk == "1 тоқсан"
    assert child.return_to_psc is not None
    assert [ground.code for ground in child.return_to_psc.grounds] == ["return-1", "return-2"]
    assert particulars(service("astana.categories-social-assistance")).without_application == (
        "payment-1",
        "payment-3",
        "payment-5",
    )
    assert particulars(service("astana.employment-referral")).oral_result == ("kind-6",)
