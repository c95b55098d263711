"""The gate of a process: may messages come in now? Closed until the database can be used, and for maintenance."""

import asyncio

from gateway.cases.maintenance import Maintenance
from gateway.faults import Code, Detail, GatewayFault
from gateway.texts import Text

_START_RETRY_SECONDS = 10


class Gate:
    """Open, or closed with a reason that senders and operators are told. It opens no earlier than `open` is called."""

    def __init__(self) -> None:
        """Begin closed."""
        self._opened = asyncio.Event()
        self._maintenance: Maintenance | None = None

    def open(self) -> None:
        """Let messages in: the database is there and is ours."""
        self._opened.set()

    async def opened(self) -> None:
        """Wait until the gate has been opened once."""
        await self._opened.wait()

    @property
    def is_open(self) -> bool:
        """Whether it has been opened; maintenance closes it only to messages."""
        return self._opened.is_set()

    def standing(self) -> tuple[bool, str]:
        """Return whether messages are to be sent here, and what operators should know.

        Maintenance is answered here, with its reason: a load balancer that sent messages elsewhere would hide it.
        """
        if not self.is_open:
            return False, "starting: waits for the database"
        return True, f"maintenance since {self._maintenance.since.isoformat()}" if self._maintenance else ""

    @property
    def maintenance(self) -> Maintenance | None:
        """What was announced, while it goes on."""
        return self._maintenance

    def announce(self, maintenance: Maintenance | None) -> None:
        """Begin or end maintenance."""
        self._maintenance = maintenance

    @property
    def work_rests(self) -> bool:
        """Whether the worker is to begin no steps."""
        return self._maintenance is not None and not self._maintenance.work_goes_on

    def check(self) -> None:
        """Let a message pass.

        Raises:
            GatewayFault: SCE909; nothing of the message is kept, and it is to be sent again.
        """
        if not self.is_open:
            raise GatewayFault(
                Code.INTERNAL,
                Detail("gateway.starting", "The gateway is not ready yet. Send the message again, with its messageId."),
                _STARTING,
                retry_after=_START_RETRY_SECONDS,
            )
        if self._maintenance is not None:
            raise self._maintenance.fault()


_STARTING = Text(
    kk="Қызмет іске қосылып жатыр. Хабарламаны кейінірек қайта жіберіңіз.",
    ru="Сервис запускается. Отправьте сообщение позже ещё раз.",
)
