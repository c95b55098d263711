"""What a run tells: which faults were survived, how fast everything came back, and the verdict."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.faults import Storm
from tests.chaos.load import Load
from tests.chaos.verdict import Fate, Story, Verdict, Wrong, repeats

_NAMED = 5
"""So many applications are named of each kind of wrong."""


@dataclass(frozen=True)
class Report:
    """Everything worth telling of one run."""

    seed: int
    verdict: Verdict
    stories: Sequence[Story]
    storm: Storm
    load: Load
    storm_seconds: float
    quiet_seconds: float
    """From the end of the storm until nothing was left to do."""

    @property
    def last_line(self) -> str:
        """The verdict in one line."""
        return self.verdict.line(self.storm.progress.killed)

    def lines(self) -> Iterator[str]:
        """Give the report, the verdict last."""
        yield f"seed {self.seed}"
        yield "faults survived:"
        for kind, count in sorted(self.storm.happened.items()):
            yield f"  {count:5} {kind}"
        yield from self._ends()
        yield from self._times()
        yield from self._wrongs()
        yield self.last_line

    def _ends(self) -> Iterator[str]:
        for fate in Fate:
            count = sum(story.fate is fate for story in self.stories)
            yield f"{count} applications {fate}"
        dropped = ", ".join(f"{count} {kind}" for kind, count in sorted(repeats(self.stories).items()))
        yield f"messages that ShEP got again and dropped by their id: {dropped or 'none'}"
        receipts = sum(map(len, self.load.receipts.values()))
        yield f"{self.load.copied} applications also sent to both replicas at once, {receipts} different receipts"

    def _times(self) -> Iterator[str]:
        for name in ("accepting", "moving", "abandoned"):
            seconds = [value for one in self.storm.recoveries if (value := getattr(one, name)) is not None]
            if seconds:
                yield (
                    f"after kill -9 of everything until {_UNTIL[name]}: median {statistics.median(seconds):.1f} s, "
                    f"max {max(seconds):.1f} s ({len(seconds)} times)"
                )
        rate = len(self.stories) / (self.storm_seconds + self.quiet_seconds)
        yield (
            f"storm {self.storm_seconds:.0f} s, then quiet after {self.quiet_seconds:.0f} s: "
            f"{rate:.1f} applications/s from form to confirmed answer"
        )

    def _wrongs(self) -> Iterator[str]:
        for what in Wrong:
            for number in self.verdict.wrong.get(what, ())[:_NAMED]:
                yield f"{what}: {next(story for story in self.stories if story.number == number)}"
        yield from (f"broken: {promise}" for promise in self.verdict.broken_promises)


_UNTIL = {
    "accepting": "applications are accepted",
    "moving": "cases move",
    "abandoned": "the dead withhold no task",
}
