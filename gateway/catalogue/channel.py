"""Through which channel a service is asked for, and why not through another."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.catalogue import dates
from gateway.texts import Text

if TYPE_CHECKING:
    from gateway.catalogue.passport import Passport
    from gateway.catalogue.service import Service


class Channel(StrEnum):
    """A way in which applications come, as the acts name them."""

    PORTAL = "portal"
    PSC = "psc"  # ХҚКО / ЦОН
    PROVIDER = "provider"
    AKIM = "akim"


def channel_refusal(service: "Service", channel: Channel) -> Text | None:
    """Return why the act does not give `service` through `channel`, and through which it does; None if it does."""
    passport = service.passport
    if channel in passport.intake_channels:
        return None
    reason = _closed_portal(passport) if channel is Channel.PORTAL else _not_named(passport, channel)
    where = _where_instead(passport.intake_channels)
    return Text(kk=f"{reason.kk} {where.kk}", ru=f"{reason.ru} {where.ru}")


_BY_CHANNEL = {
    Channel.PORTAL: Text("«электрондық үкімет» веб-порталы арқылы", "через веб-портал «электронного правительства»"),
    Channel.PSC: Text("Халыққа қызмет көрсету орталығы арқылы", "через Центр обслуживания населения"),
    Channel.PROVIDER: Text("көрсетілетін қызметті берушінің өзінде", "непосредственно у услугодателя"),
    Channel.AKIM: Text("әкім арқылы", "через акима"),
}
# "to whom" in both languages: Kazakh dative, Russian dative or accusative.
_TO_CHANNEL = {
    Channel.PORTAL: Text("«электрондық үкімет» веб-порталына", "через веб-портал «электронного правительства»"),
    Channel.PSC: Text("Халыққа қызмет көрсету орталығына", "в Центр обслуживания населения"),
    Channel.PROVIDER: Text("көрсетілетін қызметті берушіге", "услугодателю"),
    Channel.AKIM: Text("кент, ауыл, ауылдық округ әкіміне", "акиму посёлка, села, сельского округа"),
}
_AKIMAT = {
    "astana": Text("Астана қаласы әкімдігінің", "акимата города Астаны"),
    "kostanay": Text("Қостанай облысы әкімдігінің", "акимата Костанайской области"),
}
# The passports of the services that an act closes to the portal quote its clause.
_CLAUSE = re.compile(r"clause (?P<number>\d+) \(line \d+\): (?P<words>.+)")


def _closed_portal(passport: "Passport") -> Text:
    act = _act(passport)
    quote = _CLAUSE.fullmatch(passport.portal.source)
    if quote is None:
        return _not_named(passport, Channel.PORTAL)
    number, words = quote["number"], quote["words"]
    return Text(
        kk=f"Бұл қызмет портал арқылы көрсетілмейді: {act.kk} бекітілген регламенттің {number}-тармағында "
        f"былай делінген: «{words}»",
        ru=f"Эта услуга через портал не оказывается: в пункте {number} регламента, утверждённого {act.ru}, сказано: "
        f"«{words}» (Государственная услуга через веб-портал «электронного правительства» не оказывается.)",
    )


def _not_named(passport: "Passport", channel: Channel) -> Text:
    act, by = _act(passport), _BY_CHANNEL[channel]
    return Text(
        kk=f"Бұл қызмет {by.kk} көрсетілмейді: {act.kk} бекітілген регламентте бұл көзделмеген.",
        ru=f"Эта услуга {by.ru} не оказывается: регламент, утверждённый {act.ru}, этого не предусматривает.",
    )


def _act(passport: "Passport") -> Text:
    """Return the act in the instrumental case: who approved it, when, which number."""
    akimat, day, number = _AKIMAT[passport.region], dates.of(passport.act.date), passport.act.number
    return Text(
        kk=f"{akimat.kk} {day.kk} № {number} қаулысымен",
        ru=f"постановлением {akimat.ru} от {day.ru} № {number}",
    )


def _where_instead(channels: tuple[Channel, ...]) -> Text:
    return Text(
        kk=f"Өтінішті {_listed([_TO_CHANNEL[channel].kk for channel in channels], 'немесе')} беріңіз.",
        ru=f"Заявление можно подать {_listed([_TO_CHANNEL[channel].ru for channel in channels], 'или')}.",
    )


def _listed(items: list[str], conjunction: str) -> str:
    return f" {conjunction} ".join(part for part in (", ".join(items[:-1]), items[-1]) if part)
