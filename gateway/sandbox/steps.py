"""The steps of an application as far as they can be seen from outside: in the cabinet and at the provider's."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.sandbox.cabinet import Request, State
from gateway.sandbox.scenarios import Ending, Scenario

_SIGNATURE_FAULTS = {"SCE015", "SCE016", "SCE017"}
_CERTIFICATE_FINDINGS = "applicant.certificate."
_REJECTED = "rejected"
_BEING_CHECKED = "being_checked"


class Step(StrEnum):
    """What happens to an application, in its order."""

    RECEIVED = "received"
    VERIFIED = "verified"
    REGISTERED = "registered"
    ROUTED = "routed"
    DECIDED = "decided"
    SIGNED = "signed"
    DELIVERED = "delivered"


class Mark(StrEnum):
    """How a step stands."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # the way ended before it


@dataclass(frozen=True, slots=True)
class Seen:
    """One application, as seen now."""

    request: Request
    case: Mapping[str, Any] | None
    """The provider's entry, see `provider_soap`; None while the provider does not have the case."""
    provider_bin: str | None
    """Whose signature its result must have."""

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it has not."""
        request = self.request
        if request.fault is not None:
            return Ending.FAULT
        if request.result is not None:
            return Ending(request.result.outcome)
        return Ending.REJECTED if any(message.status == _REJECTED for message in request.messages) else None

    @property
    def codes(self) -> set[str]:
        """Codes of the fault or of the findings."""
        request = self.request
        found = {code for message in request.messages for code in message.codes}
        return found | ({request.fault.code} if request.fault else set())

    @property
    def note(self) -> str:
        """What to show beside the steps."""
        request = self.request
        if request.fault is not None:
            return f"{request.fault.code} {request.fault.detail or ''}".strip()
        if request.case_number is None:
            return ", ".join(sorted(self.codes))
        waiting = " · documents asked for" if self._documents_needed and self.ending is None else ""
        return f"{request.case_number} · by {request.deadline}{waiting}"

    @property
    def wants_supplement(self) -> bool:
        """Whether the citizen was asked for documents and has not sent them."""
        return self._documents_needed and len(self.request.letters) == 1

    @property
    def _documents_needed(self) -> bool:
        return any(message.status == "documents_needed" for message in self.request.messages)

    def marks(self) -> dict[Step, Mark]:
        """Return each step's mark."""
        done = self._done()
        marks = {}
        ended = False
        for step in Step:
            if done[step] is None:
                marks[step] = Mark.SKIPPED if ended else Mark.OPEN
            else:
                marks[step] = Mark.DONE if done[step] else Mark.FAILED
                ended = ended or not done[step]
        if self.ending is Ending.REJECTED:  # the rejection itself is brought to the citizen
            marks[Step.DELIVERED] = Mark.DONE
        return marks

    def _done(self) -> dict[Step, bool | None]:
        request, result = self.request, self.request.result
        verdicts = [message for message in request.messages if message.status != _BEING_CHECKED]
        broken = bool(self.codes & _SIGNATURE_FAULTS) or any(
            code.startswith(_CERTIFICATE_FINDINGS) for code in self.codes
        )
        registered = (
            True if request.case_number else (False if self.ending in {Ending.REJECTED, Ending.FAULT} else None)
        )
        genuine = result is not None and result.verdict == "VALID" and result.signer_bin == self.provider_bin
        return {
            Step.RECEIVED: True if request.state is not State.CREATED and self._reached_gateway else None,
            Step.VERIFIED: False if broken else (True if verdicts else None),
            Step.REGISTERED: None if broken else registered,
            Step.ROUTED: True if self.case else None,
            Step.DECIDED: True if self.case and self.case["outcome"] else None,
            Step.SIGNED: genuine and not (result and result.reasons) if result else None,
            Step.DELIVERED: True if request.responses else None,
        }

    @property
    def _reached_gateway(self) -> bool:
        return self.request.state is not State.SENT or bool(self.request.messages)

    def faults(self, scenario: Scenario) -> list[str]:
        """Return what is not as the scenario expects it; empty when all is well."""
        wrong = []
        if self.ending is not scenario.ending:
            wrong.append(f"ended as {self.ending}, expected {scenario.ending}")
        if scenario.code is not None and scenario.code not in self.codes:
            wrong.append(f"codes {sorted(self.codes)}, expected {scenario.code}")
        expected = 0 if scenario.ending is Ending.FAULT else 1
        if self.request.responses != expected:
            wrong.append(f"{self.request.responses} results in the cabinet, expected {expected}")
        if self.request.result is not None and self.marks()[Step.SIGNED] is not Mark.DONE:
            wrong.append("the result's signature is not the provider's")
        decided = scenario.ending in {Ending.POSITIVE, Ending.REFUSED}
        if decided != (self.case is not None):
            wrong.append(f"the provider has {'a' if self.case else 'no'} case")
        return wrong
