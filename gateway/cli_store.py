"""What the commands share: reading the settings, opening the store, saying in one line what is wrong."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console

from gateway.cases.identity import read_id
from gateway.cases.model import Case
from gateway.cases.store.store import Store
from gateway.clock import local
from gateway.database import store as open_installation
from gateway.material import Material
from gateway.settings import Settings
from gateway.settings import load as load_settings

T = TypeVar("T")

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="QAQPA_SETTINGS", help="The settings file (TOML).")
]
_WIDTH = None if sys.stdout.isatty() else 200
"""In a pipe there is no window to fit into."""
out = Console(width=_WIDTH)


def fail(text: str, code: int = 1) -> NoReturn:
    """Say what is wrong and end with `code`."""
    sys.stderr.write(f"qaqpa: {text}\n")
    raise SystemExit(code)


async def find_case(store: Store, name: str) -> Case:
    """Return the case of a registration number or an id; fail if there is none, or say in which archive it lies."""
    own = read_id(name)
    case = await (store.ledger.case_by_number(name) if own is None else store.ledger.case(own))
    if case is not None:
        return case
    archived = await (store.archives.of_number(name) if own is None else store.archives.of(own))
    if archived is None:
        raise typer.BadParameter(f"there is no case {name}")
    raise typer.BadParameter(
        f"the case {name} was archived on {local(archived.archived_at):%Y-%m-%d}, in the file {archived.name} "
        "of the archive folder; `qaqpa evidence verify` checks it"
    )


def read_settings(path: Path) -> Settings:
    """Read the settings, or fail with every key that is wrong."""
    try:
        return load_settings(path)
    except ValidationError as error:
        # pydantic's own text quotes the values, which may be secrets.
        fail(f"{path}: " + "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()))
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


def with_store(path: Path, what: Callable[[Store, Settings, Material], Awaitable[None]]) -> None:
    """Open the store of an installation, without migrating it, and do something with it."""
    loaded = read_settings(path)
    material = Material.load(loaded)

    async def opened() -> None:
        async with open_installation(loaded, material.vault) as store:
            await what(store, loaded, material)

    run(opened())
