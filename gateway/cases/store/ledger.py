"""Changing a case: one transaction writes its new state, the event that proves it, and what must be done next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gateway.cases.change import Change
from gateway.cases.destinations import ONE_LANE, LaneOf
from gateway.cases.evidence import Entry, digest
from gateway.cases.exhibit import Exhibit, cut, whole
from gateway.cases.model import Case, Claim, State, TaskKind
from gateway.cases.provider import Decision
from gateway.cases.rendering import render
from gateway.cases.store import outbox, tasks
from gateway.cases.store.inbox import NewMessage, Stored, delivery_id, message_context, payload_context
from gateway.cases.store.outbox import Delivery
from gateway.cases.store.rows import COLUMNS, case_from, row_from
from gateway.cases.vault import Vault
from gateway.catalogue.cabinet_message import File


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything one step leaves behind."""

    change: Change | None = None
    again_seconds: float | None = None
    """Do the claimed task again after so long; None: it is done."""
    sent: tuple[Delivery, datetime, str | None] | None = None
    """A message that ShEP took: when, and the id it gave it."""
    confirmed: tuple[Delivery, datetime] | None = None
    decision: Decision | None = None
    exhibits: tuple[Exhibit, ...] = ()
    """What the change's facts name by its SHA-256."""
    message: NewMessage | None = None
    """A further message of the sender (UPDATE)."""
    in_force: bool = False
    """Whether that message is the application from now on."""
    withdrawn: UUID | None = None
    """A message that is not the application any more; the one before it is again."""
    returned: Delivery | None = None
    """A message of ours that did not reach the cabinet: it is to be sent again."""


_LATE = """
SELECT service_id, coalesce(step_unit, 'provider'), what, how, count(*)
FROM cases, LATERAL (VALUES ('term', lateness), ('step', step_lateness)) AS watched (what, how)
WHERE how IS NOT NULL AND state IN ('registered', 'in_process', 'awaiting_documents')
AND (lateness IS NOT NULL OR step_lateness IS NOT NULL)  -- as the index has it
GROUP BY 1, 2, 3, 4
"""

Decide = Callable[[Case], Commit]
"""Pure: from the case as it stands, under lock, to what is to be written."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as it was received, opened."""

    id: UUID
    message_type: str
    reading: int
    received_at: datetime
    raw: bytes


class Ledger:
    """Cases, their events and documents."""

    def __init__(self, pool: AsyncConnectionPool, vault: Vault, lane: LaneOf = ONE_LANE) -> None:
        """Use connections of `pool`; seal with `vault`; put tasks into their `lane`."""
        self._pool = pool
        self._vault = vault
        self._lane = lane

    async def commit(self, case_id: UUID, decide: Decide, claim: Claim | None = None) -> Case | None:
        """Lock the case, let `decide` look at it, write what it says; return the case as it is then.

        Returns None, with nothing written, if `claim` is no longer held: another worker has the task.
        """
        async with self._pool.connection() as connection, connection.transaction():
            case = before = await _lock(connection, case_id)
            if claim is not None and not await tasks.hold(connection, claim):
                return None
            commit = decide(before)
            if commit.change is not None:
                case = commit.change.case
            if case.number is not None and before.number is None:
                await _write_registration(connection, case)
            if case.matter_key != before.matter_key:
                await _change_matter(connection, before, case)
            if case.ending is not None and before.ending is None:
                await connection.execute("DELETE FROM matters WHERE matter_key = %s", (case.matter_key,))
            await self._write(connection, case, commit, claim)
            return case

    async def _write(self, connection: AsyncConnection, case: Case, commit: Commit, claim: Claim | None) -> None:
        if commit.message is not None:
            await self._write_message(connection, case, commit.message, case.seq if commit.in_force else None)
        if commit.withdrawn is not None:
            await _withdraw(connection, case, commit.withdrawn)
        if commit.change is not None:
            result = _result(case, commit.decision)
            await self._write_change(connection, commit.change, result)
            for exhibit in (*((result,) if result else ()), *commit.exhibits):
                await self._write_exhibit(connection, case, exhibit, commit.change.entry.at)
        if commit.sent is not None:
            await outbox.mark_sent(connection, *commit.sent)
        if commit.returned is not None:
            await outbox.mark_pending(connection, commit.returned)
        if commit.confirmed is not None:
            await outbox.mark_confirmed(connection, *commit.confirmed)
        await self._write_tasks(connection, case, commit, claim)

    async def _write_change(self, connection: AsyncConnection, change: Change, result: Exhibit | None) -> None:
        case, entry = change.case, change.entry
        await connection.execute(
            f"UPDATE cases SET ({COLUMNS}) = ({', '.join(['%s'] * len(row_from(case)))}), "
            "closed_at = coalesce(closed_at, %s) WHERE id = %s",
            (*row_from(case), entry.at if case.state is State.CONFIRMED else None, case.id),
        )
        await connection.execute(
            "INSERT INTO events (case_id, bucket, seq, at, kind, data, hash) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (case.id, case.bucket, entry.seq, entry.at, entry.kind, entry.data, entry.hash),
        )
        if change.notice is not None:
            own_id = delivery_id(case.id, entry.seq)
            document = File(result.name, result.mime, result.content) if result else None
            payload = cut(render(case, change.notice, document), document.content if document else None)
            sealed = self._vault.seal(payload, payload_context(own_id))
            await connection.execute(
                "INSERT INTO deliveries (case_id, bucket, sender_id, shep_service_id, seq, id, kind, state, "
                "created_at, payload, document) VALUES (%s, %s, %s, %s, %s, %s, %s, 'pending', %s, %s, %s)",
                (
                    *(case.id, case.bucket, case.sender_id, case.shep_service_id, entry.seq, own_id),
                    *(change.notice.kind.value, entry.at, sealed, result.sha256 if result else None),
                ),
            )

    async def _write_tasks(self, connection: AsyncConnection, case: Case, commit: Commit, claim: Claim | None) -> None:
        new = dict.fromkeys(() if commit.change is None else (task.kind for task in commit.change.tasks), 0.0)
        if commit.change is not None:
            new.update({task.kind: task.delay_seconds for task in commit.change.tasks})
            for kind in commit.change.done:
                await connection.execute("DELETE FROM tasks WHERE case_id = %s AND kind = %s", (case.id, kind.value))
        if claim is not None:
            lost = commit.change is not None and claim.kind in commit.change.done
            if commit.again_seconds is not None and not lost:
                new.setdefault(claim.kind, commit.again_seconds)
            elif claim.kind is TaskKind.DELIVER and await outbox.has_pending(connection, case.id):
                new.setdefault(claim.kind, 0.0)
            if claim.kind not in new:
                await tasks.finish(connection, claim)
        for kind, delay in new.items():
            lane = self._lane(case.service_id, kind)
            await tasks.schedule(connection, case, tasks.Due(kind, lane, delay), claim)

    async def _write_message(
        self, connection: AsyncConnection, case: Case, message: NewMessage, seq: int | None
    ) -> None:
        await connection.execute(
            "INSERT INTO inbox (sender_id, message_id, message_type, bucket, case_id, id, digest) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (
                *(message.sender_id, message.message_id, message.message_type),
                *(case.bucket, case.id, message.id, message.digest),
            ),
        )
        await connection.execute(
            "INSERT INTO messages (case_id, bucket, id, message_type, digest, reading, seq, received_at, raw, reply) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                *(case.id, case.bucket, message.id, message.message_type, message.digest, message.reading),
                *(seq, message.received_at),
                *(self._vault.seal(message.raw, message_context(message.id)), message.reply),
            ),
        )

    async def _write_exhibit(self, connection: AsyncConnection, case: Case, exhibit: Exhibit, at: datetime) -> None:
        name = exhibit.sha256
        kept = cut(exhibit.content, exhibit.quotes)
        await connection.execute(
            "INSERT INTO documents (case_id, sha256, bucket, name, mime, created_at, quotes, content) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                *(case.id, name, case.bucket, exhibit.name, exhibit.mime, at),
                digest(exhibit.quotes) if exhibit.quotes and kept != exhibit.content else None,
                self._vault.seal(kept, _document_context(case.id, name)),
            ),
        )

    async def has_task(self, case_id: UUID, kind: TaskKind) -> bool:
        """Tell whether a case has a task of a kind."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT 1 FROM tasks WHERE case_id = %s AND kind = %s", (case_id, kind.value)
            )
            return await cursor.fetchone() is not None

    async def registered_request(self, sender_id: str, service_id: str, request_number: str) -> Stored | None:
        """Return what is kept of the message by which a request was registered; None if it never was.

        Of an archived case only that it was registered is known: the digest is empty, there is no reply.
        """
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT m.digest, m.reply FROM registrations r "
                "LEFT JOIN messages m ON m.case_id = r.case_id AND m.seq = 1 "
                "WHERE r.sender_id = %s AND r.service_id = %s AND r.request_number = %s",
                (sender_id, service_id, request_number),
            )
            row = await cursor.fetchone()
        return Stored(row[0] or b"", row[1]) if row else None

    async def running(self, matter_key: bytes) -> Case | None:
        """Return the case that runs for a matter; it need not be registered yet."""
        return await self._case("id = (SELECT case_id FROM matters WHERE matter_key = %s)", matter_key)

    async def first_message(self, case_id: UUID) -> Stored:
        """Return digest and reply of the message a case began with."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT digest, reply FROM messages WHERE case_id = %s AND seq = 1", (case_id,)
            )
            row = await cursor.fetchone()
        if row is None:
            raise LookupError("the case has no message")
        return Stored(row[0], row[1])

    async def case(self, case_id: UUID) -> Case | None:
        """Return a case by its id."""
        return await self._case("id = %s", case_id)

    async def case_by_number(self, number: str) -> Case | None:
        """Return a case by its registration number."""
        return await self._case("id = (SELECT case_id FROM registrations WHERE number = %s)", number)

    async def case_by_chain(self, sender_id: str, correlation_id: str) -> Case | None:
        """Return the newest case of a sender's chain of messages."""
        return await self._case("sender_id = %s AND correlation_id = %s ORDER BY id DESC", sender_id, correlation_id)

    async def _case(self, condition: str, *values: object) -> Case | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(f"SELECT {COLUMNS} FROM cases WHERE {condition} LIMIT 1", values)
            row = await cursor.fetchone()
        return case_from(row) if row else None

    async def message_in_force(self, case_id: UUID) -> Kept:
        """Return the citizen's application as it stands, opened: the first one, or the last that completed it."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT id, message_type, reading, received_at, raw FROM messages WHERE case_id = %s "
                "AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1",
                (case_id,),
            )
            row = await cursor.fetchone()
        if row is None:
            raise LookupError("the case has no message")
        return Kept(row[0], row[1], row[2], row[3], self._vault.open(row[4], message_context(row[0])))

    async def document(self, case_id: UUID, sha256: str) -> Exhibit:
        """Return a document of a case: a result, a receipt, an answer. Raises LookupError."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT name, mime, quotes, content FROM documents WHERE case_id = %s AND sha256 = %s",
                (case_id, sha256),
            )
            row = await cursor.fetchone()
        if row is None:
            raise LookupError("the case has no such document")
        quoted = (await self.document(case_id, row[2])).content if row[2] else None
        content = whole(self._vault.open(row[3], _document_context(case_id, sha256)), quoted)
        return Exhibit(row[0], content, row[1], quoted)

    async def held(self, case_id: UUID) -> frozenset[str]:
        """Return the SHA-256 of every document of a case that is kept."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT sha256 FROM documents WHERE case_id = %s", (case_id,))
            return frozenset(row[0] for row in await cursor.fetchall())

    async def documents(self, case_id: UUID) -> list[Exhibit]:
        """Return all documents of a case."""
        return [await self.document(case_id, name) for name in sorted(await self.held(case_id))]

    async def received(self, case_id: UUID) -> list[Exhibit]:
        """Return what senders sent for a case and what they were told, byte for byte."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT id, raw, reply FROM messages WHERE case_id = %s", (case_id,))
            rows = await cursor.fetchall()
        opened = [(self._vault.open(raw, message_context(own)), bytes(reply)) for own, raw, reply in rows]
        return [one for raw, reply in opened for one in (Exhibit("message.xml", raw), Exhibit("reply.xml", reply))]

    async def events(self, case_id: UUID) -> list[Entry]:
        """Return the evidence of a case, oldest first."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT case_id, seq, at, kind, data, hash FROM events WHERE case_id = %s ORDER BY seq", (case_id,)
            )
            return [Entry(*row) for row in await cursor.fetchall()]

    async def cases(self, *, state: str | None = None, limit: int = 50) -> list[Case]:
        """Return the newest cases, of one state or of all."""
        async with self._pool.connection() as connection:
            condition, values = ("WHERE state = %s", (state,)) if state else ("", ())
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM cases {condition} ORDER BY id DESC LIMIT %s", (*values, limit)
            )
            return [case_from(row) for row in await cursor.fetchall()]

    async def count_by_state(self) -> dict[str, int]:
        """Return how many cases stand in each state but the terminal one, which only grows."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT state, count(*) FROM cases WHERE state <> 'confirmed' GROUP BY state"
            )
            return dict(await cursor.fetchall())

    async def late(self, limit: int = 200) -> list[Case]:
        """Return open cases that are nearly or really late, and grants whose duty is near; the most urgent first."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM cases WHERE state <> 'confirmed' AND state <> 'suspended' AND ending IS NULL "
                "AND (lateness IS NOT NULL OR step_lateness IS NOT NULL) OR state = 'followed' AND duty_reminded "
                "ORDER BY least(step_due, deadline, duty_due) LIMIT %s",
                (limit,),
            )
            return [case_from(row) for row in await cursor.fetchall()]

    async def count_late(self) -> list[tuple[str, str, str, str, int]]:
        """Return how many open cases are nearly or really late: service, unit, `term` or `step`, how, and how many."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_LATE)
            return [(row[0], row[1], row[2], row[3], row[4]) for row in await cursor.fetchall()]


async def _lock(connection: AsyncConnection, case_id: UUID) -> Case:
    cursor = await connection.execute(f"SELECT {COLUMNS} FROM cases WHERE id = %s FOR UPDATE", (case_id,))
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("there is no such case")
    return case_from(row)


async def _write_registration(connection: AsyncConnection, case: Case) -> None:
    """Give the number out. Raises UniqueViolation if the request is registered already."""
    await connection.execute(
        "INSERT INTO registrations (number, bucket, case_id, sender_id, service_id, request_number) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        (case.number, case.bucket, case.id, case.sender_id, case.service_id, case.request_number),
    )


async def _change_matter(connection: AsyncConnection, before: Case, after: Case) -> None:
    """Hold another matter from now on. Raises UniqueViolation if another case holds it."""
    await connection.execute(
        "UPDATE matters SET matter_key = %s WHERE matter_key = %s", (after.matter_key, before.matter_key)
    )


def _result(case: Case, decision: Decision | None) -> Exhibit | None:
    return Exhibit(f"result-{case.number}.xml", decision.document, "application/xml") if decision else None


async def _withdraw(connection: AsyncConnection, case: Case, message: UUID) -> None:
    await connection.execute("UPDATE messages SET seq = NULL WHERE case_id = %s AND id = %s", (case.id, message))


def _document_context(case_id: UUID, sha256: str) -> bytes:
    return b"document:" + case_id.bytes + sha256.encode()
