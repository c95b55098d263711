"""The act's grounds for refusing a service, for not taking documents, for sending them back, for ending a benefit."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.catalogue import passport as act
from gateway.catalogue.service import Service
from gateway.texts import Text


class GroundKind(StrEnum):
    """What a ground is a ground for."""

    REFUSAL = "refusal"
    INTAKE_REFUSAL = "intake_refusal"  # the Public Service Centre does not take the documents
    RETURN = "return"  # the provider sends the documents back to be put right
    SUSPENSION = "suspension"
    TERMINATION = "termination"


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground."""

    code: str
    """Stable within the service, e.g. `refusal-2`."""
    kind: GroundKind
    kk: str
    ru: str
    clause: str | None
    """Clause of the act, where the passport names it."""
    ours: bool
    """The Russian words are our translation."""
    not_applied_to: tuple[str, ...] = ()
    """Codes of components for which it is none."""

    @property
    def text(self) -> Text:
        """The words in both languages."""
        return Text(self.kk, self.ru)


def grounds(service: Service, *kinds: GroundKind, component: str | None = None) -> tuple[Ground, ...]:
    """Return the act's grounds in its order; of the given kinds, or all; those that hold for a component, or all."""
    found = (ground for ground in _all(service) if not kinds or ground.kind in kinds)
    return tuple(ground for ground in found if component not in ground.not_applied_to)


def find(service: Service, code: str) -> Ground | None:
    """Return the ground with a code, or None."""
    return next((ground for ground in _all(service) if ground.code == code), None)


def _all(service: Service) -> Iterator[Ground]:
    passport = service.passport
    for number, entry in enumerate(passport.refusal_grounds, start=1):
        yield _ground(service, entry, _kind(entry), f"refusal-{number}")
    for number, entry in enumerate(passport.suspension_grounds, start=1):
        yield _ground(service, entry, GroundKind.SUSPENSION, f"suspension-{number}")
    for number, entry in enumerate(passport.termination_grounds, start=1):
        yield _ground(service, entry, GroundKind.TERMINATION, f"termination-{number}")
    for number, rule in enumerate(passport.return_rules, start=1):
        yield _ground(service, rule, GroundKind.RETURN, f"return-{number}")


_STAGES = {"psc_acceptance": GroundKind.INTAKE_REFUSAL, "return_to_psc": GroundKind.RETURN}


def _kind(entry: act.Ground) -> GroundKind:
    if entry.stage is not None:
        return _STAGES.get(entry.stage, GroundKind.REFUSAL)
    # The Kostanay act words its refusal of intake as what the PSC's clerk does.
    return GroundKind.INTAKE_REFUSAL if "ХҚКО қызметкер" in (entry.kk or "") else GroundKind.REFUSAL


def _ground(service: Service, entry: act.Ground | act.Rule, kind: GroundKind, code: str) -> Ground:
    words = service.text(entry)
    return Ground(
        code=code,
        kind=kind,
        kk=words.kk,
        ru=words.ru,
        clause=entry.clause,
        ours=service.translations.is_ours(entry),
        not_applied_to=entry.not_applied_to if isinstance(entry, act.Ground) else (),
    )
