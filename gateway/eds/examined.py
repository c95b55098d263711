"""One signature after the cryptographic examination, whatever form it came in: what is left to judge is trust."""

from dataclasses import dataclass
from datetime import datetime

from gateway.eds.certificate import Certificate
from gateway.eds.verdict import Failure


@dataclass(frozen=True, slots=True)
class Examined:
    """One signature after the cryptographic check: who signed, or why it is not good."""

    certificate: Certificate | None
    others: tuple[Certificate, ...]
    """Further certificates that came with it: material for the chain, not trusted."""
    algorithm_uri: str | None
    """URI or dotted OID of the signature algorithm."""
    failure: Failure | None
    stamps: "tuple[ExaminedStamp, ...]" = ()
    """The time stamps over its signature value."""


@dataclass(frozen=True, slots=True)
class ExaminedStamp:
    """A time stamp after the cryptographic check: it was over this very signature value, or has a failure."""

    instant: datetime | None
    """When the authority says that it saw the signature value, UTC; None when that cannot be read."""
    signature: Examined
    """The authority's signature."""
