"""What the demo sends, and what must come of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.sandbox.identities import CITIZENS, REVOKED, Citizen
from gateway.sandbox.order import Document, Order
from gateway.texts import Text

HOUSING = "kostanay.housing-assistance"
SCHOOLING = "kostanay.home-schooling-costs"
CATEGORIES = "kostanay.categories-social-assistance"

SERVICES = {
    HOUSING: Text(kk="Тұрғын үй көмегін тағайындау", ru="Назначение жилищной помощи"),
    SCHOOLING: Text(
        kk="Мүгедек балаларды үйде оқытуға жұмсалған шығындарды өтеу",
        ru="Возмещение затрат на обучение на дому детей-инвалидов",
    ),
    CATEGORIES: Text(
        kk="Мұқтаж азаматтардың жекелеген санаттарына әлеуметтік көмек тағайындау",
        ru="Назначение социальной помощи отдельным категориям нуждающихся граждан",
    ),
}


class Ending(StrEnum):
    """How an application ends."""

    POSITIVE = "positive"
    REFUSED = "refused"
    REJECTED = "rejected"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One application and its expected ending."""

    title: str
    order: Order
    ending: Ending
    code: str | None = None
    """Code of the finding or of the fault that must come."""
    supplement: Order | None = None
    """What the citizen sends when documents are asked for."""
    repeat: bool = False
    """Have ShEP push the same message once more, after the end."""


_PACKAGE = (Document(kind="package", name="qujattar.pdf"),)
_DWELLING = {"dwellingAddress": "Қостанай облысы, Сынақ ауылы, Үлгі көшесі, 1-үй", "residents": "4"}
_CHILD = {"child": {"surname": "Жұмабаев", "givenName": "Әли", "birthDate": "2015-04-23"}}


def _order(service: str, citizen: int | Citizen, form: Mapping[str, object], **changes: object) -> Order:
    person = citizen if isinstance(citizen, Citizen) else CITIZENS[citizen - 1]
    values = {"service": service, "citizen": person.slug, "form": form, "documents": _PACKAGE}
    return Order.model_validate(values | changes)


SCENARIOS = (
    Scenario("granted", _order(HOUSING, 1, _DWELLING), Ending.POSITIVE),
    Scenario("granted", _order(SCHOOLING, 5, _CHILD), Ending.POSITIVE),
    Scenario(
        "granted; ShEP repeats the message",
        _order(CATEGORIES, 3, {"category": "disability"}),
        Ending.POSITIVE,
        repeat=True,
    ),
    Scenario("refused by the provider", _order(HOUSING, 4, _DWELLING), Ending.REFUSED),
    Scenario(
        "documents asked for, then sent",
        _order(SCHOOLING, 2, _CHILD, documents=()),
        Ending.POSITIVE,
        supplement=_order(SCHOOLING, 2, _CHILD),
    ),
    Scenario(
        "incomplete form",
        _order(HOUSING, 6, {"residents": "4"}, language="ru"),
        Ending.REJECTED,
        code="applicant.form",
    ),
    Scenario(
        "not for the portal by the act",
        _order(CATEGORIES, 7, {"category": "other"}),
        Ending.REJECTED,
        code="applicant.eligibility",
    ),
    Scenario(
        "signed with a revoked key",
        _order(HOUSING, REVOKED, _DWELLING),
        Ending.REJECTED,
        code="applicant.certificate.revoked",
    ),
    Scenario("changed after signing", _order(HOUSING, 8, _DWELLING, tamper=True), Ending.FAULT, code="SCE016"),
)
