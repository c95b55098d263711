"""Revocation answers shared by replicas, and what proves them. They name certificates, not persons: none is sealed."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gateway.cases.model import BUCKETS
from gateway.eds.revocation import Answer, Proof, RevocationReason, Source, Withdrawal
from gateway.eds.revocation_memory import AnswersUnavailable

_COLUMNS: Final = "source, this_update, fresh_until, proofs, revoked, revoked_at, reason, never_issued"
_FOR_EVER: Final = "(known.revoked AND known.reason <> 'certificateHold')"
_KEEP: Final = f"""
INSERT INTO revocation_answers AS known (certificate, bucket, {_COLUMNS})
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (certificate) DO UPDATE SET ({_COLUMNS}) = (
    excluded.source, excluded.this_update, excluded.fresh_until, excluded.proofs,
    excluded.revoked, excluded.revoked_at, excluded.reason, excluded.never_issued
)
WHERE NOT {_FOR_EVER} AND known.this_update <= excluded.this_update
"""


class RevocationAnswers:
    """Implements `gateway.eds.revocation_memory.SharedAnswers`."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        """Use connections of `pool`."""
        self._pool = pool

    async def find(self, certificate_sha256: str) -> Answer | None:
        """Return the newest answer about a certificate, its proofs named only. Raises AnswersUnavailable."""
        async with self._connection() as connection:
            cursor = await connection.execute(
                f"SELECT {_COLUMNS} FROM revocation_answers WHERE certificate = %s", (certificate_sha256,)
            )
            row = await cursor.fetchone()
        return None if row is None else _answer(row)

    async def keep(self, certificate_sha256: str, answer: Answer) -> None:
        """Keep an answer with the content of its proofs, in one transaction. Raises AnswersUnavailable."""
        async with self._connection() as connection, connection.transaction():
            await _prove(connection, answer.proofs)
            await connection.execute(_KEEP, _row(certificate_sha256, answer))

    async def prove(self, proofs: Iterable[Proof]) -> None:
        """Keep the content of proofs; one that is kept already stays. Raises AnswersUnavailable."""
        new = tuple(proofs)
        if not new:
            return
        async with self._connection() as connection, connection.transaction():
            await _prove(connection, new)

    async def proof(self, sha256: str) -> bytes | None:
        """Return a proof by its digest, or None. Raises AnswersUnavailable."""
        async with self._connection() as connection:
            cursor = await connection.execute(
                "SELECT content FROM revocation_proofs WHERE sha256 = %s ORDER BY part", (sha256,)
            )
            parts = [row[0] for row in await cursor.fetchall()]
        return b"".join(parts) if parts else None

    async def forget(self, before: datetime) -> int:
        """Remove proofs kept before then on which no answer rests; return how many.

        The caller knows that no case is left that one of them could have been kept for.
        """
        async with self._connection() as connection:
            cursor = await connection.execute(
                "DELETE FROM revocation_proofs WHERE kept_at < %s "
                "AND sha256 NOT IN (SELECT unnest(proofs) FROM revocation_answers)",
                (before,),
            )
            return cursor.rowcount

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.Error, PoolTimeout) as error:
            raise AnswersUnavailable(type(error).__name__) from None


async def _prove(connection: AsyncConnection, proofs: Sequence[Proof]) -> None:
    for proof in proofs:
        if proof.content is None or await _is_kept(connection, proof):
            continue
        for part, content in enumerate(proof.pieces()):
            await connection.execute(
                "INSERT INTO revocation_proofs (sha256, part, bucket, kind, kept_at, content) "
                "VALUES (%s, %s, %s, %s, now(), %s) ON CONFLICT DO NOTHING",
                (proof.sha256, part, _bucket(proof.sha256), proof.kind.value, content),
            )


async def _is_kept(connection: AsyncConnection, proof: Proof) -> bool:
    cursor = await connection.execute("SELECT 1 FROM revocation_proofs WHERE sha256 = %s LIMIT 1", (proof.sha256,))
    return await cursor.fetchone() is not None


def _bucket(sha256: str) -> int:
    return int(sha256[:8], 16) % BUCKETS


def _row(certificate_sha256: str, answer: Answer) -> tuple[object, ...]:
    withdrawal = answer.withdrawal
    stated = withdrawal or Withdrawal(None)
    return (
        *(certificate_sha256, _bucket(certificate_sha256), answer.source.value),
        *(answer.this_update, answer.fresh_until, [proof.sha256 for proof in answer.proofs]),
        *(withdrawal is not None, stated.at, stated.reason.value, stated.never_issued),
    )


def _answer(row: Sequence[Any]) -> Answer:
    source, this_update, fresh_until, proofs, revoked, revoked_at, reason, never_issued = row
    return Answer(
        Source(source),
        this_update,
        fresh_until,
        tuple(Proof(Source(source), sha256) for sha256 in proofs),
        Withdrawal(revoked_at, RevocationReason(reason), never_issued) if revoked else None,
    )
