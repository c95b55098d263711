"""What verdicts and reasons say to people, in Kazakh, Russian and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.eds.verdict import Defect, Finding, Indication, Reason


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

DEFECTS: Final[Mapping[Defect, Wording]] = {
    Defect.TWO_SIGNED_INFO: Wording(
        "Бір ЭЦҚ-да екі SignedInfo бар: қайсысына қол қойылғаны белгісіз.",
        "В одной ЭЦП два SignedInfo: неизвестно, который подписан.",
        "One signature holds two SignedInfo: which of them was signed is open.",
    ),
    Defect.EXTERNAL_REFERENCE: Wording(
        "ЭЦҚ құжаттан тыс деректерге сілтейді.",
        "ЭЦП ссылается на данные вне документа.",
        "The signature refers to something outside the document.",
    ),
    Defect.REFERENCE_ELSEWHERE: Wording(
        "ЭЦҚ құжаттың оқылатын бөлігіне сілтемейді.",
        "ЭЦП ссылается не на ту часть документа, которая читается.",
        "The signature refers to nothing of the document that is read.",
    ),
    Defect.DUPLICATE_ID: Wording(
        "ЭЦҚ сілтейтін Id құжатта бірнеше рет кездеседі.",
        "Id, на который ссылается ЭЦП, встречается в документе несколько раз.",
        "The Id that the signature refers to stands in the document more than once.",
    ),
    Defect.WRAPPED_PAYLOAD: Wording(
        "Қол қойылған деректер басқа деректердің ішіне көшірілген.",
        "Подписанные данные перенесены внутрь других данных.",
        "What was signed has been moved into something else.",
    ),
    Defect.UNSIGNED_CONTENT: Wording(
        "Құжатта қол қойылмаған деректер бар.",
        "В документе есть неподписанные данные.",
        "The document holds content beside what was signed.",
    ),
    Defect.TRANSFORM_NOT_ALLOWED: Wording(
        "ЭЦҚ-да рұқсат етілмеген түрлендіру көрсетілген.",
        "В ЭЦП указано недопустимое преобразование.",
        "The signature names a transform that is not accepted.",
    ),
    Defect.HMAC: Wording(
        "ЭЦҚ орнына ортақ кілтпен есептелген код (HMAC) тұр.",
        "Вместо ЭЦП стоит код с общим ключом (HMAC).",
        "A code with a shared key (HMAC) stands in place of a signature.",
    ),
    Defect.TRUNCATED_HMAC: Wording(
        "ЭЦҚ орнына қысқартылған код (HMAC) тұр.",
        "Вместо ЭЦП стоит усечённый код (HMAC).",
        "A truncated code (HMAC) stands in place of a signature.",
    ),
    Defect.COMMENT_IN_SIGNATURE: Wording(
        "ЭЦҚ ішінде түсініктеме бар: оны әртүрлі оқуға болады.",
        "Внутри ЭЦП стоит комментарий: её можно прочесть по-разному.",
        "A comment stands inside the signature: it can be read in two ways.",
    ),
    Defect.KEY_SUBSTITUTED: Wording(
        "ЭЦҚ көрсетілген куәліктің кілтімен емес, қоса берілген басқа кілтпен жасалған.",
        "ЭЦП сделана не ключом указанного сертификата, а другим приложенным ключом.",
        "The signature was made not with the certificate's key, but with another one that came along.",
    ),
    Defect.MALFORMED_ASN1: Wording(
        "Куәліктің немесе ЭЦҚ-ның ASN.1 кодталуы бұзылған.",
        "Кодировка ASN.1 сертификата или ЭЦП повреждена.",
        "The ASN.1 encoding of the certificate or the signature is broken.",
    ),
    Defect.LIMIT_EXCEEDED: Wording(
        "Құжат рұқсат етілген шектен асады.",
        "Документ превышает допустимые пределы.",
        "The document exceeds what is accepted.",
    ),
    Defect.SELF_SIGNED: Wording(
        "Куәлікті ешбір куәландырушы орталық бермеген: ол өзіне-өзі қол қойған.",
        "Сертификат не выдан удостоверяющим центром: он подписан сам собой.",
        "The certificate was issued by no authority: it is signed by itself.",
    ),
    Defect.ISSUER_KEY_DIFFERS: Wording(
        "Куәлікте сенімді орталықтың аты тұр, бірақ оған басқа кілтпен қол қойылған.",
        "В сертификате указан доверенный центр, но подписан он другим ключом.",
        "The certificate names a trusted authority, but another key signed it.",
    ),
    Defect.REVOKED_AFTER_SIGNING: Wording(
        "Куәлік қол қойылғаннан кейін кері қайтарылған, ал себебі бұрынғы ЭЦҚ-ларға да күмән келтіреді.",
        "Сертификат отозван после подписания, но по причине, которая ставит под сомнение и прежние ЭЦП.",
        "The certificate was revoked after signing, for a reason that makes earlier signatures doubtful too.",
    ),
}
"""One sentence for each defect, none missing; it stands in place of its reason's."""


def wording_of(finding: Finding) -> Wording:
    """Return the most exact sentence for what was found."""
    return REASONS[finding.reason] if finding.defect is None else DEFECTS[finding.defect]
