"""The rules that an application must keep beyond the form of its fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.catalogue import answers as answering
from gateway.catalogue import attachments, iin, phrases
from gateway.catalogue.application_form import ApplicationForm
from gateway.catalogue.channel import Channel
from gateway.catalogue.condition import Answers
from gateway.catalogue.findings import Finding
from gateway.catalogue.form_field import FormDeclaration, FormField, Kind
from gateway.catalogue.structure import Block, code_of, in_document
from gateway.catalogue.value import LEXICAL
from gateway.clock import local
from gateway.texts import Text

_CLOCK_SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an application is judged under."""

    service_id: str
    region: str
    now: datetime | None
    """None: an application from the future is not noticed."""
    channel: Channel | None
    """None: what depends on the channel is not judged."""
    governing: Channel | None
    """The channel whose rules hold (see `gateway.catalogue.channel.governing`)."""


def broken(form: ApplicationForm, application: Block, under: Circumstances) -> Iterator[Finding]:
    """Yield a finding for every broken rule; what could not be read is not judged again."""
    answers = answering.of_block(application)
    yield from _header(application.block("header"), under)
    yield from _dates(form, application)
    yield from _asked_for(form.own, application.block("form"), answers)
    yield from _consent(form.declaration, application, under.governing)
    yield from _eligibility(form.declaration, application.block("form"), under.channel)
    yield from _minor(form.declaration, answers)
    yield from _documents(form, application)
    if under.channel is Channel.PORTAL and "acceptance" in application.blocks:
        yield _finding("acceptance", phrases.NOT_AT_A_COUNTER)


def _finding(where: str, text: Text) -> Finding:
    return Finding(code_of(where), in_document(where, text), where)


def _header(header: Block, under: Circumstances) -> Iterator[Finding]:
    if header.texts.get("serviceId", under.service_id) != under.service_id:
        yield _finding("header/serviceId", phrases.OTHER_SERVICE)
    # Codes of providers begin with their region; see gateway.catalogue.dictionaries.
    if header.texts.get("provider", f"{under.region}.").partition(".")[0] != under.region:
        yield _finding("header/provider", phrases.OTHER_REGION)
    submitted = _submitted_at(header)
    if submitted is not None and under.now is not None and submitted > under.now + _CLOCK_SKEW:
        yield _finding("header/submittedAt", phrases.FROM_THE_FUTURE)


def _submitted_at(header: Block) -> datetime | None:
    value = header.texts.get("submittedAt")
    return datetime.fromisoformat(value) if value is not None else None


def _dates(form: ApplicationForm, application: Block) -> Iterator[Finding]:
    submitted = _submitted_at(application.block("header"))
    day = local(submitted).date() if submitted is not None else date.max
    past = {f"form/{field.name}" for field in form.own if field.past}
    values = dict(application.flat())
    for where, value in values.items():
        born = where.endswith("/birthDate")
        if (born or where in past) and date.fromisoformat(value) > day:
            yield _finding(where, phrases.BORN_LATER if born else phrases.LATER_THAN_APPLICATION)
        elif born and _born_by_iin(values, where) not in {None, date.fromisoformat(value)}:
            yield _finding(where, phrases.BORN_OTHERWISE)


def _born_by_iin(values: Mapping[str, str], where: str) -> date | None:
    """Return the date of birth that the IIN beside a stated one holds; None: it holds none (a foreigner's may not)."""
    number = values.get(f"{where.removesuffix('birthDate')}iin")
    return iin.birth_date(number) if number is not None else None


def _asked_for(fields: tuple[FormField, ...], block: Block, answers: Answers) -> Iterator[Finding]:
    """Judge the fields that must stand only while something holds; where nobody can tell, they need not."""
    for field in fields:
        if field.required and field.when is not None and field.when.holds(answers) and not _stands(field, block):
            yield _finding(f"form/{field.name}", phrases.missing(field.label.text))


def _stands(field: FormField, block: Block) -> bool:
    return field.name in block.texts or f"{field.name}[1]" in block.texts or field.name in block.blocks


def _consent(form: FormDeclaration, application: Block, channel: Channel | None) -> Iterator[Finding]:
    here = not form.consent.channels or channel in form.consent.channels
    if form.consent.required and here and application.texts.get("consent") in {"false", "0"}:
        yield _finding("consent", phrases.CONSENT)


def _eligibility(form: FormDeclaration, answers: Block, channel: Channel | None) -> Iterator[Finding]:
    rule = form.portal_eligibility
    if rule is None or channel not in {None, Channel.PORTAL}:
        return
    if answers.texts.get(rule.field, rule.values[0]) not in rule.values:
        yield Finding("applicant.eligibility", rule.text.text, f"form/{rule.field}")


def _minor(form: FormDeclaration, answers: Answers) -> Iterator[Finding]:
    if form.minors_represented is not None and answers.minor and not answers.represented:
        yield Finding("applicant.eligibility", phrases.MINOR, "representative")


def _documents(form: ApplicationForm, application: Block) -> Iterator[Finding]:
    documents = application.block("documents").blocks.get("document", [])
    for document in documents:
        if "content" in document.texts:
            text = _content_problem(document)
            if text is not None:
                yield _finding(f"{document.where}/content", text)
        elif "fileId" in document.texts and "sha256" not in document.texts:
            yield _finding(f"{document.where}/sha256", phrases.DIGEST_MISSING)
    kinds = {document.texts.get("kind") for document in documents}
    if "representative" in application.blocks and kinds.isdisjoint(form.documents.authority):
        yield _finding("documents", phrases.AUTHORITY)


def _content_problem(document: Block) -> Text | None:
    content = attachments.decode(document.texts["content"])
    if content is None:
        return LEXICAL[Kind.CONTENT].hint
    return attachments.problem(content, document.texts.get("mime"), document.texts.get("sha256"))
