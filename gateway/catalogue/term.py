"""The term: how long a service may take, and by whose word."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.catalogue.channel import Channel
from gateway.catalogue.dates import plural
from gateway.catalogue.passport import Passport
from gateway.catalogue.service import Service
from gateway.catalogue.wording import Unit
from gateway.texts import Text

DEFAULT_WORKING_DAYS = 10
"""Ours, where the act leaves the term open and the installation sets none."""

# In every regulation of the Kostanay act the procedures and their durations (process.main) stand in this clause.
_STEPS_CLAUSE = "5"


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
        kk, one, few, many = _UNITS[self.unit]
        return Text(kk=f"{self.value} {kk}", ru=f"{self.value} {plural(self.value, one, few, many)}")


_UNITS = {
    Unit.MINUTES: ("минут", "минута", "минуты", "минут"),
    Unit.HOURS: ("сағат", "час", "часа", "часов"),
    Unit.DAYS: ("күн", "день", "дня", "дней"),
    Unit.WORKING_DAYS: ("жұмыс күні", "рабочий день", "рабочих дня", "рабочих дней"),
    Unit.CALENDAR_DAYS: ("күнтізбелік күн", "календарный день", "календарных дня", "календарных дней"),
    Unit.MONTHS: ("ай", "месяц", "месяца", "месяцев"),
    Unit.QUARTERS: ("тоқсан", "квартал", "квартала", "кварталов"),
}


def portal_term(service: Service, override: int | None = None) -> Term:
    """Return the term of an application through the portal; `override` is the setting in working days.

    Raises:
        ValueError: the portal does not give the service, or the setting is longer than the act allows.
    """
    if Channel.PORTAL not in service.channels:
        raise ValueError(f"{service.id} is not given through the portal")
    law = _stated(service.passport) or _sum_of_steps(service.passport)
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


def _stated(passport: Passport) -> Term | None:
    for entry in passport.deadlines:
        stated_for_portal = entry.what == "total" and entry.condition is None and entry.channel in {None, "any"}
        if stated_for_portal and entry.value is not None and entry.unit is not None:
            explanation = Text(kk=entry.text.kk or "", ru=entry.text.ru or "") if entry.text else Text("", "")
            return Term(entry.value, entry.unit, Origin.ACT, explanation, entry.clause)
    return None


def _sum_of_steps(passport: Passport) -> Term | None:
    """Add up the working days of the provider's own steps; the minutes at the counter fall inside those days."""
    days = [
        step.duration.value
        for step in passport.process.main
        if step.duration.unit is Unit.WORKING_DAYS and step.duration.value is not None
    ]
    if not days:
        return None
    addends = " + ".join(map(str, days))
    return Term(
        sum(days),
        Unit.WORKING_DAYS,
        Origin.ACT_STEPS,
        Text(
            kk=f"Регламенттің {_STEPS_CLAUSE}-тармағындағы рәсімдер мерзімдерінің қосындысы: {addends} жұмыс күні.",
            ru=f"Сумма сроков процедур пункта {_STEPS_CLAUSE} регламента: {addends}, в рабочих днях.",
        ),
        _STEPS_CLAUSE,
    )


def _set(service: Service, override: int, law: Term | None) -> Term:
    if override <= 0:
        raise ValueError(f"{service.id}: the term must be at least 1 working day")
    if law is not None and law.unit is Unit.WORKING_DAYS and override > law.value:
        raise ValueError(f"{service.id}: a term of {override} working days is longer than the act's {law.value}")
    return Term(
        override,
        Unit.WORKING_DAYS,
        Origin.SETTING,
        explanation=Text(kk="Мерзімді көрсетілетін қызметті беруші белгілеген.", ru="Срок установлен услугодателем."),
    )
