"""Faults: what the sender of a message is told when its message was not taken (DESIGN.md section 7).

A fault is not a rejection: a rejection is an answer to the citizen about a message that was taken and recorded
(see `gateway.cases.model.Finding`).
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.texts import Text


class Code(StrEnum):
    """Outward fault codes of ShEP (protocol.md section 5)."""

    FORMAT = "SCE001"
    SERVICE = "SCE004"
    TRANSPORT_CERTIFICATE = "SCE005"
    TRANSPORT_SIGNATURE = "SCE006"
    TRANSPORT_UNSIGNED = "SCE007"
    APPLICANT_CERTIFICATE = "SCE015"
    APPLICANT_SIGNATURE = "SCE016"
    APPLICANT_UNSIGNED = "SCE017"
    INTERNAL = "SCE909"


@dataclass(frozen=True, slots=True)
class Detail:
    """Our precise code, sent in `subError`: whose side failed (`client`, `applicant`, `gateway`, `provider`)."""

    code: str
    text: str
    """English, for the operator of the other side: what is wrong and what to do. No personal data."""


class GatewayFault(Exception):  # noqa: N818  "fault" is SOAP's own word for it
    """The message was not taken; nothing of it is kept. Carries what the sender is told."""

    def __init__(self, code: Code, detail: Detail, message: Text, *, retry_after: int | None = None) -> None:
        """Take the outward code, the precise detail, the text for people; `retry_after` is in seconds."""
        super().__init__(f"{code}: {detail.code}")
        self.code = code
        self.detail = detail
        self.message = message
        self.retry_after = retry_after
