"""What verdicts and reasons say to people, in Kazakh, Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.eds.verdict import Indication, Reason


class Language(StrEnum):
    """ISO 639-1."""

    KAZAKH = "kk"
    RUSSIAN = "ru"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Wording:
    """One sentence in three languages."""

    kk: str
    ru: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the sentence in one language."""
        sentences = {Language.KAZAKH: self.kk, Language.RUSSIAN: self.ru, Language.ENGLISH: self.en}
        return sentences[language]


INDICATIONS: Final[Mapping[Indication, Wording]] = {
    Indication.VALID: Wording("ЭЦҚ жарамды.", "ЭЦП действительна.", "The signature is valid."),
    Indication.INVALID: Wording("ЭЦҚ жарамсыз.", "ЭЦП недействительна.", "The signature is not valid."),
    Indication.INDETERMINATE: Wording(
        "ЭЦҚ-ның жарамды екенін анықтау мүмкін болмады.",
        "Установить, действительна ли ЭЦП, не удалось.",
        "It cannot be told whether the signature is valid.",
    ),
}

REASONS: Final[Mapping[Reason, Wording]] = {
    Reason.SIGNATURE_MISSING: Wording(
        "Құжатқа қол қойылмаған.", "Документ не подписан.", "The document bears no signature."
    ),
    Reason.FORMAT_FAILURE: Wording(
        "Құжаттың немесе ЭЦҚ-ның пішімі дұрыс емес.",
        "Документ или ЭЦП имеет неверный формат.",
        "The document or its signature is malformed.",
    ),
    Reason.HASH_FAILURE: Wording(
        "Қол қойылғаннан кейін құжат өзгертілген.",
        "Документ изменён после подписания.",
        "The document was changed after it had been signed.",
    ),
    Reason.SIG_CRYPTO_FAILURE: Wording(
        "ЭЦҚ куәліктегі кілтпен жасалмаған немесе бұзылған.",
        "ЭЦП сделана не тем ключом, который указан в сертификате, или повреждена.",
        "The signature was not made with the certificate's key, or is damaged.",
    ),
    Reason.SIG_CONSTRAINTS_FAILURE: Wording(
        "ЭЦҚ бүкіл құжатты қамтымайды немесе рұқсат етілмеген тәсілмен жасалған.",
        "ЭЦП охватывает не весь документ или сделана недопустимым способом.",
        "The signature does not cover the whole document, or was made in a way that is not accepted.",
    ),
    Reason.CRYPTO_CONSTRAINTS_FAILURE: Wording(
        "ЭЦҚ алгоритмі белгісіз немесе сенімсіз.",
        "Алгоритм ЭЦП неизвестен или ненадёжен.",
        "An algorithm of the signature is unknown, or too weak to be accepted.",
    ),
    Reason.CHAIN_CONSTRAINTS_FAILURE: Wording(
        "ЭЦҚ куәлігі қол қоюға арналмаған.",
        "Сертификат ЭЦП не предназначен для подписания.",
        "The certificate is not meant for such signatures.",
    ),
    Reason.NO_SIGNING_CERTIFICATE_FOUND: Wording(
        "Қол қоюшының куәлігі табылмады.",
        "Сертификат подписавшего не найден.",
        "The signer's certificate was not found.",
    ),
    Reason.NO_CERTIFICATE_CHAIN_FOUND: Wording(
        "Куәлікті сенімді куәландырушы орталық бермеген.",
        "Сертификат выдан не доверенным удостоверяющим центром.",
        "The certificate was not issued by a trusted authority.",
    ),
    Reason.EXPIRED: Wording(
        "Куәліктің мерзімі өтіп кеткен.",
        "Срок действия сертификата истёк.",
        "A certificate has expired.",
    ),
    Reason.NOT_YET_VALID: Wording(
        "Куәлік әлі күшіне енген жоқ.",
        "Сертификат ещё не вступил в силу.",
        "A certificate is not valid yet.",
    ),
    Reason.REVOKED: Wording("Куәлік кері қайтарылған.", "Сертификат отозван.", "A certificate is revoked."),
    Reason.TRY_LATER: Wording(
        "Куәліктің кері қайтарылған-қайтарылмағанын тексеру мүмкін болмады. Кейінірек қайталап көріңіз.",
        "Не удалось проверить, не отозван ли сертификат. Повторите позже.",
        "It could not be checked whether a certificate is revoked. Try again later.",
    ),
    Reason.SIGNED_DATA_NOT_FOUND: Wording(
        "ЭЦҚ құжаттан бөлек сақталған, ал құжаттың өзі берілмеген.",
        "ЭЦП хранится отдельно от документа, а сам документ не указан.",
        "The signature is detached, and the document it signs was not given.",
    ),
    Reason.TIMESTAMP_FAILURE: Wording(
        "ЭЦҚ-ның уақыт белгісі расталмады.",
        "Метка времени ЭЦП не подтверждена.",
        "A time stamp of the signature does not hold.",
    ),
}
"""One sentence for each reason, none missing."""
