"""One regulated service: its passport and, where applications come as documents, its form."""

from dataclasses import dataclass, field

from lxml import etree

from gateway.catalogue.application_form import ApplicationForm, namespace
from gateway.catalogue.channel import Channel
from gateway.catalogue.passport import Passport


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the catalogue."""

    passport: Passport = field(repr=False)
    form: ApplicationForm | None = field(default=None, repr=False)
    schema: etree.XMLSchema | None = field(default=None, repr=False, compare=False)
    """The compiled application.xsd; there exactly if there is a form."""
    id: str = field(init=False)

    def __post_init__(self) -> None:
        """Take the id from the passport."""
        object.__setattr__(self, "id", self.passport.id)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels through which the act takes applications, in its order."""
        return self.passport.intake_channels

    @property
    def namespace(self) -> str:
        """The XML namespace of an application for the service."""
        return self.form.namespace if self.form is not None else namespace(self.id, 1)
