"""The sweep: what no worker will ever take up is found, mended where the state says how, and raised where not.

Every worker sweeps; none is special. Two at the same time mend once: who comes second finds the case changed.
"""

from collections import Counter
from dataclasses import dataclass

import structlog

from gateway.cases import machine
from gateway.cases.mending import Mended
from gateway.cases.model import Case
from gateway.cases.observer import Observer
from gateway.cases.store.ledger import Commit, Ledger
from gateway.cases.store.search import Idle, Search
from gateway.clock import Clock

ABANDONED_SECONDS = 600.0
_WAITING = "a message that waits for the cabinet has its task"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One round over what is not finished."""

    search: Search
    ledger: Ledger
    clock: Clock
    observer: Observer

    async def run(self) -> Counter[str]:
        """Look, mend, tell; return how much of each was found: idle, mended, orphaned, abandoned."""
        found: Counter[str] = Counter(idle=0, mended=0)
        async for idle in self.search.idle():
            found["idle"] += 1
            found["mended"] += await self._mend(idle)
        found["orphaned"] = await self.search.orphans()
        found["abandoned"] = await self.search.abandoned(ABANDONED_SECONDS)
        if any(found.values()):
            _log.error("sweep.found", **found)
        self.observer.swept(found)
        return found

    async def _mend(self, idle: Idle) -> bool:
        event = Mended(self.clock(), idle.seq, idle.promise == _WAITING, {"promise": idle.promise})
        mended = False

        def decide(locked: Case) -> Commit:
            nonlocal mended
            change = machine.advance(locked, event)
            mended = change is not None
            return Commit(change)

        await self.ledger.commit(idle.case_id, decide)
        _log.error("sweep.idle", case=str(idle.case_id), promise=idle.promise, mended=mended)
        return mended
