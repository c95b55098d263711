"""The term: how long a service may take, and by whose word."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.catalogue.channel import Channel, governing
from gateway.catalogue.dates import plural
from gateway.catalogue.passport import Passport
from gateway.catalogue.process import ActionStep, ChannelStep
from gateway.catalogue.service import Service
from gateway.catalogue.wording import Duration, Unit
from gateway.texts import Text

DEFAULT_WORKING_DAYS = 10
"""Ours, where the act leaves the term open and the installation sets none."""

# In every regulation of the Kostanay act the procedures and their durations (process.main) stand in this clause.
_STEPS_CLAUSE = "5"

_MINUTES = {
    Unit.MINUTES: 1.0,
    Unit.HOURS: 60.0,
    Unit.DAYS: 1440.0,
    Unit.CALENDAR_DAYS: 1440.0,
    Unit.WORKING_DAYS: 1440.0 * 7 / 5,
    Unit.MONTHS: 1440.0 * 365 / 12,
    Unit.QUARTERS: 1440.0 * 365 / 4,
}
"""Nominal length of a unit, in minutes: to tell which of two readings of an act is the shorter one."""


class Origin(StrEnum):
    """Whose word a term is."""

    ACT = "act"  # the act states it as the service's term
    ACT_STEPS = "act_steps"  # the act states the steps' terms; this is their sum
    SETTING = "setting"  # the installation's, where the act is silent or allows more
    DEFAULT = "default"  # Qaqpa's own, where nobody has said anything: not law


@dataclass(frozen=True, slots=True)
class Term:
    """A term with its origin. The day of application is not counted (see `gateway.catalogue.deadline`)."""

    value: int
    unit: Unit
    origin: Origin
    explanation: Text
    """Where the value comes from, for people."""
    clause: str | None = None
    """Clause of the act, with origin ACT or ACT_STEPS."""

    @property
    def text(self) -> Text:
        """The length in words: `9 жұмыс күні`, `9 рабочих дней`."""
        return length_text(self.value, self.unit)

    @property
    def nominal_minutes(self) -> float:
        """The nominal length, to compare terms of different units."""
        return _nominal((self.value, self.unit))


_UNITS = {
    Unit.MINUTES: ("минут", "минута", "минуты", "минут"),
    Unit.HOURS: ("сағат", "час", "часа", "часов"),
    Unit.DAYS: ("күн", "день", "дня", "дней"),
    Unit.WORKING_DAYS: ("жұмыс күні", "рабочий день", "рабочих дня", "рабочих дней"),
    Unit.CALENDAR_DAYS: ("күнтізбелік күн", "календарный день", "календарных дня", "календарных дней"),
    Unit.MONTHS: ("ай", "месяц", "месяца", "месяцев"),
    Unit.QUARTERS: ("тоқсан", "квартал", "квартала", "кварталов"),
}


def length_text(value: int, unit: Unit) -> Text:
    """Return a length in words."""
    kk, one, few, many = _UNITS[unit]
    return Text(kk=f"{value} {kk}", ru=f"{value} {plural(value, one, few, many)}")


def shorter_reading(duration: Duration) -> tuple[int, Unit] | None:
    """Return the length of a duration; where its two languages differ, the shorter one (docs/decisions/0027).

    None: the act does not say.
    """
    return min(_readings(duration), key=_nominal, default=None)


def longer_reading(duration: Duration) -> tuple[int, Unit] | None:
    """Return the same for a duty of the applicant, for whom the longer one is better."""
    return max(_readings(duration), key=_nominal, default=None)


def _readings(duration: Duration) -> tuple[tuple[int, Unit], ...]:
    """Return what the Russian and the Kazakh text say."""
    if duration.value is None or duration.unit is None:
        return ()
    russian = (duration.value_ru or duration.value, duration.unit_ru or duration.unit)
    return russian, (duration.value, duration.unit)


def _nominal(length: tuple[int, Unit]) -> float:
    return length[0] * _MINUTES[length[1]]


def total_term(service: Service, channel: Channel, override: int | None = None) -> Term:
    """Return the term of an application through a channel.

    A channel that is open by an installation's setting and not by the act has the provider's term.

    Args:
        service: the service.
        channel: through which the application comes.
        override: the installation's setting, in working days.

    Raises:
        ValueError: the setting is longer than the act allows.
    """
    by = governing(service, channel)
    law = _stated(service, by) or _sum_of_steps(service.passport, by)
    if override is not None:
        return _set(service, override, law)
    return law or Term(
        DEFAULT_WORKING_DAYS,
        Unit.WORKING_DAYS,
        Origin.DEFAULT,
        explanation=Text(
            kk="Регламентте мерзім көрсетілмеген: бұл — шлюздің әдепкі мәні, заң нормасы емес.",
            ru="Регламент срока не называет: это значение шлюза по умолчанию, а не норма закона.",
        ),
    )


def portal_term(service: Service, override: int | None = None) -> Term:
    """Return the term of an application through the portal; `override` is the setting in working days.

    Raises:
        ValueError: the act does not give the service through the portal, or the setting is longer than it allows.
    """
    if Channel.PORTAL not in service.channels:
        raise ValueError(f"{service.id} is not given through the portal")
    return total_term(service, Channel.PORTAL, override)


def _stated(service: Service, channel: Channel) -> Term | None:
    for entry in service.passport.deadlines:
        if entry.what == "total" and entry.channel in {channel, "any", None}:
            length = shorter_reading(entry)
            if length is not None:
                return Term(*length, Origin.ACT, service.text(entry.text), entry.clause)
    return None


def _sum_of_steps(passport: Passport, channel: Channel) -> Term | None:
    """Add up the steps of a channel; minutes and hours fall inside the days, where there are days."""
    if channel in {Channel.PROVIDER, Channel.PORTAL}:
        return _sum(passport.process.main, _MAIN, _STEPS_CLAUSE)
    steps = [step for step in getattr(passport.channel_procedures, channel) if not _is_refusal(step)]
    if any(step.duration.value is None and step.actor != _APPLICANT for step in steps):
        return None  # the act refers to another act for one of them
    return _sum(steps, _CHANNEL[channel], None)


_APPLICANT = "көрсетілетін қызметті алушы"
_MAIN = Text(
    kk=f"Регламенттің {_STEPS_CLAUSE}-тармағындағы рәсімдер мерзімдерінің қосындысы",
    ru=f"Сумма сроков процедур пункта {_STEPS_CLAUSE} регламента",
)
_CHANNEL = {
    Channel.PSC: Text("ХҚКО арқылы көрсету рәсімдері мерзімдерінің қосындысы", "Сумма сроков порядка обращения в ЦОН"),
    Channel.AKIM: Text("Әкімге жүгіну рәсімдері мерзімдерінің қосындысы", "Сумма сроков порядка обращения к акиму"),
}


def _is_refusal(step: ChannelStep) -> bool:
    # The Kostanay act has one step that is no part of the ordinary course: the refusal of intake, "2a".
    return step.no is not None and not step.no.isdigit()


def _sum(steps: Iterable[ActionStep | ChannelStep], what: Text, clause: str | None) -> Term | None:
    lengths = [length for length in (shorter_reading(step.duration) for step in steps) if length is not None]
    for unit, addends in ((Unit.WORKING_DAYS, _days(lengths)), (Unit.MINUTES, _minutes(lengths))):
        if addends:
            total = sum(addends)
            written = f"{' + '.join(map(str, addends))} = " if len(addends) > 1 else ""
            words = length_text(total, unit)
            explanation = Text(kk=f"{what.kk}: {written}{words.kk}.", ru=f"{what.ru}: {written}{words.ru}.")
            return Term(total, unit, Origin.ACT_STEPS, explanation, clause)
    return None


def _days(lengths: Iterable[tuple[int, Unit]]) -> list[int]:
    return [value for value, unit in lengths if unit is Unit.WORKING_DAYS]


def _minutes(lengths: Iterable[tuple[int, Unit]]) -> list[int]:
    return list(_short(lengths))


def _short(lengths: Iterable[tuple[int, Unit]]) -> Iterator[int]:
    for value, unit in lengths:
        if unit in {Unit.MINUTES, Unit.HOURS}:
            yield value * (60 if unit is Unit.HOURS else 1)


def _set(service: Service, override: int, law: Term | None) -> Term:
    if override <= 0:
        raise ValueError(f"{service.id}: the term must be at least 1 working day")
    setting = Term(
        override,
        Unit.WORKING_DAYS,
        Origin.SETTING,
        explanation=Text(kk="Мерзімді көрсетілетін қызметті беруші белгілеген.", ru="Срок установлен услугодателем."),
    )
    if law is not None and setting.nominal_minutes > law.nominal_minutes:
        raise ValueError(
            f"{service.id}: a term of {override} working days is longer than the act's {law.value} {law.unit}"
        )
    return setting
