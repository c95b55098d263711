"""How far the run is. Load and storm keep step, so that the one does not end long before the other."""

import asyncio
from dataclasses import dataclass

_AHEAD = 0.03


@dataclass
class Progress:
    """Counts towards the two goals."""

    applications: int
    kills: int
    sent: int = 0
    killed: int = 0

    @property
    def all_sent(self) -> bool:
        """Whether every application is on its way."""
        return self.sent >= self.applications

    @property
    def all_killed(self) -> bool:
        """Whether there were kills enough."""
        return self.killed >= self.kills

    async def until_load_may(self) -> None:
        """Wait while the load is ahead of the kills."""
        while not self.all_killed and self.sent / self.applications > self.killed / self.kills + _AHEAD:
            await asyncio.sleep(0.02)

    async def until_storm_may(self) -> None:
        """Wait while the kills are ahead of the load."""
        while not self.all_sent and self.killed / self.kills > self.sent / self.applications + _AHEAD:
            await asyncio.sleep(0.02)
