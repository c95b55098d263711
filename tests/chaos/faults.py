"""What can go wrong, one function each, and the storm that lets it."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientTimeout

from gateway.sandbox.failures import Failure, Kind
from tests.chaos.progress import Progress
from tests.chaos.recovery import Recovery, watch
from tests.chaos.world import ChaosWorld, clock_file
from tests.support.faulty_proxy import Condition

_KILLED_ALONE = 6
"""Weight of a kill of one, against one of several and one of everything."""
_FROZEN_SECONDS = (0.2, 2.0)
_FROZEN_BEYOND_A_LEASE = (9.0, 11.0)
"""What was held is in other hands when its worker wakes up."""
_WIRE_SECONDS = (0.2, 3.0)
_FULL_SECONDS = (1.0, 4.0)
_WRONG_CLOCKS = (-6 * 3600.0, -90.0, 90.0, 6 * 3600.0)
_ASK = ClientTimeout(total=3)


@dataclass
class Storm:
    """Lets faults happen at random moments until there were kills enough and everything is sent."""

    world: ChaosWorld
    progress: Progress
    chance: random.Random
    pause_seconds: float
    """Between two kills, on the average; other faults come half as often, and last while others begin."""
    happened: Counter[str] = field(default_factory=Counter)
    recoveries: list[Recovery] = field(default_factory=list)
    _measuring: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Storm."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill_on())
            group.create_task(self._disturb_on())

    async def _kill_on(self) -> None:
        while not (self.progress.all_killed and self.progress.all_sent):
            await self._pause()
            await self.progress.until_storm_may()
            await self._strike(self.chance.choices(("one", "several", "everything"), (_KILLED_ALONE, 2, 1))[0])

    async def _disturb_on(self) -> None:
        async with asyncio.TaskGroup() as group:
            while not (self.progress.all_killed and self.progress.all_sent):
                await self._pause(2)
                # Faults that nobody meets, such as bad answers not yet asked for, would pile up.
                await self.progress.until_storm_may()
                async with self._measuring:
                    pass
                group.create_task(self.chance.choice(self._disturbances())())

    async def _pause(self, times: float = 1) -> None:
        await asyncio.sleep(self.chance.uniform(0.1, 1.9) * times * self.pause_seconds)

    async def _strike(self, whom: str) -> None:
        names = sorted(self.world.parties)
        if whom == "everything":
            await self._recover_from(names)
            return
        self._kill(self.chance.sample(names, 1 if whom == "one" else self.chance.randint(2, len(names) - 1)))

    def _kill(self, names: Sequence[str]) -> None:
        if len(names) > 1:
            self.happened[f"{len(names)} killed at once"] += 1
        for name in names:
            if self.world.parties[name].kill():
                self.progress.killed += 1
                self.happened[f"kill -9 of {name}"] += 1

    async def _recover_from(self, names: Sequence[str]) -> None:
        """Kill everybody and measure how long it takes; nothing else goes wrong meanwhile."""
        async with self._measuring:
            self.world.relieve()
            at = time.monotonic()
            self._kill(names)
            going_on = not self.progress.all_sent
            self.recoveries.append(await watch(self.world.database.url, at, load_goes_on=going_on))

    def _disturbances(self) -> Sequence[Callable[[], Coroutine[None, None, None]]]:
        always = [self._freeze, self._trouble_a_wire, self._trouble_a_wire, self._answer_badly, self._set_a_clock]
        return [*always, self._fill_the_disk] if self.world.disk.can_be_filled else always

    async def _freeze(self) -> None:
        name = self.chance.choice(sorted(self.world.parties))
        if self.world.parties[name].freeze():
            self.happened[f"{name} frozen"] += 1
            await asyncio.sleep(self.chance.uniform(*self.chance.choice((_FROZEN_SECONDS, _FROZEN_BEYOND_A_LEASE))))
            self.world.parties[name].thaw()

    async def _trouble_a_wire(self) -> None:
        name = self.chance.choice(sorted(self.world.wires))
        condition = self.chance.choice([one for one in Condition if one is not Condition.CLEAR])
        wire = self.world.wires[name]
        self.happened[f"{name} {condition}"] += 1
        wire.suffer(condition)
        await asyncio.sleep(self.chance.uniform(*_WIRE_SECONDS))
        wire.heal()

    async def _answer_badly(self) -> None:
        """Have ShEP or a provider do what it is asked and say that it failed, or say nothing, or nothing in time."""
        plan = self.world.portal.plan
        base, path, who = self.chance.choice(
            [
                (plan.shep_url, "/bip-async", "ShEP"),
                (plan.provider_url, "/provider/kostanay", "provider"),
            ]
        )
        failure = Failure(kind=self.chance.choice(list(Kind)), path=path, count=self.chance.randint(1, 8), seconds=7)
        try:
            async with self.world.copies.session.post(
                f"{base}/control/failures", data=failure.model_dump_json(), timeout=_ASK
            ):
                self.happened[f"{who} answers with {failure.kind}"] += failure.count
        except (ClientError, TimeoutError, OSError):
            self.happened[f"{who} was away when asked to fail"] += 1

    async def _set_a_clock(self) -> None:
        name = self.chance.choice(sorted(self.world.gateways))
        file = clock_file(self.world.folder, name)
        file.write_text(str(self.chance.choice(_WRONG_CLOCKS)))
        self.happened[f"clock of {name} jumped"] += 1
        await asyncio.sleep(self.chance.uniform(*_WIRE_SECONDS))
        file.unlink(missing_ok=True)

    async def _fill_the_disk(self) -> None:
        self.world.disk.fill()
        self.happened["disk of the database full"] += 1
        await asyncio.sleep(self.chance.uniform(*_FULL_SECONDS))
        self.world.disk.empty()
