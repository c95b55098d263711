"""`qaqpa counter`: applications taken at the provider's or an akim's counter."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import uuid4

import typer

from gateway import clock, resources
from gateway.cases.counter import UNKNOWN_SERVICE, Counter, Coupon, NotTaken
from gateway.cases.model import DutyKind
from gateway.cases.registrar import Registrar
from gateway.cases.services import Services
from gateway.cases.store.store import Store
from gateway.catalogue import desk_form, notices
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.catalogue import Catalogue
from gateway.catalogue.channel import Channel
from gateway.catalogue.receipt_print import as_pdf, as_text
from gateway.cli_clerk import By, Number, clerk_cli, clerk_name, refuse, told
from gateway.cli_store import SettingsFile, out, with_store
from gateway.clock import local
from gateway.material import Material
from gateway.settings import Settings
from gateway.texts import Text

T = TypeVar("T")

counter_cli = typer.Typer(
    help="Applications at a counter: enter, record how far they are, print the result, hand it over.",
    no_args_is_help=True,
)
counter_cli.add_typer(clerk_cli)


class CounterChannel(StrEnum):
    """Whose counter it is."""

    PROVIDER = "provider"
    AKIM = "akim"


Attached = Annotated[
    list[str] | None,
    typer.Option("--attach", metavar="KIND=FILE", help="A scan; kinds: see the blank. May be given several times."),
]
Pdf = Annotated[Path | None, typer.Option("--pdf", help="Write the paper for the applicant here too, to be printed.")]


@counter_cli.command()
def blank(
    service: Annotated[str, typer.Argument(help="Id of the service, e.g. kostanay.child-benefit.")],
    into: Annotated[Path, typer.Option("--out", help="Where to write it.")],
) -> None:
    """Write an empty application, to be filled in with an editor and entered."""
    found = Catalogue.load(resources.schemas()).find(service)
    if found is None:
        refuse("counter.unknown_service", UNKNOWN_SERVICE)
    _write(into, desk_form.blank(found, f"desk-{uuid4().hex[:12]}", clock.utc_now()))
    out.print(f"{service}: {into}", highlight=False)


@counter_cli.command()
def enter(  # noqa: PLR0913, PLR0917  what stands on the command line
    file: Annotated[Path, typer.Argument(help="The application: XML of schemas/services/<id>/application.xsd.")],
    service: Annotated[str, typer.Option(help="Id of the service, e.g. kostanay.child-benefit.")],
    channel: Annotated[CounterChannel, typer.Option(help="Whose counter.")],
    clerk: By,
    settings: SettingsFile,
    attach: Attached = None,
    pdf: Pdf = None,
) -> None:
    """Register an application and print the coupon, or the receipt of a refusal with everything that is missing.

    Entering the same application again prints the same coupon. During maintenance nothing is taken.
    """
    document, by = _with_scans(_read(file), attach or []), clerk_name(clerk)

    async def take(store: Store, loaded: Settings, material: Material) -> None:
        if (announced := await store.maintenance.read()) is not None:
            fault = announced.fault()
            refuse(fault.detail.code, fault.message)
        counter = _counter(store, loaded, material)
        try:
            _hand(await told(counter.take(service, Channel(channel.value), document, by)), pdf)
        except NotTaken as refused:
            _hand(refused, pdf)
            refuse("counter.not_taken", _NOT_TAKEN)

    with_store(settings, take)


@counter_cli.command()
def result(
    number: Number, into: Annotated[Path, typer.Option("--out", help="Where to write it.")], settings: SettingsFile
) -> None:
    """Write the signed result of a decided case to a file."""

    async def write(store: Store, loaded: Settings, material: Material) -> None:
        ending, content = await told(_counter(store, loaded, material).result(number))
        _write(into, content)
        out.print(f"{number}: {ending.value}; {into}", highlight=False)

    with_store(settings, write)


@counter_cli.command("hand-over")
def hand_over(number: Number, clerk: By, settings: SettingsFile) -> None:
    """Record that the applicant got the result; this ends the case."""
    by = clerk_name(clerk)

    async def record(store: Store, loaded: Settings, material: Material) -> None:
        case = await told(_counter(store, loaded, material).hand_over(number, by))
        out.print(f"{number}: {_HANDED_OVER}", highlight=False)
        if case.duty is not None:
            until = local(case.duty.due).date()
            out.print(str(_DUTIES[case.duty.kind](number, until)), highlight=False)

    with_store(settings, record)


_LARGEST = 8_000_000
"""Bytes, as of a message through ShEP."""


def _read(file: Path) -> bytes:
    try:
        document = file.read_bytes()
    except OSError:
        refuse("counter.file_unreadable", _FILE_UNREADABLE)
    if len(document) > _LARGEST:
        refuse("counter.file_too_large", _FILE_TOO_LARGE)
    return document


def _with_scans(document: bytes, attached: list[str]) -> bytes:
    """Put the scans into the application; a kind that the service does not know has its finding later."""
    named = [(kind, Path(path)) for kind, _, path in (one.partition("=") for one in attached)]
    files = [(kind, path.name, _read(path)) for kind, path in named]
    return desk_form.with_files(document, files) if files else document


def _hand(paper: Coupon | NotTaken, pdf: Path | None) -> None:
    """Print the paper, and write it for the printer."""
    out.print(as_text(paper.receipt), highlight=False, markup=False, soft_wrap=True)
    if pdf is not None:
        _write(pdf, as_pdf(paper.receipt))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError:
        refuse("counter.file_unwritable", _FILE_UNWRITABLE)


_DUTIES = {DutyKind.INCOME_CONFIRMATION: notices.income_confirmation, DutyKind.CHECK_IN: notices.check_in}


def _counter(store: Store, settings: Settings, material: Material) -> Counter:
    registrar = Registrar(store.inbox, WorkingCalendar(settings.holidays))
    services = Services(material.catalogue, settings)
    return Counter(services, store.inbox, store.ledger, material.vault, registrar, clock.utc_now)


_HANDED_OVER = Text(kk="нәтиже берілді", ru="результат выдан")
_NOT_TAKEN = Text(
    kk="Өтініш тіркелмеді. Қолхатты өтініш берушіге беріңіз.",
    ru="Заявление не зарегистрировано. Выдайте расписку заявителю.",
)
_FILE_UNREADABLE = Text(kk="Файлды оқу мүмкін болмады.", ru="Файл не читается.")
_FILE_TOO_LARGE = Text(kk="Файл 8 МБ-тан аспауы керек.", ru="Файл должен быть не больше 8 МБ.")
_FILE_UNWRITABLE = Text(kk="Файлды жазу мүмкін болмады.", ru="Файл не записывается.")
