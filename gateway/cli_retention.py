"""`qaqpa retention` and `qaqpa evidence`: what leaves the database, and how it is checked without it."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from gateway.cases import archive
from gateway.cases.archive import NoArchive, Report
from gateway.cases.retention import NotArchived
from gateway.cases.store.store import Store
from gateway.cases.vault import Vault
from gateway.cli_store import SettingsFile, fail, out, with_store
from gateway.clock import local
from gateway.material import Material
from gateway.process import retention
from gateway.settings import Settings

retention_cli = typer.Typer(help="Archive closed cases and erase personal data when their term is over.")
evidence_cli = typer.Typer(help="Check evidence that left the database.", no_args_is_help=True)


@retention_cli.command("status")
def status(settings: SettingsFile) -> None:
    """Show the terms, how much is due, and the newest archives."""

    async def show(store: Store, loaded: Settings, _material: Material) -> None:
        work = retention(loaded, store)
        terms = loaded.retention
        out.print(f"archived after: {_months(terms.archive_months)}; erased after: {_months(terms.erase_months)}")
        out.print(f"archive folder: {work.folder}")
        if work.ended_before is not None:
            out.print(f"due now: {await store.archives.due(work.ended_before)} cases")
        months = ", ".join(map(str, await store.partitions.months()))
        out.print(f"months in the database: {months}")
        table = Table("archive", "cases", "bytes", "archived", "personal data")
        for one in await store.archives.newest():
            readable = "readable" if one.readable else "erased"
            table.add_row(one.name, str(one.cases), str(one.bytes), f"{local(one.archived_at):%Y-%m-%d}", readable)
        out.print(table)

    with_store(settings, show)


@retention_cli.command("run")
def run_now(
    settings: SettingsFile,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is due.")] = False,
) -> None:
    """Do now what the workers do every hour. Exit code 1 if a case could not be archived: it stays."""

    async def do(store: Store, loaded: Settings, _material: Material) -> None:
        work = retention(loaded, store)
        if work.ended_before is None:
            fail("retention.archive_months is not set: nothing is archived or erased")
        if dry_run:
            due = await store.archives.due(work.ended_before)
            out.print(f"{due} cases that ended before {local(work.ended_before):%Y-%m-%d} would be archived")
            return
        try:
            done = await work.run()
        except NotArchived as error:
            fail(str(error))
        out.print(f"{done.archived} cases archived in {done.archives} files, {done.erased} archives erased")
        out.print(f"{len(done.dropped)} empty months dropped, {done.proofs} parts of proofs forgotten")
        for case, reason in done.kept.items():
            out.print(f"[red]not archived[/]: {case}: {reason}")
        if done.kept:
            raise typer.Exit(1)

    with_store(settings, do)


def _months(term: int | None) -> str:
    return f"{term} months" if term is not None else "never"


@evidence_cli.command("verify")
def verify(
    files: Annotated[list[Path], typer.Argument(help="Archives, or what `case show --json` printed.")],
    settings: Annotated[
        Path | None,
        typer.Option("--settings", "-s", help="Of the installation: opens the contents too. Without: chains alone."),
    ] = None,
) -> None:
    """Check archives offline: every log is whole, everything it names is there. Exit code 1 if not."""
    reports: list[Report] = []

    async def with_contents(store: Store, _settings: Settings, _material: Material) -> None:
        for file in files:
            reports.append(_checked(file, await _vault(store, file)))

    if settings is not None:
        with_store(settings, with_contents)
    else:
        reports += [_checked(file, None) for file in files]
    if any(report.broken for report in reports):
        raise typer.Exit(1)


async def _vault(store: Store, file: Path) -> Vault | None:
    try:
        key = await store.archives.key(UUID(file.name.removesuffix(".jsonl.gz")))
    except ValueError:
        return None
    return Vault(key) if key is not None else None


def _checked(file: Path, vault: Vault | None) -> Report:
    try:
        report = archive.check(file, vault)
    except NoArchive as error:
        fail(str(error))
    contents = f"{report.opened} of {report.exhibits} opened" if vault is not None else f"{report.exhibits} sealed"
    stand = "whole" if not report.broken else f"BROKEN in {len(report.broken)} places"
    out.print(f"{file}: {stand}: {report.cases} cases, {report.events} events, exhibits: {contents}")
    for what in report.broken:
        out.print(f"  {what}")
    return report
