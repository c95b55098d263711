"""What the demo shows: a live table on a terminal, one line per event elsewhere."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Rich

from gateway.clock import local, utc_now
from gateway.sandbox.scenarios import SERVICES, Scenario
from gateway.sandbox.steps import Mark, Seen, Step

_GLYPHS = {Mark.OPEN: "·", Mark.DONE: "✓", Mark.FAILED: "✗", Mark.SKIPPED: " "}
_STYLES = {Mark.OPEN: "dim", Mark.DONE: "green", Mark.FAILED: "red", Mark.SKIPPED: "dim"}
_OVER = {Mark.DONE, Mark.FAILED}
_WIDE = 130

_TITLE = "[bold]Qaqpa (Қақпа)[/]: the gateway between egov.kz and the bodies that provide public services"
_REAL = (
    "the gateway itself as it runs in production: SOAP over HTTP, XML signatures (GOST and RSA), certificate chains, "
    "revocation by OCSP and lists, the regulated services with their forms and terms, an embedded PostgreSQL with fsync"
)
_PRETENDED = (
    "certification authority (NCA), ShEP, portal with personal cabinets, the providers' systems; "
    "all people, numbers and decisions are invented, the keys are test keys"
)


class View:
    """Shows the applications of one demo."""

    def __init__(self, console: Console, scenarios: Sequence[Scenario]) -> None:
        self.console = console
        self._scenarios = scenarios
        self._seen: list[Seen | None] = [None] * len(scenarios)
        self._told: set[tuple[int, Step]] = set()
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None

    def header(self) -> None:
        """Say what is real here and what is not."""
        legend = Table.grid(padding=(0, 2))
        legend.add_row("[green]real[/]", _REAL)
        legend.add_row("[yellow]sandbox[/]", _PRETENDED)
        self.console.print(Panel(Group(_TITLE, "", legend), expand=False))

    def __enter__(self) -> Self:
        """Begin the live part."""
        if self._live is not None:
            self._live.__enter__()
            self._live.update(self.table())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the live part; the table stays."""
        if self._live is not None:
            self._live.update(self.table())
            self._live.__exit__(kind, error, trace)

    def say(self, text: str) -> None:
        """Tell an event."""
        self.console.print(f"[dim]{local(utc_now()):%H:%M:%S}[/]  {escape(text)}", highlight=False, soft_wrap=True)

    def show(self, seen: Sequence[Seen | None]) -> None:
        """Show where the applications are now."""
        self._seen = list(seen)
        if self._live is not None:
            self._live.update(self.table())
        else:
            for index, one in enumerate(seen):
                self._tell(index, one)

    def _tell(self, index: int, seen: Seen | None) -> None:
        if seen is None:
            return
        marks = seen.marks()
        fresh = [step for step in Step if marks[step] in _OVER and (index, step) not in self._told]
        if fresh:
            self._told.update((index, step) for step in fresh)
            steps = ", ".join(f"NOT {step}" if marks[step] is Mark.FAILED else step for step in fresh)
            note = f"  ({seen.note})" if seen.note else ""
            self.say(f"{index + 1}. {_name(self._scenarios[index])}: {steps}{note}")

    def table(self) -> Group:
        """Return the table of all applications with their services below."""
        wide = self.console.width >= _WIDE
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("#", justify="right")
        table.add_column("application")
        for name in list(Step) if wide else ["steps"]:
            table.add_column(name, justify="center" if wide else "left", no_wrap=True)
        table.add_column("number · last day, or why not", overflow="fold")
        for index, (scenario, seen) in enumerate(zip(self._scenarios, self._seen, strict=True)):
            glyphs = _glyphs(seen)
            steps = glyphs if wide else [Rich("").join(glyphs)]
            table.add_row(str(index + 1), _name(scenario), *steps, escape(seen.note) if seen else "")
        names = [f"{service.partition('.')[2]}: {name.kk} / {name.ru}" for service, name in SERVICES.items()]
        legend = "" if wide else f"steps: {', '.join(Step)}\n"
        return Group(table, Rich(f"\n{legend}" + "\n".join(names), style="dim"))


def _name(scenario: Scenario) -> str:
    return f"{scenario.order.service.partition('.')[2]}: {scenario.title}"


def _glyphs(seen: Seen | None) -> list[Rich]:
    marks = seen.marks() if seen is not None else dict.fromkeys(Step, Mark.OPEN)
    return [Rich(_GLYPHS[marks[step]], style=_STYLES[marks[step]]) for step in Step]
