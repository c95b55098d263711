"""Logs: one JSON object per line on standard output, from structlog and from the libraries' standard logging alike.

Personal data must not be logged in the first place; `Masked` is the last line of defence.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

_MASK = "***"
_SECRET_KEY = re.compile(
    r"passw|passphrase|pwd|secret|token|api_?key|private|credential|authorization|cookie|(?:^|_)[ib]in(?:$|_)",
    re.IGNORECASE,
)
_UUID_OR_IDENTITY_NUMBER = re.compile(  # a UUID may end in twelve digits, and it is what lines are found by
    r"(?P<uuid>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)|(?<!\d)\d{12}(?!\d)", re.IGNORECASE
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\d.:-])(?:\+7|8)[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)")
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")

_QUIET = {
    # At debug or info level these write whole messages, or a line for every request.
    "zeep": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "asyncio": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "psycopg": logging.WARNING,
}


class _Line(structlog.WriteLogger):
    """Writes lines, and knows the name under which it was asked for."""

    def __init__(self, stream: TextIO, name: str | None) -> None:
        super().__init__(stream)
        self.name = name


def configure(level: str, stream: TextIO | None = None) -> None:
    """Set up logging for this process.

    Our own lines go straight to the stream: by way of standard logging each would cost three times as much, and there
    is one for every message. What the libraries log comes through standard logging and looks the same.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        stream: where to write; default: standard output.
    """
    out = stream or sys.stdout
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.PositionalArgumentsFormatter(), *_rendering()],
        logger_factory=lambda *names: _Line(out, names[0] if names else None),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[meta, *_rendering()])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, lowest in _QUIET.items():
        logging.getLogger(name).setLevel(max(lowest, root.level))


def _rendering() -> list[Processor]:
    return [
        # Tracebacks without local variables: those hold messages.
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
        mask,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=_text),
    ]


def message_context(message_id: str | None = None, case: str | None = None) -> Any:  # noqa: ANN401  structlog's context manager
    """Give every log line inside the `with` block the message's id and the case's number."""
    values = {"message_id": message_id, "case": case}
    return structlog.contextvars.bound_contextvars(
        **{name: value for name, value in values.items() if value is not None}
    )


def frames(error: BaseException) -> list[str]:
    """Return where an exception came from, without its text: that may quote what was being handled."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask what looks like personal data or a secret, at any depth."""
    return {name: masked(value, name) for name, value in event.items()}


def masked(value: Any, name: str = "") -> Any:  # noqa: ANN401  whatever is logged
    """Return `value` without what looks like personal data or a secret; `name` is the key it is logged under."""
    if _SECRET_KEY.search(name) and value is not None:
        return _MASK
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Mapping):
        return {masked_text(str(key)): masked(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(item) for item in value]
    if value is None or isinstance(value, bool | float):
        return value
    text = masked_text(_text(value))
    return value if isinstance(value, int) and text == str(value) else text


def masked_text(text: str) -> str:
    """Return the text without identity numbers, e-mail addresses, phone numbers and passwords in URLs."""
    text = _URL_PASSWORD.sub(rf"\1:{_MASK}@", text)
    text = _UUID_OR_IDENTITY_NUMBER.sub(lambda found: found["uuid"] or _MASK, text)
    return _PHONE.sub(_MASK, _EMAIL.sub(_MASK, text))


def _text(value: object) -> str:
    return f"<{len(value)} bytes>" if isinstance(value, bytes | bytearray | memoryview) else str(value)
