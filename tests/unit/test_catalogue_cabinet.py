"""Our messages to the cabinet and the provider's result document."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway import resources
from gateway.catalogue import cabinet_message, result_document
from gateway.catalogue.cabinet_message import CabinetMessage, File, Header, Kind, Outcome, Result, Status, StatusCode
from gateway.catalogue.findings import Finding
from gateway.catalogue.result_document import ResultDocument
from gateway.catalogue.xml_input import XmlUnusable
from gateway.texts import Text

AT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
HEADER = Header("kostanay.housing-assistance", "R-1", AT, "ru", "QZ-1", "c-1")
WORDS = Text(kk="«Қазақша» <мәтін> & ұ", ru="«Русский» <текст> & ё")
DECISION = ResultDocument(
    case_number="QZ-1",
    service_id="kostanay.housing-assistance",
    iin="880101300123",
    full_name="Ахметова Әсел",
    outcome=Outcome.POSITIVE,
    title=Text("Хабарлама", "Уведомление"),
    text=WORDS,
    decided_at=AT,
    provider="Қостанай қаласы әкімдігі",
)


def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(resources.schemas() / "qaqpa" / name))


CABINET, RESULT = _schema("cabinet.xsd"), _schema("result.xsd")

_texts = st.builds(Text, st.text(max_size=30), st.text(max_size=30))
_days = st.none() | st.dates(date(1900, 1, 1), date(2100, 12, 31))
_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,20}", fullmatch=True)
_messages = st.builds(
    CabinetMessage,
    kind=st.sampled_from(Kind),
    header=st.builds(
        Header,
        service_id=_names,
        request_number=st.none() | _names,
        at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  hypothesis wants naive bounds
        language=st.sampled_from(["kk", "ru"]),
        case_number=st.none() | _names,
        correlation_id=st.none() | _names,
    ),
    status=st.builds(
        Status,
        code=st.sampled_from(StatusCode),
        text=_texts,
        deadline=_days,
        documents_needed=st.lists(_texts, max_size=3).map(tuple),
        until=_days,
    ),
    findings=st.lists(st.builds(Finding, _names, _texts, st.none() | _names), max_size=3).map(tuple),
    result=st.none()
    | st.builds(
        Result,
        outcome=st.sampled_from(Outcome),
        ground=st.none() | _texts,
        document=st.none() | st.builds(File, _names, st.just("application/xml"), st.binary(max_size=40)),
    ),
)


@settings(max_examples=60, deadline=None)
@given(_messages)
def test_every_message_is_valid_and_the_same_twice(message: CabinetMessage) -> None:
    """Whatever a provider writes, the message is valid by its schema, readable, and rendered alike each time."""
    raw = cabinet_message.render(message)
    CABINET.assertValid(etree.fromstring(raw))
    assert raw == cabinet_message.render(message)
    again = cabinet_message.read(raw)
    assert cabinet_message.render(again) == raw
    assert (again.kind, again.result and again.result.outcome) == (
        message.kind,
        message.result and message.result.outcome,
    )


def test_message_arrives_as_it_was_sent() -> None:
    """Every part of a full message is read back, the instant in the time of Kazakhstan."""
    message = CabinetMessage(
        Kind.RESPONSE,
        HEADER,
        Status(StatusCode.DECIDED, WORDS, date(2026, 1, 19), (WORDS,), date(2026, 1, 12)),
        (Finding("applicant.form", WORDS, "applicant/phone"), Finding("applicant.identity", WORDS)),
        Result(Outcome.REFUSED, WORDS, File("result.xml", "application/xml", b"<result/>")),
    )
    raw = cabinet_message.render(message)
    assert raw.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    assert b"<at>2026-01-05T15:00:00+05:00</at>" in raw
    assert cabinet_message.read(raw) == message


def test_what_is_empty_is_left_out() -> None:
    """A message before registration has no number; empty ids do not become empty elements."""
    header = replace(HEADER, request_number=None, case_number=None, correlation_id="")
    raw = cabinet_message.render(CabinetMessage(Kind.NOTIFICATION, header, Status(StatusCode.BEING_CHECKED, WORDS)))
    CABINET.assertValid(etree.fromstring(raw))
    assert not [
        name for name in (b"requestNumber", b"caseNumber", b"correlationId", b"findings", b"result>") if name in raw
    ]


def test_changed_document_is_refused() -> None:
    """A result document that is not what its digest says is not handed on."""
    result = Result(Outcome.POSITIVE, None, File("a.xml", "application/xml", b"<a/>"))
    raw = cabinet_message.render(CabinetMessage(Kind.RESPONSE, HEADER, Status(StatusCode.DECIDED, WORDS), (), result))
    with pytest.raises(XmlUnusable, match="digest"):
        cabinet_message.read(raw.replace(b"<content>PGEvPg==", b"<content>PGIvPg=="))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<code>decided</code>", b"<code>done</code>"),
        (b'lang="ru"', b'lang="kk"'),
        (b"notification", b"message"),
        (b"urn:qaqpa:cabinet:1", b"urn:qaqpa:cabinet:2"),
        (b"<?xml version='1.0' encoding='UTF-8'?>", b"<!DOCTYPE notification>"),
    ],
)
def test_what_is_not_our_message_is_refused(old: bytes, new: bytes) -> None:
    """A status, a language, a root or a version that the schema does not have is refused."""
    raw = cabinet_message.render(CabinetMessage(Kind.NOTIFICATION, HEADER, Status(StatusCode.DECIDED, WORDS)))
    assert old in raw
    with pytest.raises(XmlUnusable):
        cabinet_message.read(raw.replace(old, new))


@pytest.mark.parametrize(
    "decision", [DECISION, replace(DECISION, outcome=Outcome.REFUSED, ground=Text("Негіз", "Основание"))]
)
def test_decision_is_valid_and_read_back(decision: ResultDocument) -> None:
    """A decision is valid by its schema, the same each time, and read back whole, also after it was signed."""
    raw = result_document.render(decision)
    RESULT.assertValid(etree.fromstring(raw))
    assert raw == result_document.render(decision)
    assert result_document.read(raw) == decision
    signed = raw.replace(b"</result>", b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></result>')
    assert result_document.read(signed) == decision


@pytest.mark.parametrize(
    "decision",
    [
        replace(DECISION, outcome=Outcome.REJECTED),
        replace(DECISION, outcome=Outcome.REFUSED),
        replace(DECISION, ground=WORDS),
    ],
)
def test_senseless_decision_is_not_written(decision: ResultDocument) -> None:
    """A refusal names its ground, a positive decision has none, and a rejection is no decision."""
    with pytest.raises(ValueError, match=r"decision|ground"):
        result_document.render(decision)


def test_personal_data_stays_out_of_reprs() -> None:
    """Neither the decision nor a message shows names, numbers of persons or contents in its repr."""
    message = CabinetMessage(
        Kind.RESPONSE,
        HEADER,
        Status(StatusCode.DECIDED, WORDS),
        (),
        Result(Outcome.POSITIVE, WORDS, File("Ахметова.xml", "application/xml", b"<a/>")),
    )
    shown = repr(message) + repr(DECISION)
    assert "Ахметова" not in shown
    assert "880101300123" not in shown
    assert WORDS.kk not in shown


BEYOND_REASON = [
    b"0001-01-01T00:00:00+14:00",
    b"9999-12-31T23:59:59-14:00",
    b"30000-01-01T00:00:00Z",
    b"2026-01-05T15:00:00",
]


@pytest.mark.parametrize("instant", BEYOND_REASON)
def test_time_beyond_reason_is_refused(instant: bytes) -> None:
    """A time at the ends of the calendar, or without its zone, makes a decision and a message unusable; no crash."""
    message = CabinetMessage(Kind.NOTIFICATION, HEADER, Status(StatusCode.REGISTERED, WORDS))
    stated = b"2026-01-05T15:00:00+05:00"
    with pytest.raises(XmlUnusable, match="decidedAt"):
        result_document.read(result_document.render(DECISION).replace(stated, instant))
    with pytest.raises(XmlUnusable, match="at is not"):
        cabinet_message.read(cabinet_message.render(message).replace(stated, instant))


@pytest.mark.parametrize("day", [b"0001-01-01", b"9999-12-31", b"30000-01-01", b"2026-01-19Z"])
def test_day_beyond_reason_is_refused(day: bytes) -> None:
    """A deadline at the ends of the calendar, or with a zone, makes a message unusable; no crash."""
    status = Status(StatusCode.REGISTERED, WORDS, date(2026, 1, 19))
    raw = cabinet_message.render(CabinetMessage(Kind.NOTIFICATION, HEADER, status))
    with pytest.raises(XmlUnusable, match="deadline"):
        cabinet_message.read(raw.replace(b"2026-01-19", day))
