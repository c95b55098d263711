"""`qaqpa case`: look at cases, and put failed ones back to work."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from gateway.cases import archive
from gateway.cases.evidence import Entry, first_broken
from gateway.cases.model import Case
from gateway.cases.rulebook import Rulebook
from gateway.cases.services import Services
from gateway.cases.store.store import Store
from gateway.catalogue.calendar import WorkingCalendar
from gateway.cli_course import describe, steps_table
from gateway.cli_letters import case_replay, show_dead, show_undelivered, show_work
from gateway.cli_store import SettingsFile, find_case, out, with_store
from gateway.clock import local
from gateway.material import Material
from gateway.settings import Settings

case_cli = typer.Typer(help="Look at cases and put failed ones back to work.", no_args_is_help=True)
case_cli.command("replay")(case_replay)


@case_cli.command("list")
def case_list(
    settings: SettingsFile,
    state: Annotated[str | None, typer.Option(help="Only cases in this state.")] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only dead letters, with their cause.")] = False,
    undelivered: Annotated[
        bool, typer.Option("--undelivered", help="Messages that should be in the cabinet by now.")
    ] = False,
) -> None:
    """List the newest cases."""

    async def show(store: Store, loaded: Settings, _material: Material) -> None:
        if dead:
            await show_dead(store)
        elif undelivered:
            await show_undelivered(store, loaded)
        else:
            await _show_cases(store, state)

    with_store(settings, show)


async def _show_cases(store: Store, state: str | None) -> None:
    table = Table("number", "service", "state", "ending", "received", "deadline", "case")
    for case in await store.ledger.cases(state=state):
        deadline = f"{local(case.deadline):%Y-%m-%d}" if case.deadline else "-"
        received = f"{local(case.received_at):%Y-%m-%d %H:%M}"
        row = (case.number or "-", case.service_id, case.state, case.ending or "-", received, deadline)
        table.add_row(*row, str(case.id))
    out.print(table)


@case_cli.command("late")
def case_late(settings: SettingsFile) -> None:
    """List open cases whose term or step is nearly over, or over, and grants whose duty is to be called to mind."""

    async def show(store: Store, _settings: Settings, _material: Material) -> None:
        for case in await store.ledger.late():
            out.print(f"{case.service_id}  {describe(case)}", highlight=False)

    with_store(settings, show)


@case_cli.command("show")
def case_show(
    case: Annotated[str, typer.Argument(help="Registration number or id.")],
    settings: SettingsFile,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="The evidence as JSON, to be kept or checked elsewhere.")
    ] = False,
) -> None:
    """Show a case with its evidence, and check that the evidence is whole."""

    async def show(store: Store, loaded: Settings, material: Material) -> None:
        found = await find_case(store, case)
        events = await store.ledger.events(found.id)
        broken = first_broken(events)
        whole = broken is None and (not events or events[-1].hash == found.head)
        if as_json:
            sys.stdout.write(_evidence(found, events) + "\n")
        else:
            _print_case(found, events)
            out.print(describe(found), highlight=False)
            services = Services(material.catalogue, loaded)
            steps = steps_table(found, Rulebook(services.of(found), WorkingCalendar(loaded.holidays)))
            if steps is not None:
                out.print(steps)
            await show_work(store, found.id)
            out.print("evidence: whole" if whole else f"evidence: BROKEN at {broken or 'its end'}")
        if not whole:
            raise typer.Exit(1)

    with_store(settings, show)


def _evidence(case: Case, events: Sequence[Entry]) -> str:
    return json.dumps(archive.case_record(case, events), ensure_ascii=False, indent=1)


def _print_case(case: Case, events: Sequence[Entry]) -> None:
    out.print(f"[bold]{case.number or case.id}[/bold]  {case.service_id}  {case.state}  {case.ending or ''}")
    table = Table("no", "at", "event", "facts")
    for event in events:
        table.add_row(str(event.seq), f"{local(event.at):%Y-%m-%d %H:%M:%S}", event.kind, event.data)
    out.print(table)
