"""Dates and counts in words, in Kazakh and Russian."""

from datetime import date

from gateway.texts import Text

_RU = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)
# Kazakh endings follow the last sounds of the month: nominative, ablative (-дан), of that day (-дағы).
_KK = (
    ("қаңтар", "қаңтардан", "қаңтардағы"),
    ("ақпан", "ақпаннан", "ақпандағы"),
    ("наурыз", "наурыздан", "наурыздағы"),
    ("сәуір", "сәуірден", "сәуірдегі"),
    ("мамыр", "мамырдан", "мамырдағы"),
    ("маусым", "маусымнан", "маусымдағы"),
    ("шілде", "шілдеден", "шілдедегі"),
    ("тамыз", "тамыздан", "тамыздағы"),
    ("қыркүйек", "қыркүйектен", "қыркүйектегі"),
    ("қазан", "қазаннан", "қазандағы"),
    ("қараша", "қарашадан", "қарашадағы"),
    ("желтоқсан", "желтоқсаннан", "желтоқсандағы"),
)


def on(day: date) -> Text:
    """Return the day as it is named: `2026 жылғы 5 қаңтар`, `5 января 2026 года`."""
    return _date(day, 0)


def by(day: date) -> Text:
    """Return the day in the case that "not later than" needs: `2026 жылғы 5 қаңтардан`, `5 января 2026 года`."""
    return _date(day, 1)


def of(day: date) -> Text:
    """Return the day as an attribute: `2015 жылғы 30 желтоқсандағы`, `30 декабря 2015 года`."""
    return _date(day, 2)


def _date(day: date, form: int) -> Text:
    return Text(
        kk=f"{day.year} жылғы {day.day} {_KK[day.month - 1][form]}",
        ru=f"{day.day} {_RU[day.month - 1]} {day.year} года",
    )


def plural(number: int, one: str, few: str, many: str) -> str:
    """Return the Russian form that goes with a number: 1 день, 2 дня, 5 дней, 11 дней, 21 день."""
    tens, units = number % 100, number % 10
    if units == 1 and tens != 11:  # noqa: PLR2004  grammar
        return one
    if units in {2, 3, 4} and tens not in {12, 13, 14}:
        return few
    return many
