"""Which channel gives a service, and what the others are told."""

import pytest

from gateway.catalogue.channel import Channel, channel_refusal
from gateway.texts import Text
from tests.support.catalogue import PORTAL_SERVICES, catalogue

CLOSED = [service.id for service in catalogue().services if service.id not in PORTAL_SERVICES]
QUOTED = {
    "kostanay.rural-specialists-fuel": 12,
    "kostanay.child-benefit": 11,
    "kostanay.assistance-certificate": 12,
    "kostanay.targeted-social-assistance": 11,
}
QUOTE = 'Мемлекеттік қызмет "электрондық үкімет" веб-порталы арқылы көрсетілмейді.'


def _refusal(service_id: str, channel: Channel = Channel.PORTAL) -> Text:
    refusal = channel_refusal(catalogue().service(service_id), channel)
    assert refusal is not None
    return refusal


@pytest.mark.parametrize("service_id", PORTAL_SERVICES)
def test_portal_gives_three_services(service_id: str) -> None:
    """The three portal services of the Kostanay act are not refused at the portal."""
    assert channel_refusal(catalogue().service(service_id), Channel.PORTAL) is None


def test_nineteen_services_are_closed_to_the_portal() -> None:
    """Every other service is refused at the portal, in both languages."""
    refusals = [_refusal(service_id) for service_id in CLOSED]
    assert len(refusals) == 19
    assert all("көрсетілмейді" in refusal.kk and "не оказывается" in refusal.ru for refusal in refusals)


@pytest.mark.parametrize(("service_id", "clause"), QUOTED.items())
def test_kostanay_refusal_quotes_the_clause(service_id: str, clause: int) -> None:
    """The Kostanay act closes the portal in so many words: the clause and its words stand in both texts."""
    refusal = _refusal(service_id)
    assert f"регламенттің {clause}-тармағында былай делінген: «{QUOTE}»" in refusal.kk
    assert f"в пункте {clause} регламента" in refusal.ru
    assert f"«{QUOTE}»" in refusal.ru
    assert "Қостанай облысы әкімдігінің 2015 жылғы 30 желтоқсандағы № 565 қаулысымен" in refusal.kk
    assert "постановлением акимата Костанайской области от 30 декабря 2015 года № 565" in refusal.ru


@pytest.mark.parametrize("service_id", [name for name in CLOSED if name.startswith("astana.")])
def test_astana_refusal_says_that_the_act_names_no_portal(service_id: str) -> None:
    """The Astana act never names a portal: the reason is the act, not a clause."""
    refusal = _refusal(service_id)
    assert "Астана қаласы әкімдігінің 2012 жылғы 29 желтоқсандағы № 158-1925 қаулысымен бекітілген" in refusal.kk
    assert "постановлением акимата города Астаны от 29 декабря 2012 года № 158-1925" in refusal.ru
    assert "тармағында" not in refusal.kk


@pytest.mark.parametrize("service_id", CLOSED)
def test_refusal_names_every_channel_that_gives_the_service(service_id: str) -> None:
    """The citizen learns where to go: exactly the channels of the act."""
    refusal = _refusal(service_id)
    channels = catalogue().service(service_id).channels
    named = {
        Channel.PROVIDER: ("берушіге", "услугодателю"),
        Channel.PSC: ("Халыққа қызмет көрсету орталығына", "в Центр обслуживания населения"),
        Channel.AKIM: ("әкіміне", "акиму"),
    }
    kk, ru = refusal.kk.split("Өтінішті ")[1], refusal.ru.split("Заявление можно подать ")[1]
    for channel, (word_kk, word_ru) in named.items():
        assert (word_kk in kk, word_ru in ru) == (channel in channels, channel in channels)


def test_each_act_opens_42_ways_in_all() -> None:
    """Over all services and channels, 42 ways are open: 21 counters, 13 PSC, 5 akims, 3 portal."""
    ways = [
        channel for service in catalogue().services for channel in Channel if channel_refusal(service, channel) is None
    ]
    assert [ways.count(channel) for channel in Channel] == [3, 13, 21, 5]


def test_other_channels_are_refused_with_their_own_words() -> None:
    """Housing assistance in Kostanay is given by the PSC and the portal only; the counter and the akim are told so."""
    assert "непосредственно у услугодателя не оказывается" in _refusal(PORTAL_SERVICES[2], Channel.PROVIDER).ru
    refusal = _refusal(PORTAL_SERVICES[2], Channel.AKIM)
    assert "әкім арқылы көрсетілмейді" in refusal.kk
    assert refusal.kk.endswith(
        "Өтінішті Халыққа қызмет көрсету орталығына немесе «электрондық үкімет» веб-порталына беріңіз."
    )
