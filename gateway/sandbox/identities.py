"""Who lives in the sandbox: citizens, providers and information systems. None of them exists.

Most have GOST keys, as NCA gives them now; some still have the RSA keys of before.
"""

from dataclasses import dataclass
from datetime import date

from gateway.sandbox.keys import Family
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
    family: Family = Family.GOST
    """Of the key the citizen signs with."""


@dataclass(frozen=True, slots=True)
class Organization:
    """A fictional provider of public services with the head who signs for it."""

    slug: str
    """The region, as it stands in the ids of its services."""
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
    family: Family = Family.GOST
    """Of its transport key."""


def _citizen(  # noqa: PLR0913  what a citizen is
    serial: int, names: str, birth: date, *, female: bool, address: str, family: Family = Family.GOST
) -> Citizen:
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
        family=family,
    )


_STREET = "Қостанай облысы, Сынақ ауылы, Үлгі көшесі, {}-үй"

CITIZENS = (
    _citizen(1, "Сейітова Айгүл Ержанқызы", date(1984, 3, 12), female=True, address=_STREET.format(1)),
    _citizen(2, "Қасымов Нұрлан Бекұлы", date(1979, 11, 2), female=False, address=_STREET.format(2)),
    _citizen(3, "Әбдірахманова Гүлнәр Өмірқызы", date(1990, 7, 25), female=True, address=_STREET.format(3)),
    _citizen(4, "Төлегенов Ғалым Ыбырайұлы", date(1966, 1, 30), female=False, address=_STREET.format(4)),
    _citizen(5, "Жұмабаева Қарлығаш Һәкімқызы", date(1995, 9, 8), female=True, address=_STREET.format(5)),
    _citizen(6, "Иванов Пётр Сергеевич", date(1972, 5, 17), female=False, address=_STREET.format(6), family=Family.RSA),
    _citizen(7, "Оспанова Меруерт Асқарқызы", date(2001, 12, 3), female=True, address=_STREET.format(7)),
    _citizen(
        8, "Дүйсенов Ерлан Маратұлы", date(1988, 6, 21), female=False, address=_STREET.format(8), family=Family.RSA
    ),
)

EXPIRED = _citizen(
    21, "Мерзімов Өткен Уақытұлы", date(1970, 2, 14), female=False, address=_STREET.format(21), family=Family.RSA
)
"""A citizen whose certificate expired."""
FOREIGN = _citizen(
    22, "Бөтенова Жат Бегімқызы", date(1981, 4, 1), female=True, address=_STREET.format(22), family=Family.RSA
)
"""A citizen whose certificate was issued by an authority that nobody here trusts."""
AUTHENTICATION_ONLY = _citizen(
    23, "Кіретінов Кіріс Есікұлы", date(1993, 10, 19), female=False, address=_STREET.format(23), family=Family.RSA
)
"""A citizen who signs with the certificate for logging in (AUTH) instead of the one for signing."""
REVOKED = _citizen(24, "Қайтарымов Кілт Жоғалтұлы", date(1986, 8, 5), female=False, address=_STREET.format(24))
"""A citizen who lost the key and had the certificate revoked."""

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
    Organization(
        slug="astana",
        bin=bin_number(date(2012, 3, 1), serial=2),
        name=Text(
            kk="Сынақ қаласының жұмыспен қамту және әлеуметтік бағдарламалар басқармасы",
            ru="Управление занятости и социальных программ города Сынақ (песочница)",
        ),
        head=_citizen(
            42,
            "Бастықова Шешім Мөрқызы",
            date(1978, 4, 22),
            female=True,
            address=_STREET.format(42),
            family=Family.RSA,
        ),
    ),
)


def provider_of(service: str) -> Organization | None:
    """Return who provides a service, by the region in its id; None when nobody here does."""
    region = service.partition(".")[0]
    return next((organization for organization in PROVIDERS if organization.slug == region), None)


_OPERATOR = "Qaqpa sandbox"

SYSTEMS = (
    System("shep", 'ИС "ЭҮШ (sandbox)"', _OPERATOR, bin_number(date(2008, 2, 1), serial=11), Family.RSA),
    System("portal", 'ИС "ЭҮП (sandbox)"', _OPERATOR, bin_number(date(2008, 2, 1), serial=21)),
    System("psc", 'ИС "ХҚКО ИАЖ (sandbox)"', _OPERATOR, bin_number(date(2008, 2, 1), serial=31), Family.RSA),
    System("gateway", 'ИС "Qaqpa"', _OPERATOR, bin_number(date(2020, 5, 1), serial=41)),
)
