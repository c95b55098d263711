"""The provider's result document: trusted only with the provider's EDS."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.cases.assessment import facts
from gateway.cases.model import Case, State
from gateway.cases.provider import Decision
from gateway.cases.vault import SearchKey
from gateway.catalogue import kazakh
from gateway.catalogue.cabinet_message import Outcome as CabinetOutcome
from gateway.catalogue.grounds import Ground, GroundKind, grounds
from gateway.catalogue.result_details import DetailsWrongError
from gateway.catalogue.result_document import ResultDocument
from gateway.catalogue.result_document import read as read_result
from gateway.catalogue.service import Service
from gateway.catalogue.xml_input import XmlUnusable
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.texts import Text


class ResultUntrusted(Exception):  # noqa: N818  says what the result is
    """The document must not reach the citizen. The text says why, without personal data."""

    def __init__(self, text: str) -> None:
        """Take the text; it begins with the code, e.g. `provider.signature`, and a colon."""
        super().__init__(text)
        self.code = text.partition(":")[0]


class ResultUnchecked(Exception):  # noqa: N818  says what the result is
    """Nothing is wrong with the document, but nobody could be asked whether its signer's certificate is revoked."""


@dataclass(frozen=True, slots=True)
class CheckedResult:
    """What a trusted document says."""

    ground: Text | None
    """Of a refusal: what was signed, whatever the provider's system says beside it."""
    facts: dict[str, object]
    """For the evidence."""


CLOCK_SKEW = timedelta(days=1)
"""How far the provider's clock may be from ours, ours as it was at registration included: the document is bound to the
case by number and person, and a clock that was wrong for an hour must not bar its decision for ever."""


async def check_result(  # noqa: PLR0913  what the document is checked against
    verifier: Verifier,
    case: Case,
    decision: Decision,
    *,
    service: Service,
    component: str | None = None,
    provider_bin: str,
    search_key: SearchKey,
    at: datetime,
) -> CheckedResult:
    """Verify that the document is the provider's decision of this case.

    Args:
        verifier: of signatures.
        case: as it stands.
        decision: what the provider's system gave.
        service: of the case; the ground and the particulars must be its own.
        component: which of the service's components the citizen asked for, if it has any.
        provider_bin: of the body that must have signed.
        search_key: see `SearchKey`.
        at: now.

    Raises:
        ResultUntrusted: signature not VALID, signer of another body, or the document is of another case, person or
            outcome.
        ResultUnchecked: revocation could not be asked; ask again later.
    """
    verdict = await verifier.enveloped(decision.document, at=at)
    if verdict.indication is Indication.INDETERMINATE:
        raise ResultUnchecked
    if verdict.indication is not Indication.VALID or verdict.signed is None:
        reasons = ",".join(sorted(reason.value for reason in verdict.reasons))
        raise ResultUntrusted(f"provider.signature: {reasons}")
    certificates = [signer.certificate for signer in verdict.signers if signer.certificate is not None]
    if not any(certificate.bin == provider_bin for certificate in certificates):
        raise ResultUntrusted("provider.signer: signed with the key of another body")
    try:
        result = read_result(verdict.signed, service)
    except XmlUnusable as error:
        raise ResultUntrusted("provider.document: not a result document") from error
    except DetailsWrongError as error:
        raise ResultUntrusted("provider.details: not what the act's form of the result holds") from error
    _check_whose(result, case, decision, search_key)
    earliest = (case.registered_at or case.received_at) - CLOCK_SKEW
    if not earliest <= result.decided_at <= at + CLOCK_SKEW:
        raise ResultUntrusted("provider.document: decided before the case was registered, or in the future")
    ground = _ground(result, service, component)
    return CheckedResult(ground.text if ground else result.ground, {**facts(verdict), **_ground_facts(ground)})


def _check_whose(result: ResultDocument, case: Case, decision: Decision, search_key: SearchKey) -> None:
    """Raise ResultUntrusted unless the document is of this case, this person and this outcome."""
    if result.case_number != case.number or result.service_id != case.service_id:
        raise ResultUntrusted("provider.document: the document is of another case")
    if search_key(result.iin) != case.applicant_key:
        raise ResultUntrusted("provider.document: the document is of another person")
    if result.outcome.value != decision.outcome.value:
        raise ResultUntrusted("provider.document: the document says another outcome")
    if (result.outcome is CabinetOutcome.TERMINATED) != (case.state is State.FOLLOWED):
        raise ResultUntrusted("provider.document: only what was granted can be ended")
    if (result.outcome is CabinetOutcome.POSITIVE) != (result.ground is None):
        raise ResultUntrusted("provider.document: a refusal names its ground in the document, and nothing else does")


_KINDS = {CabinetOutcome.REFUSED: GroundKind.REFUSAL, CabinetOutcome.TERMINATED: GroundKind.TERMINATION}


def _ground(result: ResultDocument, service: Service, component: str | None) -> Ground | None:
    """Return the act's ground that the document names; None: the act names none, and the reason is in words.

    Raises:
        ResultUntrusted: the act has grounds, and this is none of them.
    """
    if result.ground is None:
        return None
    own = grounds(service, _KINDS[result.outcome], component=component)
    if not own and result.outcome is CabinetOutcome.REFUSED:
        return None
    for ground in own:
        if _is_named(ground, result):
            return ground
    raise ResultUntrusted("provider.ground: not a ground that the act has for this")


def _is_named(ground: Ground, result: ResultDocument) -> bool:
    """Tell whether a document names a ground: by its words in either language; a clause, where given, must be right."""
    words = result.ground
    if words is None or (result.clause is not None and result.clause != ground.clause):
        return False
    return _plain(words.kk) == _plain(ground.kk) or _plain(words.ru) == _plain(ground.ru)


def _plain(words: str) -> str:
    return " ".join(kazakh.normalised(words).casefold().split()).rstrip(" .;:")


def _ground_facts(ground: Ground | None) -> dict[str, object]:
    return {"ground": ground.code, "clause": ground.clause} if ground is not None else {}
