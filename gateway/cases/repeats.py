"""How a repeat is told from a new message (docs/decisions/0001-repeats.md)."""

import hashlib
from typing import NoReturn
from uuid import UUID

from gateway.cases.assessment import Assessment
from gateway.cases.identity import part_id
from gateway.cases.inbound import Inbound, Mode
from gateway.cases.store.inbox import NewMessage, Stored
from gateway.faults import Code, Detail, GatewayFault
from gateway.texts import Text


def key(message: Inbound) -> str:
    """Return the id under which a message is known; without one, its content is its id."""
    return message.message_id or f"sha256:{digest(message).hex()}"


def kind(message: Inbound) -> str:
    """Return the type under which a message is known: SyncChannel has ids of its own."""
    return "SYNC" if message.mode is Mode.SYNC else message.message_type


def digest(message: Inbound) -> bytes:
    """Return the digest of what the message says; a repeat may come in another envelope (session, signature)."""
    content = hashlib.sha256(f"{message.service_id}\n{message.message_type}\n".encode())
    for document in message.readings[:1]:
        content.update(document)
    return content.digest()


def to_be_kept(message: Inbound, assessment: Assessment, case_id: UUID) -> NewMessage:
    """Return the message as it will be kept for a case; its reply is still to be made."""
    return NewMessage(
        id=part_id(case_id, f"{kind(message)} {key(message)}"),
        sender_id=message.sender_id,
        message_id=key(message),
        message_type=kind(message),
        digest=digest(message),
        reading=assessment.reading,
        received_at=message.received_at,
        raw=message.raw,
        reply=b"",
    )


def again(stored: Stored, message: Inbound) -> bytes:
    """Return the reply that the first copy got.

    Raises:
        GatewayFault: it is no copy, but another message under the same id; or its case is archived.
    """
    if stored.digest != digest(message):
        raise GatewayFault(
            Code.FORMAT,
            Detail(
                "client.duplicate_message_id", "Another message with this messageId was taken before: use a new id."
            ),
            Text(
                kk="Бұл нөмірмен басқа хабарлама бұрын қабылданған.",
                ru="Под этим номером ранее принято другое сообщение.",
            ),
        )
    return stored.reply if stored.reply is not None else _archived()


def registered_again(stored: Stored, message: Inbound) -> bytes:
    """Return the reply to a request that was registered before, under another message id.

    Raises:
        GatewayFault: it is another request under the same number; or its case is archived.
    """
    if stored.reply is None:
        _archived()
    if stored.digest != digest(message):
        raise GatewayFault(
            Code.FORMAT,
            Detail("client.duplicate_request", "A request with this requestNumber is registered with another content."),
            Text(
                kk="Бұл нөмірмен басқа өтініш бұрын тіркелген.",
                ru="Под этим номером ранее зарегистрировано другое заявление.",
            ),
        )
    return stored.reply


def _archived() -> NoReturn:
    raise GatewayFault(
        Code.FORMAT,
        Detail("client.archived", "This message was taken before; its case is finished and archived. Nothing is due."),
        Text(
            kk="Бұл хабарлама бұрын қабылданған, ісі аяқталып, мұрағатқа берілген.",
            ru="Это сообщение принято ранее, дело завершено и передано в архив.",
        ),
    )
