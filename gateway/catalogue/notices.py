"""What the citizen reads in the personal cabinet: every notice, in Kazakh and Russian, in plain language.

No codes stand in them; dates are written out. "by" a day includes that day.
"""

from collections.abc import Iterable
from datetime import date

from gateway.catalogue import dates
from gateway.texts import Text


def being_checked() -> Text:
    """Return what is said while the state of the citizen's certificate cannot be asked."""
    return Text(
        kk="Өтінішіңіз қабылданды. Қазір ЭЦҚ куәлігіңіздің жарамдылығы тексеріліп жатыр, Сізден ештеңе талап "
        "етілмейді. Тексеру аяқталған соң осы кабинетке хабарлама келеді.",
        ru="Ваше заявление получено. Сейчас проверяется, действителен ли Ваш сертификат ЭЦП; от Вас ничего не "
        "требуется. Когда проверка закончится, в этот кабинет придёт сообщение.",
    )


def registered(number: str, deadline: date) -> Text:
    """Return the notice of registration and term (portal procedure, step 5)."""
    by = dates.by(deadline)
    return Text(
        kk=f"Өтінішіңіз тіркелді, нөмірі: {number}. Оны көрсетілетін қызметті беруші қарайды. "
        f"Жауап осы кабинетке {by.kk} кешіктірілмей келеді. Қосымша құжат қажет болса, осында хабарлаймыз.",
        ru=f"Ваше заявление зарегистрировано, номер: {number}. Его рассмотрит услугодатель. "
        f"Ответ придёт в этот кабинет не позднее {by.ru}. Если понадобятся ещё документы, мы сообщим об этом здесь.",
    )


def in_progress(number: str, deadline: date) -> Text:
    """Return what is said when the provider has begun to work on the application."""
    by = dates.by(deadline)
    return Text(
        kk=f"№ {number} өтінішіңіз қаралып жатыр. Сізден ештеңе талап етілмейді. "
        f"Жауап осы кабинетке {by.kk} кешіктірілмей келеді.",
        ru=f"Ваше заявление № {number} рассматривается. От Вас ничего не требуется. "
        f"Ответ придёт в этот кабинет не позднее {by.ru}.",
    )


def documents_needed(number: str, documents: Iterable[Text], until: date | None) -> Text:
    """Return the request for documents: which, and by which day."""
    needed = list(documents)
    listed = Text(kk="; ".join(_clause(item.kk) for item in needed), ru="; ".join(_clause(item.ru) for item in needed))
    when = _when(until)
    return Text(
        kk=f"№ {number} өтінішіңізді қарау үшін қосымша құжаттар қажет{_after_colon(listed.kk)}. "
        f"Оларды портал арқылы {when.kk} жіберіңіз.",
        ru=f"Чтобы рассмотреть Ваше заявление № {number}, нужны дополнительные документы{_after_colon(listed.ru)}. "
        f"Отправьте их через портал {when.ru}.",
    )


def supplement_rejected(number: str, until: date | None) -> Text:
    """Return what is said when the documents sent later cannot be taken; the findings follow it."""
    when = _when(until)
    return Text(
        kk=f"№ {number} өтінішіңізге қосымша жіберілген құжаттар қабылданбады: оларда төменде көрсетілген қателер бар. "
        f"Қателерді түзетіп, құжаттарды {when.kk} қайта жіберіңіз.",
        ru=f"Документы, отправленные дополнительно к Вашему заявлению № {number}, не приняты: в них есть ошибки, "
        f"указанные ниже. Исправьте их и отправьте документы ещё раз {when.ru}.",
    )


def decided_positive(number: str) -> Text:
    """Return what is said with a positive result."""
    return Text(
        kk=f"№ {number} өтінішіңіз бойынша оң шешім қабылданды. Көрсетілетін қызметті берушінің ЭЦҚ-сы қойылған нәтиже "
        "осы кабинетте.",
        ru=f"По Вашему заявлению № {number} принято положительное решение. Результат с ЭЦП услугодателя находится "
        "в этом кабинете.",
    )


def decided_refused(number: str, ground: Text | None) -> Text:
    """Return what is said with a refusal."""
    because_kk = f" Негізі: {_clause(ground.kk)}." if ground is not None else ""
    because_ru = f" Основание: {_clause(ground.ru)}." if ground is not None else ""
    return Text(
        kk=f"№ {number} өтінішіңіз бойынша қызмет көрсетуден бас тартылды.{because_kk} Көрсетілетін қызметті берушінің "
        "ЭЦҚ-сы қойылған шешім осы кабинетте. Шешіммен келіспесеңіз, оған шағым бере аласыз.",
        ru=f"По Вашему заявлению № {number} в оказании услуги отказано.{because_ru} Решение с ЭЦП услугодателя "
        "находится в этом кабинете. Если Вы с ним не согласны, Вы можете его обжаловать.",
    )


def rejected() -> Text:
    """Return what is said when the application cannot be registered; the findings follow it."""
    return Text(
        kk="Өтінішіңіз тіркелмеді: онда төменде көрсетілген қателер бар. Қателерді түзетіп, өтінішті портал арқылы "
        "қайта жіберіңіз.",
        ru="Ваше заявление не зарегистрировано: в нём есть ошибки, указанные ниже. Исправьте их и подайте заявление "
        "через портал ещё раз.",
    )


def overdue(number: str, promised: date | None) -> Text:
    """Return the apology for an answer that is late; `promised` is the new day, if there is one."""
    by = dates.by(promised) if promised is not None else None
    return Text(
        kk=f"№ {number} өтінішіңізге жауап мерзімінде берілмеді, кешірім сұраймыз. "
        + (f"Жауап {by.kk} кешіктірілмей келеді." if by else "Көрсетілетін қызметті берушіге бұл туралы хабарланды.")
        + " Сізден ештеңе талап етілмейді.",
        ru=f"Ответ на Ваше заявление № {number} не дан в срок, приносим извинения. "
        + (f"Ответ придёт не позднее {by.ru}." if by else "Услугодателю об этом сообщено.")
        + " От Вас ничего не требуется.",
    )


def _when(until: date | None) -> Text:
    if until is None:
        return Text(kk="мүмкіндігінше тез", ru="как можно скорее")
    by = dates.by(until)
    return Text(kk=f"{by.kk} кешіктірмей", ru=f"не позднее {by.ru}")


def _after_colon(words: str) -> str:
    return f": {words}" if words else ""


def _clause(words: str) -> str:
    """Return a provider's sentence so that it can stand inside one of ours."""
    return words.strip().rstrip(".;")
