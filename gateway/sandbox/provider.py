"""The sandbox's provider of public services: takes cases, works at them by declared rules, signs its results."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from lxml import etree
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from gateway.catalogue.cabinet_message import Outcome
from gateway.clock import Clock
from gateway.eds import enveloped
from gateway.eds.keys import SigningKey
from gateway.sandbox import papers
from gateway.sandbox.identities import Organization
from gateway.sandbox.register import CaseRegister, ProviderRecord
from gateway.sandbox.rules import SETTLED, Facts, Office, Progress, Rule, Step, read_facts

_log = structlog.get_logger(__name__)

_CALLBACK_ATTEMPTS = 5
_CALLBACK_LIMIT = ClientTimeout(total=5)


@dataclass(frozen=True, slots=True)
class Callback:
    """Where the gateway wants to hear that a case changed; None for a provider that is only asked."""

    url: str
    token: str = field(repr=False)
    session: ClientSession


@dataclass(slots=True)
class ProviderSystem:
    """One provider's information system, without its SOAP."""

    organization: Organization
    key: SigningKey
    register: CaseRegister
    clock: Clock
    office: Office = field(default_factory=Office)
    callback: Callback | None = None
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def start(self) -> None:
        """Go on with the undecided cases of an earlier process."""
        for record in self.register.undecided():
            self._work(record.number)

    async def stop(self) -> None:
        """Leave the cases where they are."""
        for task in list(self._tasks.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def submit(
        self, number: str, service: str, deadline: datetime, document: bytes, files: Sequence[str] = ()
    ) -> Progress:
        """Take a case; a repeat changes nothing and answers where it stands.

        Raises:
            XmlRejected: the application is not readable.
        """
        read_facts(service, document)
        self.register.submit(number, service, deadline, document, files, self.clock())
        self._work(number)
        return self.status(number)

    def supplement(self, number: str, document: bytes, files: Sequence[str] = ()) -> Progress:
        """Take the completed application.

        Raises:
            KeyError: there is no such case.
            XmlRejected: the application is not readable.
        """
        read_facts(self.register.get(number).service, document)
        self.register.supplement(number, document, files, self.clock())
        self._work(number)
        return self.status(number)

    def status(self, number: str) -> Progress:
        """Say where a case stands; when its time has come, it is decided now.

        Raises:
            KeyError: there is no such case.
        """
        record = self.register.get(number)
        facts = read_facts(record.service, record.document)
        progress = self.office.progress(facts, record.received_at, record.supplemented_at, self.clock())
        if record.decision is None:
            if progress.step in SETTLED and progress.rule is not None:
                self._decide(record, facts, progress.rule, progress.since)
        elif progress.step is Step.TERMINATED and progress.rule is not None:
            self._terminate(record, facts, progress.rule, progress.since)
        elif progress.step not in SETTLED:
            return Progress(Step.DECIDED, record.decided_at or record.received_at, progress.rule)
        return progress

    def decision(self, number: str) -> ProviderRecord:
        """Return a decided case; of one that was ended later, with that decision.

        Raises:
            KeyError: there is no such case, or it is not decided.
        """
        if self.status(number).step not in SETTLED:
            raise KeyError(number)
        return self.register.get(number)

    def refused(self, number: str, code: str) -> None:
        """Take note that the gateway did not take what was said of a case.

        Raises:
            KeyError: there is no such case.
        """
        self.register.refuse(self.register.get(number).number, code)

    def _decide(self, record: ProviderRecord, facts: Facts, rule: Rule, at: datetime) -> None:
        document = papers.decided(record, facts, rule, at, self.organization.name.kk)
        signed = enveloped.sign(papers.rendered(document), self.key)
        self.register.decide(record.number, document.outcome, at, signed)

    def _terminate(self, record: ProviderRecord, facts: Facts, rule: Rule, at: datetime) -> None:
        if record.outcome != Outcome.TERMINATED:
            document = papers.terminated(record, facts, rule, at, self.organization.name.kk)
            self.register.terminate(record.number, at, enveloped.sign(papers.rendered(document), self.key))

    def _work(self, number: str) -> None:
        """Follow a case in the background, so that the gateway is told of every change."""
        earlier = self._tasks.pop(number, None)
        if earlier is not None:
            earlier.cancel()
        task = asyncio.create_task(self._follow(number))
        self._tasks[number] = task
        task.add_done_callback(lambda done: self._ended(number, done))

    def _ended(self, number: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(number) is task:
            del self._tasks[number]
        if not task.cancelled() and (defect := task.exception()) is not None:
            _log.error("sandbox.provider_broke_off", exc_info=defect)

    async def _follow(self, number: str) -> None:
        progress = self.status(number)
        while progress.next_at is not None:
            await asyncio.sleep(max(0.0, (progress.next_at - self.clock()).total_seconds()))
            progress = self.status(number)
            await self._tell(number)

    async def _tell(self, number: str) -> None:
        """Call the gateway back; it asks by itself too, so giving up loses nothing."""
        callback = self.callback
        if callback is None:
            return
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((ClientError, TimeoutError, OSError)),
            stop=stop_after_attempt(_CALLBACK_ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=0.1, max=1, jitter=0.1),
        )
        with suppress(RetryError):
            await retrying(_post, callback, number)


async def _post(callback: Callback, number: str) -> None:
    body = etree.Element(etree.QName("urn:qaqpa:provider:1", "caseChanged"))
    etree.SubElement(body, etree.QName("urn:qaqpa:provider:1", "number")).text = number
    headers = {"Authorization": f"Bearer {callback.token}", "Content-Type": "text/xml; charset=utf-8"}
    content = etree.tostring(body, encoding="UTF-8", xml_declaration=True)
    async with callback.session.post(callback.url, data=content, headers=headers, timeout=_CALLBACK_LIMIT) as response:
        await response.read()
