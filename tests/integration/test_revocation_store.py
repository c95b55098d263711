"""Answers remembered and shared through a real database, and what proves them."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cases.store.store import Store
from gateway.eds.certificate import Certificate
from gateway.eds.revocation import Answer, NoAnswer, NotBelieved, Proof, RevocationReason, Source, Withdrawal
from gateway.eds.revocation_memory import AnswersUnavailable, Proved, Remembered
from tests.support.eds import AT, citizen, nca

NAME = citizen().certificate.sha256
MINUTE = timedelta(minutes=1)


def proof(content: bytes, kind: Source = Source.OCSP) -> Proof:
    return Proof(kind, hashlib.sha256(content).hexdigest(), content)


GOOD = Answer(Source.OCSP, AT, AT + 15 * MINUTE, (proof(b"good"),))
REVOKED = replace(GOOD, proofs=(proof(b"revoked"),), withdrawal=Withdrawal(AT, RevocationReason.SUPERSEDED))
HELD = replace(GOOD, proofs=(proof(b"held"),), withdrawal=Withdrawal(AT, RevocationReason.CERTIFICATE_HOLD))
NEVER = replace(HELD, withdrawal=Withdrawal(None, RevocationReason.CERTIFICATE_HOLD, never_issued=True))


@pytest.mark.parametrize("answer", [GOOD, REVOKED, HELD, NEVER])
async def test_an_answer_comes_back_as_it_was(store: Store, answer: Answer) -> None:
    """Everything but the content of its proofs, which is kept apart under their digests."""
    assert await store.revocations.find(NAME) is None
    await store.revocations.keep(NAME, answer)
    assert await store.revocations.find(NAME) == answer.without_content()
    (one,) = answer.proofs
    assert await store.revocations.proof(one.sha256) == one.content
    assert await store.revocations.proof("0" * 64) is None


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [
        (GOOD, replace(GOOD, this_update=AT + MINUTE), False),
        (replace(GOOD, this_update=AT + MINUTE), GOOD, True),
        (GOOD, REVOKED, False),
        (HELD, replace(GOOD, this_update=AT + MINUTE), False),
        (REVOKED, replace(GOOD, this_update=AT + MINUTE), True),
    ],
)
async def test_the_newer_answer_stays(store: Store, first: Answer, second: Answer, stays: bool) -> None:  # noqa: FBT001  pytest's parameter
    """An older answer that arrives late changes nothing; what is revoked for ever stays so; a hold may be lifted."""
    await store.revocations.keep(NAME, first)
    await store.revocations.keep(NAME, second)
    assert await store.revocations.find(NAME) == (first if stays else second).without_content()


async def test_a_large_list_is_kept_in_parts(store: Store, tmp_path: Path) -> None:
    """A list comes back byte for byte; to keep it again writes nothing."""
    content = bytes(range(256)) * 10_000
    path = tmp_path / "list.crl"
    path.write_bytes(content)
    one = replace(proof(content, Source.CRL), content=path)
    await store.revocations.prove([one])
    await store.revocations.prove([one])
    assert await store.revocations.proof(one.sha256) == content
    async with store.pool.connection() as connection:
        cursor = await connection.execute("SELECT count(*), max(length(content)) FROM revocation_proofs")
        assert await cursor.fetchone() == (3, 1 << 20)


class Asked:
    """A source that says what it is told, and counts."""

    def __init__(self, what: Answer | Exception) -> None:
        self.what = what
        self.times = 0

    async def ask(self, certificate: Certificate, issuer: Certificate) -> Answer:
        assert (certificate, issuer) == (citizen().certificate, nca().certificate)
        self.times += 1
        if isinstance(self.what, Exception):
            raise self.what
        return self.what


class Replica:
    """One process over the shared store, with a clock that a test moves."""

    def __init__(self, store: Store, source: Asked) -> None:
        self.now = AT
        self.source = source
        self._remembered = Remembered(source, store.revocations, lambda: self.now)

    async def ask(self) -> Answer:
        return await self._remembered.ask(citizen().certificate, nca().certificate)


async def test_a_good_answer_is_asked_for_once_within_its_life(store: Store) -> None:
    """Neither this replica nor another asks again while it is fresh; afterwards both do."""
    source = Asked(GOOD)
    first, second = Replica(store, source), Replica(store, source)
    for replica in (first, first, second):
        assert await replica.ask() in {GOOD, GOOD.without_content()}
    assert source.times == 1
    first.now = second.now = GOOD.fresh_until
    source.what = replace(GOOD, this_update=GOOD.fresh_until, fresh_until=GOOD.fresh_until + 15 * MINUTE)
    await first.ask()
    await second.ask()
    assert source.times == 2


async def test_a_revocation_is_remembered_for_ever_a_hold_is_not(store: Store) -> None:
    """Whom the authority revoked nobody asks about any more; a hold is asked about again."""
    source = Asked(HELD)
    replica = Replica(store, source)
    await replica.ask()
    replica.now = AT + timedelta(days=300)
    source.what = replace(REVOKED, this_update=replica.now)
    await replica.ask()
    replica.now += timedelta(days=300)
    source.what = NoAnswer("away")
    assert (await replica.ask()).withdrawal == REVOKED.withdrawal
    assert source.times == 2
    assert (await Replica(store, Asked(NoAnswer("away"))).ask()).withdrawal == REVOKED.withdrawal


@pytest.mark.parametrize("error", [NoAnswer("away"), NotBelieved("nonce")])
async def test_no_answer_is_not_remembered(store: Store, error: Exception) -> None:
    """A failure is asked again at once; an answer that is no longer fresh does not take its place."""
    source = Asked(GOOD)
    replica = Replica(store, source)
    await replica.ask()
    replica.now = AT + 16 * MINUTE
    source.what = error
    for _ in range(2):
        with pytest.raises(type(error)):
            await replica.ask()
    assert source.times == 3


async def test_what_cannot_be_kept_is_no_answer(store: Store) -> None:
    """Without its proof an answer could not be shown later: nothing rests on it."""
    await store.pool.close()
    with pytest.raises(NoAnswer, match="kept"):
        await Replica(store, Asked(GOOD)).ask()
    with pytest.raises(NoAnswer, match="kept"):
        await Proved(Asked(GOOD), store.revocations).ask(citizen().certificate, nca().certificate)
    with pytest.raises(AnswersUnavailable):
        await store.revocations.find(NAME)


async def test_a_lists_proof_is_kept_once(store: Store, tmp_path: Path) -> None:
    """Every answer of the lists is proved; a list that is gone before it could be kept proves nothing."""
    path = tmp_path / "list.crl"
    path.write_bytes(b"a list")
    kept = replace(proof(b"a list", Source.CRL), content=path)
    source = Asked(replace(GOOD, source=Source.CRL, proofs=(kept,)))
    proved = Proved(source, store.revocations)
    answer = await proved.ask(citizen().certificate, nca().certificate)
    assert answer.proofs == (replace(kept, content=None),)
    path.unlink()
    await proved.ask(citizen().certificate, nca().certificate)
    assert await store.revocations.proof(kept.sha256) == b"a list"
    source.what = replace(GOOD, proofs=(replace(kept, sha256="1" * 64),))
    with pytest.raises(NoAnswer, match="kept"):
        await proved.ask(citizen().certificate, nca().certificate)


async def test_memory_is_bounded(store: Store) -> None:
    """However many certificates come, only so many answers stay in memory; the rest is in the database."""
    source = Asked(GOOD)
    remembered = Remembered(source, store.revocations, lambda: AT, size=0)
    for _ in range(3):
        await remembered.ask(citizen().certificate, nca().certificate)
    assert source.times == 1
