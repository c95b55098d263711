"""Reading applications: a typed value, or everything that is wrong at once."""

import re
from base64 import b64encode
from datetime import UTC, date, datetime

import pytest

from gateway.catalogue import phrases
from gateway.catalogue.application import Application
from gateway.catalogue.findings import Finding
from gateway.catalogue.form import NotOurPayload, check_root, read_application
from tests.support.catalogue import (
    CATEGORIES,
    HOME_SCHOOLING,
    HOUSING,
    IIN,
    OTHER_IIN,
    PORTAL_SERVICES,
    REPRESENTATIVE,
    application,
    document,
    service,
)
from tests.support.files import JPEG, PNG, XML


def _accepted(service_id: str, *replacements: tuple[str, str]) -> Application:
    reading = read_application(service(service_id), application(service_id, *replacements))
    assert reading.findings == ()
    assert reading.application is not None
    return reading.application


def _findings(service_id: str, *replacements: tuple[str, str]) -> tuple[Finding, ...]:
    reading = read_application(service(service_id), application(service_id, *replacements))
    assert reading.application is None
    return reading.findings


def _places(findings: tuple[Finding, ...]) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.where) for finding in findings]


def test_complete_application_is_read() -> None:
    """Everything the citizen entered arrives in its place and type."""
    read = _accepted(HOME_SCHOOLING)
    assert (read.service_id, read.request_number, read.language, read.consent) == (HOME_SCHOOLING, "R-1", "kk", True)
    assert read.submitted_at == datetime(2026, 1, 5, 5, 0, tzinfo=UTC)
    person = read.applicant
    assert (person.iin, person.surname, person.given_name, person.patronymic) == (IIN, "Ахметова", "Әсел", "Нұрланқызы")
    assert (person.birth_date, person.phone, person.email) == (date(1988, 1, 1), "+7 701 000 00 00", "asel@example.kz")
    assert read.fields == {
        "child/iin": "150505500345",
        "child/surname": "Ахметов",
        "child/givenName": "Дәурен",
        "child/birthDate": "2015-05-05",
    }
    assert [(a.kind, a.name, a.mime, a.content) for a in read.attachments] == [
        ("package", "a.pdf", "application/pdf", b"%PDF-1.4 \n%%EOF")
    ]


@pytest.mark.parametrize("service_id", PORTAL_SERVICES)
def test_optional_parts_may_be_left_out(service_id: str) -> None:
    """What no act wants is not demanded: contacts, birth date and documents may be missing."""
    short = re.sub(
        rb"<(patronymic|birthDate|phone|email|address|residents)>.*?</\1>|<documents>.*</documents>",
        b"",
        application(service_id),
    )
    reading = read_application(service(service_id), short)
    assert reading.findings == ()
    assert reading.application is not None
    assert reading.application.attachments == ()


def test_representative_is_read_with_the_authority() -> None:
    """A representative arrives as a person, with the document the representative acts by."""
    read = _accepted(
        HOUSING, ("<form>", f"{REPRESENTATIVE}<form>"), ("<documents>", f"<documents>{document('authority')}")
    )
    assert read.representative is not None
    assert (read.representative.iin, read.representative.given_name) == (OTHER_IIN, "Анна")
    assert read.authority == "Сенімхат № 5"


def test_file_in_temporary_storage_is_named_by_its_id() -> None:
    """Instead of its content a document may give the id of a file in ShEP's storage."""
    content = b64encode(b"%PDF-1.4 \n%%EOF").decode()
    read = _accepted(
        HOME_SCHOOLING, (f"<content>{content}</content>", f"<sha256>{'AB' * 32}</sha256><fileId>f-1</fileId>")
    )
    (attached,) = read.attachments
    assert (attached.content, attached.file_id, attached.sha256) == (None, "f-1", "ab" * 32)


def test_form_around_the_values_does_not_matter() -> None:
    """A BOM, white space around values, comments, a declaration and signatures at the end are all passed over."""
    text = application(HOME_SCHOOLING, ("<surname>Ахметова", "<surname>\n Ахме<!-- x -->това \t")).decode()
    signature = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Anything/></ds:Signature>'
    signed = text.replace("</application>", f"{signature}\n{signature}</application>")
    reading = read_application(
        service(), b"\xef\xbb\xbf" + b'<?xml version="1.0" encoding="UTF-8"?>\n' + signed.encode()
    )
    assert reading.application is not None
    assert reading.application.applicant.surname == "Ахметова"


@pytest.mark.parametrize(
    ("replacement", "code", "where"),
    [
        ((f"<iin>{IIN}</iin>", "<iin>88010130012</iin>"), "applicant.form", "applicant/iin"),
        ((f"<iin>{IIN}</iin>", "<iin>88010130012a</iin>"), "applicant.form", "applicant/iin"),
        ((f"<iin>{IIN}</iin>", ""), "applicant.form", "applicant/iin"),
        ((f"<iin>{IIN}</iin>", "<iin/>"), "applicant.form", "applicant/iin"),
        (("<surname>Ахметова", "<surname> \n "), "applicant.form", "applicant/surname"),
        (("<surname>Ахметова", "<surname>Ахм\u202eетова"), "applicant.form", "applicant/surname"),
        (("<surname>Ахметова", f"<surname>{'а' * 121}"), "applicant.form", "applicant/surname"),
        (("+7 701 000 00 00", "701"), "applicant.form", "applicant/phone"),
        (("+7 701 000 00 00", "+7 701 000 00 00 доб. 5"), "applicant.form", "applicant/phone"),
        (("+7 701 000 00 00", "+7701000000000000"), "applicant.form", "applicant/phone"),
        (("asel@example.kz", "asel@example"), "applicant.form", "applicant/email"),
        (("asel@example.kz", "asel example.kz"), "applicant.form", "applicant/email"),
        (("1988-01-01", "1988-02-30"), "applicant.form", "applicant/birthDate"),
        (("1988-01-01", "01.01.1988"), "applicant.form", "applicant/birthDate"),
        (("1988-01-01", "2026-01-06"), "applicant.form", "applicant/birthDate"),
        (("2015-05-05", "2026-01-06"), "applicant.form", "form/child/birthDate"),
        (("<language>kk", "<language>en"), "applicant.form", "header/language"),
        (("10:00:00+05:00", "10:00:00"), "applicant.form", "header/submittedAt"),
        (("10:00:00+05:00", "25:00:00+05:00"), "applicant.form", "header/submittedAt"),
        (("2026-01-05T10:00:00+05:00", "0001-01-01T00:00:00+14:00"), "applicant.form", "header/submittedAt"),
        (("2026-01-05T10:00:00+05:00", "9999-12-31T23:59:59-14:00"), "applicant.form", "header/submittedAt"),
        ((f"<serviceId>{HOME_SCHOOLING}", f"<serviceId>{HOUSING}"), "applicant.form", "header/serviceId"),
        (("<requestNumber>R-1", "<requestNumber>№ 1"), "applicant.form", "header/requestNumber"),
        (("<consent>true", "<consent>yes"), "applicant.form", "consent"),
        (("<consent>true</consent>", ""), "applicant.form", "consent"),
        (("<consent>true", "<consent><b/>true"), "applicant.form", "consent"),
        (("<form>", "<form><extra/>"), "applicant.form", "form/extra"),
        (("<form>", "<form>text"), "applicant.form", "form"),
        (("<form>", '<form a="1">'), "applicant.form", "form"),
        (("<form>", "<form/><form>"), "applicant.form", "form"),
        (("<kind>package", "<kind>anything"), "applicant.documents", "documents/document[1]/kind"),
        (("<name>a.pdf", "<name>../a.pdf"), "applicant.documents", "documents/document[1]/name"),
        (("<mime>application/pdf", "<mime>text/html"), "applicant.documents", "documents/document[1]/mime"),
        (("<mime>application/pdf", "<mime>image/png"), "applicant.documents", "documents/document[1]/content"),
        (("<content>", "<content>!"), "applicant.documents", "documents/document[1]/content"),
        (("<content>", "<fileId>1</fileId><content>"), "applicant.documents", "documents/document[1]"),
        (("<name>a.pdf</name>", ""), "applicant.documents", "documents/document[1]/name"),
    ],
)
def test_each_mistake_has_its_finding(replacement: tuple[str, str], code: str, where: str) -> None:
    """A single mistake is answered by a finding that names its code and place."""
    assert (code, where) in _places(_findings(HOME_SCHOOLING, replacement))


def test_single_mistakes_have_single_findings() -> None:
    """One mistake is told once."""
    assert _places(_findings(HOME_SCHOOLING, (IIN, "1"))) == [("applicant.form", "applicant/iin")]


def test_all_findings_come_at_once() -> None:
    """Nine mistakes of every sort are all listed, in any block and at any depth."""
    findings = _findings(
        HOME_SCHOOLING,
        ("<language>kk</language>", ""),
        (f"<iin>{IIN}", "<iin>1"),
        ("+7 701 000 00 00", ""),
        ("1988-01-01", "2030-01-01"),
        ("<surname>Ахметов</surname>", "<unknown/>"),
        ("2015-05-05", "soon"),
        ("<mime>application/pdf", "<mime>image/png"),
        ("</documents>", f"{document(kind='x')}</documents>"),
        ("<consent>true", "<consent>maybe"),
    )
    assert set(_places(findings)) == {
        ("applicant.form", "header/language"),
        ("applicant.form", "applicant/iin"),
        ("applicant.form", "applicant/phone"),
        ("applicant.form", "applicant/birthDate"),
        ("applicant.form", "form/child/unknown"),
        ("applicant.form", "form/child/surname"),
        ("applicant.form", "form/child/birthDate"),
        ("applicant.documents", "documents/document[1]/content"),
        ("applicant.documents", "documents/document[2]/kind"),
        ("applicant.form", "consent"),
    }


def test_wrong_order_is_found() -> None:
    """Parts in another order than the schema's are named."""
    text = application(HOME_SCHOOLING).decode()
    consent = "<consent>true</consent>"
    moved = text.replace(consent, "").replace("<applicant>", f"{consent}<applicant>")
    reading = read_application(service(), moved.encode())
    assert ("applicant.form", "applicant") in _places(reading.findings)


def test_missing_block_is_one_finding() -> None:
    """A block that is missing as a whole is told once, by its own name."""
    text = re.sub(r"<applicant>.*</applicant>", "", application(HOME_SCHOOLING).decode())
    assert _places(read_application(service(), text.encode()).findings) == [("applicant.form", "applicant")]


def test_findings_never_repeat_what_was_entered() -> None:
    """No text and no place of a finding holds anything of the citizen's values, not even as an element's name."""
    secrets = ["Құпияұлы", "7770001", "secret@", "Qupiya77"]
    findings = _findings(
        HOME_SCHOOLING,
        ("<surname>Ахметова", "<surname>Құпияұлы\u200e"),
        ("+7 701 000 00 00", "7770001"),
        ("asel@example.kz", "secret@"),
        ("<form>", "<form><Qupiya77/>"),
        ("<kind>package", "<kind>Qupiya77"),
    )
    assert len(findings) == 5
    told = " ".join(f"{finding.text} {finding.where}" for finding in findings)
    assert not [secret for secret in secrets if secret in told]


def test_finding_about_a_document_says_which() -> None:
    """The citizen reads which of several documents is meant."""
    findings = _findings(HOME_SCHOOLING, ("</documents>", f"{document(mime='image/png')}</documents>"))
    assert findings[0].text.kk.startswith("2-құжат. ")
    assert findings[0].text.ru.startswith("Документ 2. ")


@pytest.mark.parametrize(
    ("mime", "content"),
    [
        ("application/pdf", b"%PDF-1.7\n%%EOF\n"),
        ("image/jpeg", JPEG),
        ("image/png", PNG),
        ("application/xml", XML),
        ("text/xml", b"<a/>"),
    ],
)
def test_content_is_judged_by_its_structure(mime: str, content: bytes) -> None:
    """A file of each allowed type is taken as that type, and as no other."""
    good = document(mime=mime, content=content)
    assert _accepted(HOME_SCHOOLING, (document(), good)).attachments[0].content == content
    other = "image/png" if mime != "image/png" else "application/pdf"
    findings = _findings(HOME_SCHOOLING, (document(), document(mime=other, content=content)))
    assert _places(findings) == [("applicant.documents", "documents/document[1]/content")]


def test_document_over_the_limit_is_found() -> None:
    """A document of more than five megabytes is refused, one of exactly five is taken."""
    limit = phrases.MAX_DOCUMENT_MEGABYTES * 10**6
    fits = document(content=b"%PDF-".ljust(limit - 5, b"x") + b"%%EOF")
    _accepted(HOME_SCHOOLING, (document(), fits))
    findings = _findings(HOME_SCHOOLING, (document(), document(content=b"%PDF-".ljust(limit + 1, b"x"))))
    assert [finding.text.ru for finding in findings] == [f"Документ 1. {phrases.TOO_LARGE.ru}"]


def test_twenty_documents_are_taken_and_one_more_is_not() -> None:
    """The number of documents is limited to twenty."""
    assert len(_accepted(HOME_SCHOOLING, (document(), document() * 20)).attachments) == 20
    findings = _findings(HOME_SCHOOLING, (document(), document() * 21))
    assert _places(findings) == [("applicant.documents", "documents/document")]


@pytest.mark.parametrize("category", ["disability", "sociallySignificantDisease"])
def test_portal_is_open_to_the_two_categories_of_the_act(category: str) -> None:
    """Persons with disabilities and with socially significant diseases may use the portal."""
    read = _accepted(CATEGORIES, ("disability", category))
    assert read.fields == {"category": category}


def test_portal_is_closed_to_other_categories() -> None:
    """Others are told that the act opens the portal to two categories only, and where to go."""
    findings = _findings(CATEGORIES, ("disability", "other"))
    assert _places(findings) == [("applicant.eligibility", "form/category")]
    eligible = service(CATEGORIES).passport.portal.eligible
    assert eligible is not None
    assert eligible.kk is not None
    assert eligible.kk in findings[0].text.kk
    assert "лица с инвалидностью" in findings[0].text.ru


def test_ineligible_and_wrong_are_told_together() -> None:
    """Eligibility is judged even when the form has mistakes."""
    findings = _findings(CATEGORIES, ("disability", "other"), (IIN, "1"))
    assert _places(findings) == [("applicant.form", "applicant/iin"), ("applicant.eligibility", "form/category")]


def test_consent_is_required_where_the_act_lists_it() -> None:
    """Housing assistance lists the written consent among its documents: without it the application is refused."""
    assert _places(_findings(HOUSING, ("<consent>true", "<consent>false"))) == [("applicant.form", "consent")]
    assert _places(_findings(HOUSING, ("<consent>true", "<consent>0"))) == [("applicant.form", "consent")]


@pytest.mark.parametrize("service_id", [HOME_SCHOOLING, CATEGORIES])
def test_consent_is_only_recorded_where_the_act_takes_none(service_id: str) -> None:
    """The other two acts take no consent: refusing it is recorded and changes nothing."""
    assert _accepted(service_id, ("<consent>true", "<consent>false")).consent is False


def test_representative_needs_the_attached_authority() -> None:
    """Who applies for another attaches the document that allows it."""
    assert _places(_findings(HOUSING, ("<form>", f"{REPRESENTATIVE}<form>"))) == [("applicant.documents", "documents")]


def test_application_from_the_future_is_found_when_the_clock_is_given() -> None:
    """An application must not be dated after now; ten minutes of clock difference are allowed."""
    raw = application(HOUSING)
    early = read_application(service(HOUSING), raw, now=datetime(2026, 1, 5, 4, 0, tzinfo=UTC))
    assert _places(early.findings) == [("applicant.form", "header/submittedAt")]
    assert read_application(service(HOUSING), raw, now=datetime(2026, 1, 5, 4, 55, tzinfo=UTC)).application is not None


def test_rejected_application_still_says_what_an_answer_needs() -> None:
    """Number, language and who applies are read as far as they are right, even if the rest is wrong."""
    reading = read_application(service(), application(HOME_SCHOOLING, ("<consent>true", "<consent>x")))
    assert (reading.request_number, reading.language, reading.parties.applicant_iin) == ("R-1", "kk", IIN)
    reading = read_application(service(), application(HOME_SCHOOLING, (f"<iin>{IIN}", "<iin>1")))
    assert reading.parties.applicant_iin is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not xml",
        b"<application/>",
        b'<application xmlns="urn:qaqpa:service:kostanay.housing-assistance:1"/>',
        b'<form xmlns="urn:qaqpa:service:kostanay.home-schooling-costs:1"/>',
        b"<application",
        application(HOME_SCHOOLING)[:-5],
        application(HOME_SCHOOLING).replace(b"kk", b"&undefined;"),
        b"<!DOCTYPE application>" + application(HOME_SCHOOLING),
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + application(HOME_SCHOOLING),
        ("\ufeff<!DOCTYPE application>" + application(HOME_SCHOOLING).decode()).encode("utf-16-le"),
    ],
)
def test_what_is_not_an_application_is_told_apart(raw: bytes) -> None:
    """What is not XML, has a DTD or another root is no application at all, and its text is not repeated."""
    with pytest.raises(NotOurPayload) as raised:
        read_application(service(), raw)
    with pytest.raises(NotOurPayload):
        check_root(service(), raw)
    assert "Ахметова" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_values_stay_out_of_reprs() -> None:
    """Nothing of an application shows in the repr of what was read."""
    reading = read_application(service(), application(HOME_SCHOOLING))
    assert reading.application is not None
    shown = "".join(map(repr, (reading, reading.application, reading.parties, reading.application.applicant)))
    assert "Ахметов" not in shown
    assert IIN not in shown
