"""A receipt as the applicant gets it: as text for a terminal, as PDF for a printer."""

import json
from dataclasses import asdict
from pathlib import Path

from gateway.catalogue.receipt import NOTHING, Receipt
from gateway.texts import Text

_TEMPLATE = Path(__file__).with_name("receipt.typ")
_BY_HAND = "_" * 24


def as_text(receipt: Receipt) -> str:
    """Return the receipt in both languages, one line under the other; what is filled in by hand is ruled."""
    lines = [_both(receipt.title), ""]
    for line in receipt.lines:
        value = _BY_HAND if line.value == NOTHING else _both(line.value)
        lines.append(f"{_both(line.label)}: {value}" if "\n" not in value else f"{_both(line.label)}:\n{value}")
    lines += ["", *(_both(statement) for statement in receipt.statements)] if receipt.statements else []
    return "\n".join(lines)


def as_pdf(receipt: Receipt) -> bytes:
    """Return the receipt as PDF on A5. Its texts go in as data: nothing that somebody entered is markup."""
    import typst  # noqa: PLC0415  40 MB of native code that nobody but a printing clerk needs in memory

    # `days` are for the systems of a PSC, not for paper.
    data = asdict(receipt) | {"days": None}
    return bytes(typst.compile(_TEMPLATE, sys_inputs={"receipt": json.dumps(data, ensure_ascii=False)}))


def _both(text: Text) -> str:
    if text.kk == text.ru:
        return text.kk
    return f"{text.kk}\n{text.ru}" if "\n" in text.kk + text.ru else f"{text.kk} / {text.ru}"
