"""Answers remembered within their life: in this process, and shared with the other replicas."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, Protocol

from gateway.clock import Clock
from gateway.eds.certificate import Certificate
from gateway.eds.revocation import Answer, Asks, NoAnswer, Proof

MAX_ANSWERS: Final = 10_000
_MAX_PROOFS: Final = 256


class AnswersUnavailable(Exception):  # noqa: N818  says what happened
    """The shared store of answers cannot be reached."""


class SharedAnswers(Protocol):
    """Where replicas share answers, and where proofs are kept for good."""

    async def find(self, certificate_sha256: str) -> Answer | None:
        """Return the newest answer about a certificate, its proofs named only.

        Raises:
            AnswersUnavailable: the store cannot be reached.
        """

    async def keep(self, certificate_sha256: str, answer: Answer) -> None:
        """Keep an answer with the content of its proofs, durably.

        Raises:
            AnswersUnavailable: the store cannot be reached.
        """

    async def prove(self, proofs: Iterable[Proof]) -> None:
        """Keep the content of proofs, durably; one that is kept already stays.

        Raises:
            AnswersUnavailable: the store cannot be reached.
        """


class Remembered:
    """A source that is asked about each certificate once within the life of its answer."""

    def __init__(self, source: Asks, shared: SharedAnswers, clock: Clock, size: int = MAX_ANSWERS) -> None:
        """Remember up to `size` answers of `source` here, and all of them in `shared`."""
        self._source = source
        self._shared = shared
        self._clock = clock
        self._size = size
        self._known: OrderedDict[str, Answer] = OrderedDict()

    async def ask(self, certificate: Certificate, issuer: Certificate) -> Answer:
        """Return an answer that is still fresh, or ask.

        Raises:
            NoAnswer: as the source; or the answer could not be kept, and what cannot be proved later is no answer.
            NotBelieved: as the source.
        """
        name, now = certificate.sha256, self._clock()
        known = self._known.get(name)
        if known is None or not known.usable(now):
            known = await self._found(name)
        if known is not None and known.usable(now):
            self._remember(name, known)
            return known
        answer = await self._source.ask(certificate, issuer)
        try:
            await self._shared.keep(name, answer)
        except AnswersUnavailable:
            raise NoAnswer("the answer could not be kept") from None
        self._remember(name, answer.without_content())
        return answer

    async def _found(self, name: str) -> Answer | None:
        try:
            return await self._shared.find(name)
        except AnswersUnavailable:
            return None  # the source may be asked all the same

    def _remember(self, name: str, answer: Answer) -> None:
        self._known[name] = answer
        self._known.move_to_end(name)
        if len(self._known) > self._size:
            self._known.popitem(last=False)


class Proved:
    """A source whose proofs are kept for good; its answers are not, it is asked every time."""

    def __init__(self, source: Asks, shared: SharedAnswers) -> None:
        """Keep the proofs of `source` in `shared`."""
        self._source = source
        self._shared = shared
        self._kept: OrderedDict[str, None] = OrderedDict()

    async def ask(self, certificate: Certificate, issuer: Certificate) -> Answer:
        """Ask, and keep what proves the answer.

        Raises:
            NoAnswer: as the source; or the proof could not be kept.
            NotBelieved: as the source.
        """
        answer = await self._source.ask(certificate, issuer)
        new = [proof for proof in answer.proofs if proof.sha256 not in self._kept]
        try:
            await self._shared.prove(new)
        except (AnswersUnavailable, OSError):
            raise NoAnswer("the list could not be kept as evidence") from None
        for proof in new:
            self._kept[proof.sha256] = None
            if len(self._kept) > _MAX_PROOFS:
                self._kept.popitem(last=False)
        return answer.without_content()
