"""`qaqpa maintenance`: for a while no messages are taken, by any process of the installation."""

from typing import Annotated

import typer

from gateway.cases.maintenance import DEFAULT_REASON, DEFAULT_RETRY_SECONDS, Maintenance
from gateway.cases.store.store import Store
from gateway.cli_store import SettingsFile, out, with_store
from gateway.clock import local, utc_now
from gateway.material import Material
from gateway.settings import Settings
from gateway.texts import Text

maintenance_cli = typer.Typer(
    help="Take no messages for a while: senders are told why and when to come again.", no_args_is_help=True
)


@maintenance_cli.command()
def on(
    settings: SettingsFile,
    *,
    reason_kk: Annotated[str, typer.Option(help="What senders are told, in Kazakh.")] = DEFAULT_REASON.kk,
    reason_ru: Annotated[str, typer.Option(help="What senders are told, in Russian.")] = DEFAULT_REASON.ru,
    retry_after: Annotated[int, typer.Option(min=1, help="When to come again, in seconds.")] = DEFAULT_RETRY_SECONDS,
    pause: Annotated[bool, typer.Option(help="Let the workers rest as well: no step begins.")] = False,
) -> None:
    """Begin maintenance, or change what was announced; all processes know it within two seconds."""
    announced = Maintenance(utc_now(), Text(kk=reason_kk, ru=reason_ru), retry_after, work_goes_on=not pause)

    async def begin(store: Store, _settings: Settings, _material: Material) -> None:
        await store.maintenance.begin(announced)
        _say(await store.maintenance.read())

    with_store(settings, begin)


@maintenance_cli.command()
def off(settings: SettingsFile) -> None:
    """End maintenance."""

    async def end(store: Store, _settings: Settings, _material: Material) -> None:
        await store.maintenance.end()
        _say(await store.maintenance.read())

    with_store(settings, end)


@maintenance_cli.command()
def status(settings: SettingsFile) -> None:
    """Say whether maintenance goes on."""

    async def show(store: Store, _settings: Settings, _material: Material) -> None:
        _say(await store.maintenance.read())

    with_store(settings, show)


def _say(announced: Maintenance | None) -> None:
    if announced is None:
        out.print("off: messages are taken")
        return
    work = "workers go on" if announced.work_goes_on else "workers rest"
    out.print(f"on since {local(announced.since):%Y-%m-%d %H:%M}: come again after {announced.retry_seconds} s; {work}")
    out.print(f"{announced.reason.kk}\n{announced.reason.ru}")
