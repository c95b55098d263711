"""The values of an application's fields: one lexical definition each, for the XSD and for reading."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gateway.catalogue import iin
from gateway.catalogue.form_field import Kind
from gateway.texts import Text

_ZONE = r"(Z|[+\-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"


@dataclass(frozen=True, slots=True)
class Lexical:
    """How a value is written. `pattern` is in the common part of XSD's and Python's notation."""

    type_name: str
    """Name of the simple type in common.xsd."""
    base: str
    """XSD type it restricts."""
    hint: Text
    """What the citizen is told to enter, to follow "the field is filled in wrongly"."""
    pattern: str | None = None
    facets: Mapping[str, int] = field(default_factory=dict)
    check: Callable[[str], object] | None = None
    """Raises ValueError where the pattern cannot tell."""

    def accepts(self, value: str) -> bool:
        """Tell whether `value`, its white space collapsed, is written as it must be."""
        if not self.facets.get("minLength", 0) <= len(value) <= self.facets.get("maxLength", len(value)):
            return False
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return False
        if self.check is not None:
            try:
                self.check(value)
            except ValueError:
                return False
        return True


def _phone(value: str) -> None:
    # E.164: at most 15 digits; a number of Kazakhstan with its area code has at least 10.
    if not 10 <= sum(character.isdigit() for character in value) <= 15:  # noqa: PLR2004  explained above
        raise ValueError("number of digits")


def _iin(value: str) -> None:
    if not iin.is_valid(value):
        raise ValueError("control digit")


YEARS = range(1900, 2101)
"""Nobody who applies was born before, and nothing an act asks for lies beyond. The ends of the calendar, where
conversion between time zones overflows, are far away."""


def day(value: str) -> date:
    """Return the date that is written as `xs:date`.

    Raises:
        ValueError: it is none, or out of reason.
    """
    read = date.fromisoformat(value)
    if read.year not in YEARS:
        raise ValueError("year out of reason")
    return read


def moment(value: str) -> datetime:
    """Return the instant that is written as `xs:dateTime` with its zone.

    Raises:
        ValueError: it is none, or out of reason.
    """
    read = datetime.fromisoformat(value)
    if read.tzinfo is None or read.year not in YEARS:
        raise ValueError("without a zone, or year out of reason")
    return read


LEXICAL: Mapping[Kind, Lexical] = {
    Kind.TEXT: Lexical(
        "Line",
        "xs:token",
        Text("Мәтін 2000 таңбадан аспауы керек.", "Текст должен быть не длиннее 2000 знаков."),
        facets={"minLength": 1, "maxLength": 2000},
    ),
    Kind.ADDRESS: Lexical(
        "Address",
        "xs:token",
        Text("Мекенжай 500 таңбадан аспауы керек.", "Адрес должен быть не длиннее 500 знаков."),
        facets={"minLength": 1, "maxLength": 500},
    ),
    Kind.PERSON_NAME: Lexical(
        "PersonName",
        "xs:token",
        Text("Ол 120 таңбадан аспауы керек.", "В нём должно быть не больше 120 знаков."),
        facets={"minLength": 1, "maxLength": 120},
    ),
    Kind.FILE_NAME: Lexical(
        "FileName",
        "xs:token",
        Text(
            "Файл атауы 255 таңбадан аспауы және қиғаш сызықсыз болуы керек.",
            "Имя файла должно быть не длиннее 255 знаков и без косой черты.",
        ),
        pattern=r"[^/\\]+",
        facets={"minLength": 1, "maxLength": 255},
    ),
    Kind.IDENTIFIER: Lexical(
        "Identifier",
        "xs:token",
        Text(
            "64 таңбаға дейінгі латын әріптері мен цифрлар болуы керек.",
            "Допустимы латинские буквы и цифры, не больше 64 знаков.",
        ),
        pattern=r"[A-Za-z0-9]([A-Za-z0-9._:/\-]){0,63}",
    ),
    Kind.IIN: Lexical(
        "Iin",
        "xs:token",
        Text(
            "ЖСН 12 цифрдан тұрады; санды құжаттағымен салыстырыңыз.",
            "ИИН состоит из 12 цифр; сверьте число с документом.",
        ),
        pattern=r"[0-9]{12}",
        check=_iin,
    ),
    Kind.PHONE: Lexical(
        "Phone",
        "xs:token",
        Text(
            "Нөмірді коды мен бірге жазыңыз, мысалы: +7 700 000 00 00.",
            "Укажите номер с кодом, например: +7 700 000 00 00.",
        ),
        pattern=r"\+?[0-9 ()\-]{10,30}",
        check=_phone,
    ),
    Kind.EMAIL: Lexical(
        "Email",
        "xs:token",
        Text("Мекенжай name@example.kz түрінде жазылады.", "Адрес пишется в виде name@example.kz."),
        pattern=r"[^@ ]{1,64}@[^@ .]+(\.[^@ .]+)+",
        facets={"maxLength": 254},
    ),
    Kind.DATE: Lexical(
        "Date",
        "xs:date",
        Text("Күнтізбеде бар күнді көрсетіңіз.", "Укажите дату, которая есть в календаре."),
        pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
        check=day,
    ),
    Kind.MOMENT: Lexical(
        "Moment",
        "xs:dateTime",
        Text(
            "Күн мен уақыт уақыт белдеуімен бірге көрсетілуі керек.",
            "Дата и время должны быть указаны вместе с часовым поясом.",
        ),
        pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?" + _ZONE,
        check=moment,
    ),
    Kind.INTEGER: Lexical(
        "Count",
        "xs:nonNegativeInteger",
        Text("0-ден 999 999-ға дейінгі бүтін сан болуы керек.", "Нужно целое число от 0 до 999 999."),
        pattern=r"[0-9]{1,6}",
    ),
    Kind.DECIMAL: Lexical(
        "Decimal",
        "xs:decimal",
        Text("Сан болуы керек, мысалы: 12.5.", "Нужно число, например: 12.5."),
        pattern=r"[0-9]{1,12}(\.[0-9]{1,4})?",
    ),
    Kind.MONEY: Lexical(
        "Money",
        "xs:decimal",
        Text("Теңгемен сома болуы керек, мысалы: 15000.50.", "Нужна сумма в тенге, например: 15000.50."),
        pattern=r"[0-9]{1,12}(\.[0-9]{1,2})?",
    ),
    Kind.BOOLEAN: Lexical(
        "Answer",
        "xs:boolean",
        Text("Иә немесе жоқ деп жауап беріңіз.", "Ответьте «да» или «нет»."),
        pattern=r"true|false|1|0",
    ),
    Kind.AFFIRMATION: Lexical(
        "Affirmation",
        "xs:boolean",
        Text("Өтінішке қол қою үшін осыны растаңыз.", "Чтобы подписать заявление, подтвердите это."),
        pattern=r"true|1",
    ),
    Kind.CONTENT: Lexical(
        "Content",
        "xs:base64Binary",
        Text("Файл бүлінген: оны қайта тіркеңіз.", "Файл повреждён: приложите его ещё раз."),
        facets={"minLength": 1},
    ),
    Kind.DIGEST: Lexical(
        "Sha256",
        "xs:token",
        Text(
            "Бұл 64 он алтылық цифрдан тұратын SHA-256 бақылау сомасы болуы керек.",
            "Это должна быть контрольная сумма SHA-256 из 64 шестнадцатеричных цифр.",
        ),
        pattern=r"[0-9a-fA-F]{64}",
    ),
}
"""Every kind that is a single value, except the choices, which have their own type each."""


def collapse(value: str) -> str:
    """Collapse white space as XML Schema does (part 2, section 4.3.6)."""
    return " ".join(re.split(r"[ \t\r\n]+", value.strip(" \t\r\n")))


# C0 and C1 controls, and the marks that turn the direction of writing: they can hide what was signed.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def has_control_characters(value: str) -> bool:
    """Tell whether a text holds characters that cannot be seen but change what is read."""
    return _CONTROL.search(value) is not None
