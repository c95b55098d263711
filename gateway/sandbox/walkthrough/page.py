"""The parts of the page, and how they get into it."""

import re
from collections.abc import Mapping

from gateway.sandbox.walkthrough import codes
from gateway.sandbox.walkthrough.recorder import Exchange
from gateway.sandbox.walkthrough.shown import Shown

_PART = re.compile(r"(<!-- begin: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def parts(exchanges: Mapping[str, Exchange]) -> dict[str, str]:
    """Return the text of each part by its name; ids are numbered in the order in which they stand here."""
    shown = Shown()
    return {
        "application": shown.envelope(exchanges["application"].request, header=True),
        "receipt": shown.envelope(exchanges["application"].answer),
        "registered": shown.envelope(exchanges["registered"].request),
        "registered-receipt": shown.envelope(exchanges["registered"].answer),
        "in-progress": shown.document(exchanges["in-progress"].request),
        "result": shown.document(exchanges["result"].request),
        "result-document": shown.result(exchanges["result"].request),
        "delivered": shown.envelope(exchanges["delivered"].request),
        "delivered-receipt": shown.envelope(exchanges["delivered"].answer),
        "rejected": shown.document(exchanges["rejected"].request),
        "fault": shown.envelope(exchanges["fault"].answer),
        "status": shown.envelope(exchanges["status"].request),
        "status-answer": shown.envelope(exchanges["status"].answer),
        "status-unknown": shown.document(exchanges["status-unknown"].answer),
        "status-wrong": shown.document(exchanges["status-wrong"].answer),
        "dictionary": shown.document(exchanges["dictionary"].request),
        "dictionary-answer": shown.document(exchanges["dictionary"].answer),
        "codes": codes.table(),
    }


def filled(page: str, content: Mapping[str, str]) -> str:
    """Return the page with every part replaced.

    Raises:
        ValueError: the page lacks a part, or has a place for one that there is not.
    """
    places = [found[2] for found in _PART.finditer(page)]
    if sorted(places) != sorted(content):
        raise ValueError(f"the page and the walk have different parts: {sorted(set(places) ^ set(content))}")
    return _PART.sub(lambda found: f"{found[1]}{content[found[2]].rstrip()}\n{found[3]}", page)
