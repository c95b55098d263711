"""Coupons, receipts and the days on which papers pass between counters and the provider."""

from datetime import UTC, date, datetime

import pytest

from gateway.catalogue import receipt_message
from gateway.catalogue.calendar import WorkingCalendar
from gateway.catalogue.channel import Channel
from gateway.catalogue.deadline import deadline
from gateway.catalogue.findings import Finding
from gateway.catalogue.form import read_application
from gateway.catalogue.hand_over import HandOver, hand_over
from gateway.catalogue.paper import FormPurpose
from gateway.catalogue.receipt import NOTHING, Accepted, Receipt, acceptance, refusal
from gateway.catalogue.receipt_blanks import LABELS, Blank, blanks_of
from gateway.catalogue.receipt_print import as_pdf, as_text
from gateway.catalogue.service import Service
from gateway.catalogue.terms import terms
from gateway.catalogue.xml_message import Writer
from gateway.texts import Text
from tests.support.applications import ALL, WAYS, complete
from tests.support.catalogue import catalogue

AT = datetime(2026, 3, 2, 5, tzinfo=UTC)
PRINTED = (FormPurpose.COUPON, FormPurpose.RECEIPT, FormPurpose.ACCEPTANCE_REFUSAL_RECEIPT)
COUNTERS = [(service, channel) for service, channel in WAYS if channel is not Channel.PORTAL]


def receipt_of(service: Service, channel: Channel, clerk: str | None = "Ким А.") -> Receipt:
    application = read_application(service, complete(service, channel)).application
    assert application is not None
    days = HandOver(date(2026, 3, 3), date(2026, 3, 17), date(2026, 3, 18))
    return acceptance(service, channel, Accepted("2026-1", AT, date(2026, 3, 18), application, clerk, days))


def values(receipt: Receipt) -> dict[Text, Text]:
    return {line.label: line.value for line in receipt.lines}


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.id)
def test_every_blank_of_the_acts_coupons_is_known(service: Service) -> None:
    """No line of a printed form may be left out because its words were not understood."""
    for form in service.passport.forms:
        for printed in form.fields if form.purpose in PRINTED else ():
            assert blanks_of(printed)


@pytest.mark.parametrize(("service_id", "channel"), COUNTERS)
def test_every_counter_gives_a_whole_receipt(service_id: str, channel: Channel) -> None:
    """Number, day, service, applicant, documents, where and until when, who took them, whatever the form names."""
    service = catalogue().service(service_id)
    receipt = receipt_of(service, channel)
    found = values(receipt)
    for blank in (Blank.NUMBER, Blank.SERVICE, Blank.APPLICANT, Blank.DOCUMENTS, Blank.COLLECTION, Blank.CLERK):
        assert found[LABELS[blank]] != NOTHING
    assert len(found) == len(receipt.lines)
    assert LABELS[Blank.REGISTERED] in found or LABELS[Blank.REGISTERED_TIME] in found
    assert receipt.title.kk
    assert receipt.title.ru


def test_the_receipt_of_housing_assistance_has_the_acts_lines() -> None:
    """Astana, clause 15: number and day, service, documents, when and where, inspector, applicant, representative."""
    receipt = receipt_of(catalogue().service("astana.housing-assistance"), Channel.PSC)
    labels = [line.label for line in receipt.lines]
    wanted = (
        *(Blank.NUMBER, Blank.REGISTERED, Blank.SERVICE, Blank.DOCUMENTS, Blank.COLLECTION, Blank.CLERK),
        *(Blank.APPLICANT, Blank.REPRESENTATIVE, Blank.PHONE),
    )
    assert labels == [LABELS[blank] for blank in wanted]
    assert "18 марта 2026 года" in values(receipt)[LABELS[Blank.COLLECTION]].ru
    assert "18 наурыздан" in values(receipt)[LABELS[Blank.COLLECTION]].kk


def test_undertakings_stand_under_the_coupon() -> None:
    """Child benefit: to report changes, and the warning about false papers, in the act's words."""
    receipt = receipt_of(catalogue().service("astana.child-benefit"), Channel.PROVIDER)
    assert [statement.ru[:30] for statement in receipt.statements] == [
        "В случае возникновения изменен",
        "Предупрежден (а) об ответствен",
    ]
    assert receipt.title.ru == "Отрывной талон заявления"


def test_a_refusal_lists_everything() -> None:
    """Each finding has its number on the receipt."""
    findings = tuple(Finding("applicant.documents", Text(f"{n} жоқ", f"Нет {n}")) for n in (1, 2))
    receipt = refusal(ALL[0], findings, AT, None)
    assert values(receipt)[LABELS[Blank.MISSING]] == Text("1. 1 жоқ\n2. 2 жоқ", "1. Нет 1\n2. Нет 2")
    assert values(receipt)[LABELS[Blank.CLERK]] == NOTHING


@pytest.mark.parametrize("clerk", ["Ким А.", None])
def test_a_receipt_survives_its_xml(clerk: str | None) -> None:
    """What a PSC's system reads is what was written, empty lines and days included."""
    receipt = receipt_of(catalogue().service("astana.child-benefit"), Channel.PSC, clerk)
    writer = Writer.begin("urn:test", "receipt")
    receipt_message.write(writer, receipt)
    assert receipt_message.read(writer.reader()) == receipt


def test_a_receipt_is_printed() -> None:
    """As text with rules for what is written by hand, as PDF with nothing that was entered taken for markup."""
    receipt = receipt_of(catalogue().service("astana.child-benefit"), Channel.PROVIDER, "#panic() *Ким* $x$ <a>")
    text = as_text(receipt)
    assert "Отрывной талон заявления" in text
    assert "#panic() *Ким* $x$ <a>" in text
    assert "Подпись принявшего документы: ____" in text
    pdf = as_pdf(receipt)
    assert pdf.startswith(b"%PDF-")
    assert b"%%EOF" in pdf[-16:]


@pytest.mark.parametrize(
    ("service_id", "channel", "days"),
    [
        # Kostanay: the PSC passes the papers on the next working day, the provider has 9 working days.
        ("kostanay.home-schooling-costs", Channel.PSC, ("2026-03-03", "2026-03-17", "2026-03-17")),
        # Astana: passed on the same day; the day of issue is not in the term, so the applicant may come a day later.
        ("astana.child-benefit", Channel.PSC, ("2026-03-02", "2026-03-17", "2026-03-18")),
        ("kostanay.rural-specialists-fuel", Channel.AKIM, ("2026-03-10", "2026-03-26", "2026-03-26")),
    ],
)
def test_papers_change_hands_on_the_acts_days(service_id: str, channel: Channel, days: tuple[str, str, str]) -> None:
    """From Monday 2 March 2026, with the holidays of March: to the provider, back, to the applicant."""
    service, calendar = catalogue().service(service_id), WorkingCalendar()
    total = deadline(terms(service, channel).total, AT, calendar)
    assert hand_over(service, channel, AT, total, calendar) == HandOver(*map(date.fromisoformat, days))


@pytest.mark.parametrize(("service_id", "channel"), COUNTERS)
def test_no_day_lies_before_the_one_before_it(service_id: str, channel: Channel) -> None:
    """Papers go to the provider before they come back, and come back before the applicant has them."""
    service, calendar = catalogue().service(service_id), WorkingCalendar()
    total = deadline(terms(service, channel).total, AT, calendar)
    found = hand_over(service, channel, AT, total, calendar)
    if channel is Channel.PROVIDER:
        assert found is None
        return
    assert found is not None
    assert AT.date() <= found.to_provider <= found.to_counter <= found.to_applicant
