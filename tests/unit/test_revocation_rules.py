"""The rules of revocation: since when it counts, how long an answer lives, whom policy asks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.breaker import Breaker
from gateway.eds.certificate import Certificate
from gateway.eds.revocation import (
    Answer,
    NoAnswer,
    NotBelieved,
    Proof,
    Revocation,
    RevocationReason,
    Source,
    Withdrawal,
)
from gateway.eds.revocation_policy import Mode, Policy, Revocations, Watched
from tests.support.eds import AFTER, AT, citizen, nca

DAY = timedelta(days=1)
ANSWER = Answer(Source.OCSP, AT, AT + timedelta(minutes=15), (Proof(Source.OCSP, "0" * 64, b"proof"),))


def revoked(reason: RevocationReason = RevocationReason.KEY_COMPROMISE, days: int = 1) -> Answer:
    return replace(ANSWER, withdrawal=Withdrawal(AT + days * DAY, reason))


@pytest.mark.parametrize("reason", RevocationReason)
def test_a_revocation_counts_from_its_instant(reason: RevocationReason) -> None:
    """Whoever signed at or after the revocation signed with a revoked certificate, whatever the reason."""
    for days in (0, 1):
        status = revoked(reason, 0).status(citizen().certificate, AT + days * DAY)
        assert status.state is Revocation.REVOKED
        assert reason.value in status.detail


HARMLESS = {"affiliationChanged", "superseded", "cessationOfOperation", "privilegeWithdrawn"}


@pytest.mark.parametrize("reason", RevocationReason)
def test_a_later_revocation_is_harmless_only_without_doubt_about_the_key(reason: RevocationReason) -> None:
    """A signature before a revocation stands if the reason says nothing against the key; a stolen key spoils it."""
    status = revoked(reason).status(citizen().certificate, AT)
    assert status.state is (Revocation.GOOD if reason.value in HARMLESS else Revocation.REVOKED)
    assert status.withdrawal is not None


def test_a_revocation_without_a_readable_time_counts_always() -> None:
    """Who knows not since when is revoked since ever."""
    answer = replace(ANSWER, withdrawal=Withdrawal(None, RevocationReason.SUPERSEDED))
    assert answer.status(citizen().certificate, AT - 100 * DAY).state is Revocation.REVOKED


def test_good_after_expiry_says_nothing() -> None:
    """Sources may forget the expired: "good" said after the certificate's end is not believed, "revoked" is."""
    late = replace(ANSWER, this_update=AFTER + DAY)
    assert late.status(citizen().certificate, AT).state is Revocation.UNKNOWN
    known = replace(late, withdrawal=Withdrawal(AT - DAY))
    assert known.status(citizen().certificate, AT).state is Revocation.REVOKED


def test_life_of_an_answer() -> None:
    """Good lives until its end, revoked for ever, a hold until its end as well: it may be lifted."""
    for now, good in ((AT, True), (ANSWER.fresh_until, False), (AT + 900 * DAY, False)):
        assert ANSWER.usable(now) is good
        assert revoked(RevocationReason.CERTIFICATE_HOLD).usable(now) is good
        assert revoked().usable(now)


def test_proofs_are_read_by_pieces(tmp_path: Path) -> None:
    """Bytes and files alike; one that is kept elsewhere has no pieces here."""
    content = bytes(range(256)) * 5000
    path = tmp_path / "list"
    path.write_bytes(content)
    for one in (content, path):
        pieces = list(Proof(Source.CRL, "", one).pieces())
        assert b"".join(pieces) == content
        assert [len(piece) for piece in pieces] == [1 << 20, len(content) - (1 << 20)]
    assert list(Proof(Source.CRL, "").pieces()) == []
    assert ANSWER.without_content().proofs == (Proof(Source.OCSP, "0" * 64),)


class Says:
    """A source that says what it is told, and counts."""

    def __init__(self, what: Answer | Exception) -> None:
        self.what = what
        self.asked = 0

    async def ask(self, certificate: Certificate, issuer: Certificate) -> Answer:
        assert certificate.issuer_der == issuer.subject_der or certificate == issuer
        self.asked += 1
        if isinstance(self.what, Exception):
            raise self.what
        return self.what


GOOD, BAD = ANSWER, revoked(days=0)
AWAY, LIAR = NoAnswer("away"), NotBelieved("another nonce")


@pytest.mark.parametrize(
    ("mode", "ocsp", "crl", "state", "asked"),
    [
        (Mode.OFF, BAD, BAD, Revocation.NOT_ASKED, (0, 0)),
        (Mode.OCSP, GOOD, BAD, Revocation.GOOD, (1, 0)),
        (Mode.OCSP, AWAY, GOOD, Revocation.UNAVAILABLE, (1, 0)),
        (Mode.CRL, BAD, GOOD, Revocation.GOOD, (0, 1)),
        (Mode.CRL, GOOD, AWAY, Revocation.UNAVAILABLE, (0, 1)),
        (Mode.BOTH, GOOD, BAD, Revocation.GOOD, (1, 0)),
        (Mode.BOTH, BAD, GOOD, Revocation.REVOKED, (1, 0)),
        (Mode.BOTH, AWAY, GOOD, Revocation.GOOD, (1, 1)),
        (Mode.BOTH, AWAY, BAD, Revocation.REVOKED, (1, 1)),
        (Mode.BOTH, AWAY, AWAY, Revocation.UNAVAILABLE, (1, 1)),
        (Mode.BOTH, LIAR, GOOD, Revocation.UNKNOWN, (1, 0)),
    ],
)
async def test_policy(
    mode: Mode,
    ocsp: Answer | Exception,
    crl: Answer | Exception,
    state: Revocation,
    asked: tuple[int, int],
) -> None:
    """The lists are asked when OCSP does not answer, never when it lied; nobody's silence means good."""
    sources = {Source.OCSP: Says(ocsp), Source.CRL: Says(crl)}
    revocations = Revocations(Policy(signers=mode), sources)
    status = await revocations.status(citizen().certificate, nca().certificate, AT)
    assert (status.state, tuple(one.asked for one in sources.values())) == (state, asked)


async def test_authorities_are_asked_about_by_their_own_rule() -> None:
    """An issuing authority is looked up in lists whatever is asked about signers, unless that is turned off."""
    sources = {Source.OCSP: Says(GOOD), Source.CRL: Says(BAD)}
    authority = nca().certificate
    asked = Revocations(Policy(Mode.OCSP, Mode.CRL), sources)
    assert (await asked.status(authority, authority, AT)).state is Revocation.REVOKED
    off = Revocations(Policy(Mode.OCSP, Mode.OFF), sources)
    assert (await off.status(authority, authority, AT)).state is Revocation.NOT_ASKED


def test_a_policy_without_its_source_is_refused() -> None:
    """A source that policy names but nobody provides is an error at start, not silence later."""
    none: Mapping[Source, Says] = {}
    with pytest.raises(ValueError, match="not configured"):
        Revocations(Policy(), none)


class Seen:
    """An observer."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str]] = []

    def revocation(self, source: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes.append((source, outcome))


@pytest.mark.parametrize(
    ("what", "outcome"), [(GOOD, "good"), (BAD, "revoked"), (AWAY, "unavailable"), (LIAR, "unknown")]
)
async def test_questions_are_counted(what: Answer | Exception, outcome: str) -> None:
    """Every question is told to the observer with what came of it, also when nothing came."""
    seen = Seen()
    sources = {Source.OCSP: Watched(Says(what), "ocsp", seen)}
    await Revocations(Policy(Mode.OCSP, Mode.OFF), sources).status(citizen().certificate, nca().certificate, AT)
    assert seen.outcomes == [("ocsp", outcome)]


def test_breaker_opens_after_failures_in_a_row() -> None:
    """Three failures in a row open it, one success in between does not."""
    breaker = Breaker(threshold=3, pause_seconds=10)
    for _ in range(2):
        breaker.failed(0)
    breaker.succeeded()
    for _ in range(2):
        breaker.failed(0)
    assert breaker.lets_pass(0)
    breaker.failed(0)
    assert not breaker.lets_pass(9)


def test_breaker_heeds_a_wait_that_was_asked_for() -> None:
    """Who says when to come again is left alone until then, after its first failure; never shorter than the pause."""
    breaker = Breaker(threshold=3, pause_seconds=10)
    breaker.failed(0, retry_after=60)
    assert breaker.rests(59)
    assert breaker.lets_pass(60)
    breaker.succeeded()
    breaker.failed(100, retry_after=1)
    assert breaker.rests(109)


def test_breaker_lets_one_probe_through_after_the_pause() -> None:
    """After the pause one call passes; its failure shuts for another pause, its success opens the way."""
    breaker = Breaker(threshold=1, pause_seconds=10)
    breaker.failed(0)
    assert breaker.lets_pass(10)
    assert not breaker.lets_pass(10)
    breaker.failed(11)
    assert not breaker.lets_pass(20)
    assert breaker.lets_pass(21)
    breaker.succeeded()
    assert breaker.lets_pass(21)
    assert breaker.lets_pass(21)


def test_breaker_rests_longer_the_longer_it_is_in_vain() -> None:
    """The first pause is short, each trial that fails doubles it up to the longest, an answer begins anew."""
    breaker, now, pauses = Breaker(threshold=1, pause_seconds=1, longest_pause_seconds=5), 0.0, []
    for _ in range(4):
        breaker.failed(now)
        pauses.append((breaker.rests_until or 0) - now)
        now = breaker.rests_until or 0
    assert pauses == [1, 2, 4, 5]
    breaker.succeeded()
    breaker.failed(now)
    assert breaker.rests_until == now + 1


def test_breaker_takes_one_blink_for_one() -> None:
    """Calls that were under way together and fail together open it for one short pause, not for a longer one each."""
    breaker = Breaker(threshold=2, pause_seconds=1, longest_pause_seconds=30)
    for _ in range(16):
        breaker.failed(0.5)
    assert breaker.rests_until == 1.5


def test_breaker_pauses_grow_for_callers_who_ask_before() -> None:
    """A trial that was let pass and fails doubles the pause as well."""
    breaker = Breaker(threshold=1, pause_seconds=1, longest_pause_seconds=30)
    breaker.failed(0)
    assert breaker.lets_pass(1)
    breaker.failed(1.5)
    assert breaker.rests_until == 3.5
