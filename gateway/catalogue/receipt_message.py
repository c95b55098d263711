"""The receipt inside a message to a sender that prints it: type `Receipt` of `schemas/qaqpa/cabinet.xsd`."""

from gateway.catalogue.hand_over import HandOver
from gateway.catalogue.receipt import NOTHING, Line, Receipt
from gateway.catalogue.xml_input import XmlUnusable
from gateway.catalogue.xml_message import Reader, Writer


def write(into: Writer, receipt: Receipt) -> None:
    """Write the receipt into its element; lines to be filled in by hand have no value."""
    into.text("title", receipt.title)
    for line in receipt.lines:
        written = into.inside("line")
        written.text("label", line.label)
        if line.value != NOTHING:
            written.text("value", line.value)
    for statement in receipt.statements:
        into.inside("statement").text("text", statement)
    if receipt.days is not None:
        days = into.inside("days")
        days.value("toProvider", receipt.days.to_provider.isoformat())
        days.value("toCounter", receipt.days.to_counter.isoformat())
        days.value("toApplicant", receipt.days.to_applicant.isoformat())


def read(receipt: Reader) -> Receipt:
    """Read the element that `write` filled.

    Raises:
        XmlUnusable: a text stands in one language only, or a date is out of reason.
    """
    lines = tuple(_line(line) for line in receipt.all("line"))
    statements = tuple(statement.text("text") for statement in receipt.all("statement"))
    days = receipt.first("days")
    return Receipt(receipt.text("title"), lines, statements, _days(days) if days is not None else None)


def _line(line: Reader) -> Line:
    return Line(line.text("label"), line.text("value") if line.all("value") else NOTHING)


def _days(days: Reader) -> HandOver:
    to_provider, to_counter, to_applicant = (days.day(name) for name in ("toProvider", "toCounter", "toApplicant"))
    if to_provider is None or to_counter is None or to_applicant is None:
        raise XmlUnusable("days must name all three")
    return HandOver(to_provider, to_counter, to_applicant)
