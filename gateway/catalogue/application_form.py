"""The whole form of one service: the common blocks and the service's own fields in one tree."""

from dataclasses import dataclass

from gateway.catalogue.form_field import CommonBlocks, FormDeclaration, FormField, Kind, Label

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


def assemble(service_id: str, common: CommonBlocks, declaration: FormDeclaration) -> ApplicationForm:
    """Join the common blocks and the service's declaration."""
    fields = (
        common.header,
        common.applicant,
        common.representative,
        _block("form", Label(kk="Қызметтің нысаны", ru="Форма услуги"), declaration.fields),
        _block("documents", _DOCUMENTS, (_document(common.document, declaration),), required=False),
        FormField(
            name="consent",
            label=declaration.consent.label,
            type=Kind.BOOLEAN,
            required=True,
            source=declaration.consent.source,
        ),
    )
    root = _block("application", Label(kk="Өтініш", ru="Заявление"), fields)
    return ApplicationForm(namespace(service_id, declaration.version), root, declaration)


def _block(name: str, label: Label, fields: tuple[FormField, ...], *, required: bool = True) -> FormField:
    return FormField(name=name, label=label, type=Kind.BLOCK, required=required, source=_CONTRACT, fields=fields)


def _document(document: FormField, declaration: FormDeclaration) -> FormField:
    choices = {"type": Kind.CHOICE, "choices": declaration.documents}
    fields = tuple(field.model_copy(update=choices) if field.name == "kind" else field for field in document.fields)
    return document.model_copy(update={"fields": fields})
