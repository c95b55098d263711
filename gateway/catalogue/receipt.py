"""What an applicant takes home from a counter: the coupon, the PSC's receipt, the receipt of a refusal to take papers.

Which lines stand on it, and in which order, the act's own forms say (`forms` of the passport with these purposes).
After them, and where an act has no form for a channel, come those that stand on every receipt here: number, day,
service, applicant, documents, where and when the result is, who took the papers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from gateway.catalogue import dates, places
from gateway.catalogue.application import Application, Person
from gateway.catalogue.channel import Channel
from gateway.catalogue.declarations import COMPONENT
from gateway.catalogue.findings import Finding
from gateway.catalogue.hand_over import HandOver
from gateway.catalogue.paper import FormPurpose, PrintedForm
from gateway.catalogue.receipt_blanks import LABELS, Blank, blanks_of
from gateway.catalogue.service import Service
from gateway.clock import local
from gateway.texts import Text

NOTHING = Text("", "")
"""The value of a line that is filled in by hand."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    label: Text
    value: Text = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A paper for the applicant, in both languages."""

    title: Text
    lines: tuple[Line, ...]
    statements: tuple[Text, ...] = ()
    """What the applicant has undertaken, in the act's words."""
    days: HandOver | None = None
    """Where papers pass between the counter and the provider."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An application that was registered at a counter."""

    number: str
    at: datetime
    ready: date
    """By which day the result is in the applicant's hands."""
    application: Application = field(repr=False)
    clerk: str | None = field(repr=False)
    """Who took the papers; None: it is filled in by hand."""
    days: HandOver | None = None


def acceptance(service: Service, channel: Channel, accepted: Accepted) -> Receipt:
    """Return the coupon or receipt of a registered application."""
    forms = _forms(service, channel, _GIVEN[channel])
    asked, statements = _asked(service, forms)
    lines = (Line(LABELS[blank], _VALUES[blank](service, channel, accepted)) for blank in _complete(asked))
    return Receipt(_title(channel, forms), tuple(lines), statements, accepted.days)


def refusal(service: Service, findings: Iterable[Finding], at: datetime, clerk: str | None) -> Receipt:
    """Return the receipt of a refusal to take the papers: what is missing or wrong, each of it (clause 15)."""
    missing = tuple(finding.text for finding in findings)
    values = {
        Blank.SERVICE: service.name,
        Blank.REGISTERED_TIME: _moment(at),
        Blank.MISSING: _numbered(missing),
        Blank.CLERK: Text(clerk, clerk) if clerk else NOTHING,
    }
    return Receipt(_REFUSAL, tuple(Line(LABELS[blank], value) for blank, value in values.items()))


_COUPONS, _RECEIPTS = frozenset({FormPurpose.COUPON}), frozenset({FormPurpose.RECEIPT})
_GIVEN = {
    Channel.PROVIDER: _COUPONS,
    Channel.AKIM: _COUPONS,
    Channel.PSC: _RECEIPTS,
    Channel.PORTAL: frozenset[FormPurpose](),
}
_REFUSAL = Text("Құжаттарды қабылдаудан бас тарту туралы қолхат", "Расписка об отказе в приёме документов")
_TITLES = {
    Channel.PROVIDER: Text("Өтініштің қабылданғаны туралы талон", "Талон о принятии заявления"),
    Channel.PSC: Text("Құжаттардың қабылданғаны туралы қолхат", "Расписка о приёме документов"),
}
_TEAR_OFF = Text("Өтініштің үзбелі талоны", "Отрывной талон заявления")
_TEAR_OFF_WORDS = ("үзбелі", "жыртып")
_ALWAYS = (
    *(Blank.NUMBER, Blank.REGISTERED, Blank.SERVICE, Blank.APPLICANT),
    *(Blank.DOCUMENTS, Blank.COLLECTION, Blank.CLERK),
)
_SAYS_ALREADY = {Blank.REGISTERED: {Blank.REGISTERED_TIME}}


def _forms(service: Service, channel: Channel, purposes: frozenset[FormPurpose]) -> list[PrintedForm]:
    return [one for one in service.passport.forms if one.purpose in purposes and one.channel in {None, channel}]


def _title(channel: Channel, forms: Sequence[PrintedForm]) -> Text:
    words = [(form.title.kk or "").casefold() for form in forms if form.title is not None]
    tear_off = any(form.part is not None for form in forms)
    tear_off = tear_off or any(word in one for one in words for word in _TEAR_OFF_WORDS)
    return _TEAR_OFF if tear_off else _TITLES.get(channel, _TITLES[Channel.PROVIDER])


def _asked(service: Service, forms: Sequence[PrintedForm]) -> tuple[list[Blank], tuple[Text, ...]]:
    """Return what the forms ask for, each thing once, and the statements printed on them."""
    blanks: dict[Blank, None] = {}
    statements: dict[Text, None] = {}
    for printed in (printed for form in forms for printed in form.fields):
        for blank in blanks_of(printed):
            if blank is Blank.STATEMENT:
                statements[service.text(printed.label)] = None
            else:
                blanks[blank] = None
    return list(blanks), tuple(statements)


def _complete(asked: list[Blank]) -> Iterator[Blank]:
    yield from asked
    for blank in _ALWAYS:
        if blank not in asked and not _SAYS_ALREADY.get(blank, set()) & set(asked):
            yield blank


def _number(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    return Text(accepted.number, accepted.number)


def _day(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    return dates.on(local(accepted.at).date())


def _time(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    return _moment(accepted.at)


def _moment(at: datetime) -> Text:
    day, clock = dates.on(local(at).date()), f"{local(at):%H:%M}"
    return Text(f"{day.kk}, {clock}", f"{day.ru}, {clock}")


def _service(service: Service, _channel: Channel, _accepted: Accepted) -> Text:
    return service.name


def _component(service: Service, _channel: Channel, accepted: Accepted) -> Text:
    chosen = accepted.application.fields.get(COMPONENT)
    for declared in service.form.own:
        for choice in declared.choices if declared.name == COMPONENT else ():
            if choice.value == chosen:
                return choice.label.text
    return service.name


def _applicant(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    return _named(accepted.application.applicant)


def _representative(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    person = accepted.application.representative
    return _named(person) if person is not None else Text("жоқ", "нет")


def _named(person: Person) -> Text:
    name = " ".join(part for part in (person.surname, person.given_name, person.patronymic) if part)
    return Text(name, name)


def _phone(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    people = (accepted.application.applicant, accepted.application.representative)
    phones = ", ".join(person.phone for person in people if person is not None and person.phone)
    return Text(phones, phones)


def _count(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    count = str(len(accepted.application.attachments))
    return Text(count, count)


def _documents(service: Service, _channel: Channel, accepted: Accepted) -> Text:
    """Name each kind with how many of it there are."""
    names = {choice.value: choice.label.text for choice in service.form.documents.kinds}
    counts: dict[str, int] = {}
    for attachment in accepted.application.attachments:
        counts[attachment.kind] = counts.get(attachment.kind, 0) + 1
    if not counts:
        return Text("жоқ", "нет")
    return _numbered(
        [Text(f"{names[kind].kk} — {count} дана", f"{names[kind].ru} — {count} шт.") for kind, count in counts.items()]
    )


def _numbered(items: Sequence[Text]) -> Text:
    return Text(
        "\n".join(f"{place}. {item.kk}" for place, item in enumerate(items, start=1)),
        "\n".join(f"{place}. {item.ru}" for place, item in enumerate(items, start=1)),
    )


def _ready(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    return dates.on(accepted.ready)


def _collection(_service: Service, channel: Channel, accepted: Accepted) -> Text:
    day, place = dates.by(accepted.ready), places.issued_at(channel)
    return Text(f"{day.kk} кешіктірмей, {place.kk}", f"не позднее {day.ru}, {place.ru}")


def _clerk(_service: Service, _channel: Channel, accepted: Accepted) -> Text:
    return Text(accepted.clerk, accepted.clerk) if accepted.clerk else NOTHING


def _by_hand(_service: Service, _channel: Channel, _accepted: Accepted) -> Text:
    return NOTHING


_VALUES: Mapping[Blank, Callable[[Service, Channel, Accepted], Text]] = {
    Blank.NUMBER: _number,
    Blank.REGISTERED: _day,
    Blank.REGISTERED_TIME: _time,
    Blank.SERVICE: _service,
    Blank.COMPONENT: _component,
    Blank.APPLICANT: _applicant,
    Blank.REPRESENTATIVE: _representative,
    Blank.PHONE: _phone,
    Blank.DOCUMENT_COUNT: _count,
    Blank.DOCUMENTS: _documents,
    Blank.READY: _ready,
    Blank.COLLECTION: _collection,
    Blank.CLERK: _clerk,
    Blank.CLERK_SIGNATURE: _by_hand,
    Blank.APPLICANT_SIGNATURE: _by_hand,
    Blank.FAMILY_NUMBER: _by_hand,
}
