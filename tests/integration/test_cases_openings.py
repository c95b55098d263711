"""The portal opened by a region's legal act: accepted under it, proved by it, and not taken back from who applied."""

import json
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from gateway.cases.model import State
from gateway.cases.openings import openings
from gateway.cases.services import Services
from gateway.catalogue.channel import Channel
from gateway.cli import cli
from gateway.faults import Code, GatewayFault
from gateway.sandbox.gateway_config import write_gateway_config
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.plan import Plan
from gateway.settings import PortalOpening
from tests.support.catalogue import catalogue
from tests.support.gateway import desk, gateway_settings, reply

BENEFIT = "kostanay.child-benefit"
ACT = PortalOpening(
    title_kk="Порталды ашу туралы",
    title_ru="Об открытии портала",
    number="12-3",
    date=date(2026, 1, 15),
    services=(BENEFIT,),
)


async def test_an_application_comes_under_the_act_that_opens_the_portal(
    database_url: str, authority: TestAuthority, tmp_path: Path
) -> None:
    """What the setting opens is registered through the portal, and the evidence names the legal act."""
    async with desk(database_url, authority, tmp_path, portal_openings=(ACT,)) as at:
        document = at.document(service=BENEFIT, form={})
        await at.intake.accept(at.message(document, service_id=BENEFIT), reply)
        (case,) = await at.store.ledger.cases()
        assert (case.state, case.channel) == (State.REGISTERED, Channel.PORTAL)
        (event,) = await at.store.ledger.events(case.id)
        assert json.loads(event.data)["portal_opened_by"] == {
            "number": "12-3",
            "date": "2026-01-15",
            "title": "Порталды ашу туралы / Об открытии портала",
        }
        closed_again = Services(catalogue(), gateway_settings(tmp_path))
        assert closed_again.of(case).provider == "akimat"


async def test_without_the_act_the_portal_is_closed(
    database_url: str, authority: TestAuthority, tmp_path: Path
) -> None:
    """Without a setting the same application is SCE004, with the reason and where to apply, in both languages."""
    async with desk(database_url, authority, tmp_path) as at:
        document = at.document(service=BENEFIT, form={})
        with pytest.raises(GatewayFault) as caught:
            await at.intake.accept(at.message(document, service_id=BENEFIT), reply)
        assert await at.store.ledger.cases() == []
    assert (caught.value.code, caught.value.detail.code) == (Code.SERVICE, "client.channel")
    assert "көрсетілмейді" in caught.value.message.kk
    assert "не оказывается" in caught.value.message.ru


def test_a_region_stands_for_what_its_act_closes() -> None:
    """`kostanay.*` opens the portal for the four services that the Kostanay act closes to it."""
    opened = openings(catalogue().services, [ACT.model_copy(update={"services": ("kostanay.*",)})])
    assert sorted(opened) == [
        "kostanay.assistance-certificate",
        BENEFIT,
        "kostanay.rural-specialists-fuel",
        "kostanay.targeted-social-assistance",
    ]


@pytest.mark.parametrize(
    ("services", "named"),
    [
        (("kostanay.nothing",), "no service kostanay.nothing"),
        (("kostanay.housing-assistance",), "by its own act"),
        (("karaganda.*",), "no service of karaganda"),
        ((BENEFIT, "kostanay.*"), "two acts"),
    ],
)
def test_an_act_that_opens_nothing_is_refused(tmp_path: Path, services: tuple[str, ...], named: str) -> None:
    """A misspelt service, one that is open anyway, one opened twice: the gateway does not start."""
    settings = gateway_settings(tmp_path)
    acts = (ACT.model_copy(update={"services": services}),)
    with pytest.raises(ValueError, match=named):
        Services(catalogue(), settings.model_copy(update={"portal_openings": acts}))


@pytest.mark.parametrize("wrong", [{"number": ""}, {"date": "2999-01-01"}, {"title_kk": ""}, {"services": ()}])
def test_an_act_without_its_particulars_is_none(wrong: dict[str, object]) -> None:
    """Number, title and a date that has passed must be named: without them there is no legal act."""
    with pytest.raises(ValidationError):
        PortalOpening.model_validate(ACT.model_dump() | wrong)


def test_check_config_shows_the_act(authority: TestAuthority, tmp_path: Path) -> None:
    """`qaqpa check-config` names what is opened and by which legal act."""
    path = write_gateway_config(tmp_path, Plan.open_or_create(tmp_path / "world"), authority)
    act = '[[portal_openings]]\ntitle_kk = "Ашу"\ntitle_ru = "Открытие"\nnumber = "7"\ndate = 2026-01-15\n'
    path.write_text(path.read_text() + act + f'services = ["{BENEFIT}"]\n')
    shown = CliRunner().invoke(cli, ["check-config", "--settings", str(path)])
    assert shown.exit_code == 0, shown.output
    assert BENEFIT in shown.output
    assert "by № 7 of 2026-01-15: Открытие" in shown.output
    assert "status: qaqpa.status" in shown.output
