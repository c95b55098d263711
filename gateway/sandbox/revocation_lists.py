"""An authority's revocation lists: a full one now and then, between them a delta as soon as something changes.

As with the NCA, a revocation stands in the delta at once and in the full list when the next one is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509

from gateway.clock import Clock
from gateway.sandbox import asn1
from gateway.sandbox.authority import Authority, extensions
from gateway.sandbox.certificate_register import Revoked
from gateway.sandbox.keys import Family, family_of
from gateway.sandbox.profile import Extensions

_VERSION_2 = asn1.integer(1)
_Entry = tuple[int, datetime | None, x509.CRLReason]
"""Serial number, since when (None: now), why."""
_REMOVED = x509.CRLReason(x509.ReasonFlags.remove_from_crl)


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often lists are made, and how long they are good. The lives are those of the NCA's lists."""

    full_every: timedelta = timedelta(minutes=10)
    full_life: timedelta = timedelta(hours=27)
    delta_every: timedelta = timedelta(minutes=1)
    delta_life: timedelta = timedelta(hours=7, minutes=30)


NCA_CADENCE = Cadence()


@dataclass(frozen=True, slots=True)
class _Issued:
    """A list that was made."""

    der: bytes = field(repr=False)
    number: int
    at: datetime
    revoked: Mapping[int, Revoked]
    """What the register said then."""


class RevocationLists:
    """The lists of one authority, made when they are asked for and due."""

    def __init__(self, authority: Authority, clock: Clock, cadence: Cadence = NCA_CADENCE) -> None:
        """List what the register of `authority` says."""
        self._authority = authority
        self._clock = clock
        self._cadence = cadence
        self._full: _Issued | None = None
        self._delta: _Issued | None = None

    def full(self) -> bytes:
        """Return the full list, DER."""
        return self._current().der

    def delta(self) -> bytes:
        """Return the delta to the full list, DER."""
        base = self._current()
        delta, revoked, now = self._delta, dict(self._authority.register.revoked), self._clock()
        if delta is None or delta.revoked != revoked or now - delta.at >= self._cadence.delta_every:
            delta = self._delta = self._issue(_changes(base.revoked, revoked), self._cadence.delta_life, base.number)
        return delta.der

    def renew(self) -> None:
        """Make a new full list now; what the delta said is in it."""
        revoked = self._authority.register.revoked
        entries = [(serial, one.at, _reason(one)) for serial, one in sorted(revoked.items())]
        self._full, self._delta = self._issue(entries, self._cadence.full_life), None

    def _current(self) -> _Issued:
        if self._full is None or self._clock() - self._full.at >= self._cadence.full_every:
            self.renew()
        assert self._full is not None  # noqa: S101  renewed just now
        return self._full

    def _issue(self, entries: Sequence[_Entry], life: timedelta, base_number: int | None = None) -> _Issued:
        authority, now = self._authority, self._clock()
        number = authority.register.next_list_number()
        fields: Extensions = (
            (x509.AuthorityKeyIdentifier(authority.certificate.subject_key_id, None, None), False),
            (x509.CRLNumber(number), False),
        )
        if base_number is not None:
            fields = (*fields, (x509.DeltaCRLIndicator(base_number), True))
        outer = asn1.algorithm(authority.signature_oid)
        signed = asn1.sequence(
            _VERSION_2,
            _inner_algorithm(authority),
            authority.certificate.subject_der,
            asn1.time(now),
            asn1.time(now + life),
            asn1.sequence(*(_entry(*one, now=now) for one in entries)) if entries else b"",
            asn1.explicit(0, extensions(fields)),
        )
        der = asn1.sequence(signed, outer, asn1.bits(authority.key.sign(signed)))
        return _Issued(der, number, now, dict(authority.register.revoked))


def _changes(base: Mapping[int, Revoked], revoked: Mapping[int, Revoked]) -> list[_Entry]:
    """Return what the full list does not say: revoked or changed since, and holds that have ended."""
    changed = [(serial, one.at, _reason(one)) for serial, one in revoked.items() if base.get(serial) != one]
    ended = [(serial, None, _REMOVED) for serial in base.keys() - revoked.keys()]
    return sorted([*changed, *ended], key=lambda entry: entry[0])


def _reason(revoked: Revoked) -> x509.CRLReason:
    return x509.CRLReason(x509.ReasonFlags(revoked.reason.value))


def _entry(serial: int, at: datetime | None, reason: x509.CRLReason, *, now: datetime) -> bytes:
    return asn1.sequence(asn1.integer(serial), asn1.time(at or now), extensions(((reason, False),)))


def _inner_algorithm(authority: Authority) -> bytes:
    """Write the algorithm inside the signed part: the NCA's GOST lists leave its parameters out, and only there."""
    if family_of(authority.certificate.key_oid) is Family.GOST:
        return asn1.sequence(asn1.oid(authority.signature_oid))
    return asn1.algorithm(authority.signature_oid)
