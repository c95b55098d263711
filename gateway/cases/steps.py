"""The steps of a case, one for each kind of task. Each may run twice: the second time changes nothing."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from gateway.cases import machine
from gateway.cases.assessment import Assessment, assess
from gateway.cases.calls import CallFailed
from gateway.cases.course import StepEnding
from gateway.cases.destinations import Destinations, provider_lane
from gateway.cases.exhibit import Exhibit
from gateway.cases.followup import ASK_AFTER_SECONDS, DutyMissed, DutyNear, Terminated
from gateway.cases.inbound import Mode
from gateway.cases.model import OPEN, Case, Claim, Lateness, State, TaskKind
from gateway.cases.observer import Observer
from gateway.cases.provider import (
    Decision,
    Outcome,
    ProviderCase,
    ProviderRejected,
    ProviderStatus,
    ProviderSystem,
    Refusal,
    Stage,
)
from gateway.cases.registrar import Registrar, record
from gateway.cases.reports import Report, event_of
from gateway.cases.results import ResultUnchecked, ResultUntrusted, check_result
from gateway.cases.rulebook import Rulebook
from gateway.cases.services import Services
from gateway.cases.store.ledger import Commit, Kept, Ledger
from gateway.cases.vault import SearchKey
from gateway.cases.watching import Ticked, look
from gateway.cases.worker import Step, StepFailed, patience_seconds
from gateway.catalogue.application import Application
from gateway.catalogue.declarations import COMPONENT
from gateway.catalogue.findings import Finding
from gateway.catalogue.form import read_application
from gateway.clock import Clock
from gateway.eds.enveloped import claimed
from gateway.eds.verifier import Verifier
from gateway.faults import GatewayFault
from gateway.settings import Provider as ProviderSettings
from gateway.settings import Worker as WorkerSettings
from gateway.texts import Text

Readings = Callable[[bytes], Sequence[bytes]]
"""Reads a message's business data out of its bytes; the wire's own reader."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the steps work with."""

    ledger: Ledger
    services: Services
    verifier: Verifier
    registrar: Registrar
    providers: Mapping[str, ProviderSystem]
    destinations: Destinations
    provider_settings: Mapping[str, ProviderSettings]
    settings: WorkerSettings
    readings: Readings
    search_key: SearchKey
    clock: Clock
    observer: Observer


class ProviderSteps:
    """Steps that end at the provider's system: verify, submit, supplement, poll."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts."""
        self._parts = parts

    def table(self) -> dict[TaskKind, Step]:
        """Return the steps by kind."""
        return {
            TaskKind.VERIFY: self.verify,
            TaskKind.SUBMIT: self.submit,
            TaskKind.SUPPLEMENT: self.supplement,
            TaskKind.POLL: self.poll,
            TaskKind.WATCH: self.watch,
        }

    async def verify(self, claim: Claim) -> None:
        """Ask again whether the applicant's certificate is good; register, reject, or wait on."""
        parts = self._parts
        case = await case_of(self._parts.ledger, claim)
        if case.state is not State.AWAITING_VERIFICATION:
            await parts.ledger.commit(case.id, lambda _: Commit(), claim)
            return
        event = await self._judged(case)
        if event is None:
            again = patience_seconds(parts.clock() - case.received_at, parts.settings)
            await parts.ledger.commit(case.id, lambda _: Commit(again_seconds=again), claim)
            return
        await record(parts.ledger, claim, event)

    async def _judged(self, case: Case) -> machine.FilesAwaited | machine.Registered | machine.Rejected | None:
        """Return what comes of the case now; None if revocation still cannot be asked."""
        parts, now = self._parts, self._parts.clock()
        offer = parts.services.of(case)
        try:
            assessment = await self._assessed(case)
        except GatewayFault as fault:
            raise StepFailed(fault.detail.code) from fault
        if assessment.findings:
            by = assessment.form.accepted_by
            return parts.registrar.rejected(offer, now, assessment.findings, assessment.facts, by)
        if not assessment.delayed and assessment.names_files:
            return machine.FilesAwaited(now, assessment.facts)
        if not assessment.delayed:
            return await parts.registrar.registered(offer, now, assessment.facts, assessment.application)
        if now - case.received_at >= timedelta(hours=parts.settings.verification_limit_hours):
            by = assessment.form.accepted_by
            return parts.registrar.rejected(offer, now, (_UNVERIFIABLE,), assessment.facts, by)
        return None

    async def _assessed(self, case: Case) -> Assessment:
        parts, offer = self._parts, self._parts.services.of(case)
        kept = await parts.ledger.message_in_force(case.id)
        readings = parts.readings(kept.raw)[kept.reading : kept.reading + 1]
        return await assess(parts.verifier, offer, readings, kept.received_at, parts.observer.step)

    async def submit(self, claim: Claim) -> None:
        """Hand the case to the provider."""
        await self._hand_over(claim, "submit", lambda system, case: system.submit(case))

    async def supplement(self, claim: Claim) -> None:
        """Hand over the application that the citizen completed; the first one goes before it."""
        if await self._parts.ledger.has_task(claim.case_id, TaskKind.SUBMIT):
            wait = self._parts.settings.backoff_initial_seconds
            await self._parts.ledger.commit(claim.case_id, lambda _: Commit(again_seconds=wait), claim)
            return
        await self._hand_over(claim, "supplement", lambda system, case: system.supplement(case))

    async def _hand_over(
        self, claim: Claim, operation: str, call: Callable[[ProviderSystem, ProviderCase], Awaitable[ProviderStatus]]
    ) -> None:
        case = await case_of(self._parts.ledger, claim)
        if case.state not in OPEN:
            await self._parts.ledger.commit(case.id, lambda _: Commit(), claim)
            return
        handed = await self._provider_case(case)
        if handed is None:
            wait = self._parts.settings.backoff_initial_seconds
            await self._parts.ledger.commit(case.id, lambda _: Commit(again_seconds=wait), claim)
            return
        status = await self._ask(case, operation, lambda system: call(system, handed))
        await self._record(claim, case, status)

    async def _provider_case(self, case: Case) -> ProviderCase | None:
        """Return the case as the provider gets it; None while files that it names are still to be fetched."""
        parts = self._parts
        application, document = application_of(parts, case, await parts.ledger.message_in_force(case.id))
        if case.number is None or case.registered_at is None or case.deadline is None:
            raise StepFailed.for_good("gateway.case_unreadable")
        complete = await self._with_files(case, application)
        if complete is None:
            return None
        return ProviderCase(case.number, case.service_id, case.registered_at, case.deadline, complete, document)

    async def _with_files(self, case: Case, application: Application) -> Application | None:
        """Put each fetched file in the place of its id: found by its hash, it is the same at every call."""
        held = await self._parts.ledger.held(case.id)
        attachments = []
        for one in application.attachments:
            if one.file_id is None:
                attachments.append(one)
            elif one.sha256 in held:
                file = await self._parts.ledger.document(case.id, one.sha256)
                attachments.append(replace(one, content=file.content))
            else:
                return None
        return replace(application, attachments=tuple(attachments))

    async def poll(self, claim: Claim) -> None:
        """Ask how far the case is; when it is decided, fetch the result and verify the provider's EDS."""
        case = await case_of(self._parts.ledger, claim)
        if case.state not in OPEN | {State.FOLLOWED} or case.number is None:
            await self._parts.ledger.commit(case.id, lambda _: Commit(), claim)
            return
        number = case.number
        status = await self._ask(case, "status", lambda system: system.status(number))
        if status.stage is not (Stage.TERMINATED if case.state is State.FOLLOWED else Stage.DECIDED):
            await self._record(claim, case, status)
            return
        decision = await self._ask(case, "decision", lambda system: system.decision(number))
        await self._decide(claim, case, decision)

    async def watch(self, claim: Claim) -> None:
        """Record what the clock has made of the case: its term, its step or its duty is nearly over, or is over."""
        case, now = await case_of(self._parts.ledger, claim), self._parts.clock()
        book = self._book(case)
        event: Ticked | None = None

        def decide(locked: Case) -> Commit:
            nonlocal event
            event, following = look(locked, book, now)
            change = machine.advance(locked, event) if event is not None else None
            if following is None:
                return Commit(change)
            return Commit(change, again_seconds=max(_LEAST_SECONDS, (following - now).total_seconds()))

        if await self._parts.ledger.commit(case.id, decide, claim) is not None and event is not None:
            self._parts.observer.lateness(*_late(case, event))

    async def _decide(self, claim: Claim, case: Case, decision: Decision) -> None:
        parts, now = self._parts, self._parts.clock()
        book, provider = self._book(case), self._provider(case)
        component = await self._component(case) if decision.outcome is Outcome.REFUSED else None
        try:
            checked = await check_result(
                parts.verifier,
                case,
                decision,
                service=book.offer.service,
                component=component,
                provider_bin=provider.bin,
                search_key=parts.search_key,
                at=now,
            )
        except ResultUntrusted as error:
            await self._tell_refused(case, Refusal(error.code, _NOT_TAKEN))
            raise StepFailed(str(error)) from error
        except ResultUnchecked:
            # Not the provider's fault, and no failure: the deadline is watched, the decision fetched again.
            await parts.ledger.commit(case.id, lambda _: Commit(again_seconds=provider.poll_seconds), claim)
            return
        taken, duty = replace(decision, ground=checked.ground), book.duty(decision.outcome, now)
        event = (
            machine.Decided(now, taken, checked.facts, duty)
            if case.state is not State.FOLLOWED
            else Terminated(now, taken, checked.facts)
        )
        answer = _answer(decision.answer, quotes=decision.document)

        def decide(locked: Case) -> Commit:
            return Commit(machine.advance(locked, event), decision=decision, exhibits=answer)

        await parts.ledger.commit(case.id, decide, claim)

    async def _record(self, claim: Claim, case: Case, status: ProviderStatus) -> None:
        parts, book = self._parts, self._book(case)
        wait = self._provider(case).poll_seconds if case.state is not State.FOLLOWED else ASK_AFTER_SECONDS
        component = await self._component(case) if status.stage is Stage.ENDED_ORALLY else None
        report = Report(status, parts.clock(), wait, component)
        event, refusal = event_of(case, report, book)
        if refusal is not None and event is not None and machine.advance(case, event) is not None:
            report = replace(report, beside={"told": await self._tell_refused(case, refusal)})

        def decide(locked: Case) -> Commit:
            said, _ = event_of(locked, report, book)
            change = machine.advance(locked, said) if said is not None else None
            again = wait if claim.kind is TaskKind.POLL else None
            return Commit(change, again_seconds=again, exhibits=_answer(status.answer))

        await parts.ledger.commit(case.id, decide, claim)

    async def _tell_refused(self, case: Case, refusal: Refusal) -> bool:
        """Tell the provider's system that something was not taken; False if it cannot hear that: operators see it."""
        number = case.number or ""
        self._parts.observer.report_refused(self._parts.services.of(case).provider, refusal.code)
        try:
            await self._ask(case, "refused", lambda system: system.refused(number, refusal))
        except StepFailed:
            return False
        return True

    async def _component(self, case: Case) -> str | None:
        """Return which of the service's components the citizen asked for."""
        parts = self._parts
        application, _ = application_of(parts, case, await parts.ledger.message_in_force(case.id))
        return application.fields.get(COMPONENT)

    def _book(self, case: Case) -> Rulebook:
        return Rulebook(self._parts.services.of(case), self._parts.registrar.calendar)

    def _provider(self, case: Case) -> ProviderSettings:
        return self._parts.provider_settings[self._parts.services.of(case).provider]

    async def _ask(self, case: Case, operation: str, call: Callable[[ProviderSystem], Awaitable[T]]) -> T:
        parts = self._parts
        name = parts.services.of(case).provider
        started, outcome = time.perf_counter(), "ok"
        try:
            with parts.destinations.call(provider_lane(name)):
                return await call(parts.providers[name])
        except CallFailed as error:
            outcome = "rejected" if isinstance(error, ProviderRejected) else "unavailable"
            raise StepFailed.by(error, f"provider.{outcome}") from error
        finally:
            parts.observer.adapter(name, operation, outcome, time.perf_counter() - started)


async def case_of(ledger: Ledger, claim: Claim) -> Case:
    """Return the case of a claimed task.

    Raises:
        StepFailed: for good: there is no such case.
    """
    case = await ledger.case(claim.case_id)
    if case is None:
        raise StepFailed.for_good("gateway.case_missing")
    return case


def application_of(parts: Parts, case: Case, kept: Kept) -> tuple[Application, bytes]:
    """Return the application in a message, read, and the document that was signed.

    Raises:
        StepFailed: for good: it cannot be read, although it was when it was taken.
    """
    document = kept.raw if case.mode is Mode.COUNTER else parts.readings(kept.raw)[kept.reading]
    reading = read_application(parts.services.of(case).service, claimed(document))
    if reading.application is None:
        raise StepFailed.for_good("gateway.case_unreadable")
    return reading.application, document


def _answer(raw: bytes, quotes: bytes | None = None) -> tuple[Exhibit, ...]:
    return (Exhibit("provider-answer.xml", raw, quotes=quotes),) if raw else ()


_LEAST_SECONDS = 1.0
"""The last instant of a term still is in time: it is looked at again after it."""


def _late(case: Case, event: Ticked) -> tuple[str, str, str, str]:
    """Return what the observer is told: service, unit, what is late and how."""
    step = case.progress.step
    unit = step.unit if step is not None else "provider"
    match event:
        case machine.TermEnding(lateness=lateness):
            return case.service_id, unit, "term", lateness.value
        case StepEnding(lateness=lateness):
            return case.service_id, unit, "step", lateness.value
        case DutyNear():
            return case.service_id, "applicant", "duty", Lateness.NEAR.value
        case DutyMissed():
            return case.service_id, "applicant", "duty", Lateness.LATE.value


_NOT_TAKEN = Text(
    kk="Шешім құжаты қабылданбады, ол азаматқа жеткізілмеді. Себебі кодта көрсетілген.",
    ru="Документ с решением не принят и гражданину не передан. Причина названа кодом.",
)
_UNVERIFIABLE = Finding(
    "applicant.certificate.unverifiable",
    Text(
        kk="ЭЦҚ куәлігінің жарамдылығын белгіленген мерзімде тексеру мүмкін болмады. Өтінішті қайта жіберіңіз.",
        ru="Действительность сертификата ЭЦП не удалось проверить в установленный срок. Подайте заявление ещё раз.",
    ),
)
