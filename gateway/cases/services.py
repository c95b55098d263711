"""Which services this installation offers, to whom, and who provides them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.cases.model import Case
from gateway.cases.openings import openings
from gateway.catalogue.catalogue import Catalogue
from gateway.catalogue.channel import Channel, PortalOpening, channel_refusal
from gateway.catalogue.service import Service
from gateway.catalogue.term import Term, total_term
from gateway.faults import Code, Detail, GatewayFault
from gateway.settings import Sender, Settings
from gateway.texts import Text


class ServicesUnusable(ValueError):  # noqa: N818  says what they are
    """What the settings say of services contradicts the catalogue. The text says where."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as this installation offers it."""

    service: Service
    provider: str
    """Name of the provider's system in the settings."""
    term: Term
    channel: Channel
    signer_bin: str | None = None
    """BIN of the body whose clerks may sign instead of the applicant, at its counter; None: the applicant signs."""
    opening: PortalOpening | None = None
    """The legal act by which the service is given through the portal, where it is not the service's own."""
    fetches_files: bool = False
    """Whether files may be left in the storage and named: where the application comes through ShEP, if there is one."""


class Services:
    """Resolves ShEP's service ids for a sender, and what a case runs under."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        """Join the catalogue with what the installation sets.

        Raises:
            ServicesUnusable: a service is configured that the catalogue does not know, or with a term that the act does
                not allow, or the portal is opened for one that is open.
        """
        self._senders: Mapping[str, Sender] = {sender.id: sender for sender in settings.senders}
        self._own = settings.services
        self._fetches_files = frozenset({Channel.PORTAL, Channel.PSC} if settings.storage is not None else ())
        self._services = {service.id: service for service in catalogue.services}
        unknown = sorted(settings.services.keys() - self._services.keys())
        if unknown:
            raise ServicesUnusable(f"the catalogue has no service {', '.join(unknown)}")
        self._by_shep_id = {self.shep_id(service.id): service for service in catalogue.services}
        try:
            self._openings = openings(catalogue.services, settings.portal_openings)
            self._terms = {
                (service_id, channel): total_term(self._services[service_id], channel, own.term_working_days)
                for service_id, own in settings.services.items()
                for channel in {*self._services[service_id].channels, Channel.PORTAL}
            }
        except ValueError as error:
            raise ServicesUnusable(str(error)) from None

    def offer(self, sender_id: str, shep_service_id: str) -> Offer:
        """Return the service that a sender may use.

        Raises:
            GatewayFault: SCE004, with the reason.
        """
        sender = self._senders[sender_id]
        service = self._by_shep_id.get(shep_service_id)
        service_id = service.id if service is not None else ""
        self.permit(sender_id, service_id)
        return self.given(service_id, Channel(sender.channel), signer_bin=sender.bin)

    def permitted(self, sender_id: str, name: str) -> bool:
        """Tell whether a sender may use a service (by its passport's id), or ask a question (by its name)."""
        return bool(name) and not {"*", name}.isdisjoint(self._senders[sender_id].services)

    def permit(self, sender_id: str, name: str) -> None:
        """Let a sender that is permitted pass.

        Raises:
            GatewayFault: SCE004: it is not; whether there is such a service stays open.
        """
        if not self.permitted(sender_id, name):
            raise _refused("client.unknown_service", "This service is not registered for you here.", _UNKNOWN)

    def keep_apart(self, shep_ids: Iterable[str]) -> None:
        """See that ShEP ids of questions are not those of services.

        Raises:
            ServicesUnusable: one is.
        """
        taken = sorted(self._by_shep_id.keys() & set(shep_ids))
        if taken:
            raise ServicesUnusable(f"inquiries: {', '.join(taken)} is the ShEP id of a service")

    def given(self, service_id: str, channel: Channel, *, signer_bin: str | None = None) -> Offer:
        """Return a service as it is given through a channel.

        Raises:
            GatewayFault: SCE004: the act does not give it so, or nobody provides it here.
        """
        reason = channel_refusal(self._services[service_id], channel, self._openings)
        if reason is not None:
            raise _refused("client.channel", f"The act does not give {service_id} through this channel.", reason)
        return self._provided(service_id, channel, signer_bin)

    @property
    def all(self) -> tuple[Service, ...]:
        """Every service of the catalogue, in its order."""
        return tuple(self._services.values())

    @property
    def offered(self) -> tuple[Service, ...]:
        """The services that somebody provides here, in the catalogue's order."""
        return tuple(service for service in self._services.values() if service.id in self._own)

    @property
    def regions(self) -> frozenset[str]:
        """The regions whose acts the catalogue holds."""
        return frozenset(service.passport.region for service in self._services.values())

    @property
    def own_terms(self) -> Mapping[str, int]:
        """The installation's terms in working days, by the id of the service."""
        return {name: own.term_working_days for name, own in self._own.items() if own.term_working_days is not None}

    def shep_id(self, service_id: str) -> str:
        """Return the ShEP id of a service."""
        own = self._own.get(service_id)
        return (own and own.shep_service_id) or service_id

    @property
    def opened(self) -> Mapping[str, PortalOpening]:
        """The legal acts that open the portal, by the id of the service."""
        return self._openings

    def _provided(self, service_id: str, channel: Channel, signer_bin: str | None) -> Offer:
        service, own = self._services[service_id], self._own.get(service_id)
        if own is None:
            raise _refused("gateway.not_configured", "The service has no provider's system configured here.", _NOT_YET)
        by_setting = channel is Channel.PORTAL and channel not in service.channels
        return Offer(
            service,
            own.provider,
            self._terms[service_id, channel],
            channel,
            signer_bin,
            opening=self._openings.get(service_id) if by_setting else None,
            fetches_files=channel in self._fetches_files,
        )

    def find(self, service_id: str) -> Service | None:
        """Return a service of the catalogue by its passport's id."""
        return self._services.get(service_id)

    def passport_id(self, shep_service_id: str) -> str | None:
        """Return the passport's id of a ShEP service id."""
        service = self._by_shep_id.get(shep_service_id)
        return service.id if service else None

    def of(self, case: Case) -> Offer:
        """Return the offer under which a case runs: what was accepted goes on, even if its channel was closed since.

        Raises:
            GatewayFault: nobody provides the service here any more.
        """
        sender = self._senders.get(case.sender_id)
        return self._provided(case.service_id, case.channel, sender.bin if sender else None)


_UNKNOWN = Text(
    kk="Мұндай қызмет тіркелмеген немесе Сізге рұқсат етілмеген.",
    ru="Такая услуга не зарегистрирована или Вам не разрешена.",
)
_NOT_YET = Text(
    kk="Бұл қызмет осы шлюз арқылы әзірге көрсетілмейді.", ru="Эта услуга через данный шлюз пока не оказывается."
)


def _refused(code: str, text: str, message: Text) -> GatewayFault:
    return GatewayFault(Code.SERVICE, Detail(code, text), message)
