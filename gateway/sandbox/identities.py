"""Who lives in the sandbox: citizens, providers and information systems. None of them exists."""

from dataclasses import dataclass
from datetime import date

from gateway.sandbox.numbers import bin_number, iin
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Citizen:
    """A fictional citizen."""

    slug: str
    iin: str
    surname: str
    given_name: str
    patronymic: str
    birth_date: date
    phone: str
    email: str
    address: str


@dataclass(frozen=True, slots=True)
class Organization:
    """A fictional provider of public services with the head who signs for it."""

    slug: str
    bin: str
    name: Text
    head: Citizen


@dataclass(frozen=True, slots=True)
class System:
    """A fictional information system and the legal entity that owns it."""

    slug: str
    name: str
    owner: str
    bin: str


def _citizen(serial: int, names: str, birth: date, *, female: bool, address: str) -> Citizen:
    surname, given_name, patronymic = names.split()
    return Citizen(
        slug=f"citizen-{serial}",
        iin=iin(birth, female=female, serial=serial),
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        birth_date=birth,
        phone=f"+770000000{serial:02d}",
        email=f"citizen-{serial}@example.com",
        address=address,
    )


_STREET = "Қостанай облысы, Сынақ ауылы, Үлгі көшесі, {}-үй"

CITIZENS = (
    _citizen(1, "Сейітова Айгүл Ержанқызы", date(1984, 3, 12), female=True, address=_STREET.format(1)),
    _citizen(2, "Қасымов Нұрлан Бекұлы", date(1979, 11, 2), female=False, address=_STREET.format(2)),
    _citizen(3, "Әбдірахманова Гүлнәр Өмірқызы", date(1990, 7, 25), female=True, address=_STREET.format(3)),
    _citizen(4, "Төлегенов Ғалым Ыбырайұлы", date(1966, 1, 30), female=False, address=_STREET.format(4)),
    _citizen(5, "Жұмабаева Қарлығаш Һәкімқызы", date(1995, 9, 8), female=True, address=_STREET.format(5)),
    _citizen(6, "Иванов Пётр Сергеевич", date(1972, 5, 17), female=False, address=_STREET.format(6)),
    _citizen(7, "Оспанова Меруерт Асқарқызы", date(2001, 12, 3), female=True, address=_STREET.format(7)),
    _citizen(8, "Дүйсенов Ерлан Маратұлы", date(1988, 6, 21), female=False, address=_STREET.format(8)),
)

EXPIRED = _citizen(21, "Мерзімов Өткен Уақытұлы", date(1970, 2, 14), female=False, address=_STREET.format(21))
"""A citizen whose certificate expired."""
FOREIGN = _citizen(22, "Бөтенова Жат Бегімқызы", date(1981, 4, 1), female=True, address=_STREET.format(22))
"""A citizen whose certificate was issued by an authority that nobody here trusts."""
AUTHENTICATION_ONLY = _citizen(
    23, "Кіретінов Кіріс Есікұлы", date(1993, 10, 19), female=False, address=_STREET.format(23)
)
"""A citizen who signs with the certificate for logging in (AUTH) instead of the one for signing."""

PROVIDERS = (
    Organization(
        slug="kostanay",
        bin=bin_number(date(2010, 1, 1), serial=1),
        name=Text(
            kk="Сынақ ауданы әкімдігінің жұмыспен қамту және әлеуметтік бағдарламалар бөлімі",
            ru="Отдел занятости и социальных программ акимата района Сынақ (песочница)",
        ),
        head=_citizen(41, "Басшыбаев Шешім Қолұлы", date(1975, 8, 15), female=False, address=_STREET.format(41)),
    ),
)

_OPERATOR = "Qaqpa sandbox"

SYSTEMS = (
    System("shep", 'ИС "ЭҮШ (sandbox)"', _OPERATOR, bin_number(date(2008, 2, 1), serial=11)),
    System("portal", 'ИС "ЭҮП (sandbox)"', _OPERATOR, bin_number(date(2008, 2, 1), serial=21)),
    System("psc", 'ИС "ХҚКО ИАЖ (sandbox)"', _OPERATOR, bin_number(date(2008, 2, 1), serial=31)),
    System("gateway", 'ИС "Qaqpa"', _OPERATOR, bin_number(date(2020, 5, 1), serial=41)),
)
