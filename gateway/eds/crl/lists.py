"""Lists asked about a certificate: the newest full one, with the newest delta that may be laid over it."""

from collections.abc import Iterable
from datetime import datetime

from gateway.clock import Clock
from gateway.eds.certificate import Certificate
from gateway.eds.crl.shelf import RevocationList, Shelf, key_name
from gateway.eds.revocation import Answer, NoAnswer, Source, Withdrawal


class Lists:
    """Implements `gateway.eds.revocation.Asks` over a shelf. Nothing here uses the network."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        """Look into `shelf`; lists must be current by `clock`."""
        self._shelf = shelf
        self._clock = clock

    async def ask(self, certificate: Certificate, issuer: Certificate) -> Answer:
        """Look a certificate up in the lists of `issuer`.

        Raises:
            NoAnswer: there is no current list.
        """
        now = self._clock()
        base = _base(self._of(issuer), now)
        delta = _delta(self._of(issuer), base, now)
        used = (base,) if delta is None else (base, delta)
        return Answer(
            Source.CRL,
            this_update=max(one.label.this_update for one in used),
            fresh_until=min(one.label.next_update for one in used),
            proofs=tuple(one.proof for one in used),
            withdrawal=_withdrawal(certificate, base, delta),
        )

    def _of(self, issuer: Certificate) -> list[RevocationList]:
        key = key_name(issuer)
        return [one for one in self._shelf.lists if one.label.issuer_key == key]


def _base(lists: Iterable[RevocationList], now: datetime) -> RevocationList:
    full = [one for one in lists if one.label.base_number is None]
    current = [one for one in full if one.label.next_update > now]
    if not current:
        raise NoAnswer("the list of this authority has expired" if full else "there is no list of this authority")
    return max(current, key=_age)


def _delta(lists: Iterable[RevocationList], base: RevocationList, now: datetime) -> RevocationList | None:
    """Return the newest delta for `base` (RFC 5280 section 5.2.4). Without one the full list stands for itself."""
    fitting = [
        one
        for one in lists
        if one.label.base_number is not None
        and one.label.base_number <= base.label.number < one.label.number
        and one.label.next_update > now
    ]
    return max(fitting, key=_age, default=None)


def _age(one: RevocationList) -> tuple[int, datetime]:
    return one.label.number, one.label.this_update


def _withdrawal(certificate: Certificate, base: RevocationList, delta: RevocationList | None) -> Withdrawal | None:
    changed = None if delta is None else delta.find(certificate.serial_number)
    entry = changed or base.find(certificate.serial_number)
    return None if entry is None else entry.withdrawal
