"""How the NCA's services are: well, or failing in the ways that the real ones fail."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

_SLOW_SECONDS: Final = 10.0


class Service(StrEnum):
    """What the NCA serves over HTTP."""

    OCSP = "ocsp"
    CRL = "crl"
    TSP = "tsp"


class Condition(StrEnum):
    """How a service is."""

    NORMAL = "normal"
    TRY_LATER = "try_later"
    """It answers that it cannot answer now: OCSP tryLater, HTTP 503, timeNotAvailable."""
    UNKNOWN = "unknown"
    """OCSP knows no certificate."""
    GARBAGE = "garbage"
    """What comes is not what it should be."""
    SLOW = "slow"
    """It answers, much later."""
    DOWN = "down"
    """The connection is cut."""


class ServiceCondition(BaseModel):
    """An order: the service is like this from now on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: Service
    condition: Condition
    seconds: Annotated[float, Field(ge=0, le=600)] = _SLOW_SECONDS
    """With `slow`: how much later."""

    @model_validator(mode="after")
    def _there_is_such(self) -> "ServiceCondition":
        if self.condition is Condition.UNKNOWN and self.service is not Service.OCSP:
            raise ValueError("only OCSP knows certificates, or does not")
        return self


@dataclass(frozen=True, slots=True)
class _State:
    condition: Condition = Condition.NORMAL
    seconds: float = 0.0


class Conditions:
    """How each service is now."""

    def __init__(self) -> None:
        self._states = dict.fromkeys(Service, _State())

    def set(self, service: Service, condition: Condition, seconds: float = _SLOW_SECONDS) -> None:
        """Make a service so, from now on.

        Raises:
            ValueError: this service cannot be so.
        """
        order = ServiceCondition(service=service, condition=condition, seconds=seconds)
        self._states[order.service] = _State(order.condition, order.seconds)

    def of(self, service: Service) -> Condition:
        """Return how a service is."""
        return self._states[service].condition

    def delay_seconds(self, service: Service) -> float:
        """Return how long it takes to answer, beyond what it must."""
        state = self._states[service]
        return state.seconds if state.condition is Condition.SLOW else 0.0
