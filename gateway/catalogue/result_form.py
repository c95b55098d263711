"""What the papers of a result hold by the act's forms: `schemas/services/<id>/result.json`."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.catalogue.form_field import Elsewhere, FormField, Kind, Label
from gateway.catalogue.paper import FormPurpose
from gateway.catalogue.wording import Fact

RESULT = frozenset({FormPurpose.CERTIFICATE, FormPurpose.NOTIFICATION, FormPurpose.REFERRAL})
"""Forms that are handed to the citizen as a result."""


class ResultPaper(Fact):
    """One paper: a notification, a certificate, a referral, a coupon."""

    element: Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9]*$")]
    """Name of the element that holds its particulars."""
    act: int
    """Place of its form in the passport's `forms`, from 0."""
    fields: tuple[FormField, ...]
    elsewhere: tuple[Elsewhere, ...] = ()


class ResultDeclaration(Fact):
    """The papers of one service."""

    version: Annotated[int, Field(gt=0)] = 1
    papers: Annotated[tuple[ResultPaper, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _elements_differ(self) -> Self:
        if len({paper.element for paper in self.papers}) != len(self.papers):
            raise ValueError("papers must have different elements")
        return self

    def paper(self, element: str) -> ResultPaper | None:
        """Return the paper of that element, or None."""
        return next((paper for paper in self.papers if paper.element == element), None)


def namespace(service_id: str, version: int) -> str:
    """Return the XML namespace of the particulars of a service's result."""
    return f"urn:qaqpa:service:{service_id}:result:{version}"


def root(paper: ResultPaper, label: Label) -> FormField:
    """Return the paper as a block, to be made into a schema and to be read by."""
    return FormField(
        name=paper.element,
        label=label,
        type=Kind.BLOCK,
        required=True,
        source="ours: holds the particulars of the act's form",
        fields=paper.fields,
    )
