"""What the commands share: files read with a limit, instants, and how they end."""

import json
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import typer
from typer.core import TyperCommand, TyperGroup

from gateway.clock import ALMATY
from gateway.telemetry import logs

UNUSABLE: Final = 3
"""Exit code: usage or input. Not 2, click's own: here 2 is an answer."""
_FAULT: Final = 4
"""Exit code: a fault of the program. Not 1, Python's own: here 1 is an answer too."""
MAX_BYTES: Final = 64_000_000
_UsageError: Final = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""Typer carries click's UsageError under a private name, older ones take it from click; this finds it in both."""


class Group(TyperGroup):
    """A group whose usage errors end with `UNUSABLE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  types that typer does not publish
        """Find the subcommand."""
        try:
            return super().resolve_command(ctx, args)
        except _UsageError as error:
            fail(_message(error))


class Command(TyperCommand):
    """A command whose usage errors end with `UNUSABLE`."""

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401  types that typer does not publish
        """Parse the arguments."""
        try:
            return super().make_context(*args, **extra)
        except _UsageError as error:
            fail(_message(error))

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  types that typer does not publish
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:
            # Whoever read the output has seen enough; what is left of it goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_FAULT) from None
        except Exception as error:  # noqa: BLE001  whatever it is, it must not end as a verdict
            place = logs.frames(error)[-1]
            sys.stderr.write(f"qaqpa: a fault of the program: {type(error).__name__} at {place}\n")
            raise typer.Exit(_FAULT) from None


def _message(error: Exception) -> str:
    return str(cast("Any", error).format_message())


def fail(text: str) -> NoReturn:
    """Say in one line what cannot be used, and end."""
    sys.stderr.write(f"qaqpa: {' '.join(text.split())}\n")
    raise typer.Exit(UNUSABLE)


def read(path: Path) -> bytes:
    """Return the content of a file, or end."""
    try:
        if path.stat().st_size > MAX_BYTES:
            fail(f"{path}: larger than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def write(path: Path | None, content: bytes) -> None:
    """Write to a file, or to the standard output when there is none; or end."""
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def instant(text: str) -> datetime:
    """Read an ISO 8601 date or time, or end; without a zone it is the time of Kazakhstan."""
    try:
        read_instant = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text}: not a time such as 2026-03-01T12:00:00+05:00")
    return read_instant if read_instant.tzinfo else read_instant.replace(tzinfo=ALMATY)


def show(lines: Iterable[str]) -> None:
    """Print lines of text."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def show_json(value: object) -> None:
    """Print a JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
