"""From what a provider's system, or a clerk, says of a case to the event: only what the act has. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.cases.change import Facts, quoted
from gateway.cases.course import (
    EndedOrally,
    Extended,
    ProviderAnswered,
    ReportRefused,
    Resumed,
    said,
)
from gateway.cases.followup import Completed, DutyMet
from gateway.cases.model import OPEN, Case, State
from gateway.cases.provider import Outcome, ProviderStatus, Refusal, Stage
from gateway.cases.rulebook import NotInAct, Rulebook, noon_of
from gateway.catalogue.channel import Channel
from gateway.catalogue.grounds import Ground, GroundKind
from gateway.clock import local
from gateway.texts import Text

Reported = ProviderAnswered | Extended | Resumed | ReportRefused | EndedOrally | DutyMet | Completed


@dataclass(frozen=True, slots=True)
class Report:
    """One thing said of a case."""

    status: ProviderStatus
    at: datetime
    """When it was heard."""
    ask_again_seconds: float = 0.0
    component: str | None = None
    """Which of the service's components the citizen asked for; needed with ENDED_ORALLY only."""
    clerk: str | None = None
    """Who recorded it; None: the provider's system said it."""
    beside: Facts = field(default_factory=dict)
    """For the evidence."""

    @property
    def facts(self) -> Facts:
        """What the evidence says of the report itself."""
        by = {"by": self.clerk} if self.clerk is not None else {}
        return {**self.beside, **by, **quoted(self.status.answer)}


def event_of(case: Case, report: Report, book: Rulebook) -> tuple[Reported | None, Refusal | None]:
    """Return what a report makes of the case, and what the reporter is told if the act does not have it.

    One report may hold several things (the term is extended, and the case has gone a step on): the first that is new is
    returned, and the next asking brings the rest.
    """
    try:
        return _event(case, report, book), None
    except NotInAct as error:
        refused = ReportRefused(report.at, report.status, error.code, report.ask_again_seconds, report.facts)
        return refused, Refusal(error.code, error.text)


def _event(case: Case, report: Report, book: Rulebook) -> Reported | None:
    if case.state is State.FOLLOWED:
        return _after_the_grant(case, report, book)
    if case.state not in OPEN or (report.clerk is None and case.stage == said(report.status)):
        return None
    status, facts = report.status, report.facts
    if status.stage in {Stage.TERMINATED, Stage.COMPLETED} or status.duty_met is not None:
        raise NotInAct("provider.not_granted", _NOTHING_GRANTED)
    if status.stage is Stage.ENDED_ORALLY:
        return _oral_end(report, book)
    if case.progress.is_paused and (report.clerk is not None or status.stage is Stage.SUSPENDED):
        _require_running(status)
    if case.progress.is_paused and status.stage not in {Stage.SUSPENDED, Stage.DECIDED}:
        deadline, step_due = book.resumed(case, report.at)
        return Resumed(report.at, deadline, step_due, facts)
    if status.extension is not None and not case.progress.extended and not case.progress.is_paused:
        return _extension(case, report, book, status.extension)
    return _answered(case, report, book)


def _require_running(status: ProviderStatus) -> None:
    """Let nothing but the resumption itself happen to a term that stands still."""
    if status.extension is not None or (status.step is not None and status.stage is not Stage.SUSPENDED):
        raise NotInAct("provider.suspended", _STANDS_STILL)


def _extension(case: Case, report: Report, book: Rulebook, reason: Text) -> Extended:
    deadline = book.extended(case)
    if case.deadline is None or report.at > case.deadline:
        raise NotInAct("provider.extension_late", _EXTENSION_LATE)
    return Extended(report.at, deadline, reason, report.facts)


def _answered(case: Case, report: Report, book: Rulebook) -> ProviderAnswered:
    status, facts = report.status, dict(report.facts)
    named = _grounds(status, book)
    step, achieved, before = None, None, case.progress.step
    if status.step is not None:
        same = before is not None and before.position == status.step
        step = before if same else book.stand(case, status.step, report.at)
        achieved = None if same else book.achieved(before, status.step)
    if named:
        facts["grounds"] = [[ground.code, ground.clause] for ground in named]
    grounds = tuple(ground.text for ground in named)
    heard = report.clerk is None
    return ProviderAnswered(report.at, status, report.ask_again_seconds, step, achieved, grounds, facts, heard)


def _grounds(status: ProviderStatus, book: Rulebook) -> tuple[Ground, ...]:
    if status.stage is Stage.SUSPENDED:
        return book.grounds(status.grounds, GroundKind.SUSPENSION)
    if status.stage is not Stage.RETURNED:
        return ()
    back = book.particulars.return_to_psc
    if back is None or book.offer.channel is not Channel.PSC:
        raise NotInAct("provider.return", _NO_RETURN)
    if not back.grounds and status.documents:  # the act has the return, and leaves its reasons to the provider
        return ()
    return book.grounds(status.grounds, GroundKind.RETURN)


def _oral_end(report: Report, book: Rulebook) -> EndedOrally:
    if report.component not in book.particulars.oral_result or report.component is None:
        raise NotInAct("provider.oral_end", _NO_ORAL_END)
    return EndedOrally(report.at, {**report.facts, "component": report.component})


def _after_the_grant(case: Case, report: Report, book: Rulebook) -> DutyMet | Completed | None:
    status, facts = report.status, report.facts
    if status.stage is Stage.COMPLETED:
        return Completed(report.at, facts)
    if status.duty_met is None or case.duty is None or status.duty_met < local(case.duty.since).date():
        return None
    if status.duty_met > local(report.at).date():
        raise NotInAct("provider.duty_met", _NOT_YET)
    following = book.duty(Outcome.POSITIVE, noon_of(status.duty_met))
    if following is None:
        raise NotInAct("provider.duty_met", _NO_DUTY)
    return DutyMet(report.at, following, status if report.clerk is None else None, facts)


_NOTHING_GRANTED = Text(
    kk="Бұл өтініш бойынша әлі ештеңе тағайындалған жоқ.", ru="По этому заявлению ещё ничего не назначено."
)
_STANDS_STILL = Text(
    kk="Мерзім тоқтатыла тұрған, алдымен оны жалғастырыңыз.", ru="Срок приостановлен, сначала возобновите его."
)
_EXTENSION_LATE = Text(kk="Мерзім өтіп кетті, оны енді ұзартуға болмайды.", ru="Срок уже истёк, продлить его нельзя.")
_NO_RETURN = Text(
    kk="Регламент бұл өтінішті толықтыруға қайтаруды көздемейді.",
    ru="Регламент не предусматривает возврат этого заявления на доработку.",
)
_NO_ORAL_END = Text(
    kk="Регламент сұралған көмек түрін ауызша ақпаратпен аяқтауды көздемейді.",
    ru="Регламент не предусматривает завершение запрошенного вида помощи устной информацией.",
)
_NOT_YET = Text(kk="Көрсетілген күн әлі келген жоқ.", ru="Указанный день ещё не наступил.")
_NO_DUTY = Text(
    kk="Регламент бұл қызмет бойынша кейінгі міндетті көздемейді.",
    ru="Регламент не предусматривает последующей обязанности по этой услуге.",
)
