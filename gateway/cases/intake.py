"""Intake: an application message becomes a case, durably and once, or nothing at all."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from psycopg.errors import UniqueViolation

from gateway.cases import identity, machine, openings, repeats, second
from gateway.cases.assessment import Assessment, assess
from gateway.cases.inbound import BeingChecked, Inbound, Mode, Receipt, Registered, Rejected, Reply
from gateway.cases.model import OPEN, Case, State
from gateway.cases.observer import Observer
from gateway.cases.registrar import Registrar
from gateway.cases.rendering import render
from gateway.cases.services import Offer, Services
from gateway.cases.store.inbox import Inbox, Stored
from gateway.cases.store.ledger import Commit, Ledger
from gateway.cases.unavailable import asking_the_store, store_unavailable
from gateway.cases.vault import Vault
from gateway.catalogue.findings import Finding
from gateway.clock import Clock
from gateway.eds.verifier import Verifier
from gateway.faults import Code, Detail, GatewayFault
from gateway.texts import Text

_UPDATE = "UPDATE"
_MAX_ID_LENGTH = 200
_LANGUAGES = frozenset({"kk", "ru"})

Wake = Callable[[], None]
"""Tells the worker of this process that there is something to do."""


class Intake:
    """Implements `gateway.cases.inbound.Intake`."""

    def __init__(  # noqa: PLR0913  the parts it joins
        self,
        *,
        services: Services,
        verifier: Verifier,
        inbox: Inbox,
        ledger: Ledger,
        vault: Vault,
        registrar: Registrar,
        clock: Clock,
        observer: Observer,
        wake: Wake,
    ) -> None:
        """Join the parts."""
        self._services = services
        self._verifier = verifier
        self._inbox = inbox
        self._ledger = ledger
        self._vault = vault
        self._registrar = registrar
        self._clock = clock
        self._observer = observer
        self._wake = wake

    async def accept(self, message: Inbound, reply: Reply) -> bytes:
        """Take a message durably and return its reply; a repeat gets the stored reply, byte for byte.

        A repeat is looked up only when something is wrong with it or when the commit meets the first copy: a message
        accepted yesterday gets its receipt again even if the certificate has expired since.

        Raises:
            GatewayFault: the message was not taken, nothing of it is kept.
        """
        with asking_the_store(self._observer):
            try:
                return await self._take(message, reply)
            except GatewayFault:
                stored = await self._find(message)
                if stored is None:
                    raise
                return repeats.again(stored, message)

    async def _take(self, message: Inbound, reply: Reply) -> bytes:
        _check_lengths(message)
        offer = self._services.offer(message.sender_id, message.service_id)
        assessment = await assess(self._verifier, offer, message.readings, message.received_at, self._observer.step)
        self._observer.verdict(assessment.verdict, assessment.reasons)
        if message.message_type == _UPDATE:
            return await self._amend(message, offer, assessment, reply)
        if assessment.findings:
            running = await self._running(offer, assessment)
            stored = await self._first_copy(message, offer, assessment, running)
            if stored is not None:  # what is wrong with it has come about since
                return repeats.registered_again(stored, message)
            if running is not None:
                assessment = assessment.but(self._second(running, assessment))
        return await self._open(message, offer, assessment, reply)

    async def _open(self, message: Inbound, offer: Offer, assessment: Assessment, reply: Reply) -> bytes:
        event = await self._event(message, offer, assessment)
        case_id = identity.case_id(message.received_at)
        kept = repeats.to_be_kept(message, assessment, case_id)
        change = machine.open_case(self._case(case_id, message, offer, assessment, kept.id), event)
        payload = b""
        if message.mode is Mode.SYNC:
            payload = render(change.case, machine.told(event), None)
        answer = reply(Receipt(kept.id, self._clock(), _outcome(event), payload))
        started = time.perf_counter()
        try:
            is_new = await self._inbox.accept(replace(kept, reply=answer), change)
        except UniqueViolation:
            return await self._in_the_way(message, offer, assessment, reply)
        self._observer.step("commit", time.perf_counter() - started)
        if not is_new:
            stored = await self._find(message)
            if stored is None:
                raise store_unavailable()
            return repeats.again(stored, message)
        self._observer.opened(change.case.state.value, [finding.code for finding in assessment.findings])
        self._wake()
        return answer

    async def _in_the_way(self, message: Inbound, offer: Offer, assessment: Assessment, reply: Reply) -> bytes:
        """Answer an application for which there is a case already: of the same request, or for the same matter."""
        running = await self._running(offer, assessment)
        stored = await self._first_copy(message, offer, assessment, running)
        if stored is not None:
            return repeats.registered_again(stored, message)
        if running is None:  # what was in the way has ended in this very moment
            raise store_unavailable()
        return await self._open(message, offer, assessment.but(self._second(running, assessment)), reply)

    def _second(self, running: Case, assessment: Assessment) -> Finding:
        """Tell of the first application, with its number if the signer is the applicant or signed the first too.

        Without it beside other findings: what is wrong may be that the signer is not who they seem.
        """
        signer = assessment.signer_iin
        is_its_signer = signer is not None and self._vault.search_key(signer) == running.signer_key
        named = not assessment.delayed and (is_its_signer or not assessment.form.parties.represented)
        return second.found(running, named=named and not assessment.findings)

    async def _running(self, offer: Offer, assessment: Assessment) -> Case | None:
        about = self._about(offer, assessment)
        return await self._ledger.running(about) if about is not None else None

    def _about(self, offer: Offer, assessment: Assessment) -> bytes | None:
        """Return the key of the matter; None if the application could not be read."""
        application = assessment.form.application
        return None if application is None else second.matter_key(self._vault.search_key, offer.service, application)

    async def _first_copy(
        self, message: Inbound, offer: Offer, assessment: Assessment, running: Case | None
    ) -> Stored | None:
        """Return what is kept of the same request under another message id: registered, or still being checked."""
        request = message.sender_id, offer.service.id, assessment.form.request_number or ""
        stored = await self._ledger.registered_request(*request)
        if stored is None and running is not None and second.same_request(running, *request):
            stored = await self._ledger.first_message(running.id)
        return stored

    async def _event(self, message: Inbound, offer: Offer, assessment: Assessment) -> machine.Opening:
        facts = _facts(message, assessment) | openings.facts(offer.opening)
        if assessment.findings:
            by = assessment.form.accepted_by
            return self._registrar.rejected(offer, message.received_at, assessment.findings, facts, by)
        if assessment.delayed:
            return machine.VerificationDelayed(message.received_at, facts)
        if assessment.names_files:
            return machine.FilesAwaited(message.received_at, facts)
        return await self._registrar.registered(offer, message.received_at, facts, assessment.application)

    def _case(self, case_id: UUID, message: Inbound, offer: Offer, assessment: Assessment, inbox_id: UUID) -> Case:
        form, iin, signer = assessment.form, assessment.form.parties.applicant_iin, assessment.signer_iin
        return Case(
            id=case_id,
            service_id=offer.service.id,
            shep_service_id=message.service_id,
            sender_id=message.sender_id,
            channel=offer.channel,
            mode=message.mode,
            correlation_id=message.correlation_id or message.message_id or str(inbox_id),
            route_id=message.route_id,
            request_number=form.request_number,
            language=form.language if form.language in _LANGUAGES else "kk",
            applicant_key=self._vault.search_key(iin) if iin else None,
            signer_key=self._vault.search_key(signer) if signer else None,
            state=State.AWAITING_VERIFICATION,
            received_at=message.received_at,
            matter_key=self._about(offer, assessment),
        )

    async def _amend(self, message: Inbound, offer: Offer, assessment: Assessment, reply: Reply) -> bytes:
        """Add the citizen's completed application to the case of its chain; what it corrects may change its matter."""
        case = await self._ledger.case_by_chain(message.sender_id, message.correlation_id or "")
        if case is None or case.service_id != self._services.passport_id(message.service_id):
            raise _unknown_chain()
        findings = (*assessment.findings, *self._other_person(case, assessment), *_too_early(assessment))
        about = self._about(offer, assessment)
        running = await self._ledger.running(about) if about is not None and about != case.matter_key else None
        if running is not None:
            findings = (*findings, self._second(running, replace(assessment, findings=findings)))
        kept = repeats.to_be_kept(message, assessment, case.id)
        event = _amending(message, assessment, findings)
        answer = reply(Receipt(kept.id, self._clock(), _amended(event, case)))

        def decide(locked: Case) -> Commit:
            if locked.state not in OPEN:
                raise _unknown_chain()
            in_force = not isinstance(event, machine.SupplementRejected)
            # With files still to be fetched it may yet not be taken: then what it is about does not count either.
            amended = replace(locked, matter_key=about) if isinstance(event, machine.Supplemented) else locked
            return Commit(machine.advance(amended, event), message=replace(kept, reply=answer), in_force=in_force)

        try:
            await self._ledger.commit(case.id, decide)
        except UniqueViolation as error:
            stored = await self._find(message)
            if stored is None:
                raise store_unavailable() from error
            return repeats.again(stored, message)
        self._wake()
        return answer

    def _other_person(self, case: Case, assessment: Assessment) -> tuple[Finding, ...]:
        """Only who applied completes the application: the same applicant, signed by the same person."""
        applicant, signer = assessment.form.parties.applicant_iin, assessment.signer_iin
        keys = [self._vault.search_key(iin) if iin else None for iin in (applicant, signer)]
        return () if keys == [case.applicant_key, case.signer_key] else (_OTHER_PERSON,)

    async def _find(self, message: Inbound) -> Stored | None:
        return await self._inbox.find(message.sender_id, repeats.key(message), repeats.kind(message))


def _facts(message: Inbound, assessment: Assessment) -> dict[str, object]:
    return {
        **assessment.facts,
        "message": hashlib.sha256(message.raw).hexdigest(),
        "transport_certificate": message.transport_certificate,
    }


_Amending = machine.SupplementRejected | machine.FilesAwaited | machine.Supplemented


def _amending(message: Inbound, assessment: Assessment, findings: tuple[Finding, ...]) -> _Amending:
    facts = _facts(message, assessment)
    if findings:
        return machine.SupplementRejected(message.received_at, findings, facts)
    if assessment.names_files:
        return machine.FilesAwaited(message.received_at, facts)
    return machine.Supplemented(message.received_at, facts)


def _amended(event: _Amending, case: Case) -> Registered | Rejected | BeingChecked:
    match event:
        case machine.SupplementRejected():
            return Rejected(event.findings)
        case machine.FilesAwaited():
            return BeingChecked()
        case machine.Supplemented():
            return Registered(case.number or "", case.deadline or event.at)


def _outcome(event: machine.Opening) -> Registered | Rejected | BeingChecked:
    match event:
        case machine.Registered():
            return Registered(event.number, event.deadline)
        case machine.Rejected():
            return Rejected(event.findings)
        case machine.VerificationDelayed() | machine.FilesAwaited():
            return BeingChecked()


def _check_lengths(message: Inbound) -> None:
    """Identifiers are keys of the store; real ones have up to 40 characters."""
    for name in ("message_id", "correlation_id", "route_id"):
        if len(getattr(message, name) or "") > _MAX_ID_LENGTH:
            raise GatewayFault(
                Code.FORMAT,
                Detail("client.field_too_long", f"{name} is longer than {_MAX_ID_LENGTH} characters."),
                Text(kk="Хабарламаның нөмірі тым ұзын.", ru="Идентификатор сообщения слишком длинный."),
            )


def _unknown_chain() -> GatewayFault:
    return GatewayFault(
        Code.FORMAT,
        Detail("client.unknown_correlation", "There is no open case with this correlationId that could be completed."),
        Text(
            kk="Толықтыруға болатын ашық өтініш табылмады.",
            ru="Открытое заявление, которое можно дополнить, не найдено.",
        ),
    )


_OTHER_PERSON = Finding(
    "applicant.identity",
    Text(
        kk="Толықтыруды өтінішті берген адам жіберуі керек.", ru="Дополнение должен отправить тот, кто подал заявление."
    ),
)


def _too_early(assessment: Assessment) -> tuple[Finding, ...]:
    """An addition whose certificate could not be checked is not taken: the citizen can send it again."""
    return (_UNCHECKED,) if assessment.delayed else ()


_UNCHECKED = Finding(
    "applicant.certificate.unchecked",
    Text(
        kk="ЭЦҚ куәлігін қазір тексеру мүмкін болмады. Толықтыруды кейінірек қайта жіберіңіз.",
        ru="Сертификат ЭЦП сейчас не удалось проверить. Отправьте дополнение позже ещё раз.",
    ),
)
