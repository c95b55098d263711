"""`qaqpa case`: what was given up or did not arrive, and putting it back to work."""

import os
import pwd
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from gateway.cases.replay import Replay
from gateway.cases.store.dead_letters import DeadLetter, Wanted
from gateway.cases.store.store import Store
from gateway.cli_store import SettingsFile, find_case, out, with_store
from gateway.clock import ALMATY, local, utc_now
from gateway.material import Material
from gateway.settings import Settings

_MOST = 10_000
_LONGEST_REASON = 200


async def show_dead(store: Store) -> None:
    """List dead letters."""
    out.print(_dead_table(await store.dead_letters.find()))


async def show_undelivered(store: Store, settings: Settings) -> None:
    """List messages that should be in the cabinet by now."""
    table = Table("number", "message", "state", "made", "sent", "times", "ShEP's id", "case")
    for one in await store.delivery_log.overdue(settings.worker.undelivered_hours * 3600):
        sent = f"{local(one.sent_at):%Y-%m-%d %H:%M}" if one.sent_at else "-"
        made = f"{local(one.created_at):%Y-%m-%d %H:%M}"
        row = (one.number or "-", one.kind, one.state, made, sent, str(one.sends), one.shep_message_id or "-")
        table.add_row(*row, str(one.case_id))
    out.print(table)


async def show_work(store: Store, case_id: UUID) -> None:
    """List what is still to be done for a case, and what became of its messages."""
    table = Table("to do", "due", "attempts", "last failure", title="next steps")
    for task in await store.tasks.of_case(case_id):
        due = "given up" if task.dead_at else f"{local(task.due_at):%Y-%m-%d %H:%M:%S}"
        table.add_row(task.kind, due, str(task.attempts), task.error or "-")
    out.print(table)
    messages = Table("no", "message", "state", "sent", "times", "in the cabinet", title="messages to the cabinet")
    for one in await store.delivery_log.of_case(case_id):
        sent, arrived = (f"{local(at):%Y-%m-%d %H:%M}" if at else "-" for at in (one.sent_at, one.confirmed_at))
        messages.add_row(str(one.seq), one.kind, one.state, sent, str(one.sends), arrived)
    out.print(messages)


def case_replay(  # noqa: PLR0913, PLR0917  the filter
    settings: SettingsFile,
    case: Annotated[str | None, typer.Argument(help="Number or id; none: all that the options name.")] = None,
    why: Annotated[str, typer.Option(help="The reason, for the evidence; no personal data.")] = "",
    service: Annotated[str | None, typer.Option(help="Only of this service, e.g. kostanay.housing-assistance.")] = None,
    cause: Annotated[str | None, typer.Option(help="Only causes that begin so, e.g. provider.rejected.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this step, e.g. submit or deliver.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only given up since then, on Kazakhstan's clock.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be replayed.")] = False,
) -> None:
    """Put dead letters back to work, from the step that failed. Who did it and why goes into each case's evidence."""
    if not dry_run and not 0 < len(why.strip()) <= _LONGEST_REASON:
        raise typer.BadParameter(f"say why, in at most {_LONGEST_REASON} characters: --why TEXT")

    async def replay(store: Store, _settings: Settings, _material: Material) -> None:
        since_then = since.replace(tzinfo=ALMATY) if since else None
        wanted = Wanted((await find_case(store, case)).id if case else None, service, cause, kind, since_then)
        found = await store.dead_letters.find(wanted, _MOST)
        out.print(_dead_table(found))
        if dry_run:
            out.print(f"{len(found)} dead letters would be replayed")
            return
        one = Replay(store.dead_letters, store.ledger, utc_now, who(), why.strip())
        done = [await one.replay(letter) for letter in found]
        out.print(f"{sum(done)} tasks are due again")

    with_store(settings, replay)


def who() -> str:
    """Return the operating system's user: by number, so that the environment cannot say otherwise."""
    name = pwd.getpwuid(os.getuid()).pw_name
    caller = os.environ.get("SUDO_UID", "")
    if os.getuid() == 0 and caller.isascii() and caller.isdigit():
        try:
            return f"{name} (sudo: {pwd.getpwuid(int(caller)).pw_name})"
        except (KeyError, OverflowError):
            return f"{name} (sudo: uid {caller[:10]})"
    return name


def _dead_table(letters: Sequence[DeadLetter]) -> Table:
    table = Table("number", "service", "last", "next", "attempts", "given up", "cause", "case")
    for one in letters:
        last = f"{one.last} {local(one.last_at):%Y-%m-%d %H:%M}"
        given_up = f"{local(one.dead_at):%Y-%m-%d %H:%M}"
        row = (one.number or "-", one.service_id, last, one.kind, str(one.attempts), given_up, one.cause)
        table.add_row(*row, str(one.case_id))
    return table
