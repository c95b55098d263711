"""What must agree inside one passport beyond its types."""

from collections.abc import Iterator

from gateway.catalogue.channel import Channel
from gateway.catalogue.passport import Passport
from gateway.catalogue.process import ActionStep

Inconsistency = tuple[str, str]
"""JSON path, and what is expected there."""


def inconsistencies(passport: Passport, folder: str) -> Iterator[Inconsistency]:
    """Name everything in `passport` that contradicts something else in it, or the name of its folder."""
    if passport.id != folder:
        yield "id", f"must be the name of its folder, {folder}"
    if not passport.id.startswith(f"{passport.region}."):
        yield "id", "must begin with the region and a full stop"
    yield from _channels(passport)
    yield from _units(passport)
    yield from _components(passport)


def _channels(passport: Passport) -> Iterator[Inconsistency]:
    if passport.portal.available != (Channel.PORTAL in passport.intake_channels):
        yield "portal.available", "must be true exactly if intake_channels names the portal"
    if passport.portal.eligible and not passport.portal.available:
        yield "portal.eligible", "must be null where the portal is not available"
    for name in ("intake_channels", "issue_channels"):
        channels: tuple[Channel, ...] = getattr(passport, name)
        if not channels or len(set(channels)) != len(channels):
            yield name, "must name at least one channel, and each once"
    for channel in (Channel.PSC, Channel.AKIM, Channel.PORTAL):
        has_steps = bool(getattr(passport.channel_procedures, channel))
        if has_steps != (channel in passport.intake_channels):
            yield f"channel_procedures.{channel}", "must have steps exactly if intake_channels names the channel"


def _units(passport: Passport) -> Iterator[Inconsistency]:
    codes = [unit.code for unit in passport.units]
    if len(set(codes)) != len(codes):
        yield "units", "must have different codes"
    for name in ("main", "alternative", "sfu_actions", "sfu_actions_psc"):
        steps: tuple[ActionStep, ...] = getattr(passport.process, name)
        numbers = {step.no for step in steps}
        for index, step in enumerate(steps):
            # Two acts misnumber a unit in an action table; the passport says beside it what their other clauses say.
            if not {step.unit, step.unit_by_clause_18, step.unit_by_use_case_table}.intersection(codes):
                yield f"process.{name}[{index}].unit", f"must be one of units ({', '.join(codes)})"
            if step.next is not None and step.next not in numbers:
                yield f"process.{name}[{index}].next", "must be the number of a step of the same table"


def _components(passport: Passport) -> Iterator[Inconsistency]:
    codes = {component.code for component in passport.components}
    for index, entry in enumerate(passport.eligibility):
        if not codes.issuperset(entry.components or ()):
            yield f"eligibility[{index}].components", "must be codes of components"
    for index, ground in enumerate(passport.refusal_grounds):
        if not codes.issuperset(ground.not_applied_to):
            yield f"refusal_grounds[{index}].not_applied_to", "must be codes of components"
