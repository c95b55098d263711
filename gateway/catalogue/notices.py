"""What the citizen is told of an application: every notice, in Kazakh and Russian, in plain language.

No codes stand in them; dates are written out. "by" a day includes that day. `channel` is where the citizen applied: at
the portal the answer comes to the personal cabinet, elsewhere it is fetched.
"""

from collections.abc import Iterable
from datetime import date

from gateway.catalogue import dates, places
from gateway.catalogue.channel import Channel
from gateway.texts import Text


def being_checked() -> Text:
    """Return what is said while the applicant's certificate or files could not be checked yet."""
    return Text(
        kk="Өтінішіңіз қабылданды. Қазір ЭЦҚ куәлігіңіз бен тіркелген файлдар тексеріліп жатыр, Сізден ештеңе талап "
        "етілмейді. Тексеру аяқталған соң осы кабинетке хабарлама келеді.",
        ru="Ваше заявление получено. Сейчас проверяются Ваш сертификат ЭЦП и приложенные файлы; от Вас ничего не "
        "требуется. Когда проверка закончится, в этот кабинет придёт сообщение.",
    )


def registered(number: str, deadline: date, channel: Channel = Channel.PORTAL) -> Text:
    """Return the notice of registration and term (portal procedure, step 5)."""
    answer, told = places.answer_by(deadline, channel), places.told_at(channel)
    return Text(
        kk=f"Өтінішіңіз тіркелді, нөмірі: {number}. Оны көрсетілетін қызметті беруші қарайды. "
        f"{answer.kk} Қосымша құжат қажет болса, {told.kk}.",
        ru=f"Ваше заявление зарегистрировано, номер: {number}. Его рассмотрит услугодатель. "
        f"{answer.ru} Если понадобятся ещё документы, {told.ru}.",
    )


def in_progress(number: str, deadline: date, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said when the provider has begun to work on the application."""
    answer = places.answer_by(deadline, channel)
    return Text(
        kk=f"№ {number} өтінішіңіз қаралып жатыр. Сізден ештеңе талап етілмейді. {answer.kk}",
        ru=f"Ваше заявление № {number} рассматривается. От Вас ничего не требуется. {answer.ru}",
    )


def step_done(number: str, outcome: Text, deadline: date, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said when a step of the act's procedure is done; `outcome` is the act's word for it."""
    answer = places.answer_by(deadline, channel)
    return Text(
        kk=f"№ {number} өтінішіңіз бойынша мына кезең аяқталды: {_clause(outcome.kk)}. Сізден ештеңе талап етілмейді. "
        f"{answer.kk}",
        ru=f"По Вашему заявлению № {number} пройден этап: {_clause(outcome.ru)}. От Вас ничего не требуется. "
        f"{answer.ru}",
    )


def documents_needed(
    number: str, documents: Iterable[Text], until: date | None, channel: Channel = Channel.PORTAL
) -> Text:
    """Return the request for documents: which, and by which day."""
    listed, hand_in = _listed(documents), places.hand_in(channel, Text("Оларды", "их"), _when(until))
    return Text(
        kk=f"№ {number} өтінішіңізді қарау үшін қосымша құжаттар қажет{_after_colon(listed.kk)}. {hand_in.kk}.",
        ru=f"Чтобы рассмотреть Ваше заявление № {number}, нужны дополнительные документы{_after_colon(listed.ru)}. "
        f"{hand_in.ru[0].upper()}{hand_in.ru[1:]}.",
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


def returned(number: str, reasons: Iterable[Text], until: date | None, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said when an application is sent back to be completed: why, and what to do."""
    listed, hand_in = _listed(reasons), places.hand_in(channel, Text("құжаттарды", "документы"), _when(until))
    return Text(
        kk=f"№ {number} өтінішіңіз толықтыруға қайтарылды. Себебі{_after_colon(listed.kk)}. "
        f"Кемшіліктерді жойып, {hand_in.kk}.",
        ru=f"Ваше заявление № {number} возвращено на доработку. Причина{_after_colon(listed.ru)}. "
        f"Устраните недостатки и {hand_in.ru}.",
    )


def extended(number: str, deadline: date, reason: Text, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said when the term became longer, as an act allows."""
    answer = places.answer_by(deadline, channel)
    return Text(
        kk=f"№ {number} өтінішіңізді қарау мерзімі ұзартылды. Себебі: {_clause(reason.kk)}. {answer.kk}",
        ru=f"Срок рассмотрения Вашего заявления № {number} продлён. Причина: {_clause(reason.ru)}. {answer.ru}",
    )


def suspended(number: str, reason: Text, action: Text | None = None) -> Text:
    """Return what is said when the term stands still; `action` is what the citizen has to do, a whole sentence."""
    todo = action or Text("Сізден ештеңе талап етілмейді.", "От Вас ничего не требуется.")
    return Text(
        kk=f"№ {number} өтінішіңізді қарау тоқтатыла тұрды. Себебі: {_clause(reason.kk)}. {todo.kk} "
        "Қарау жалғасқанша мерзім есептелмейді, жалғасқанда жауап берілетін күнді хабарлаймыз.",
        ru=f"Рассмотрение Вашего заявления № {number} приостановлено. Причина: {_clause(reason.ru)}. {todo.ru} "
        "Пока рассмотрение приостановлено, срок не идёт. Когда оно возобновится, мы сообщим день ответа.",
    )


def resumed(number: str, deadline: date, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said when the term runs again."""
    answer = places.answer_by(deadline, channel)
    return Text(
        kk=f"№ {number} өтінішіңізді қарау жалғасты. {answer.kk}",
        ru=f"Рассмотрение Вашего заявления № {number} возобновлено. {answer.ru}",
    )


def decided_positive(number: str, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said with a positive result."""
    where = places.result_is(channel, Text("нәтиже", "Результат"))
    return Text(
        kk=f"№ {number} өтінішіңіз бойынша оң шешім қабылданды. {where.kk}",
        ru=f"По Вашему заявлению № {number} принято положительное решение. {where.ru}",
    )


def decided_orally(number: str) -> Text:
    """Return what is said when the act ends a service in oral information."""
    return Text(
        kk=f"№ {number} өтінішіңіз бойынша Сізге ауызша кеңес берілді. Бұл қызмет осымен аяқталды, құжат берілмейді.",
        ru=f"По Вашему заявлению № {number} Вам дана устная консультация. На этом услуга завершена, документ не "
        "выдаётся.",
    )


def decided_refused(number: str, ground: Text | None, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said with a refusal."""
    because_kk = f" Негізі: {_clause(ground.kk)}." if ground is not None else ""
    because_ru = f" Основание: {_clause(ground.ru)}." if ground is not None else ""
    where = places.result_is(channel, Text("шешім", "Решение"))
    return Text(
        kk=f"№ {number} өтінішіңіз бойынша қызмет көрсетуден бас тартылды.{because_kk} {where.kk} "
        "Шешіммен келіспесеңіз, оған шағым бере аласыз.",
        ru=f"По Вашему заявлению № {number} в оказании услуги отказано.{because_ru} {where.ru} "
        "Если Вы с ним не согласны, Вы можете его обжаловать.",
    )


def terminated(number: str, ground: Text, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said when a benefit ends on a ground of the act."""
    where = places.result_is(channel, Text("шешім", "Решение"))
    return Text(
        kk=f"№ {number} өтінішіңіз бойынша тағайындалған көмек тоқтатылды. Негізі: {_clause(ground.kk)}. {where.kk} "
        "Шешіммен келіспесеңіз, оған шағым бере аласыз.",
        ru=f"Помощь, назначенная по Вашему заявлению № {number}, прекращена. Основание: {_clause(ground.ru)}. "
        f"{where.ru} Если Вы с ним не согласны, Вы можете его обжаловать.",
    )


def rejected(channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said when the application cannot be registered; the findings follow it."""
    again = places.apply_again(channel)
    return Text(
        kk=f"Өтінішіңіз тіркелмеді: онда төменде көрсетілген қателер бар. Қателерді түзетіп, {again.kk}.",
        ru=f"Ваше заявление не зарегистрировано: в нём есть ошибки, указанные ниже. Исправьте их и {again.ru}.",
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


def overdue_incomplete(number: str, channel: Channel = Channel.PORTAL) -> Text:
    """Return what is said when the term is over while the documents that were asked for have not come."""
    hand_in = places.hand_in(channel, Text("Оларды", "их"), _when(None))
    return Text(
        kk=f"№ {number} өтінішіңізге жауап мерзімінде берілмеді, кешірім сұраймыз: сұралған құжаттар әлі келіп түскен "
        f"жоқ. {hand_in.kk}, оларсыз шешім қабылдау мүмкін емес.",
        ru=f"Ответ на Ваше заявление № {number} не дан в срок, приносим извинения: запрошенные документы ещё не "
        f"поступили. {hand_in.ru[0].upper()}{hand_in.ru[1:]}, без них решение принять нельзя.",
    )


def income_confirmation(number: str, until: date) -> Text:
    """Return the reminder to confirm the right to a benefit by a statement of income, each quarter."""
    by = dates.by(until)
    return Text(
        kk=f"№ {number} өтініш бойынша тағайындалған көмекті алу құқығы тоқсан сайын расталады. "
        f"Отбасыңыздың табысы туралы мәліметтерді көрсетілетін қызметті берушіге {by.kk} кешіктірмей тапсырыңыз.",
        ru=f"Право на помощь, назначенную по заявлению № {number}, подтверждается каждый квартал. "
        f"Представьте услугодателю сведения о доходах семьи не позднее {by.ru}.",
    )


def check_in(number: str, until: date) -> Text:
    """Return the reminder to the registered unemployed to come and be noted."""
    by = dates.by(until)
    return Text(
        kk=f"Сіз № {number} өтініш бойынша жұмыссыз ретінде тіркелгенсіз. "
        f"Белгілену үшін көрсетілетін қызметті берушіге {by.kk} кешіктірмей келіңіз.",
        ru=f"Вы зарегистрированы как безработный по заявлению № {number}. "
        f"Чтобы отметиться, придите к услугодателю не позднее {by.ru}.",
    )


def _listed(items: Iterable[Text]) -> Text:
    given = list(items)
    return Text(kk="; ".join(_clause(item.kk) for item in given), ru="; ".join(_clause(item.ru) for item in given))


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
