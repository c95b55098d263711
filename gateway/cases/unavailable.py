"""What who asks us is told while the store cannot be asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import PoolTimeout

from gateway.cases.observer import Observer
from gateway.faults import Code, Detail, GatewayFault
from gateway.texts import Text

_RETRY_AFTER = 30


def store_unavailable() -> GatewayFault:
    """Return SCE909: nothing of the message was kept, it is to be sent again."""
    return GatewayFault(
        Code.INTERNAL,
        Detail("gateway.store_unavailable", "The message was not taken. Send it again, with the same messageId."),
        Text(
            kk="Қызмет уақытша қолжетімсіз. Хабарламаны кейінірек қайта жіберіңіз.",
            ru="Сервис временно недоступен. Отправьте сообщение позже ещё раз.",
        ),
        retry_after=_RETRY_AFTER,
    )


@contextmanager
def asking_the_store(observer: Observer) -> Iterator[None]:
    """Turn every failure of the database into SCE909.

    Raises:
        GatewayFault: `store_unavailable`.
    """
    try:
        yield
    except (psycopg.Error, PoolTimeout) as error:
        observer.store_failed(type(error).__name__)
        raise store_unavailable() from error
