"""What a sender is told while the store cannot be asked."""

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
