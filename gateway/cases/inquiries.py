"""The portal's questions: dictionaries for its forms, the list of services, the status of an application."""

import hmac
from collections.abc import Iterator, Mapping

from gateway.cases.inbound import Inquiry, InquiryAnswer
from gateway.cases.model import Case, Ending, Lateness, State
from gateway.cases.number import is_registration_number
from gateway.cases.observer import Observer
from gateway.cases.services import Services
from gateway.cases.store.ledger import Ledger
from gateway.cases.unavailable import asking_the_store
from gateway.cases.vault import Vault
from gateway.catalogue import dictionaries, iin, inquiry_words, portal_message
from gateway.catalogue.dictionaries import Entry
from gateway.catalogue.findings import Finding
from gateway.catalogue.inquiry_words import ENDINGS, STATES
from gateway.catalogue.portal_message import (
    DictionaryRequest,
    ListedService,
    Named,
    Progress,
    Request,
    ServicesRequest,
    StatusRequest,
)
from gateway.catalogue.service import Service
from gateway.catalogue.xml_input import XmlUnusable
from gateway.clock import local
from gateway.faults import Code, Detail, GatewayFault
from gateway.settings import Settings
from gateway.texts import Text


class Inquiries:
    """Implements `gateway.cases.inbound.Inquiries`."""

    def __init__(
        self, *, services: Services, ledger: Ledger, vault: Vault, settings: Settings, observer: Observer
    ) -> None:
        """Join the parts.

        Raises:
            ServicesUnusable: a question has the ShEP id of a service.
        """
        ids = settings.inquiries
        self._asked = {ids.dictionaries: DictionaryRequest, ids.services: ServicesRequest, ids.status: StatusRequest}
        self._permission = {ids.dictionaries: "dictionaries", ids.services: "services", ids.status: "status"}
        services.keep_apart(self._asked)
        self._services = services
        self._ledger = ledger
        self._vault = vault
        self._bodies = {code: Text(body.kk, body.ru) for code, body in settings.bodies.items()}
        self._observer = observer

    def answers(self, service_id: str) -> bool:
        """Tell whether a message to this ShEP service id is a question, and not an application."""
        return service_id in self._asked

    async def answer(self, inquiry: Inquiry) -> InquiryAnswer:
        """Answer a question; nothing of it is kept.

        Raises:
            GatewayFault: SCE004, SCE001 or SCE909: see `gateway.cases.inbound.Inquiries`.
        """
        self._services.permit(inquiry.sender_id, self._permission[inquiry.service_id])
        try:
            asked = portal_message.read(inquiry.document)
        except XmlUnusable as error:
            raise _not_ours(str(error)) from None
        if not isinstance(asked.request, self._asked[inquiry.service_id]):
            raise _not_ours(f"{asked.name} is asked at another service id")
        findings = (*asked.findings, *self._wrong(inquiry.sender_id, asked.request))
        if findings:
            return _rejected(findings)
        return await self._answered(inquiry.sender_id, asked.request)

    async def _answered(self, sender_id: str, request: Request) -> InquiryAnswer:
        match request:
            case DictionaryRequest():
                return InquiryAnswer(portal_message.dictionary(self._entries(request), request.page))
            case ServicesRequest():
                return InquiryAnswer(portal_message.services(self._listed(sender_id, request), request.page))
            case StatusRequest():
                return await self._status(sender_id, request)

    def _wrong(self, sender_id: str, request: Request) -> Iterator[Finding]:
        """Yield what is wrong with the values of a request; what is not there its schema has named already."""
        match request:
            case StatusRequest(number, person):
                if number and not is_registration_number(number):
                    yield Finding("inquiry.number", inquiry_words.NUMBER, "caseNumber")
                if person and not iin.is_valid(person):
                    yield Finding("inquiry.iin", inquiry_words.IIN, "iin")
            case ServicesRequest(region=region):
                if region is not None and region not in self._services.regions:
                    yield Finding("inquiry.region", inquiry_words.REGION, "region")
            case DictionaryRequest():
                yield from self._wrong_dictionary(sender_id, request)

    def _wrong_dictionary(self, sender_id: str, request: DictionaryRequest) -> Iterator[Finding]:
        named = request.dictionary
        if named and named not in _OF_SERVICE and named != "providers":
            yield Finding("inquiry.dictionary", inquiry_words.DICTIONARY, "dictionary")
        wants_region = named == "providers" or request.region is not None
        if wants_region and request.region not in self._services.regions:
            yield Finding("inquiry.region", inquiry_words.REGION, "region")
        if named not in _OF_SERVICE and request.service_id is None:
            return
        service = self._services.find(request.service_id or "")
        if service is None or not self._services.permitted(sender_id, service.id):
            yield Finding("inquiry.service", inquiry_words.SERVICE, "serviceId")
            return
        known = {entry.code for entry in dictionaries.components(service)}
        if request.component is not None and request.component not in known:
            yield Finding("inquiry.component", inquiry_words.COMPONENT, "component")
        if named == "choices" and not dictionaries.choices(service, request.field or ""):
            yield Finding("inquiry.field", inquiry_words.FIELD, "field")

    def _entries(self, request: DictionaryRequest) -> tuple[Entry, ...]:
        service = self._services.find(request.service_id or "")
        if request.dictionary == "providers" or service is None:
            region = request.region or ""
            own = {code: name for code, name in self._bodies.items() if code.startswith(f"{region}.")}
            return dictionaries.providers(self._services.all, region, own)
        return _of_service(service, request)

    def _listed(self, sender_id: str, request: ServicesRequest) -> tuple[ListedService, ...]:
        offered = [service for service in self._services.offered if self._services.permitted(sender_id, service.id)]
        listed = dictionaries.services(offered, self._services.opened, self._services.own_terms)
        by_id = {service.id: service for service in offered}
        return tuple(
            ListedService(
                service_id=one.code,
                shep_service_id=self._services.shep_id(one.code),
                namespace=by_id[one.code].namespace,
                region=one.region,
                name=Text(one.kk, one.ru),
                channels=tuple((channel.value, term.text) for channel, term in one.channels.items()),
            )
            for one in listed
            if request.region in {None, one.region}
        )

    async def _status(self, sender_id: str, request: StatusRequest) -> InquiryAnswer:
        """Say how far a case is, to whoever names its number and its applicant; one answer for every other reason."""
        key = self._vault.search_key(request.iin)
        with asking_the_store(self._observer):
            case = await self._ledger.case_by_number(request.number)
        fits = case is not None and hmac.compare_digest(case.applicant_key or b"", key)
        if case is None or not fits or not self._services.permitted(sender_id, case.service_id):
            return _rejected((Finding("inquiry.not_found", inquiry_words.NOT_FOUND),))
        service = self._services.find(case.service_id)
        if service is None or case.registered_at is None or case.deadline is None:
            return _rejected((Finding("inquiry.not_found", inquiry_words.NOT_FOUND),))
        return InquiryAnswer(portal_message.status(_progress(case, service)))


_OF_SERVICE = frozenset({"documentKinds", "components", "grounds", "choices"})


def _of_service(service: Service, request: DictionaryRequest) -> tuple[Entry, ...]:
    match request.dictionary:
        case "documentKinds":
            return dictionaries.document_kinds(service)
        case "components":
            return dictionaries.components(service)
        case "grounds":
            return dictionaries.refusal_grounds(service, request.component)
        case _:
            return dictionaries.choices(service, request.field or "")


STATE_CODES: Mapping[State, str] = {
    State.REGISTERED: "registered",
    State.IN_PROCESS: "in_progress",
    State.AWAITING_DOCUMENTS: "documents_needed",
    State.SUSPENDED: "suspended",
}
"""Of a case without an ending; with one it is decided, whatever becomes of its answer."""


def _progress(case: Case, service: Service) -> Progress:
    if case.number is None or case.registered_at is None or case.deadline is None:
        raise ValueError("only a registered case has a progress")
    state = STATE_CODES[case.state] if case.ending is None else "decided"
    ending = None if case.ending is None else Named(case.ending.value, ENDINGS[case.ending.value])
    overdue = ending is None and state != "suspended" and case.lateness is Lateness.LATE
    return Progress(
        number=case.number,
        service_id=case.service_id,
        service_name=service.name,
        state=Named(state, STATES[state]),
        registered_at=case.registered_at,
        deadline=local(case.deadline).date(),
        overdue=overdue,
        next_step=_next_step(case, state, overdue=overdue),
        ending=ending,
    )


def _next_step(case: Case, state: str, *, overdue: bool) -> Text:
    if case.ending is Ending.ORAL:
        return inquiry_words.NO_DOCUMENT
    return inquiry_words.next_step(state, case.channel, overdue=overdue)


def _rejected(findings: tuple[Finding, ...]) -> InquiryAnswer:
    return InquiryAnswer(portal_message.rejection(findings), findings)


def _not_ours(why: str) -> GatewayFault:
    return GatewayFault(
        Code.FORMAT,
        Detail("client.payload", f"The business data must be a request of portal.xsd: {why}."),
        Text(kk="Сұраудың пішімі сәйкес келмейді.", ru="Формат запроса не соответствует."),
    )
