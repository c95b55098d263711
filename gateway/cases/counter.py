"""Applications taken at a counter: the provider's own or an akim's (channel procedures `provider` and `akim`).

A clerk enters what stands on the paper and compares it with the applicant's documents; there is no electronic signature
of the applicant. The applicant gets the act's coupon (e.g. the tear-off coupon of Kostanay service 2, clause 5 step 1),
or the receipt of a refusal with everything that is missing. The result is handed over at the counter as well.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from psycopg.errors import UniqueViolation

from gateway.cases import identity, machine, second
from gateway.cases.assessment import file_findings
from gateway.cases.followup import Terminated
from gateway.cases.inbound import Mode
from gateway.cases.model import ARRIVED, Case, Ending, State
from gateway.cases.registrar import Registrar
from gateway.cases.services import Offer, Services
from gateway.cases.store.inbox import Inbox, NewMessage
from gateway.cases.store.ledger import Commit, Ledger
from gateway.cases.vault import Vault
from gateway.catalogue.application import Application
from gateway.catalogue.channel import Channel
from gateway.catalogue.findings import Finding
from gateway.catalogue.form import NotOurPayload, Reading, read_application
from gateway.catalogue.receipt import Receipt, refusal
from gateway.clock import Clock
from gateway.texts import Text

COUNTERS = frozenset({Channel.PROVIDER, Channel.AKIM})


class NotTaken(Exception):  # noqa: N818  says what happened
    """The application cannot be registered; nothing is kept. The receipt is for the applicant."""

    def __init__(self, findings: tuple[Finding, ...], receipt: Receipt) -> None:
        """Take what is wrong, and the receipt of the refusal."""
        super().__init__("the application cannot be registered")
        self.findings = findings
        self.receipt = receipt


class NotThere(Exception):  # noqa: N818  says what happened
    """What the clerk asks for is not so: no such service or case, or it is not in the state that is needed."""

    def __init__(self, code: str, text: Text) -> None:
        """Take the code, `counter.*`, and what to tell the clerk."""
        super().__init__(code)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Coupon:
    """What the applicant takes home."""

    number: str
    deadline: datetime
    receipt: Receipt = field(repr=False)


@dataclass(frozen=True, slots=True)
class Counter:
    """Takes applications and hands results over."""

    services: Services
    inbox: Inbox
    ledger: Ledger
    vault: Vault
    registrar: Registrar
    clock: Clock

    async def take(self, service_id: str, channel: Channel, document: bytes, clerk: str) -> Coupon:
        """Register an application that a clerk has entered; the same one again gives the same coupon.

        Args:
            service_id: passport id.
            channel: PROVIDER or AKIM.
            document: the application of the service's schema, unsigned.
            clerk: who took it.

        Raises:
            GatewayFault: the act does not give the service at this counter.
            NotThere: there is no such service, or another application was entered under the same number.
            NotTaken: with every finding.
        """
        if self.services.find(service_id) is None:
            raise NotThere("counter.unknown_service", UNKNOWN_SERVICE)
        offer, now = self.services.given(service_id, channel), self.clock()
        try:
            form = self._read(offer, document, now)
            return await self._registered(offer, form, document, clerk, now)
        except _Refused as refused:
            findings = refused.findings
            raise NotTaken(findings, refusal(offer.service, findings, now, clerk)) from None

    async def _registered(self, offer: Offer, form: Reading, document: bytes, clerk: str, now: datetime) -> Coupon:
        if form.application is None:
            raise _Refused((_NOT_AN_APPLICATION,))
        digest = hashlib.sha256(document).digest()
        facts = {"entered_by": clerk, "document": digest.hex()}
        event = await self.registrar.registered(offer, now, facts, form.application)
        case = self._case(offer, form, form.application, now)
        message = _message(case, document, digest, event.number)
        try:
            is_new = await self.inbox.accept(message, machine.open_case(case, event))
        except UniqueViolation:
            raise await self._in_the_way(case, form) from None
        if is_new:
            receipt = self.registrar.paper(offer, form.application, event.number, now, event.deadline, clerk)
            return Coupon(event.number, event.deadline, receipt)
        return await self._again(offer, case, form.application, digest)

    async def _again(self, offer: Offer, case: Case, application: Application, digest: bytes) -> Coupon:
        """Return the first coupon of an application that was entered before, with the clerk who took it then."""
        before = await self.ledger.case_by_chain(case.sender_id, case.correlation_id)
        if before is None or before.number is None or before.registered_at is None or before.deadline is None:
            raise NotThere("counter.not_registered", _NOT_REGISTERED)
        if (await self.ledger.first_message(before.id)).digest != digest:
            raise NotThere("counter.other_content", _OTHER_CONTENT)
        first = (await self.ledger.events(before.id))[0]
        clerk = json.loads(first.data).get("entered_by")
        at, due = before.registered_at, before.deadline
        return Coupon(before.number, due, self.registrar.paper(offer, application, before.number, at, due, clerk))

    def _read(self, offer: Offer, document: bytes, now: datetime) -> Reading:
        try:
            form = read_application(offer.service, document, now=now, channel=offer.channel)
        except NotOurPayload:
            raise _Refused((_NOT_AN_APPLICATION,)) from None
        findings = (*form.findings, *file_findings(offer, form))
        if findings:
            raise _Refused(findings)
        return form

    async def _in_the_way(self, case: Case, form: Reading) -> Exception:
        """Say that the first application for the matter runs; its number is for the applicant, who stands here."""
        running = await self.ledger.running(case.matter_key) if case.matter_key is not None else None
        if running is None:
            return NotThere("counter.enter_again", _ENTER_AGAIN)
        return _Refused((second.found(running, named=not form.parties.represented),))

    def _case(self, offer: Offer, form: Reading, application: Application, now: datetime) -> Case:
        iin, service_id = form.parties.applicant_iin, offer.service.id
        return Case(
            id=identity.case_id(now),
            service_id=service_id,
            shep_service_id=service_id,
            sender_id=f"counter:{offer.channel.value}",
            channel=offer.channel,
            mode=Mode.COUNTER,
            correlation_id=form.request_number or str(uuid4()),
            route_id=None,
            request_number=form.request_number,
            language=form.language or "kk",
            applicant_key=self.vault.search_key(iin) if iin else None,
            signer_key=None,
            state=State.REGISTERED,
            received_at=now,
            matter_key=second.matter_key(self.vault.search_key, offer.service, application),
        )

    async def result(self, number: str) -> tuple[Ending, bytes]:
        """Return how a decided case ended and the signed document, to be printed or written to the applicant's device.

        Raises:
            NotThere: no such case at a counter, or it is not decided.
        """
        case = await self._decided(number)
        decided = [event for event in await self.ledger.events(case.id) if event.kind in _WITH_DOCUMENT]
        if case.ending is None or not decided:
            raise NotThere("counter.not_decided", _NOT_DECIDED)
        document = await self.ledger.document(case.id, json.loads(decided[-1].data)["document"])
        return case.ending, document.content

    async def hand_over(self, number: str, clerk: str) -> Case:
        """Record that the applicant got the result; this ends the case, but for a duty that the act attaches to it.

        A repeat changes nothing. Returns the case as it is then.

        Raises:
            NotThere: no such case at a counter, or it is not decided.
        """
        case = await self._decided(number)
        event = machine.Confirmed(self.clock(), {"handed_over_by": clerk})
        return await self.ledger.commit(case.id, lambda locked: Commit(machine.advance(locked, event))) or case

    async def _decided(self, number: str) -> Case:
        case = await case_at_counter(self.ledger, number)
        if case.state not in {State.DECIDED} | ARRIVED:
            raise NotThere("counter.not_decided", _NOT_DECIDED)
        return case


async def case_at_counter(ledger: Ledger, number: str) -> Case:
    """Return the case of a number, which was taken at a counter.

    Raises:
        NotThere: it was not.
    """
    case = await ledger.case_by_number(number)
    if case is None:
        raise NotThere("counter.unknown_number", _UNKNOWN_NUMBER)
    if case.mode is not Mode.COUNTER:
        raise NotThere("counter.elsewhere", _ELSEWHERE)
    return case


_WITH_DOCUMENT = frozenset({machine.Decided.__name__, Terminated.__name__})
_NOT_AN_APPLICATION = Finding(
    "applicant.form",
    Text(kk="Бұл файл осы қызметке арналған өтініш емес.", ru="Этот файл не является заявлением на эту услугу."),
)
UNKNOWN_SERVICE = Text(
    kk="Мұндай қызмет жоқ. Қызметтің кодын тексеріңіз.", ru="Такой услуги нет. Проверьте код услуги."
)
_UNKNOWN_NUMBER = Text(kk="Мұндай нөмірмен өтініш тіркелмеген.", ru="Заявления с таким номером нет.")
_ELSEWHERE = Text(
    kk="Бұл өтініш қабылдау орнында емес, портал немесе ХҚКО арқылы берілген: жауап сол жаққа жіберіледі.",
    ru="Это заявление подано не в месте приёма, а через портал или ЦОН: ответ направляется туда.",
)
_NOT_DECIDED = Text(kk="Өтініш бойынша шешім әлі қабылданған жоқ.", ru="По этому заявлению решения ещё нет.")
_NOT_REGISTERED = Text(
    kk="Бұл өтініш бұрын енгізілген, бірақ тіркелмеген. Жүйе әкімшісіне хабарласыңыз.",
    ru="Это заявление вводилось ранее, но не зарегистрировано. Обратитесь к администратору системы.",
)
_OTHER_CONTENT = Text(
    kk="Осы нөмірмен басқа мазмұндағы өтініш бұрын енгізілген. Жаңа өтінішке жаңа нөмір беріңіз.",
    ru="Под этим номером ранее введено заявление с другим содержанием. Присвойте новому заявлению новый номер.",
)
_ENTER_AGAIN = Text(
    kk="Осы мәселе бойынша алғашқы өтініштің қаралуы енді ғана аяқталды. Өтінішті қайта енгізіңіз.",
    ru="Рассмотрение первого заявления по этому вопросу только что завершилось. Введите это заявление ещё раз.",
)


class _Refused(Exception):  # noqa: N818  says what happened
    """What keeps the application from being registered, before the receipt of it is made."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("refused")
        self.findings = findings


def _message(case: Case, document: bytes, digest: bytes, number: str) -> NewMessage:
    return NewMessage(
        id=identity.part_id(case.id, "COUNTER"),
        sender_id=case.sender_id,
        message_id=case.correlation_id,
        message_type="COUNTER",
        digest=digest,
        reading=0,
        received_at=case.received_at,
        raw=document,
        reply=number.encode(),
    )
