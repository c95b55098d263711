"""Dead letters put back to work by a person: who, when and why stands in the case's evidence."""

from dataclasses import dataclass

from gateway.cases import machine
from gateway.cases.model import TaskKind
from gateway.cases.store.dead_letters import DeadLetter, DeadLetters
from gateway.cases.store.ledger import Commit, Ledger
from gateway.clock import Clock


@dataclass(frozen=True, slots=True)
class Replay:
    """Replays for one person."""

    letters: DeadLetters
    ledger: Ledger
    clock: Clock
    by: str
    """The operating system's user."""
    why: str
    """In a few words, without personal data."""

    async def replay(self, letter: DeadLetter) -> bool:
        """Make the task due again, from its first attempt; False if somebody else did so meanwhile."""
        claim = await self.letters.take(letter)
        if claim is None:
            return False
        facts = {"by": self.by, "why": self.why, "cause": letter.cause, "attempts": letter.attempts}
        event = machine.Replayed(self.clock(), TaskKind(letter.kind), facts)
        done = await self.ledger.commit(letter.case_id, lambda locked: Commit(machine.advance(locked, event)), claim)
        return done is not None
