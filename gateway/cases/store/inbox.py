"""Accepting: one statement writes message, case, event, tasks and delivery; statements of one tick share a commit."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection, DataError, IntegrityError, OperationalError
from psycopg.errors import CheckViolation
from psycopg_pool import AsyncConnectionPool

from gateway.cases.change import Change
from gateway.cases.destinations import ONE_LANE, LaneOf
from gateway.cases.identity import part_id
from gateway.cases.model import State
from gateway.cases.rendering import render
from gateway.cases.store.rows import OPENING, opening_row
from gateway.cases.vault import Vault

_BATCH = 64
_SERIALS = 64
_COMMIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Stored:
    """What the inbox keeps of a message; `reply` is None once its case is archived."""

    digest: bytes
    reply: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be kept, with the reply its sender will get."""

    id: UUID
    sender_id: str
    message_id: str
    message_type: str
    digest: bytes
    reading: int
    received_at: datetime
    raw: bytes = field(repr=False)
    reply: bytes = field(repr=False)


def message_context(message_id: UUID) -> bytes:
    """What a sealed message is bound to."""
    return b"message:" + message_id.bytes


def delivery_id(case_id: UUID, seq: int) -> UUID:
    """Return the one id of the message that tells the cabinet about a case's event `seq`."""
    return part_id(case_id, str(seq))


def payload_context(delivery: UUID) -> bytes:
    """What a sealed message to the cabinet is bound to."""
    return b"delivery:" + delivery.bytes


# A repeat inserts nothing anywhere: every other part reads from `m`.
_ACCEPT = f"""
WITH m AS (
    INSERT INTO inbox (sender_id, message_id, message_type, bucket, case_id, id, digest)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (sender_id, message_id, message_type) DO NOTHING
    RETURNING case_id, bucket, sender_id, message_type, id, digest
), b AS (
    INSERT INTO messages (case_id, bucket, id, message_type, digest, reading, seq, received_at, raw, reply)
    SELECT m.case_id, m.bucket, m.id, m.message_type, m.digest, %s, %s, %s, %s, %s FROM m
), c AS (
    INSERT INTO cases (bucket, closed_at, {OPENING})
    SELECT m.bucket, %s, {", ".join(["%s"] * len(OPENING.split(",")))} FROM m
), r AS (
    INSERT INTO registrations (number, bucket, case_id, sender_id, service_id, request_number)
    SELECT number, m.bucket, m.case_id, m.sender_id, %s, %s FROM m, (VALUES (%s)) AS given(number)
    WHERE number IS NOT NULL
), w AS (
    INSERT INTO matters (matter_key, bucket, case_id) SELECT key, m.bucket, m.case_id
    FROM m, (VALUES (%s::bytea)) AS running(key) WHERE key IS NOT NULL
), e AS (
    INSERT INTO events (case_id, bucket, seq, at, kind, data, hash)
    SELECT m.case_id, m.bucket, %s, %s, %s, %s, %s FROM m
), t AS (
    INSERT INTO tasks (case_id, bucket, kind, lane, due_at)
    SELECT m.case_id, m.bucket, kind, lane, now() + make_interval(secs => delay)
    FROM m, unnest(%s::text[], %s::text[], %s::float8[]) AS task(kind, lane, delay)
), d AS (
    INSERT INTO deliveries (case_id, bucket, sender_id, shep_service_id, seq, id, kind, state, created_at, payload)
    SELECT m.case_id, m.bucket, m.sender_id, %s, %s, %s, %s, 'pending', %s, %s FROM m WHERE %s
)
SELECT count(*) FROM m
"""


class Inbox:
    """Takes new cases durably. One flush is under way at a time; what arrives meanwhile forms the next."""

    def __init__(self, pool: AsyncConnectionPool, vault: Vault, lane: LaneOf = ONE_LANE) -> None:
        """Use connections of `pool`; seal with `vault`; put tasks into their `lane`."""
        self._pool = pool
        self._vault = vault
        self._lane = lane
        self._waiting: list[tuple[tuple[object, ...], asyncio.Future[bool]]] = []
        self._flush: asyncio.Task[None] | None = None
        self._serials: deque[int] = deque()
        self._serials_lock = asyncio.Lock()

    async def serial(self) -> int:
        """Return the next serial of registration numbers. They are fetched in blocks: a crash leaves a gap."""
        async with self._serials_lock:
            if not self._serials:
                async with self._pool.connection() as connection:
                    cursor = await connection.execute(
                        "SELECT nextval('registration_serial') FROM generate_series(1, %s)", (_SERIALS,)
                    )
                    self._serials.extend(row[0] for row in await cursor.fetchall())
            return self._serials.popleft()

    async def find(self, sender_id: str, message_id: str, message_type: str) -> Stored | None:
        """Return what is kept of a message, or None if it is unknown."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT i.digest, m.reply FROM inbox i LEFT JOIN messages m ON m.case_id = i.case_id AND m.id = i.id "
                "WHERE i.sender_id = %s AND i.message_id = %s AND i.message_type = %s",
                (sender_id, message_id, message_type),
            )
            row = await cursor.fetchone()
        return Stored(row[0], row[1]) if row else None

    async def accept(self, message: NewMessage, change: Change) -> bool:
        """Commit a new case with its message; False if the message is known already (nothing is written then)."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._parameters(message, change), future))
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._drain())
        return await future

    def _parameters(self, message: NewMessage, change: Change) -> tuple[object, ...]:
        case, entry, notice = change.case, change.entry, change.notice
        own_id = delivery_id(case.id, entry.seq)
        kind = notice.kind.value if notice else ""
        sealed = self._vault.seal(render(case, notice, None), payload_context(own_id)) if notice else b""
        return (
            *(message.sender_id, message.message_id, message.message_type, case.bucket, case.id, message.id),
            *(message.digest, message.reading, entry.seq, message.received_at),
            *(self._vault.seal(message.raw, message_context(message.id)), message.reply),
            *(entry.at if case.state is State.CONFIRMED else None, *opening_row(case)),
            *(case.service_id, case.request_number, case.number),
            case.matter_key if case.ending is None else None,
            *(entry.seq, entry.at, entry.kind, entry.data, entry.hash),
            [task.kind.value for task in change.tasks],
            [self._lane(case.service_id, task.kind) for task in change.tasks],
            [task.delay_seconds for task in change.tasks],
            *(case.shep_service_id, entry.seq, own_id, kind, entry.at, sealed, notice is not None),
        )

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            # Sorted by message key, or two replicas with the same repeats in another order would deadlock.
            batch.sort(key=lambda item: item[0][:3])
            await self._commit(batch)

    async def _commit(self, batch: list[tuple[tuple[object, ...], asyncio.Future[bool]]]) -> None:
        try:
            # A commit that never answers must not hold everybody else's for ever: whether it was done is seen when the
            # message comes again.
            async with asyncio.timeout(_COMMIT_SECONDS):
                answers = await self._accepted([parameters for parameters, _ in batch])
        except TimeoutError:
            for _, future in batch:
                _settle(future, error=OperationalError("no answer to the commit"))
        except (DataError, IntegrityError) as error:
            if len(batch) == 1:
                _settle(batch[0][1], error=error)
            else:  # one bad row must not take the others with it
                for item in batch:
                    await self._commit([item])
        except Exception as error:  # noqa: BLE001  every waiter must learn of it; each raises it where it waits
            for _, future in batch:
                _settle(future, error=error)
        else:
            for (_, future), new in zip(batch, answers, strict=True):
                _settle(future, new=new)

    async def _accepted(self, rows: list[tuple[object, ...]]) -> list[bool]:
        try:
            async with self._pool.connection() as connection:
                return await _accept(connection, rows)
        except (OperationalError, CheckViolation):
            # The server has gone away under a connection that lay idle, or in the middle; or a month was attached while
            # a row was on its way to the default partition. Doing it again is safe: what was committed after all is met
            # as a repeat, and gets the reply that was stored with it.
            await self._pool.check()
            async with self._pool.connection() as connection:
                return await _accept(connection, rows)


def _settle(future: asyncio.Future[bool], *, new: bool = False, error: Exception | None = None) -> None:
    if future.done():  # its waiter was cancelled; the commit stands and a repeat finds it
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(new)


async def _accept(connection: AsyncConnection, rows: list[tuple[object, ...]]) -> list[bool]:
    answers = []
    async with connection.pipeline(), connection.transaction():
        cursor = connection.cursor()
        await cursor.executemany(_ACCEPT, rows, returning=True)
        while True:
            row = await cursor.fetchone()
            answers.append(bool(row and row[0]))
            if not cursor.nextset():
                break
    return answers  # here, and not before: what was not committed was not accepted
