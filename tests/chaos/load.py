"""The load: citizens who apply at the portal, and copies of their messages that reach both replicas at once."""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway.clock import utc_now
from gateway.eds.keys import SigningKey
from gateway.sandbox.cabinet import Request, State
from gateway.sandbox.identities import CITIZENS, REVOKED
from gateway.sandbox.order import Order
from gateway.sandbox.portal import Portal
from gateway.shep.messages import AsyncMessage, AsyncReceipt, Data, MessageType, Sender
from gateway.shep.reader import ReplyFault, ReplyUnreadable, read_reply
from gateway.shep.writer import write
from tests.chaos.progress import Progress
from tests.support.world import HOUSING, PACKAGE, SCHOOLING, order

_OPEN_AT_MOST = 250
_COPIED = 0.2
"""Share of the applications of which two more copies are sent, to both replicas at the same moment."""
_COPY_LIMIT = ClientTimeout(total=8)
_COPY_ATTEMPTS = 40
_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
_KINDS = {"ordinary": 82, "refused": 6, "supplemented": 5, "incomplete": 3, "revoked": 2, "tampered": 2}
"""Kinds of applications, in percent."""
_LETTERS = "абгдежзиклмнпрстуфшыэюя"
_REFUSED_BY_RULE = CITIZENS[3].slug
_ORDINARY = [citizen.slug for citizen in CITIZENS if citizen.slug != _REFUSED_BY_RULE]
_ENDED = frozenset({State.COMPLETED, State.TECH_ERROR})


@dataclass(frozen=True, slots=True)
class Copies:
    """Where copies are sent, in ShEP's name."""

    urls: Sequence[str]
    key: SigningKey = field(repr=False)
    sender: Sender
    session: ClientSession


@dataclass
class Load:
    """Sends the applications and remembers how each must end."""

    portal: Portal
    copies: Copies
    progress: Progress
    chance: random.Random
    expected: dict[str, str] = field(default_factory=dict)
    """Request number -> positive, refused, rejected or fault."""
    receipts: dict[str, set[bytes]] = field(default_factory=dict)
    """Request number -> the different receipts that its copies got."""
    copied: int = 0
    _open: set[str] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Send everything; what is done about an application later goes on in the background."""
        for _ in range(self.progress.applications):
            await self.progress.until_load_may()
            await self._until_room()
            await self._apply()
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """Give up what is still under way in the background."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settled(self) -> None:
        """Wait for the copies and supplements."""
        while self._tasks:
            await asyncio.sleep(0.1)

    def unfinished(self) -> int:
        """Return for how many applications the cabinet shows no end yet."""
        self._open = {number for number in self._open if self.portal.cabinet.get(number).state not in _ENDED}
        return len(self._open)

    async def _until_room(self) -> None:
        while len(self._open) >= _OPEN_AT_MOST and self.unfinished() >= _OPEN_AT_MOST:
            await asyncio.sleep(0.05)

    async def _apply(self) -> None:
        wanted, ending = self._order()
        request = await self.portal.apply(wanted)
        self.expected[request.number] = "refused" if _refused(request, ending) else ending
        self._open.add(request.number)
        self.progress.sent += 1
        if not wanted.documents:
            self._spawn(self._complete(request.number, wanted.model_copy(update={"documents": PACKAGE})))
        elif ending != "fault" and self.chance.random() < _COPIED:
            self._spawn(self._copy(request.number))

    def _order(self) -> tuple[Order, str]:
        """Return an application, and how it must end."""
        service, citizen = self.chance.choice((HOUSING, SCHOOLING)), self.chance.choice(_ORDINARY)
        kind = self.chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        form = matter(service, self.progress.sent)
        match kind:
            case "refused":
                return order(service, citizen=_REFUSED_BY_RULE, form=form), "refused"
            case "supplemented":
                return order(service, citizen=citizen, form=form, documents=()), "positive"
            case "incomplete":
                return order(HOUSING, citizen=citizen, form={"residents": "4"}), "rejected"
            case "revoked":
                return order(service, citizen=REVOKED.slug, form=form), "rejected"
            case "tampered":
                return order(service, citizen=citizen, form=form, tamper=True), "fault"
            case _:
                return order(service, citizen=citizen, form=form), "positive"

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _complete(self, number: str, complete: Order) -> None:
        """Send the documents as soon as they are asked for, and again if they were not taken."""
        answered = 0
        while (request := self.portal.cabinet.get(number)).state not in _ENDED:
            asked = sum(message.status == "documents_needed" for message in request.messages)
            if asked > answered:
                answered = asked
                await self.portal.supplement(number, complete)
            await asyncio.sleep(0.2)

    async def _copy(self, number: str) -> None:
        """Send two copies at once, each until it gets a receipt, as soon as ShEP has numbered the message."""
        while (request := self.portal.cabinet.get(number)).letters[0].shep_id is None:
            await asyncio.sleep(0.01)
        self.copied += 1
        envelope = write(self._message(request), self.copies.key)
        got = await asyncio.gather(*(self._until_receipt(url, envelope) for url in self.copies.urls))
        self.receipts[number] = {receipt for receipt in got if receipt is not None}

    def _message(self, request: Request) -> AsyncMessage:
        letter = request.letters[0]
        return AsyncMessage(
            service_id=request.service,
            message_type=MessageType.REQUEST,
            message_date=utc_now(),
            sender=self.copies.sender,
            message_id=letter.shep_id,
            correlation_id=request.correlation,
            data=Data((self.portal.cabinet.read(request.number, letter.file),)),
        )

    async def _until_receipt(self, url: str, envelope: bytes) -> bytes | None:
        for _ in range(_COPY_ATTEMPTS):
            with suppress(ClientError, TimeoutError, OSError, ReplyFault, ReplyUnreadable):
                async with self.copies.session.post(
                    url, data=envelope, headers=_HEADERS, timeout=_COPY_LIMIT
                ) as response:
                    raw = await response.read()
                if isinstance(read_reply(raw), AsyncReceipt):
                    return raw
            await asyncio.sleep(0.2)
        return None


def matter(service: str, index: int) -> dict[str, object]:
    """Return a form of its own for every index: a citizen has one application at a time for a dwelling or a child."""
    if service == HOUSING:
        return {"dwellingAddress": f"Қостанай, Үлгі көшесі, {index + 1}"}
    name = "".join(_LETTERS[index // len(_LETTERS) ** place % len(_LETTERS)] for place in range(3))
    return {"child": {"surname": "Сейітов", "givenName": f"Ә{name}", "birthDate": "2015-05-05"}}


def _refused(request: Request, ending: str) -> bool:
    """Say whether the provider refuses it by its rule on the number."""
    return ending == "positive" and request.number.endswith("666")
