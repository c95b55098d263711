"""Which services this installation offers, to whom, and who provides them."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.cases.model import Case
from gateway.catalogue.catalogue import Catalogue
from gateway.catalogue.channel import Channel, channel_refusal
from gateway.catalogue.service import Service
from gateway.catalogue.term import Term, portal_term
from gateway.faults import Code, Detail, GatewayFault
from gateway.settings import Sender, Settings
from gateway.texts import Text


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as this installation offers it."""

    service: Service
    provider: str
    """Name of the provider's system in the settings."""
    term: Term


class Services:
    """Resolves ShEP's service ids for a sender."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        """Join the catalogue with what the installation sets."""
        self._senders: Mapping[str, Sender] = {sender.id: sender for sender in settings.senders}
        self._offers: dict[str, Offer] = {}
        self._by_shep_id: dict[str, Service] = {}
        for service in catalogue.services:
            own = settings.services.get(service.id)
            self._by_shep_id[(own and own.shep_service_id) or service.id] = service
            if own is not None and service.form is not None:
                self._offers[service.id] = Offer(service, own.provider, portal_term(service, own.term_working_days))

    def offer(self, sender_id: str, shep_service_id: str) -> Offer:
        """Return the service that a sender may use.

        Raises:
            GatewayFault: SCE004, with the reason.
        """
        sender = self._senders[sender_id]
        service = self._by_shep_id.get(shep_service_id)
        if service is None or ("*" not in sender.services and service.id not in sender.services):
            raise _refused("client.unknown_service", "This service is not registered for you here.", _UNKNOWN)
        reason = channel_refusal(service, Channel(sender.channel))
        if reason is not None:
            raise _refused("client.channel", f"The act does not give {service.id} through this channel.", reason)
        offer = self._offers.get(service.id)
        if offer is None:
            raise _refused("gateway.not_configured", "The service has no provider's system configured here.", _NOT_YET)
        return offer

    def passport_id(self, shep_service_id: str) -> str | None:
        """Return the passport's id of a ShEP service id."""
        service = self._by_shep_id.get(shep_service_id)
        return service.id if service else None

    def of(self, case: Case) -> Offer:
        """Return the offer under which a case runs. Raises LookupError if it was taken out of the settings."""
        return self._offers[case.service_id]


_UNKNOWN = Text(
    kk="Мұндай қызмет тіркелмеген немесе Сізге рұқсат етілмеген.",
    ru="Такая услуга не зарегистрирована или Вам не разрешена.",
)
_NOT_YET = Text(
    kk="Бұл қызмет осы шлюз арқылы әзірге көрсетілмейді.", ru="Эта услуга через данный шлюз пока не оказывается."
)


def _refused(code: str, text: str, message: Text) -> GatewayFault:
    return GatewayFault(Code.SERVICE, Detail(code, text), message)
