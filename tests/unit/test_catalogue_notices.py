"""What citizens read: both languages, whole dates, no codes."""

import re
from datetime import date

import pytest

from gateway.catalogue import dates, notices, phrases
from gateway.catalogue.channel import Channel, channel_refusal
from gateway.catalogue.declarations import paths
from gateway.texts import Text
from tests.support.catalogue import catalogue

NUMBER = "QZ-2026-000001-7"
BY = date(2026, 1, 5)
GROUND = Text("Құжаттар толық емес.", "Документы неполные.")
NEEDED = (Text("жеке куәлік;", "удостоверение личности;"), Text("анықтама", "справка"))

NOTICES = {
    "being_checked": notices.being_checked(),
    "registered": notices.registered(NUMBER, BY),
    "in_progress": notices.in_progress(NUMBER, BY),
    "documents_needed": notices.documents_needed(NUMBER, NEEDED, BY),
    "documents_needed_soon": notices.documents_needed(NUMBER, (), None),
    "supplement_rejected": notices.supplement_rejected(NUMBER, BY),
    "decided_positive": notices.decided_positive(NUMBER),
    "decided_refused": notices.decided_refused(NUMBER, GROUND),
    "decided_refused_without_ground": notices.decided_refused(NUMBER, None),
    "rejected": notices.rejected(),
    "overdue": notices.overdue(NUMBER, BY),
    "overdue_without_date": notices.overdue(NUMBER, None),
    "decided_orally": notices.decided_orally(NUMBER),
    "suspended": notices.suspended(NUMBER, GROUND),
    "income_confirmation": notices.income_confirmation(NUMBER, BY),
    "check_in": notices.check_in(NUMBER, BY),
} | {
    f"{name}_{channel}": notice
    for channel in Channel
    for name, notice in {
        "registered": notices.registered(NUMBER, BY, channel),
        "in_progress": notices.in_progress(NUMBER, BY, channel),
        "step_done": notices.step_done(NUMBER, Text("бұрыштама қойылды", "наложена резолюция"), BY, channel),
        "documents_needed": notices.documents_needed(NUMBER, NEEDED, BY, channel),
        "returned": notices.returned(NUMBER, NEEDED, None, channel),
        "extended": notices.extended(NUMBER, BY, GROUND, channel),
        "resumed": notices.resumed(NUMBER, BY, channel),
        "decided_positive": notices.decided_positive(NUMBER, channel),
        "decided_refused": notices.decided_refused(NUMBER, GROUND, channel),
        "terminated": notices.terminated(NUMBER, GROUND, channel),
        "rejected": notices.rejected(channel),
        "overdue_incomplete": notices.overdue_incomplete(NUMBER, channel),
    }.items()
}
PHRASES = {name: text for name, text in vars(phrases).items() if isinstance(text, Text)}
KAZAKH_ONLY = set("әіңғүұқөһӘІҢҒҮҰҚӨҺ")


@pytest.mark.parametrize(
    ("day", "on", "by", "of"),
    [
        (date(2026, 1, 5), "2026 жылғы 5 қаңтар", "2026 жылғы 5 қаңтардан", "2026 жылғы 5 қаңтардағы"),
        (date(2026, 2, 28), "2026 жылғы 28 ақпан", "2026 жылғы 28 ақпаннан", "2026 жылғы 28 ақпандағы"),
        (date(2026, 6, 1), "2026 жылғы 1 маусым", "2026 жылғы 1 маусымнан", "2026 жылғы 1 маусымдағы"),
        (date(2026, 7, 1), "2026 жылғы 1 шілде", "2026 жылғы 1 шілдеден", "2026 жылғы 1 шілдедегі"),
        (date(2026, 9, 30), "2026 жылғы 30 қыркүйек", "2026 жылғы 30 қыркүйектен", "2026 жылғы 30 қыркүйектегі"),
        (date(2015, 12, 30), "2015 жылғы 30 желтоқсан", "2015 жылғы 30 желтоқсаннан", "2015 жылғы 30 желтоқсандағы"),
    ],
)
def test_dates_take_the_endings_of_their_months(day: date, on: str, by: str, of: str) -> None:
    """A date stands in the case that its sentence needs."""
    assert (dates.on(day).kk, dates.by(day).kk, dates.of(day).kk) == (on, by, of)


def test_russian_dates_are_written_out() -> None:
    """Russian dates are in the genitive, with the word for the year."""
    assert dates.on(date(2026, 1, 5)).ru == "5 января 2026 года"
    assert dates.by(date(2026, 8, 31)).ru == "31 августа 2026 года"


@pytest.mark.parametrize("name", NOTICES)
def test_notice_is_plain_language(name: str) -> None:
    """A notice is Kazakh in Kazakh and Russian in Russian, in whole sentences, without codes and dates in digits."""
    notice = NOTICES[name]
    for text in (notice.kk, notice.ru):
        words = text.replace(NUMBER, "")
        assert not re.search(r"[A-Za-z_{}]", words)
        assert not re.search(r"\d{4}-\d\d|\d\d\.\d\d", words)
        assert not re.search(r"  |\.\.|[ ;][.:]|: \.|None", text)
        assert text.endswith(".")
    assert KAZAKH_ONLY & set(notice.kk)
    assert not KAZAKH_ONLY & set(notice.ru)


@pytest.mark.parametrize("name", PHRASES)
def test_phrase_of_a_finding_is_in_both_languages(name: str) -> None:
    """A finding's phrase is Kazakh in Kazakh, Russian in Russian, and tells in whole sentences what to do."""
    text = PHRASES[name]
    assert KAZAKH_ONLY & set(text.kk)
    assert not KAZAKH_ONLY & set(text.ru)
    assert text.kk.endswith(".")
    assert text.ru.endswith(".")


def test_kazakh_texts_have_no_latin_lookalikes() -> None:
    """Our Kazakh words use the Cyrillic letters, not the Latin ones that look like them."""
    texts = [*(notice.kk for notice in NOTICES.values()), *(phrase.kk for phrase in PHRASES.values())]
    refusals = [channel_refusal(service, Channel.PORTAL) for service in catalogue().services]
    texts += [refusal.kk for refusal in refusals if refusal is not None]
    for service in catalogue().services:
        texts += [field.label.kk for _, field in paths(service.form.root.fields)]
        texts += [choice.label.kk for _, field in paths(service.form.root.fields) for choice in field.choices]
    mixed = [word for text in texts for word in re.findall(r"\w+", text) if re.search(r"[A-Za-z]", word)]
    assert {word for word in mixed if re.search(r"[А-Яа-яәіңғүұқөһ]", word)} == set()


def test_registration_names_number_and_last_day() -> None:
    """The notice of registration says the number, the last day, and what happens next."""
    notice = NOTICES["registered"]
    assert NUMBER in notice.kk
    assert NUMBER in notice.ru
    assert "2026 жылғы 5 қаңтардан кешіктірілмей" in notice.kk
    assert "не позднее 5 января 2026 года" in notice.ru


def test_request_for_documents_names_each_and_the_day() -> None:
    """The citizen reads which documents are wanted and by which day."""
    notice = NOTICES["documents_needed"]
    assert "қажет: жеке куәлік; анықтама. Оларды" in notice.kk
    assert "документы: удостоверение личности; справка. Отправьте" in notice.ru
    assert "2026 жылғы 5 қаңтардан кешіктірмей" in notice.kk


def test_refusal_names_the_ground_inside_a_sentence() -> None:
    """The provider's ground stands in the notice without a second full stop."""
    assert "Основание: Документы неполные. Решение" in NOTICES["decided_refused"].ru
    assert "Негізі: Құжаттар толық емес. Көрсетілетін" in NOTICES["decided_refused"].kk


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "день"), (2, "дня"), (4, "дня"), (5, "дней"), (11, "дней"), (12, "дней"), (21, "день"), (22, "дня")],
)
def test_russian_plural(number: int, word: str) -> None:
    """Russian counts take three forms."""
    assert dates.plural(number, "день", "дня", "дней") == word
