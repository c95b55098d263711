"""What an attached file must be: of its declared type, complete, and nothing else besides."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue import attachments, phrases
from gateway.catalogue.file_types import Flaw, flaw
from gateway.catalogue.form import read_application
from tests.support.catalogue import HOME_SCHOOLING, application, service
from tests.support.files import ARCHIVE, JPEG, PDF, PNG, XML

GOOD = {"application/pdf": PDF, "image/jpeg": JPEG, "image/png": PNG, "application/xml": XML, "text/xml": b"<a/>"}


@pytest.mark.parametrize("mime", GOOD)
def test_a_complete_file_is_taken(mime: str) -> None:
    """The smallest complete file of each type has no flaw, and is none of another type."""
    assert flaw(GOOD[mime], mime) is None
    others = [one for one in GOOD if one.partition("/")[2] != mime.partition("/")[2]]
    assert {flaw(GOOD[mime], other) for other in others} == {Flaw.OTHER_TYPE}


@pytest.mark.parametrize("mime", ["application/pdf", "image/jpeg", "image/png", "application/xml"])
def test_a_file_cut_short_is_incomplete(mime: str) -> None:
    """An upload that broke off is noticed, wherever it broke off behind its beginning."""
    content = GOOD[mime].rstrip()
    for length in range(12, len(content)):
        found = flaw(content[:length], mime)
        assert found is not None or (mime == "application/pdf" and content[:length].endswith(b"%%EOF")), length


@pytest.mark.parametrize(
    ("mime", "content"),
    [
        ("application/pdf", PDF + ARCHIVE),
        ("application/pdf", PDF + ARCHIVE + b"and a tail"),
        ("image/jpeg", JPEG + ARCHIVE),
        ("image/jpeg", JPEG[:20] + b"\xff\xfe\x00\x08%PDF-1" + JPEG[20:]),
        ("application/pdf", PDF.replace(b"<< >>", b"<script>alert(1)</script>", 1)),
        ("application/xml", b'<html xmlns="http://www.w3.org/1999/xhtml"/>'),
        ("text/xml", b'<x:svg xmlns:x="http://www.w3.org/2000/svg"/>'),
        ("text/xml", b"<a>%PDF-1.7</a>"),
    ],
)
def test_a_file_that_is_two_things_is_refused(mime: str, content: bytes) -> None:
    """What another program would open as something else is not taken, however good it looks."""
    assert flaw(content, mime) is Flaw.AMBIGUOUS


def test_a_picture_with_something_behind_its_end_is_refused() -> None:
    """A PNG ends with its last chunk; what stands behind it was not checked by anybody."""
    assert flaw(PNG + b"\n", "image/png") is Flaw.INCOMPLETE
    assert flaw(PNG[:-5] + b"x" + PNG[-4:], "image/png") is Flaw.INCOMPLETE


def test_a_photograph_with_a_second_picture_behind_it_is_taken() -> None:
    """Cameras write previews and depth maps behind the end of the picture."""
    assert flaw(JPEG + JPEG, "image/jpeg") is None


def test_xml_with_a_document_type_is_refused() -> None:
    """No entities, no DTD: the file is not read at all."""
    assert flaw(b"<!DOCTYPE a><a/>", "text/xml") is Flaw.INCOMPLETE


@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=200), st.booleans())
def test_no_bytes_break_the_check(mime: str, tail: bytes, begun: bool) -> None:  # noqa: FBT001  hypothesis passes it
    """Whatever a file holds, the check ends with an answer."""
    content = GOOD[mime][:11] + tail if begun else tail
    assert flaw(content, mime) in {None, *Flaw}


def test_a_changed_file_is_told_from_the_signed_one() -> None:
    """The hash in the form binds the file; its letters may be of either case."""
    assert attachments.problem(PDF, "application/pdf", sha256(PNG).hexdigest()) == phrases.OTHER_CONTENT
    good = sha256(PDF).hexdigest()
    assert attachments.problem(PDF, "application/pdf", good.upper()) is None


def test_a_file_named_by_its_id_needs_its_hash() -> None:
    """Without the hash nobody could tell later which file the applicant signed."""
    text = application(HOME_SCHOOLING).decode()
    start, end = text.index("<content>"), text.index("</content>") + len("</content>")
    for digest, said in (("", phrases.DIGEST_MISSING.ru), ("<sha256>12</sha256>", "64")):
        changed = f"{text[:start]}{digest}<fileId>f-1</fileId>{text[end:]}".encode()
        (finding,) = read_application(service(HOME_SCHOOLING), changed).findings
        assert (finding.code, finding.where) == ("applicant.documents", "documents/document[1]/sha256")
        assert said in finding.text.ru
