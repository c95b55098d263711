"""Messages to the cabinet: created with the event they tell of, sent in order, confirmed once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gateway.cases.cabinet import DeliveryState, MessageKind
from gateway.cases.identity import read_id, siblings
from gateway.cases.model import Case
from gateway.cases.store.inbox import payload_context
from gateway.cases.store.rows import COLUMNS, WIDTH, case_from
from gateway.cases.vault import Vault


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to the cabinet."""

    case_id: UUID
    seq: int
    id: UUID
    kind: MessageKind
    state: str
    created_at: datetime
    shep_message_id: str | None
    sends: int
    """How often ShEP took it: more than once if it came back."""
    payload: bytes = field(repr=False)
    """What is sent; the document, if one is named, fills the gap in it."""
    document: str | None
    """SHA-256 of the result."""


PENDING, SENT, CONFIRMED = "pending", "sent", "confirmed"

_COLUMNS = "d.case_id, d.seq, d.id, d.kind, d.state, d.created_at, d.shep_message_id, d.sends, d.payload, d.document"

_STATES = {
    PENDING: DeliveryState.ON_DELIVERY,
    SENT: DeliveryState.ON_DELIVERY,
    CONFIRMED: DeliveryState.DELIVERED,
}


class Outbox:
    """The deliveries table."""

    def __init__(self, pool: AsyncConnectionPool, vault: Vault) -> None:
        """Use connections of `pool`; open messages with `vault`."""
        self._pool = pool
        self._vault = vault

    async def next_pending(self, case_id: UUID) -> Delivery | None:
        """Return the case's oldest message that ShEP has not taken."""
        found = await self._select(
            f"SELECT {_COLUMNS} FROM deliveries d WHERE d.case_id = %s AND d.state = 'pending' ORDER BY d.seq LIMIT 1",
            (case_id,),
        )
        return found[0] if found else None

    async def of(self, case_id: UUID) -> list[Delivery]:
        """Return all of a case's messages, oldest first."""
        return await self._select(
            f"SELECT {_COLUMNS} FROM deliveries d WHERE d.case_id = %s ORDER BY d.seq", (case_id,)
        )

    async def answer(self, case_id: UUID) -> Delivery | None:
        """Return the case's RESPONSE."""
        found = await self._select(
            f"SELECT {_COLUMNS} FROM deliveries d WHERE d.case_id = %s AND d.kind = 'RESPONSE' ORDER BY d.seq LIMIT 1",
            (case_id,),
        )
        return found[0] if found else None

    async def by_id(self, message_id: str) -> Delivery | None:
        """Return the message that ShEP or we call `message_id`."""
        found = await self._select(
            f"SELECT {_COLUMNS} FROM shep_ids s JOIN deliveries d ON d.case_id = s.case_id AND d.seq = s.seq "
            "WHERE s.shep_message_id = %s ORDER BY d.created_at DESC LIMIT 1",
            (message_id,),
        )
        if not found and (own := read_id(message_id)) is not None:
            found = await self._select(
                f"SELECT {_COLUMNS} FROM deliveries d WHERE d.case_id BETWEEN %s AND %s AND d.id = %s",
                (*siblings(own), own),
            )
        return found[0] if found else None

    async def unconfirmed(
        self, sender_id: str, shep_service_id: str, *, message_id: UUID | None, correlation_id: str | None, limit: int
    ) -> list[tuple[Case, Delivery]]:
        """Return messages for a sender that it has not confirmed, oldest first."""
        condition, values = "", list[object]()
        if message_id is not None:
            condition = "AND d.case_id BETWEEN %s AND %s AND d.id = %s "
            values += [*siblings(message_id), message_id]
        if correlation_id is not None:
            condition += "AND c.sender_id = %s AND c.correlation_id = %s "
            values += [sender_id, correlation_id]
        cases = ", ".join(f"c.{name.strip()}" for name in COLUMNS.split(","))
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                f"SELECT {cases}, {_COLUMNS} FROM deliveries d JOIN cases c ON c.id = d.case_id "
                f"WHERE d.confirmed_at IS NULL AND d.sender_id = %s AND d.shep_service_id = %s {condition}"
                "ORDER BY d.created_at, d.seq LIMIT %s",
                (sender_id, shep_service_id, *values, limit),
            )
            return [(case_from(row[:WIDTH]), self._delivery(row[WIDTH:])) for row in await cursor.fetchall()]

    async def inbound_state(self, sender_id: str, message_id: str) -> DeliveryState | None:
        """Return DELIVERED if this sender gave us that message, else None."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT 1 FROM inbox WHERE sender_id = %s AND message_id = %s LIMIT 1", (sender_id, message_id)
            )
            found = await cursor.fetchone()
            if found is None and (own := read_id(message_id)) is not None:
                cursor = await connection.execute(
                    "SELECT 1 FROM messages m JOIN cases c ON c.id = m.case_id "
                    "WHERE m.case_id BETWEEN %s AND %s AND m.id = %s AND c.sender_id = %s",
                    (*siblings(own), own, sender_id),
                )
                found = await cursor.fetchone()
        return DeliveryState.DELIVERED if found else None

    async def _select(self, query: str, values: tuple[object, ...]) -> list[Delivery]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, values)
            return [self._delivery(row) for row in await cursor.fetchall()]

    def _delivery(self, row: tuple[Any, ...]) -> Delivery:
        case_id, seq, own_id, kind, state, created_at, shep_id, sends, sealed, document = row
        payload = self._vault.open(sealed, payload_context(own_id))
        return Delivery(case_id, seq, own_id, MessageKind(kind), state, created_at, shep_id, sends, payload, document)


def delivery_state(delivery: Delivery) -> DeliveryState:
    """Return the delivery's state in ShEP's words."""
    return _STATES[delivery.state]


async def has_pending(connection: AsyncConnection, case_id: UUID) -> bool:
    """Tell whether a case has messages that ShEP has not taken, inside the caller's transaction."""
    cursor = await connection.execute(
        "SELECT 1 FROM deliveries WHERE case_id = %s AND state = 'pending' LIMIT 1", (case_id,)
    )
    return await cursor.fetchone() is not None


async def mark_sent(connection: AsyncConnection, delivery: Delivery, at: datetime, shep_message_id: str | None) -> None:
    """Record that ShEP took a message, inside the caller's transaction."""
    await connection.execute(
        "UPDATE deliveries SET state = 'sent', sent_at = coalesce(sent_at, %s), sends = sends + 1, "
        "shep_message_id = coalesce(%s, shep_message_id) "
        "WHERE case_id = %s AND seq = %s AND state <> 'confirmed'",
        (at, shep_message_id, delivery.case_id, delivery.seq),
    )
    if shep_message_id is not None:
        await connection.execute(
            "INSERT INTO shep_ids (shep_message_id, case_id, seq, bucket) "
            "SELECT %s, case_id, seq, bucket FROM deliveries WHERE case_id = %s AND seq = %s ON CONFLICT DO NOTHING",
            (shep_message_id, delivery.case_id, delivery.seq),
        )


async def mark_pending(connection: AsyncConnection, delivery: Delivery) -> None:
    """Record that a message did not reach the cabinet after all, inside the caller's transaction."""
    await connection.execute(
        "UPDATE deliveries SET state = 'pending' WHERE case_id = %s AND seq = %s AND state <> 'confirmed'",
        (delivery.case_id, delivery.seq),
    )


async def mark_confirmed(connection: AsyncConnection, delivery: Delivery, at: datetime) -> None:
    """Record that a message is in the cabinet, inside the caller's transaction."""
    await connection.execute(
        "UPDATE deliveries SET state = 'confirmed', sent_at = coalesce(sent_at, %s), "
        "confirmed_at = coalesce(confirmed_at, %s) WHERE case_id = %s AND seq = %s",
        (at, at, delivery.case_id, delivery.seq),
    )
