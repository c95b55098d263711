"""The logs: one JSON object per line, and no personal data even where somebody logged it."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry import logs

IIN = "040101500123"
MESSAGE = "7d444840-9dc0-41d1-b245-446655440000"  # its last group looks like an identity number


@pytest.fixture
def stream() -> Iterator[StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = StringIO()
    logs.configure("info", written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line(stream: StringIO) -> None:
    """A line names its time in UTC, its level, its logger and its event, and keeps the values."""
    structlog.get_logger("gateway.cases").warning("case registered", attempts=3, text="Қазақша")
    (line,) = lines(stream)
    at = datetime.fromisoformat(line.pop("timestamp"))
    assert at.utcoffset() is not None
    assert line == {
        "event": "case registered",
        "level": "warning",
        "logger": "gateway.cases",
        "attempts": 3,
        "text": "Қазақша",
    }


def test_ids_are_on_every_line_of_their_message(stream: StringIO) -> None:
    """Inside a message's context every line, of libraries too, carries its id and the case's number; outside none."""
    with logs.message_context(message_id=MESSAGE, case="KST-1"):
        structlog.get_logger().info("ours")
        logging.getLogger("aiohttp.server").error("theirs %s", "formatted")
    structlog.get_logger().info("after")
    ours, theirs, after = lines(stream)
    assert (ours["message_id"], ours["case"]) == (theirs["message_id"], theirs["case"]) == (MESSAGE, "KST-1")
    assert theirs["event"] == "theirs formatted"
    assert "message_id" not in after


def test_level(stream: StringIO) -> None:
    """What is below the configured level is not written."""
    structlog.get_logger().debug("detail")
    structlog.get_logger().info("fact")
    assert [line["event"] for line in lines(stream)] == ["fact"]


def test_libraries_that_log_messages_are_quiet(stream: StringIO) -> None:
    """Even at debug level the SOAP and HTTP libraries do not write the messages they carry."""
    logs.configure("debug", stream)
    logging.getLogger("zeep.transports").debug("HTTP Post to %s:\n%s", "https://x", "<envelope/>")
    logging.getLogger("httpx").info("HTTP Request: POST https://x")
    structlog.get_logger().debug("ours")
    assert [line["event"] for line in lines(stream)] == ["ours"]


def test_traceback_without_variables(stream: StringIO) -> None:
    """A logged failure shows where and what, but no local variables: those hold messages."""
    secret_document = "Қайратқызы Әсел"
    try:
        int(f"{IIN}-{len(secret_document)}")
    except ValueError:
        structlog.get_logger().exception("step crashed")
    (line,) = lines(stream)
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert line["exception"][0]["exc_value"] == "invalid literal for int() with base 10: '***-15'"
    assert "Әсел" not in stream.getvalue()


@pytest.mark.parametrize(
    ("logged", "expected"),
    [
        (IIN, "***"),
        (f"IIN{IIN}, next", "IIN***, next"),
        (int("990140000000"), "***"),
        ("write to asel.k@mail.kz now", "write to *** now"),
        ("call +7 (701) 123-45-67 now", "call *** now"),
        ("call 87011234567", "call ***"),
        ("postgresql://qaqpa:hunter2@db/qaqpa", "postgresql://qaqpa:***@db/qaqpa"),
        (b"<document/>", "<11 bytes>"),
        ({"inner": [f"a {IIN}"]}, {"inner": ["a ***"]}),
        ({IIN: 1}, {"***": 1}),
        ({"password": "hunter2", "senders": ({"api_key": "k"},)}, {"password": "***", "senders": [{"api_key": "***"}]}),
        (ValueError(IIN), "***"),
    ],
)
def test_masked(stream: StringIO, logged: object, expected: object) -> None:
    """Identity numbers, addresses, phones, passwords and contents are masked at any depth."""
    structlog.get_logger().info("event", value=logged)
    assert lines(stream)[0]["value"] == expected


@pytest.mark.parametrize("key", ["password", "Authorization", "callback_token", "applicant_iin", "bin", "vault_secret"])
def test_masked_by_name(stream: StringIO, key: str) -> None:
    """What stands under a name of a secret is masked whatever it is."""
    structlog.get_logger().info("event", **{key: "short"})
    assert lines(stream)[0][key] == "***"


@pytest.mark.parametrize(
    "kept", [MESSAGE, "2026-03-02T09:30:00.123456Z", "KST-2026-000017-4", 1234, 12.5, None, True, "SCE006", "a" * 64]
)
def test_kept(stream: StringIO, kept: object) -> None:
    """Ids, times, numbers and codes by which lines are found stay readable."""
    structlog.get_logger().info("event", value=kept)
    assert lines(stream)[0]["value"] == kept


@given(
    st.text(alphabet=st.characters(exclude_categories=["Nd"])),
    st.text(alphabet=st.characters(exclude_categories=["Nd"])),
)
def test_identity_number_in_any_text(before: str, after: str) -> None:
    """An identity number does not survive in any surroundings but a UUID's."""
    assert IIN not in logs.masked_text(f"{before}{IIN}{after}")
