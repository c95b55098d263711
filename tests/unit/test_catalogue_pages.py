"""The pages in docs/services: who reads one finds what the act says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.catalogue.page import page
from gateway.catalogue.procedure import Course, procedure
from gateway.catalogue.service import Service
from gateway.catalogue.term import length_text, longer_reading, shorter_reading
from gateway.catalogue.wording import Wording
from gateway.texts import Text
from tests.support.applications import ALL

DOCS = Path(__file__).parents[2] / "docs" / "services"


def _said(service: Service) -> Iterator[Wording | None]:
    """Yield what the act says, but for its action tables, which are read as procedures."""
    passport, channels = service.passport, service.passport.channel_procedures
    yield from (passport.provider, passport.result, passport.result_form, passport.form_text, passport.documents_rule)
    yield from (passport.portal.eligible, *passport.legal_basis, *passport.eligibility, *passport.refusal_grounds)
    for document in passport.documents:
        yield from (document, document.condition)
    for rows in (channels.provider, channels.psc, channels.akim, channels.portal):
        yield from (row.action for row in rows)
    yield from (form.title for form in passport.forms)
    yield from (unit.role for unit in passport.units)


def _on_the_page(text: Text, written: str) -> bool:
    """Tell whether the page has a text in both languages, whatever its line breaks and its last full stop."""
    wanted = [" ".join(words.split()).replace("|", "\\|").rstrip(".;") for words in (text.kk, text.ru)]
    return all(words in written for words in wanted)


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.id)
def test_a_page_holds_what_the_act_says(service: Service) -> None:
    """Documents, conditions, grounds, stages, papers, law: every sentence of the passport is on its service's page."""
    written = " ".join((DOCS / f"{service.id}.md").read_text().split())
    missing = [said for said in _said(service) if said is not None and not _on_the_page(service.text(said), written)]
    assert missing == []


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.id)
def test_a_page_holds_every_step_and_every_time(service: Service) -> None:
    """Each step of each channel and course, its outcome and time; each of the act's deadlines by its better reading."""
    written = " ".join((DOCS / f"{service.id}.md").read_text().split())
    for channel in service.channels:
        for step in (one for course in Course for one in procedure(service, channel, course)):
            for words in (step.actor, step.action, step.outcome, step.span.text if step.span else None):
                assert words is None or _on_the_page(words, written), words
    for deadline in service.passport.deadlines:
        readings = [length for length in (shorter_reading(deadline), longer_reading(deadline)) if length is not None]
        assert not readings or any(_on_the_page(length_text(*length), written) for length in readings), deadline


def test_a_unit_that_steps_name_by_its_number_can_be_found() -> None:
    """Where the act writes "to СФЕ-5", the page says who that is."""
    (child,) = (service for service in ALL if service.id == "astana.child-benefit")
    assert "| участковая комиссия (СФЕ-5) |" in page(child, ())
    assert "| учаскелік комиссия (5-ҚФБ) |" in page(child, ())
