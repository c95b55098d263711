"""The catalogue as delivered, and applications to it."""

from base64 import b64encode
from functools import lru_cache

from gateway import resources
from gateway.catalogue.catalogue import Catalogue
from gateway.catalogue.service import Service

HOME_SCHOOLING = "kostanay.home-schooling-costs"
CATEGORIES = "kostanay.categories-social-assistance"
HOUSING = "kostanay.housing-assistance"
PORTAL_SERVICES = (HOME_SCHOOLING, CATEGORIES, HOUSING)

IIN = "880101300123"
OTHER_IIN = "900202400230"

_FORMS = {
    HOME_SCHOOLING: "<child><iin>150505500345</iin><surname>Ахметов</surname><givenName>Дәурен</givenName>"
    "<birthDate>2015-05-05</birthDate></child>",
    CATEGORIES: "<category>disability</category>",
    HOUSING: "<dwellingAddress>Қостанай қ., Абай к., 1 үй</dwellingAddress><residents>4</residents>",
}


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return the catalogue, loaded once."""
    return Catalogue.load(resources.schemas())


def service(service_id: str = HOME_SCHOOLING) -> Service:
    """Return one service of it."""
    return catalogue().service(service_id)


def document(
    kind: str = "package", name: str = "a.pdf", mime: str = "application/pdf", content: bytes | None = None
) -> str:
    """Return one attached document as XML."""
    encoded = b64encode(b"%PDF-1.4 \n%%EOF" if content is None else content).decode()
    return f"<document><kind>{kind}</kind><name>{name}</name><mime>{mime}</mime><content>{encoded}</content></document>"


REPRESENTATIVE = (
    f"<representative><iin>{OTHER_IIN}</iin><surname>Ким</surname><givenName>Анна</givenName>"
    "<authority>Сенімхат № 5</authority></representative>"
)


def application(service_id: str = HOME_SCHOOLING, *replacements: tuple[str, str]) -> bytes:
    """Return a complete application to a portal service, after each replacement has been made once.

    Raises:
        AssertionError: a replacement has nothing to replace, so the test would test nothing.
    """
    text = (
        f'<application xmlns="urn:qaqpa:service:{service_id}:1">'
        f"<header><serviceId>{service_id}</serviceId><requestNumber>R-1</requestNumber>"
        "<submittedAt>2026-01-05T10:00:00+05:00</submittedAt><language>kk</language></header>"
        f"<applicant><iin>{IIN}</iin><surname>Ахметова</surname><givenName>Әсел</givenName>"
        "<patronymic>Нұрланқызы</patronymic><birthDate>1988-01-01</birthDate><phone>+7 701 000 00 00</phone>"
        "<email>asel@example.kz</email><address>Қостанай қ.</address></applicant>"
        f"<form>{_FORMS[service_id]}</form>"
        f"<documents>{document()}</documents><consent>true</consent></application>"
    )
    for old, new in replacements:
        assert old in text, f"nothing to replace: {old}"
        text = text.replace(old, new, 1)
    return text.encode()
