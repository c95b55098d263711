"""The `qaqpa` command."""

import asyncio
import dataclasses
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, TypeVar

import psycopg
import typer
from rich.table import Table

from gateway import app as composition
from gateway import resources
from gateway.cases.services import Services, ServicesUnusable
from gateway.cases.store.doctor import diagnose
from gateway.cases.store.errors import DatabaseUnusable
from gateway.cases.store.migrate import migrate as apply_migrations
from gateway.cases.store.schema import Phase
from gateway.cases.store.store import Store
from gateway.cases.vault import VaultUnusable
from gateway.catalogue.catalogue import Catalogue, CatalogueError
from gateway.catalogue.summary import Counts, describe
from gateway.cli_case import case_cli
from gateway.cli_counter import counter_cli
from gateway.cli_eds import eds_cli
from gateway.cli_maintenance import maintenance_cli
from gateway.cli_retention import evidence_cli, retention_cli
from gateway.cli_store import SettingsFile, fail, out, read_settings, run, with_store
from gateway.clock import local, utc_now
from gateway.database import AWAY, database
from gateway.eds.anchors import AnchorsUnusable
from gateway.eds.certificate import CertificateUnreadable
from gateway.eds.keys import KeyUnusable
from gateway.eds.keystore.summary import gost_lines, key_lines
from gateway.embedded import EmbeddedUnusable
from gateway.material import Material
from gateway.process import Role
from gateway.sandbox.demo import run as run_demo
from gateway.sandbox.main import sandbox_main
from gateway.serving import Doors, LocalSocket
from gateway.settings import Http, NcaNode, Revocation, Settings
from gateway.supervisor.admin import relay_routes
from gateway.supervisor.passing import Passed
from gateway.supervisor.replica import ReplicaUnusable
from gateway.supervisor.supervisor import ADMIN_SOCKET, supervise
from gateway.telemetry import logs
from gateway.vitals import PartFailed

T = TypeVar("T")

_HELP = "Qaqpa: the gateway between egov.kz and the bodies that provide public services."
cli = typer.Typer(help=_HELP, no_args_is_help=True)
catalogue_cli = typer.Typer(help="Look at the regulated services.", no_args_is_help=True)
cli.add_typer(case_cli, name="case")
cli.add_typer(catalogue_cli, name="catalogue")
cli.add_typer(counter_cli, name="counter")
cli.add_typer(eds_cli, name="eds")
cli.add_typer(maintenance_cli, name="maintenance")
cli.add_typer(evidence_cli, name="evidence")
cli.add_typer(retention_cli, name="retention")

_UNUSABLE = (
    AnchorsUnusable,
    CatalogueError,
    CertificateUnreadable,
    EmbeddedUnusable,
    KeyUnusable,
    OSError,
    ServicesUnusable,
    VaultUnusable,
)


def main() -> None:
    """Run the command; what an operator can mend is said in one line, without a traceback.

    The exit code tells whoever runs the process what to do: 78 that starting it again will not help, 69 and 70 that it
    will, sooner or later (sysexits.h).
    """
    try:
        cli()
    except BrokenPipeError:
        # Whoever read the output has seen enough; what is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except DatabaseUnusable as error:
        fail(str(error), os.EX_CONFIG)
    except AWAY as error:
        fail(f"the database cannot be used now: {' '.join(str(error).split())}", os.EX_UNAVAILABLE)
    except ReplicaUnusable as error:
        fail(str(error), error.code)
    except PartFailed as error:
        fail(str(error), os.EX_SOFTWARE)
    except _UNUSABLE as error:
        fail(str(error))


@cli.command()
def serve(
    settings: SettingsFile,
    *,
    worker: Annotated[bool, typer.Option(help="Take cases further in this process as well.")] = True,
    workers: Annotated[int, typer.Option(min=1, help="Processes on the one port; one per core is best.")] = 1,
) -> None:
    """Answer ShEP, and take cases further."""
    if workers == 1:
        _process(settings, _serving(worker=worker))
        return
    own = ["replica", "--settings", str(settings), "--worker" if worker else "--no-worker"]
    loaded = read_settings(settings)
    _until_signalled(loaded, lambda stop: supervise(loaded, own, workers, stop=stop, ready=_ready))


@cli.command(hidden=True)
def replica(
    settings: SettingsFile,
    channel: Annotated[int, typer.Option(help="File descriptor over which connections come.")],
    admin: Annotated[Path, typer.Option(help="Socket for metrics and health.")],
    url: Annotated[str, typer.Option(help="Where the supervisor listens.")],
    *,
    worker: Annotated[bool, typer.Option(help="Take cases further in this process as well.")] = True,
) -> None:
    """Be one of the processes of `serve --workers`."""
    loaded = read_settings(settings)
    entrance = Passed(socket.socket(fileno=channel), url)
    relayed = () if loaded.http.admin_port is not None else relay_routes(admin.with_name(ADMIN_SOCKET))
    doors = Doors(entrance, LocalSocket(admin), relayed)
    roles = _serving(worker=worker)
    _until_signalled(
        loaded, lambda stop: composition.run(loaded, roles, stop=stop, ready=lambda _: entrance.say_open(), doors=doors)
    )


def _serving(*, worker: bool) -> Role:
    return Role.SERVE | Role.WORK if worker else Role.SERVE


@cli.command()
def worker(settings: SettingsFile) -> None:
    """Take cases further, without answering ShEP."""
    _process(settings, Role.WORK)


def _process(path: Path, roles: Role) -> None:
    settings = read_settings(path)
    _until_signalled(settings, lambda stop: composition.run(settings, roles, stop=stop, ready=_ready))


def _until_signalled(settings: Settings, work: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
    """Do the work of a process until SIGTERM or SIGINT."""
    logs.configure(settings.log_level)

    async def process() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await work(stop)

    run(process())


def _ready(url: str) -> None:
    sys.stdout.write(json.dumps({"event": "gateway.ready", "level": "info", "url": url}) + "\n")
    sys.stdout.flush()


@cli.command()
def migrate(
    settings: SettingsFile,
    phase: Annotated[
        Phase, typer.Option(help="`after` removes what only the version before needs: when its last process has ended.")
    ] = Phase.BEFORE,
) -> None:
    """Bring the database's schema to this version; until `--phase after` the version before runs beside it."""
    loaded = read_settings(settings)

    async def migrate_now() -> None:
        async with database(loaded) as url, await psycopg.AsyncConnection.connect(url) as connection:
            for name in await apply_migrations(connection, phase):
                out.print(f"applied {name}")
        out.print(f"The database is at this version's schema, phase {phase}.")

    run(migrate_now())


@cli.command("check-config")
def check_config(settings: SettingsFile) -> None:
    """Check settings, keys, anchors, catalogue and services without starting anything."""
    loaded = read_settings(settings)
    material = Material.load(loaded)
    offered = Services(material.catalogue, loaded)
    offered.keep_apart(value for _, value in loaded.inquiries)
    table = Table("what", "state")
    table.add_row("services in the catalogue", str(len(material.catalogue.services)))
    table.add_row("services offered here", ", ".join(sorted(loaded.services)) or "none")
    for service, act in sorted(offered.opened.items()):
        table.add_row("portal opened", f"{service}\nby № {act.number} of {act.date}: {act.title.ru}")
    table.add_row("questions", "\n".join(f"{name}: {id_}" for name, id_ in loaded.inquiries))
    table.add_row("trust anchors", str(len(material.anchors.certificates)))
    for anchor in material.anchors.certificates:
        table.add_row("", f"{anchor.subject}  until {local(anchor.not_after):%Y-%m-%d}\nSHA-256 {anchor.sha256}")
    table.add_row("own key", "\n".join(key_lines(material.key, utc_now())))
    table.add_row("GOST", "\n".join(gost_lines()))
    table.add_row("senders", ", ".join(sender.id for sender in loaded.senders) or "none: nobody can send")
    table.add_row("providers", ", ".join(sorted(loaded.providers)) or "none")
    table.add_row("database", "a server (database.url)" if loaded.database.url else f"embedded in {loaded.data_dir}")
    table.add_row("metrics and health", _admin(loaded.http))
    table.add_row("revocation", "\n".join(_revocation(loaded.revocation)))
    table.add_row("NCANode", _ncanode(loaded.ncanode))
    out.print(table)


def _admin(http: Http) -> str:
    if http.admin_port is None:
        return f"on the wire's port {http.port}: whoever reaches it can read them (http.admin_port)"
    return f"{http.admin_host}:{http.admin_port}"


def _ncanode(section: NcaNode | None) -> str:
    if section is None:
        return "not asked"
    weight = "its agreement is required" if section.required else "passed over while it is away"
    asks = (
        f"asks {', '.join(section.revocation)} itself" if section.revocation else "asks nothing about revocation itself"
    )
    return f"{section.url}: {weight}; {asks}"


def _revocation(section: Revocation) -> list[str]:
    if section.policy == "off":
        return ["OFF: a revoked key passes. For tests only."]
    lines = [f"policy {section.policy}; issuing authorities below an anchor: {section.authorities}"]
    if section.policy != "crl":
        lines.append(f"OCSP: {section.ocsp_url or 'the responder that each certificate names'}")
    lines += [f"list: {origin}" for origin in (*section.list_urls, section.lists_dir) if origin is not None]
    if section.policy == "both" and not section.list_urls and section.lists_dir is None:
        lines.append("no lists: while OCSP does not answer, applications wait")
    return lines


@cli.command()
def doctor(settings: SettingsFile) -> None:
    """Check that the database keeps the promises: nothing lost, nothing twice, all evidence whole. Reads only."""

    async def check(store: Store, _settings: Settings, _material: Material) -> None:
        found = await diagnose(store.pool)
        out.print(f"{found.cases} cases, {found.events} events, {found.dead} dead letters")
        for promise, cases in found.broken.items():
            out.print(f"[red]broken[/]: {promise}: {', '.join(map(str, cases))}")
        out.print("all promises hold" if not found.broken else f"{len(found.broken)} promises are broken")
        if found.broken:
            raise typer.Exit(1)

    with_store(settings, check)


@catalogue_cli.command("list")
def catalogue_list() -> None:
    """List the regulated services, with their channels and terms."""
    table = Table("service", "name", "channels", "term through the portal")
    for service in Catalogue.load(resources.schemas()).services:
        summary = describe(service)
        term = f"{summary.term.text.ru} ({summary.term.origin})" if summary.term else "-"
        table.add_row(service.id, summary.name.ru or summary.name.kk, ", ".join(summary.channels), term)
    out.print(table)


@catalogue_cli.command("show")
def catalogue_show(
    service: Annotated[str, typer.Argument(help="Id of the service, e.g. kostanay.housing-assistance.")],
) -> None:
    """Show what the act says of a service, and what Qaqpa makes of it."""
    found = Catalogue.load(resources.schemas()).find(service)
    if found is None:
        raise typer.BadParameter(f"there is no service {service}; see `qaqpa catalogue list`")
    summary = describe(found)
    table = Table(show_header=False)
    for label, value in (
        ("id", summary.id),
        ("act", f"{summary.region}, № {summary.act.number} of {summary.act.date}, annex {summary.annex}"),
        ("name", summary.name.ru or summary.name.kk),
        ("provider", summary.provider.ru or summary.provider.kk),
        ("result", summary.result.ru or summary.result.kk),
        ("form", summary.form),
        ("channels", ", ".join(summary.channels)),
        ("namespace", summary.namespace or "-"),
    ):
        table.add_row(label, value)
    if summary.term is not None:
        table.add_row("term", f"{summary.term.text} [{summary.term.origin}]\n{summary.term.explanation}")
    for channel, reason in summary.closed.items():
        table.add_row(f"not {channel}", str(reason))
    table.add_row("what the act says", ", ".join(f"{value} {name}" for name, value in _pairs(summary.counts)))
    out.print(table)


def _pairs(counts: Counts) -> list[tuple[str, int]]:
    return [(field.name.replace("_", " "), getattr(counts, field.name)) for field in dataclasses.fields(counts)]


@cli.command()
def sandbox(
    folder: Annotated[Path, typer.Option(help="Where the sandbox keeps its world.")] = Path("var/sandbox"),
) -> None:
    """Run the rest of the e-government (test NCA, ShEP, portal with cabinets, a provider). Never for production."""
    raise SystemExit(sandbox_main(folder))


@cli.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its world.")] = Path("var/demo"),
    *,
    keep: Annotated[bool, typer.Option(help="Leave everything running until Ctrl-C.")] = False,
) -> None:
    """Show the whole way of an application, live."""
    raise SystemExit(run(run_demo(folder, keep)))


if __name__ == "__main__":
    main()
