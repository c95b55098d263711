"""How far a case is, for people: in a line, and as the act's own steps."""

from rich.table import Table

from gateway.cases.model import Case
from gateway.cases.rulebook import Rulebook
from gateway.catalogue.procedure import Course
from gateway.clock import local


def describe(case: Case) -> str:
    """Return in a line how far a case is, and by when what."""
    words = [f"{case.number or case.id}: {case.state}"]
    if (stand := case.progress.step) is not None:
        words.append(f"step {stand.no} ({stand.unit}) until {local(stand.due):%Y-%m-%d %H:%M}{_late(stand.lateness)}")
    if case.deadline is not None and not case.progress.is_paused:
        extended = ", extended" if case.progress.extended else ""
        words.append(f"term until {local(case.deadline):%Y-%m-%d}{extended}{_late(case.lateness)}")
    if case.duty is not None:
        words.append(f"{case.duty.kind} until {local(case.duty.due):%Y-%m-%d}")
    return "; ".join(words)


def steps_table(case: Case, book: Rulebook) -> Table | None:
    """Return the act's steps with what each is planned for, and where the case is; None where the act tells none."""
    stand = case.progress.step
    course = stand.course if stand is not None else Course.MAIN
    planned = {one.step.no: one.due for one in book.plan(case)}
    steps = book.steps(course)
    if not steps:
        return None
    table = Table("", "step", "unit", "what", "time", "planned until", title=f"The act's steps ({course})")
    for step in steps:
        here = "→" if stand is not None and stand.no == step.no else ""
        due = f"{local(planned[step.no]):%Y-%m-%d %H:%M}" if step.no in planned else "-"
        unit = f"{step.party} {step.unit or ''}".strip()
        table.add_row(here, step.no, unit, step.action.ru, step.span.text.ru if step.span else "-", due)
    return table


def _late(lateness: str | None) -> str:
    return f" ({lateness})" if lateness else ""
