"""The whole form of one service: the common blocks and the service's own fields in one tree."""

from dataclasses import dataclass

from gateway.catalogue.coverage import APPLICATION, printed
from gateway.catalogue.document_list import DocumentList
from gateway.catalogue.form_field import CommonBlocks, FormDeclaration, FormField, Kind, Label
from gateway.catalogue.paper import FormPurpose, PrintedField
from gateway.catalogue.passport import Passport
from gateway.catalogue.wording import Wording

_CONTRACT = "ours: part of the payload contract"
_DOCUMENTS = Label(kk="Құжаттар", ru="Документы")


def namespace(service_id: str, version: int) -> str:
    """Return the XML namespace of a service's application."""
    return f"urn:qaqpa:service:{service_id}:{version}"


@dataclass(frozen=True, slots=True)
class ApplicationForm:
    """What an application for the service must look like."""

    namespace: str
    root: FormField
    """The block `application`."""
    declaration: FormDeclaration
    documents: DocumentList

    @property
    def own(self) -> tuple[FormField, ...]:
        """The service's own fields."""
        return next(block for block in self.root.fields if block.name == "form").fields


def assemble(
    passport: Passport, common: CommonBlocks, declaration: FormDeclaration, documents: DocumentList
) -> ApplicationForm:
    """Join the common blocks and the service's declarations; each blank of the act's forms says which it is."""
    own = tuple(sourced(field, passport, APPLICATION) for field in declaration.fields)
    fields = (
        common.header,
        common.applicant,
        common.representative,
        _block("form", Label(kk="Қызметтің нысаны", ru="Форма услуги"), own),
        _block("documents", _DOCUMENTS, (_document(common.document, documents),), required=False),
        FormField(
            name="consent",
            label=declaration.consent.label,
            type=Kind.BOOLEAN,
            required=True,
            source=declaration.consent.source,
        ),
        common.acceptance,
    )
    root = _block("application", Label(kk="Өтініш", ru="Заявление"), fields)
    return ApplicationForm(namespace(passport.id, declaration.version), root, declaration, documents)


def sourced(field: FormField, passport: Passport, purposes: frozenset[FormPurpose]) -> FormField:
    """Return the field with its source in words: the act's form, the section, and what is printed there."""
    blanks = printed(passport, purposes)
    changes: dict[str, object] = {"fields": tuple(sourced(child, passport, purposes) for child in field.fields)}
    if field.act and not field.source:
        changes["source"] = _source(field.act, passport, blanks)
    return field.model_copy(update=changes)


def _source(paths: tuple[str, ...], passport: Passport, blanks: dict[str, PrintedField | None]) -> str:
    first = blanks.get(paths[0].partition(".columns")[0])
    if first is None:
        return ", ".join(paths)
    numbers = sorted({passport.forms[int(path.split("]")[0].removeprefix("forms["))].no or "" for path in paths})
    forms = f"form {', '.join(numbers)}" if any(numbers) else "a paper the act names"
    section = f", section {_section(first.section)}" if first.section else ""
    printed_as = next((words for words in (first.label.ru, first.label.kk) if words), "an unlabelled blank")
    return f"{forms} of the act{section}: {printed_as}"


def _section(section: str | Wording) -> str:
    return section if isinstance(section, str) else section.ru or section.kk or ""


def _block(name: str, label: Label, fields: tuple[FormField, ...], *, required: bool = True) -> FormField:
    return FormField(name=name, label=label, type=Kind.BLOCK, required=required, source=_CONTRACT, fields=fields)


def _document(document: FormField, documents: DocumentList) -> FormField:
    choices = {"type": Kind.CHOICE, "choices": documents.kinds}
    fields = tuple(field.model_copy(update=choices) if field.name == "kind" else field for field in document.fields)
    return document.model_copy(update={"fields": fields})
