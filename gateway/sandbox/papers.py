"""The papers that the sandbox's provider signs: results with the particulars of the act's form, refusals, endings."""

from dataclasses import replace
from datetime import datetime
from functools import cache

from gateway.catalogue import result_document, sample
from gateway.catalogue.cabinet_message import Outcome
from gateway.catalogue.catalogue import Catalogue
from gateway.catalogue.grounds import Ground, GroundKind, grounds
from gateway.catalogue.refusal import ENDING_TITLE, refuse
from gateway.catalogue.result_details import ResultDetails, details
from gateway.catalogue.result_document import ResultDocument
from gateway.catalogue.service import Service
from gateway.clock import local
from gateway.resources import schemas
from gateway.sandbox.register import ProviderRecord
from gateway.sandbox.rules import Action, Facts, Rule
from gateway.texts import Text

_TITLE = Text(kk="Мемлекеттік қызмет көрсету нәтижесі", ru="Результат оказания государственной услуги")
_GRANTED = Text(kk="Қызмет көрсету туралы оң шешім қабылданды.", ru="Принято положительное решение об оказании услуги.")


def decided(record: ProviderRecord, facts: Facts, rule: Rule, at: datetime, provider: str) -> ResultDocument:
    """Return the decision that a rule makes of a case, not signed yet."""
    if rule.then is Action.REFUSE:
        return _against(record, facts, rule, GroundKind.REFUSAL, at, provider)
    return ResultDocument(
        case_number=record.number,
        service_id=record.service,
        iin=facts.applicant.get("iin", ""),
        full_name=_name(facts),
        outcome=Outcome.POSITIVE,
        title=_TITLE,
        text=_GRANTED,
        decided_at=at,
        provider=provider,
        details=_particulars(_service(record.service), at),
    )


def terminated(record: ProviderRecord, facts: Facts, rule: Rule, at: datetime, provider: str) -> ResultDocument:
    """Return the decision that ends what was granted, not signed yet."""
    made = _against(record, facts, rule, GroundKind.TERMINATION, at, provider)
    return replace(made, outcome=Outcome.TERMINATED, title=ENDING_TITLE, text=ENDING_TITLE)


def rendered(document: ResultDocument) -> bytes:
    """Return a decision as XML."""
    return result_document.render(document, _service(document.service_id))


def _against(  # noqa: PLR0913, PLR0917  what a decision is about
    record: ProviderRecord, facts: Facts, rule: Rule, kind: GroundKind, at: datetime, provider: str
) -> ResultDocument:
    service = _service(record.service)
    return refuse(
        service,
        case_number=record.number,
        iin=facts.applicant.get("iin", ""),
        full_name=_name(facts),
        decided_at=at,
        provider=provider,
        ground=_ground(service, kind, rule.ground),
        reason=Text(rule.kk, rule.ru) if rule.kk else None,
    )


def _ground(service: Service, kind: GroundKind, code: str | None) -> Ground | None:
    own = grounds(service, kind)
    return next((ground for ground in own if code in {None, ground.code}), None)


def _particulars(service: Service, at: datetime) -> ResultDetails | None:
    paper = next(iter(service.result.papers), None)
    return details(service, paper.element, sample.result(paper, local(at).date())) if paper is not None else None


def _name(facts: Facts) -> str:
    return " ".join(filter(None, (facts.applicant.get(name, "") for name in ("surname", "givenName", "patronymic"))))


def _service(service_id: str) -> Service:
    service = _catalogue().find(service_id)
    if service is None:
        raise KeyError(service_id)
    return service


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load(schemas())
