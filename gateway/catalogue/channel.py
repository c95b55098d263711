"""Through which channel a service is asked for, and why not through another."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
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


@dataclass(frozen=True, slots=True)
class PortalOpening:
    """A legal act of a region by which the portal takes applications for a service that its regulation closes to it."""

    number: str
    date: dt.date
    title: Text


_NONE: Mapping[str, PortalOpening] = MappingProxyType({})


def channels(service: "Service", opened: Mapping[str, PortalOpening] = _NONE) -> tuple[Channel, ...]:
    """Return the channels through which applications are taken: the act's, and the portal where a setting opens it.

    Args:
        service: the service.
        opened: the legal acts that open the portal, by the service's id.
    """
    own = service.passport.intake_channels
    return own if Channel.PORTAL in own or service.id not in opened else (*own, Channel.PORTAL)


def governing(service: "Service", channel: Channel) -> Channel:
    """Return the channel whose rules hold for an application through `channel`.

    No act has rules for a portal that a setting opens: there the provider's hold (documents, consent, term), or, where
    the provider has no counter, those of the act's first channel.
    """
    own = service.passport.intake_channels
    if channel is not Channel.PORTAL or channel in own:
        return channel
    return Channel.PROVIDER if Channel.PROVIDER in own else own[0]


def issue_channels(service: "Service", channel: Channel) -> tuple[Channel, ...]:
    """Return where the result of an application through `channel` may be handed over, the likeliest place first."""
    own = service.passport.issue_channels
    return tuple(dict.fromkeys((channel, *own))) if channel in (*own, Channel.PORTAL) else own


def channel_refusal(service: "Service", channel: Channel, opened: Mapping[str, PortalOpening] = _NONE) -> Text | None:
    """Return why `service` is not given through `channel`, and through which it is; None if it is.

    Args:
        service: the service.
        channel: through which somebody wants it.
        opened: the legal acts by which the portal is open for services whose regulations close it, by service id.
    """
    passport = service.passport
    if channel in channels(service, opened):
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
