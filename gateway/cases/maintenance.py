"""Maintenance: for a while no messages are taken, in all replicas, and everybody is told why and for how long."""

from dataclasses import dataclass
from datetime import datetime

from gateway.faults import Code, Detail, GatewayFault
from gateway.texts import Text

DEFAULT_REASON = Text(kk="Техникалық жұмыстар жүргізілуде", ru="Ведутся технические работы")
DEFAULT_RETRY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What was announced."""

    since: datetime
    reason: Text = DEFAULT_REASON
    """Stands in the answer to every message."""
    retry_seconds: int = DEFAULT_RETRY_SECONDS
    """When senders should come again."""
    work_goes_on: bool = True
    """Whether cases that were taken go further meanwhile; if not, no step begins."""

    def fault(self) -> GatewayFault:
        """Return what a sender is told: SCE909."""
        detail = Detail("gateway.maintenance", "Maintenance is going on. Send the message again, with its messageId.")
        return GatewayFault(Code.INTERNAL, detail, self.reason, retry_after=self.retry_seconds)
