"""The blank that a clerk fills in, and the scans that are put into it."""

import re
from datetime import UTC, datetime

import pytest
from lxml import etree

from gateway.catalogue import desk_form
from gateway.catalogue.channel import Channel
from gateway.catalogue.form import read_application
from gateway.catalogue.service import Service
from tests.support.applications import ALL, tree, xml

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)
PDF = b"%PDF-1.4 scan\n%%EOF\n"
AT_A_COUNTER = [service for service in ALL if {Channel.PROVIDER, Channel.AKIM} & set(service.channels)]
_MARKS = re.compile(r"^\s*(?:<!--|-->)\n", re.MULTILINE)


def _opened(blank: bytes) -> bytes:
    """Take the marks away that make comments of what need not stand."""
    return _MARKS.sub("", blank.decode()).encode()


@pytest.mark.parametrize("service", AT_A_COUNTER, ids=lambda service: service.id)
def test_a_blank_lacks_only_the_answers(service: Service) -> None:
    """All that is found wrong with it, every optional part opened, is that fields are not filled in."""
    blank = desk_form.blank(service, "desk-1", NOW)
    for document in (blank, _opened(blank)):
        form = read_application(service, document, now=NOW)
        leaves = {element.tag for element in etree.fromstring(document).iter() if not len(element)}
        fields = {
            (one.where or "").rpartition("/")[2].partition("[")[0] for one in form.findings if one.where != "documents"
        }
        named = {f"{{{service.namespace}}}{field}" for field in fields}
        assert form.findings
        assert named <= leaves, named - leaves
        assert form.request_number == "desk-1"


@pytest.mark.parametrize("service", AT_A_COUNTER, ids=lambda service: service.id)
def test_a_blank_asks_for_every_field_in_both_languages(service: Service) -> None:
    """Each field of the service's own form, and each kind of document, is named as on its page."""
    blank = desk_form.blank(service, "desk-1", NOW).decode()
    wanted = [field.label for field in service.form.own] + [kind.label for kind in service.form.documents.kinds]
    assert all(f"{label.kk} / {label.ru}".replace("--", "–") in blank for label in wanted)


@pytest.mark.parametrize("service", AT_A_COUNTER, ids=lambda service: service.id)
def test_attached_scans_complete_an_application(service: Service) -> None:
    """An application without documents is complete with a scan of each that is required."""
    channel = Channel.PROVIDER if Channel.PROVIDER in service.channels else Channel.AKIM
    filled = tree(service, channel)
    kinds = [one["kind"] for one in filled.pop("documents", {}).get("document", [])]
    scanned = desk_form.with_files(xml(service, filled), [(kind, f"{kind}.pdf", PDF) for kind in kinds])
    form = read_application(service, scanned, now=NOW, channel=channel)
    assert form.findings == ()
    assert form.application is not None
    assert [one.content for one in form.application.attachments] == [PDF] * len(kinds)


def test_what_is_no_xml_comes_back_as_it_is() -> None:
    """A file that cannot be read is judged, not mended."""
    assert desk_form.with_files(b"scan", [("package", "a.pdf", PDF)]) == b"scan"
