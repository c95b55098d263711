"""The rules that an application must keep beyond the form of its fields."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from gateway.catalogue import attachments, phrases
from gateway.catalogue.findings import Finding
from gateway.catalogue.form_field import FormDeclaration, Kind
from gateway.catalogue.structure import Block, code_of, in_document
from gateway.catalogue.value import LEXICAL
from gateway.clock import local
from gateway.texts import Text

_CLOCK_SKEW = timedelta(minutes=10)


def broken(service_id: str, form: FormDeclaration, application: Block, now: datetime | None) -> Iterator[Finding]:
    """Yield a finding for every broken rule; what could not be read is not judged again."""
    yield from _header(service_id, application.block("header"), now)
    yield from _birth_dates(application)
    yield from _consent(form, application)
    yield from _eligibility(form, application.block("form"))
    yield from _documents(application)


def _finding(where: str, text: Text) -> Finding:
    return Finding(code_of(where), in_document(where, text), where)


def _header(service_id: str, header: Block, now: datetime | None) -> Iterator[Finding]:
    if header.texts.get("serviceId", service_id) != service_id:
        yield _finding("header/serviceId", phrases.OTHER_SERVICE)
    submitted = _submitted_at(header)
    if submitted is not None and now is not None and submitted > now + _CLOCK_SKEW:
        yield _finding("header/submittedAt", phrases.FROM_THE_FUTURE)


def _submitted_at(header: Block) -> datetime | None:
    value = header.texts.get("submittedAt")
    return datetime.fromisoformat(value) if value is not None else None


def _birth_dates(application: Block) -> Iterator[Finding]:
    submitted = _submitted_at(application.block("header"))
    if submitted is None:
        return
    for where, value in application.flat():
        if where.endswith("birthDate") and date.fromisoformat(value) > local(submitted).date():
            yield _finding(where, phrases.BORN_LATER)


def _consent(form: FormDeclaration, application: Block) -> Iterator[Finding]:
    if form.consent.required and application.texts.get("consent") in {"false", "0"}:
        yield _finding("consent", phrases.CONSENT)


def _eligibility(form: FormDeclaration, answers: Block) -> Iterator[Finding]:
    rule = form.portal_eligibility
    if rule is not None and answers.texts.get(rule.field, rule.values[0]) not in rule.values:
        yield Finding("applicant.eligibility", rule.text.text, f"form/{rule.field}")


def _documents(application: Block) -> Iterator[Finding]:
    documents = application.block("documents").blocks.get("document", [])
    for document in documents:
        if "content" in document.texts:
            text = _content_problem(document)
            if text is not None:
                yield _finding(f"{document.where}/content", text)
    kinds = {document.texts.get("kind") for document in documents}
    if "representative" in application.blocks and "authority" not in kinds:
        yield _finding("documents", phrases.AUTHORITY)


def _content_problem(document: Block) -> Text | None:
    content = attachments.decode(document.texts["content"])
    if content is None:
        return LEXICAL[Kind.CONTENT].hint
    return attachments.problem(content, document.texts.get("mime"))
