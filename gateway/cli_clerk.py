"""`qaqpa counter ...`: what a clerk records of a case on its way, where the provider's system does not say it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from gateway import clock
from gateway.cases.clerk import Clerk
from gateway.cases.counter import NotThere
from gateway.cases.model import Case
from gateway.cases.rulebook import NotInAct
from gateway.cases.services import Services
from gateway.cases.store.store import Store
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.procedure import Course, Position
from gateway.catalogue.value import has_control_characters
from gateway.cli_course import describe
from gateway.cli_store import SettingsFile, fail, out, with_store
from gateway.faults import GatewayFault
from gateway.material import Material
from gateway.settings import Settings
from gateway.texts import Text

By = Annotated[str, typer.Option("--clerk", help="Who does it: stands on the coupon and in the evidence.")]
Number = Annotated[str, typer.Argument(help="Registration number.")]

clerk_cli = typer.Typer()
"""Commands of `qaqpa counter`."""

T = TypeVar("T")
Record = Callable[[Clerk], Awaitable[Case]]


@clerk_cli.command()
def step(
    number: Number,
    no: Annotated[str, typer.Argument(help="The step, as the act numbers it; see `qaqpa case show`.")],
    clerk: By,
    settings: SettingsFile,
    *,
    alternative: Annotated[bool, typer.Option(help="Of the act's way to a refusal.")] = False,
) -> None:
    """Record at which step of the act's procedure a case is."""
    position = Position(Course.ALTERNATIVE if alternative else Course.MAIN, no)
    _record(settings, clerk, lambda one: one.step(number, position))


@clerk_cli.command()
def extend(
    number: Number,
    kk: Annotated[str, typer.Option(help="Why, in Kazakh.")],
    ru: Annotated[str, typer.Option(help="Why, in Russian.")],
    clerk: By,
    settings: SettingsFile,
) -> None:
    """Extend the term, where the act allows it."""
    _record(settings, clerk, lambda one: one.extend(number, Text(kk, ru)))


@clerk_cli.command()
def suspend(
    number: Number,
    ground: Annotated[str, typer.Option(help="Code of the act's ground, e.g. suspension-1.")],
    clerk: By,
    settings: SettingsFile,
) -> None:
    """Let the term stand still, where the act allows it."""
    _record(settings, clerk, lambda one: one.suspend(number, ground))


@clerk_cli.command()
def resume(number: Number, clerk: By, settings: SettingsFile) -> None:
    """Let a suspended term run again."""
    _record(settings, clerk, lambda one: one.resume(number))


@clerk_cli.command("end-orally")
def end_orally(number: Number, clerk: By, settings: SettingsFile) -> None:
    """Record that the applicant was informed orally, where the act ends the service so."""
    _record(settings, clerk, lambda one: one.end_orally(number))


@clerk_cli.command("duty-met")
def duty_met(
    number: Number,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day.")],
    clerk: By,
    settings: SettingsFile,
) -> None:
    """Record that the applicant did what the act asks after a grant: came to be noted, or stated the income."""
    _record(settings, clerk, lambda one: one.duty_met(number, on.date()))


@clerk_cli.command()
def complete(number: Number, clerk: By, settings: SettingsFile) -> None:
    """Record that what was granted has run its course: nothing more is asked of the applicant."""
    _record(settings, clerk, lambda one: one.complete(number))


def clerk_name(given: str) -> str:
    """Return a clerk's name as it is written down; fail if there is none, or it is no name."""
    name = " ".join(given.split())
    if not name or len(name) > _LONGEST_NAME or has_control_characters(name):
        refuse("counter.clerk", _CLERK)
    return name


async def told(answer: Awaitable[T]) -> T:
    """Wait for an answer; what the counter or the act refuses is told with its code, in both languages."""
    try:
        return await answer
    except GatewayFault as fault:
        refuse(fault.detail.code, fault.message)
    except (NotThere, NotInAct) as error:
        refuse(error.code, error.text)


def refuse(code: str, text: Text) -> NoReturn:
    """Say what cannot be, and end with 1."""
    fail(f"{code}: {text}")


def _record(path: Path, given: str, record: Record) -> None:
    name = clerk_name(given)

    async def write(store: Store, settings: Settings, material: Material) -> None:
        services = Services(material.catalogue, settings)
        clerk = Clerk(name, services, store.ledger, WorkingCalendar(settings.holidays), clock.utc_now)
        out.print(describe(await told(record(clerk))), highlight=False)

    with_store(path, write)


_LONGEST_NAME = 120
_CLERK = Text(
    kk="Құжаттарды қабылдаған адамның аты-жөнін көрсетіңіз (120 таңбадан аспасын).",
    ru="Укажите, кто принял документы (не больше 120 знаков).",
)
