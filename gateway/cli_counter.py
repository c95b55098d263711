"""`qaqpa counter`: applications taken at the provider's or an akim's counter."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway import clock
from gateway.app import Material
from gateway.cases.counter import Counter, Coupon, NotTaken, NotThere
from gateway.cases.registrar import Registrar
from gateway.cases.services import Services
from gateway.cases.store.store import Store
from gateway.catalogue import dates
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.channel import Channel
from gateway.cli_store import SettingsFile, fail, out, with_store
from gateway.clock import local
from gateway.faults import GatewayFault
from gateway.settings import Settings

counter_cli = typer.Typer(
    help="Applications at a counter: enter, print the result, hand it over.", no_args_is_help=True
)


class CounterChannel(StrEnum):
    """Whose counter it is."""

    PROVIDER = "provider"
    AKIM = "akim"


Clerk = Annotated[str, typer.Option("--clerk", help="Who does it: stands on the coupon and in the evidence.")]
Number = Annotated[str, typer.Argument(help="Registration number.")]


@counter_cli.command()
def enter(
    file: Annotated[Path, typer.Argument(help="The application: XML of schemas/services/<id>/application.xsd.")],
    service: Annotated[str, typer.Option(help="Id of the service, e.g. kostanay.child-benefit.")],
    channel: Annotated[CounterChannel, typer.Option(help="Whose counter.")],
    clerk: Clerk,
    settings: SettingsFile,
) -> None:
    """Register an application and print the coupon; entering the same one again prints the same coupon."""
    document = file.read_bytes()

    async def take(store: Store, loaded: Settings, material: Material) -> None:
        try:
            coupon = await _counter(store, loaded, material).take(service, Channel(channel.value), document, clerk)
        except GatewayFault as fault:
            fail(str(fault.message))
        except NotTaken as refusal:
            for finding in refusal.findings:
                out.print(f"{finding.where or '-'}: {finding.text}")
            fail("the application was not registered")
        except NotThere as error:
            fail(str(error))
        _print(coupon)

    with_store(settings, take)


@counter_cli.command()
def result(
    number: Number, into: Annotated[Path, typer.Option("--out", help="Where to write it.")], settings: SettingsFile
) -> None:
    """Write the signed result of a decided case to a file."""

    async def write(store: Store, loaded: Settings, material: Material) -> None:
        try:
            ending, content = await _counter(store, loaded, material).result(number)
        except NotThere as error:
            fail(str(error))
        into.write_bytes(content)
        out.print(f"{number}: {ending.value}; written to {into}")

    with_store(settings, write)


@counter_cli.command("hand-over")
def hand_over(number: Number, clerk: Clerk, settings: SettingsFile) -> None:
    """Record that the applicant got the result; this ends the case."""

    async def record(store: Store, loaded: Settings, material: Material) -> None:
        try:
            await _counter(store, loaded, material).hand_over(number, clerk)
        except NotThere as error:
            fail(str(error))
        out.print(f"{number}: handed over")

    with_store(settings, record)


def _counter(store: Store, settings: Settings, material: Material) -> Counter:
    registrar = Registrar(store.inbox, WorkingCalendar(settings.holidays))
    services = Services(material.catalogue, settings)
    return Counter(services, store.inbox, store.ledger, material.vault, registrar, clock.utc_now)


def _print(coupon: Coupon) -> None:
    """Print the tear-off coupon in both languages."""
    registered, ready = dates.on(local(coupon.registered_at).date()), dates.on(local(coupon.deadline).date())
    for title, value in (
        ("Өтініштің үзбелі талоны / Отрывной талон заявления", coupon.number),
        ("Қызмет / Услуга", str(coupon.service)),
        ("Тіркелген күні / Дата регистрации", str(registered)),
        ("Қызметті алатын күні / Дата получения услуги", str(ready)),
        ("Құжаттарды қабылдады / Документы принял(а)", coupon.clerk),
    ):
        out.print(f"{title}: {value}", highlight=False)
