"""What the portal's questions are answered in words, in Kazakh and Russian."""

from gateway.catalogue import places
from gateway.catalogue.channel import Channel
from gateway.texts import Text

NOT_BY_SCHEMA = Text(
    "Сұраудың бұл бөлігі portal.xsd сызбасына сәйкес емес немесе жетіспейді.",
    "Эта часть запроса не соответствует схеме portal.xsd или отсутствует.",
)
DICTIONARY = Text(
    "Мұндай анықтамалық жоқ: providers, documentKinds, components, grounds, choices бар.",
    "Такого справочника нет: есть providers, documentKinds, components, grounds, choices.",
)
REGION = Text("Мұндай өңір жоқ: astana, kostanay бар.", "Такого региона нет: есть astana, kostanay.")
SERVICE = Text(
    "Мұндай қызмет тіркелмеген немесе Сізге рұқсат етілмеген.",
    "Такая услуга не зарегистрирована или Вам не разрешена.",
)
COMPONENT = Text("Қызметтің мұндай түрі жоқ.", "У услуги нет такого вида.")
FIELD = Text("Қызметтің нысанында мұндай таңдау өрісі жоқ.", "В форме услуги нет такого поля выбора.")
NUMBER = Text(
    "Өтініштің нөмірі қате терілген. Оны хабарламадағыдай жазыңыз, мысалы: 2026-00000123-3.",
    "Номер заявления набран неверно. Введите его так, как он стоит в сообщении, например 2026-00000123-3.",
)
IIN = Text(
    "ЖСН қате терілген: 12 цифр болуы керек, соңғысы — бақылау цифры.",
    "ИИН набран неверно: в нём 12 цифр, последняя — контрольная.",
)
NOT_FOUND = Text(
    "Мұндай нөмір мен ЖСН бойынша өтініш табылмады. Екеуін де тексеріңіз.",
    "По такому номеру и ИИН заявление не найдено. Проверьте и то и другое.",
)

_IDLE = Text("Сізден ештеңе талап етілмейді.", "От Вас ничего не требуется.")
STATES = {
    "registered": Text("Өтініш тіркелді", "Заявление зарегистрировано"),
    "in_progress": Text("Өтініш қаралып жатыр", "Заявление рассматривается"),
    "documents_needed": Text("Қосымша құжаттар қажет", "Нужны дополнительные документы"),
    "suspended": Text("Өтінішті қарау тоқтатыла тұрды", "Рассмотрение заявления приостановлено"),
    "decided": Text("Шешім қабылданды", "Решение принято"),
}
"""By the code of the state."""
ENDINGS = {
    "positive": Text("Оң шешім қабылданды", "Принято положительное решение"),
    "refused": Text("Қызметті көрсетуден бас тартылды", "В оказании услуги отказано"),
    "oral": Text("Ауызша кеңес берілді", "Дана устная консультация"),
    "terminated": Text("Тағайындалған көмек тоқтатылды", "Оказание назначенной помощи прекращено"),
}
"""By the code of the ending."""
NO_DOCUMENT = Text("Бұл қызмет осымен аяқталды, құжат берілмейді.", "На этом услуга завершена, документ не выдаётся.")
_NEXT = {
    "registered": Text("Өтінішті көрсетілетін қызметті беруші қарайды.", "Заявление рассмотрит услугодатель."),
    "in_progress": Text("Көрсетілетін қызметті беруші шешім қабылдайды.", "Услугодатель примет решение."),
}
_DOCUMENTS = Text(
    "Сұралған құжаттарды тапсырыңыз: олар Сізге жіберілген хабарламада көрсетілген.",
    "Сдайте запрошенные документы: они перечислены в отправленном Вам сообщении.",
)
_SUSPENDED = Text(
    "Қарау жалғасқанша мерзім есептелмейді, жалғасқанда жауап берілетін күнді хабарлаймыз.",
    "Пока рассмотрение приостановлено, срок не идёт. Когда оно возобновится, мы сообщим день ответа.",
)
_LATE = Text(
    "Жауап мерзімінде берілмеді, кешірім сұраймыз. Көрсетілетін қызметті берушіге бұл туралы хабарланды.",
    "Ответ не дан в срок, приносим извинения. Услугодателю об этом сообщено.",
)
_SAID = {"documents_needed": _DOCUMENTS, "suspended": _SUSPENDED}


def next_step(state: str, channel: Channel, *, overdue: bool) -> Text:
    """Return what happens next and what the citizen has to do.

    Args:
        state: code of the state.
        channel: where the citizen applied, and gets the answer.
        overdue: the deadline has passed and nothing is decided.
    """
    if state == "decided":
        return places.result_is(channel, Text("нәтиже", "Результат"))
    if state in _SAID:
        return _SAID[state]
    coming = _LATE if overdue else _NEXT[state]
    return Text(kk=f"{coming.kk} {_IDLE.kk}", ru=f"{coming.ru} {_IDLE.ru}")
