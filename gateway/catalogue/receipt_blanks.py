"""What the blanks of the acts' coupons and receipts ask for.

The acts print them as fragments of sentences, in many cases and spellings ("номера и даты приёма запроса", "№ ___",
"тіркелген күні"). Each is known here by its Kazakh words, which every act has; a test compares with the passports.
"""

from collections.abc import Mapping
from enum import StrEnum

from gateway.catalogue import kazakh
from gateway.catalogue.paper import PrintedField
from gateway.texts import Text


class Blank(StrEnum):
    """What is filled in."""

    NUMBER = "number"
    REGISTERED = "registered"
    REGISTERED_TIME = "registered_time"
    SERVICE = "service"
    COMPONENT = "component"
    APPLICANT = "applicant"
    REPRESENTATIVE = "representative"
    PHONE = "phone"
    DOCUMENT_COUNT = "document_count"
    DOCUMENTS = "documents"
    READY = "ready"
    COLLECTION = "collection"
    """Date, time and place of issue."""
    CLERK = "clerk"
    CLERK_SIGNATURE = "clerk_signature"
    APPLICANT_SIGNATURE = "applicant_signature"
    FAMILY_NUMBER = "family_number"
    """The provider's own; written in by hand."""
    MISSING = "missing"
    STATEMENT = "statement"
    """The applicant's undertakings, printed over the signature."""


LABELS: Mapping[Blank, Text] = {
    Blank.NUMBER: Text("Тіркеу нөмірі", "Регистрационный номер"),
    Blank.REGISTERED: Text("Қабылданған күні", "Дата приёма"),
    Blank.REGISTERED_TIME: Text("Қабылданған күні мен уақыты", "Дата и время приёма"),
    Blank.SERVICE: Text("Мемлекеттік көрсетілетін қызмет", "Государственная услуга"),
    Blank.COMPONENT: Text("Көмек түрі", "Вид помощи"),
    Blank.APPLICANT: Text("Өтініш беруші", "Заявитель"),
    Blank.REPRESENTATIVE: Text("Уәкілетті өкіл", "Уполномоченный представитель"),
    Blank.PHONE: Text("Байланыс телефоны", "Контактный телефон"),
    Blank.DOCUMENT_COUNT: Text("Қоса берілген құжаттардың саны", "Количество приложенных документов"),
    Blank.DOCUMENTS: Text("Қоса берілген құжаттар", "Приложенные документы"),
    Blank.READY: Text("Нәтижені алатын күн", "День получения результата"),
    Blank.COLLECTION: Text("Нәтижені беру күні, уақыты мен орны", "Дата, время и место выдачи результата"),
    Blank.CLERK: Text("Құжаттарды қабылдаған адам", "Документы принял(а)"),
    Blank.CLERK_SIGNATURE: Text("Құжаттарды қабылдаған адамның қолы", "Подпись принявшего документы"),
    Blank.APPLICANT_SIGNATURE: Text("Өтініш берушінің қолы", "Подпись заявителя"),
    Blank.FAMILY_NUMBER: Text("Отбасының тіркеу нөмірі", "Регистрационный номер семьи"),
    Blank.MISSING: Text("Жетіспейтін немесе жарамсыз құжаттар", "Недостающие или негодные документы"),
}
"""What stands before each of them on paper: one wording, ours, for the acts' fragments."""

_BLANKS: Mapping[tuple[Blank, ...], tuple[str, ...]] = {
    (Blank.NUMBER,): ("№ ___", "№", "нөмірін", "нөмірі"),
    (Blank.NUMBER, Blank.REGISTERED): (
        "сауалды қабылдау мерзімі мен нөмірін",
        "сауалды қабылдау мерзімі мен нөмірі",
        "өтінішті қабылдау мерзімі мен нөмірін",
        "қабылданған өтініш мерзімі мен нөмірі",
        "қабылдау мерзімі мен нөмірін",
    ),
    (Blank.REGISTERED,): (
        "қабылдау мерзімі",
        "қабылдау күні",
        "тіркелген күні",
        "20 жылғы « » қабылданды",
        "«___»___20___ жыл",
        "«___»___20___жылы",
    ),
    (Blank.REGISTERED_TIME,): ("Күні және уақыты", "Мерзімі және уақыты"),
    (Blank.SERVICE,): (
        "сұратылған мемлекеттік қызметтің түрін",
        "сұратылған мемлекеттік қызметтің түрі",
        "сұралған мемлекеттік қызмет түрі",
    ),
    (Blank.COMPONENT,): ("Көмек түрі",),
    (Blank.APPLICANT,): (
        "Азаматтың (шаның) өтініші",
        "азамат (ша) өтiнiші",
        "Азаматтың өтініші",
        "Азамат",
        "мемлекеттік қызмет алушының тегін, аты-жөнін",
    ),
    (Blank.REPRESENTATIVE,): ("уәкілетті өкілінің тегін, аты-жөнін",),
    (Blank.PHONE,): ("олардың байланыс телефондарын",),
    (Blank.DOCUMENT_COUNT,): (
        "Қоса берілген құжаттар (саны)",
        "Қоса ұсынылатын құжаттар (саны)",
        "бірлік қоса берілген құжаттармен бірге",
        "дана қоса берілген құжаттармен бірге",
        "___ данада құжаттарды",
        "данада",
    ),
    (Blank.DOCUMENTS,): (
        "қоса берілген құжаттардың атаулары мен сандарын",
        "қоса берілген құжаттардың атаулары мен сандары",
        "қосымша құжаттардың саны мен атауы",
    ),
    (Blank.READY,): (
        "мемлекеттік қызмет алған күні",
        "мемлекеттік қызметті алатын күні",
        "қолхатта көрсетілген мерзім",
    ),
    (Blank.COLLECTION,): (
        "құжаттарды беру мерзімін, уақыты мен орнын",
        "құжаттарды беру мерзімі, уақыты мен орны",
        "мерзімі, уақыты мен құжаттарды беру орны",
    ),
    (Blank.CLERK,): (
        "құжаттарды қабылдаған адамның Т.А.Ә., лауазымы",
        "құжаттарды қабылдаған адамның лауазымы, Т.А.Ә.",
        "(құжатты қабылдаған адамның Т.Ә.А.)",
        "өтініш қабылдаған маманның тегін, аты-жөнін",
        "өтініш қабылдаған маманның тегі, аты-жөні",
        "құжаттарды ресімдеуге өтініш қабылдаған ХҚКО инспекторының тегін, аты-жөнін",
        "құжаттарды ресімдеуге өтініш қабылдаған орталық инспекторының тегін, аты-жөнін",
        "құжаттарды ресімдеуге өтініш қабылдаған орталық инспекторының тегі, аты-жөнін",
        "құжаттарды рәсімдеуге өтініш қабылдаған орталық инспекторының тегі, аты, әкесінің аты",
        "құжаттарды қабылдаған тұлғаның тегі мен аты-жөні",
        "құжаттар топтамасын қабылдаған адамның тегі мен аты-жөні",
        "құжаттарды қабылдаған адамның тегі мен аты-жөні",
    ),
    (Blank.CLERK, Blank.CLERK_SIGNATURE): ("Құжаттарды қабылдаған адамның Т.А.Ә., лауазымы, қолы",),
    (Blank.CLERK_SIGNATURE,): ("Өтініш қабылдаған (қолы)", "Өтінішті қабылдаған (қолы)", "қолы"),
    (Blank.APPLICANT_SIGNATURE,): ("Өтініш берушінің Т.А.Ә және қолы", "Өтініш берушінің қолы"),
    (Blank.FAMILY_NUMBER,): ("Отбасының тiркеу нөмiрi", "Отбасының тiркеу нөмiрiмен бірге"),
    (Blank.MISSING,): ("жетіспейтін құжаттарды",),
}


def blanks_of(field: PrintedField) -> tuple[Blank, ...]:
    """Return what a printed blank asks for.

    Raises:
        KeyError: its words are not known.
    """
    if field.type == "boolean":
        return (Blank.STATEMENT,)
    return _BY_WORDS[_key(field.label.kk or "")]


def _key(words: str) -> str:
    return " ".join(kazakh.normalised(words).casefold().split())


_BY_WORDS = {_key(words): blanks for blanks, several in _BLANKS.items() for words in several}
