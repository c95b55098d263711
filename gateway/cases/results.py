"""The provider's result document: trusted only with the provider's EDS."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.cases.assessment import facts
from gateway.cases.model import Case
from gateway.cases.provider import Decision
from gateway.catalogue.cabinet_message import Outcome as CabinetOutcome
from gateway.catalogue.result_document import read as read_result
from gateway.catalogue.xml_input import XmlUnusable
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.texts import Text


class ResultUntrusted(Exception):  # noqa: N818  says what the result is
    """The document must not reach the citizen. The code says why, without personal data."""

    def __init__(self, code: str) -> None:
        """Take the code, e.g. `provider.signature`."""
        super().__init__(code)
        self.code = code


class ResultUnchecked(Exception):  # noqa: N818  says what the result is
    """Nothing is wrong with the document, but nobody could be asked whether its signer's certificate is revoked."""


@dataclass(frozen=True, slots=True)
class CheckedResult:
    """What a trusted document says."""

    ground: Text | None
    """Of a refusal: what was signed, whatever the provider's system says beside it."""
    facts: dict[str, object]
    """For the evidence."""


CLOCK_SKEW = timedelta(minutes=10)
"""How far the provider's clock may be from ours."""

SearchKey = Callable[[str], bytes]
"""Makes the keyed hash by which an IIN is compared (`Vault.search_key`)."""


async def check_result(  # noqa: PLR0913  what the document is checked against
    verifier: Verifier, case: Case, decision: Decision, *, provider_bin: str, search_key: SearchKey, at: datetime
) -> CheckedResult:
    """Verify that the document is the provider's decision of this case.

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
        result = read_result(verdict.signed)
    except XmlUnusable as error:
        raise ResultUntrusted("provider.document: not a result document") from error
    if result.case_number != case.number or result.service_id != case.service_id:
        raise ResultUntrusted("provider.document: the document is of another case")
    if search_key(result.iin) != case.applicant_key:
        raise ResultUntrusted("provider.document: the document is of another person")
    if result.outcome.value != decision.outcome.value:
        raise ResultUntrusted("provider.document: the document says another outcome")
    if (result.outcome is CabinetOutcome.REFUSED) != (result.ground is not None):
        raise ResultUntrusted("provider.document: a refusal names its ground in the document, and nothing else does")
    earliest = (case.registered_at or case.received_at) - CLOCK_SKEW
    if not earliest <= result.decided_at <= at + CLOCK_SKEW:
        raise ResultUntrusted("provider.document: decided before the case was registered, or in the future")
    return CheckedResult(result.ground, facts(verdict))
