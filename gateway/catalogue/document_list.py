"""Which documents a service asks for: our reading of the act's list, `schemas/services/<id>/documents.json`.

The act's words stay in the passport; here each of them gets a name that a person can read in a list, a code for the
wire, and the rule by which it is wanted, so that a reviewer can lay the two side by side.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.catalogue.channel import Channel
from gateway.catalogue.condition import Condition
from gateway.catalogue.form_field import Choice
from gateway.catalogue.wording import Fact


class Need(StrEnum):
    """Whether the applicant must attach a document."""

    APPLICATION = "application"  # it is the application itself
    OBLIGATORY = "obligatory"
    CONDITIONAL = "conditional"  # obligatory while `when` holds; nobody knows: as IF_APPLICABLE
    IF_APPLICABLE = "if_applicable"  # for some applicants, and only the clerk can tell which
    OPTIONAL = "optional"  # the act itself says: if there is one
    COVERED = "covered"  # what it says stands in the application already
    REGISTRY = "registry"  # the provider takes it from the state's information systems
    REFERENCE = "reference"  # the act only refers to a list elsewhere


class Requirement(Fact):
    """One entry of the act's list, or a part of one."""

    act: Annotated[tuple[int, ...], Field(min_length=1)]
    """Places in the passport's `documents`, from 0."""
    need: Need
    kind: str | None = None
    """What is attached for it; None where nothing is attached."""
    when: Condition | None = None
    components: tuple[str, ...] = ()
    """Only for these; empty: for all."""
    channels: tuple[Channel, ...] = ()
    """Only through these; empty: through all."""
    one_of: str | None = None
    """Of the wanted requirements with the same word, one is enough."""
    in_form: str | None = None
    """A field or block of the form; filled in, it stands for the document."""
    note: str | None = None
    """Why it is read so, where the act leaves doubt. In English."""

    @model_validator(mode="after")
    def _fits_its_need(self) -> Self:
        if (self.need is Need.CONDITIONAL) != (self.when is not None):
            raise ValueError("when must be given exactly for need conditional")
        if (self.need in _NOT_ATTACHED) != (self.kind is None):
            raise ValueError("kind must be given exactly where something is attached")
        return self


_NOT_ATTACHED = frozenset({Need.APPLICATION, Need.COVERED})


class DocumentList(Fact):
    """The documents of one service."""

    kinds: tuple[Choice, ...]
    """Kinds of document that may be attached."""
    requirements: tuple[Requirement, ...]
    authority: tuple[str, ...] = ("authority",)
    """Kinds by which a representative proves the right to act; one is enough."""
    representation: str | None = None
    """What the act says about representatives, with its clause; None: nothing."""

    @model_validator(mode="after")
    def _kinds_are_declared(self) -> Self:
        known = {kind.value for kind in self.kinds}
        named = {requirement.kind for requirement in self.requirements if requirement.kind} | set(self.authority)
        if not known.issuperset(named):
            raise ValueError(f"kinds must hold {', '.join(sorted(named - known))}")
        if len(known) != len(self.kinds):
            raise ValueError("kinds must be different")
        return self
