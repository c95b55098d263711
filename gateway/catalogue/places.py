"""Where a citizen applies and gets the answer, in words that fit into the notices."""

from datetime import date

from gateway.catalogue import dates
from gateway.catalogue.channel import Channel
from gateway.texts import Text

# Kazakh ablative and Russian "where": from where the answer is fetched.
_FROM = {
    Channel.PSC: Text("Халыққа қызмет көрсету орталығынан", "в Центре обслуживания населения"),
    Channel.PROVIDER: Text("көрсетілетін қызметті берушіден", "у услугодателя"),
    Channel.AKIM: Text("әкімнің аппаратынан", "в аппарате акима"),
}
# Kazakh dative and Russian "where to": to where documents are brought.
_TO = {
    Channel.PSC: Text("Халыққа қызмет көрсету орталығына", "в Центр обслуживания населения"),
    Channel.PROVIDER: Text("көрсетілетін қызметті берушіге", "услугодателю"),
    Channel.AKIM: Text("әкімнің аппаратына", "в аппарат акима"),
}


def issued_at(channel: Channel) -> Text:
    """Return where and at what hours the result is handed over (clause 8 of the Astana regulations)."""
    return _ISSUED_AT[channel]


_ISSUED_AT = {
    Channel.PORTAL: Text("жеке кабинетте", "в личном кабинете"),
    Channel.PSC: Text("Халыққа қызмет көрсету орталығында, 9.00–20.00", "в Центре обслуживания населения, 9.00–20.00"),
    Channel.PROVIDER: Text(
        "көрсетілетін қызметті берушіде, 9.00–18.00 (үзіліс 13.00–14.00)",
        "у услугодателя, 9.00–18.00 (перерыв 13.00–14.00)",
    ),
    Channel.AKIM: Text(
        "әкімнің аппаратында, 9.00–18.00 (үзіліс 13.00–14.00)", "в аппарате акима, 9.00–18.00 (перерыв 13.00–14.00)"
    ),
}


def answer_by(day: date, channel: Channel) -> Text:
    """Return by which day the answer comes, and where it is."""
    by = dates.by(day)
    if channel is Channel.PORTAL:
        return Text(
            kk=f"Жауап осы кабинетке {by.kk} кешіктірілмей келеді.",
            ru=f"Ответ придёт в этот кабинет не позднее {by.ru}.",
        )
    where = _FROM[channel]
    return Text(
        kk=f"Жауап {by.kk} кешіктірілмей дайын болады, оны {where.kk} аласыз.",
        ru=f"Ответ будет готов не позднее {by.ru}, получить его можно {where.ru}.",
    )


def told_at(channel: Channel) -> Text:
    """Return where the citizen is told of anything more: here in the cabinet, or there where it was applied."""
    if channel is Channel.PORTAL:
        return Text(kk="осында хабарлаймыз", ru="мы сообщим об этом здесь")
    return Text(kk="Сізге хабарлаймыз", ru="мы Вам об этом сообщим")


def hand_in(channel: Channel, what: Text, when: Text) -> Text:
    """Return how documents are sent or brought; `what` in the accusative, `when` as in "until" a day."""
    if channel is Channel.PORTAL:
        return Text(kk=f"{what.kk} портал арқылы {when.kk} жіберіңіз", ru=f"отправьте {what.ru} через портал {when.ru}")
    where = _TO[channel]
    return Text(kk=f"{what.kk} {where.kk} {when.kk} тапсырыңыз", ru=f"сдайте {what.ru} {where.ru} {when.ru}")


def apply_again(channel: Channel) -> Text:
    """Return how the application is made once more."""
    if channel is Channel.PORTAL:
        return Text(kk="өтінішті портал арқылы қайта жіберіңіз", ru="подайте заявление через портал ещё раз")
    where = _TO[channel]
    return Text(kk=f"өтінішті {where.kk} қайта беріңіз", ru=f"подайте заявление {where.ru} ещё раз")


def result_is(channel: Channel, what: Text) -> Text:
    """Return where the signed result is; `what` names it in the nominative."""
    if channel is Channel.PORTAL:
        return Text(
            kk=f"Көрсетілетін қызметті берушінің ЭЦҚ-сы қойылған {what.kk} осы кабинетте.",
            ru=f"{what.ru} с ЭЦП услугодателя находится в этом кабинете.",
        )
    where = _FROM[channel]
    kk = what.kk[0].upper() + what.kk[1:]
    return Text(kk=f"{kk} дайын, оны {where.kk} аласыз.", ru=f"{what.ru} можно получить {where.ru}.")
