"""A batch on the terminal: a live table where there is one, plain lines where there is not."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from grader.batch.estimate import duration
from grader.commands.endings import terminal_line

if TYPE_CHECKING:
    from grader.batch.class_run import Class
    from grader.batch.crew import Worker
    from grader.batch.job import Done
    from grader.batch.run import State

_SHOWN = 12


class BatchDisplay:
    """Done, failed and left; what each worker does; how long the rest will take."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def __enter__(self) -> BatchDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.update("")
            self._live.stop()

    def begin(self, state: State, workers: int) -> None:
        """Say what there is to do."""
        known = f", {state.current} of them finished before" if state.current else ""
        self._console.print(f"{_submissions(state.total)}{known}", soft_wrap=True)
        if state.left and self._console.is_terminal:
            self._live = Live("", console=self._console, refresh_per_second=2, transient=True)
            self._live.start()

    def working(self, state: State, workers: Sequence[Worker]) -> None:
        """Show the workers."""
        if self._live is None:
            return
        table = Table.grid(padding=(0, 2))
        for worker in sorted(workers, key=lambda one: one.number)[:_SHOWN]:
            name = worker.task[1].entry.name if worker.task else ""
            table.add_row(f"[dim]{worker.number}[/dim]", escape(name[:40]), escape(worker.doing[:60]))
        if len(workers) > _SHOWN:
            table.add_row("", "", f"[dim]and {len(workers) - _SHOWN} more[/dim]")
        table.add_row("", f"[bold]{_counts(state)}[/bold]", _left(state))
        self._live.update(table)

    def results(self, state: State) -> None:
        """Say that the gradebook need not be waited for."""
        noun, their = (
            ("result is", "its report follows") if state.judged == 1 else ("results are", "their reports follow")
        )
        self._console.print(f"{state.judged} {noun} in the gradebook; {their}{_left(state)}", soft_wrap=True)

    def finished(self, done: Done, state: State) -> None:
        """A line for each submission, as soon as it is finished."""
        sign = "●" if done.outcome == "graded" else "✕"
        number = state.total - state.left
        rest = f"; {state.left} left{_left(state)}" if state.left and self._live is None else ""
        text = f"{sign} [{number}/{state.total}] {done.name}: {done.message}{rest}"
        self._console.print(escape(terminal_line(text)), soft_wrap=True)


def _submissions(number: int) -> str:
    return f"{number} submission{'' if number == 1 else 's'}"


def _counts(state: State) -> str:
    failed = f", {state.failed} failed" if state.failed else ""
    judged = f" ({state.judged} of them judged)" if state.judged else ""
    return f"{state.done} done{failed}, {state.left} left{judged}"


def _left(state: State) -> str:
    return "" if state.seconds_left is None or not state.left else f", about {duration(state.seconds_left)}"


def print_class(console: Any, graded: Class) -> None:
    """Print what came of a class: who awaits review, who was not graded and why, where the gradebook lies."""
    state = graded.state
    for name, problem in graded.problems.items():
        console.print(f"✕ {escape(name)}: {escape(terminal_line(problem))}", style="yellow", soft_wrap=True)
    if graded.roster.ignored:
        names = ", ".join(graded.roster.ignored[:8])
        more = f" and {len(graded.roster.ignored) - 8} more" if len(graded.roster.ignored) > 8 else ""
        console.print(f"Not taken for submissions: {escape(terminal_line(names))}{more}", style="dim", soft_wrap=True)
    failed = f", {state.failed} not" if state.failed else ""
    console.print(f"[bold]{state.done} graded{failed}[/bold]; {graded.awaiting} await review")
    console.print(f"{state.trained} trainings run, {state.shared} shared", style="dim")
    console.print(str(graded.gradebook), markup=False, soft_wrap=True)
    for report in graded.reports:
        if report.note:
            console.print(escape(report.note), style="yellow", soft_wrap=True)
        console.print(str(report.pdf or report.html), markup=False, soft_wrap=True)
