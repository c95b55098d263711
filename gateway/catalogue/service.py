"""One regulated service: its passport, its forms, its documents, its result."""

from dataclasses import dataclass, field

from lxml import etree

from gateway.catalogue.application_form import ApplicationForm
from gateway.catalogue.channel import Channel
from gateway.catalogue.passport import Passport
from gateway.catalogue.result_form import ResultDeclaration
from gateway.catalogue.translation import Translations
from gateway.catalogue.wording import Wording
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the catalogue."""

    passport: Passport = field(repr=False)
    form: ApplicationForm = field(repr=False)
    schema: etree.XMLSchema | None = field(default=None, repr=False, compare=False)
    """The compiled application.xsd; None only while the schemas are being made."""
    result: ResultDeclaration = field(kw_only=True, repr=False)
    result_schema: etree.XMLSchema | None = field(default=None, kw_only=True, repr=False, compare=False)
    """The compiled result.xsd."""
    translations: Translations = field(default=Translations(), kw_only=True, repr=False)
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
        return self.form.namespace

    @property
    def name(self) -> Text:
        """The service's name."""
        return self.text(self.passport.name)

    def text(self, wording: Wording | None) -> Text:
        """Return words of the act for people; see `gateway.catalogue.translation`."""
        return self.translations.text(wording)
