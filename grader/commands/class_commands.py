"""`labgrade batch` and `labgrade review`: a class graded; what waits for a person out as a list and back as marks.

Where there is a terminal, a live table shows what each worker does; where there is none, lines are printed.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from grader.commands.command_line import one_line_errors, run_choices, run_options, sign, stop, terminal_line
from grader.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

    from grader.batch.class_run import Class
    from grader.batch.job import Done
    from grader.batch.run import State
    from grader.batch.workers import Worker
    from grader.cluster.cluster import ClusterWorkers
    from grader.options import Options

_SHOWN = 12
"""Workers in the live table, so that it stays on the screen."""


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@run_choices
@click.option("--workers", type=click.IntRange(1, 256), help="Processes. Default: one per two cores.")
@click.option("--cluster", metavar="ADDRESS|FILE", help="A Dask scheduler, or a YAML file that says how to start one.")
@click.option("--class", "rules", type=click.Path(path_type=Path), help="class.yaml. Default: the one in SUBMISSIONS.")
@click.option("--anonymous", is_flag=True, help="Leave names out of class.pdf, to show it in a lecture.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def batch(
    submissions: Path,
    workers: int | None,
    cluster: str | None,
    rules: Path | None,
    anonymous: bool,
    verbose: bool,
    **choices: Any,
) -> None:
    """Grade a class: a folder of SUBMISSIONS, a zip from Canvas, Moodle or Brightspace, or a CSV that lists them.

    It can be interrupted at any time: the same command goes on where it was.
    """
    from rich.console import Console

    console = Console(highlight=False)
    errors = Console(stderr=True, highlight=False)
    if choices["unconfined"]:
        errors.print("[bold]The submissions' code runs WITHOUT confinement: it can do what you can do.[/bold]")
    with one_line_errors(choices["cache"], verbose):
        from grader.batch.class_run import grade_class

        options = chosen = run_options(**choices)
        there: int | ClusterWorkers = workers or default_workers()
        if cluster:
            submissions, options = submissions.resolve(), _with_whole_paths(chosen)
            there = _cluster_workers(cluster, options, workers)
        with BatchDisplay(console) as display:
            graded = grade_class(submissions, options, display, there, rules, anonymous=anonymous)
        print_class(console, graded)
    if graded.faults:
        log = chosen.cache / "labgrade.log"
        stop(
            f"{len(graded.faults)} of {graded.state.total} submissions failed by labgrade's own fault; {log} says why",
            code=1,
        )


def default_workers() -> int:
    """One per two usable cores, as each has a trainer and a student's process of its own; two where there are two."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min(2, cores), cores // 2)


def _with_whole_paths(options: Options) -> Options:
    """`options` as the workers of a cluster take them, which see the same folders under the same absolute paths."""
    rubric = options.rubric
    if rubric and Path(rubric).is_dir():
        rubric = str(Path(rubric).resolve())
    return replace(
        options,
        out=options.out.resolve(),
        cache=options.cache.resolve(),
        data=options.data and options.data.resolve(),
        rubric=rubric,
    )


def _cluster_workers(cluster: str, options: Options, workers: int | None) -> ClusterWorkers:
    try:
        from grader.cluster.cluster import ClusterWorkers
    except ModuleNotFoundError as error:
        raise UserError("--cluster needs Dask; install it with: pip install 'labgrade[cluster]'") from error
    return ClusterWorkers(cluster, options, workers)


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
        from rich.live import Live

        known = f", {state.cached} of them finished before" if state.cached else ""
        self._console.print(f"{_submissions(state.total)}{known}", soft_wrap=True)
        if state.left and self._console.is_terminal:
            self._live = Live("", console=self._console, refresh_per_second=2, transient=True)
            self._live.start()

    def show_workers(self, state: State, workers: Sequence[Worker]) -> None:
        """Show the workers."""
        from rich.markup import escape
        from rich.table import Table

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

    def show_results(self, state: State) -> None:
        """Say that the gradebook need not be waited for."""
        noun, their = (
            ("result is", "its report follows") if state.judged == 1 else ("results are", "their reports follow")
        )
        self._console.print(f"{state.judged} {noun} in the gradebook; {their}{_left(state)}", soft_wrap=True)

    def show_finished(self, done: Done, state: State) -> None:
        """A line for each submission, as soon as it is finished."""
        from rich.markup import escape

        shape = sign("passed" if done.outcome == "graded" else "errored")
        number = state.total - state.left
        rest = f"; {state.left} left{_left(state)}" if state.left and self._live is None else ""
        text = f"{shape} [{number}/{state.total}] {done.name}: {done.message}{rest}"
        self._console.print(escape(terminal_line(text)), soft_wrap=True)


def _submissions(number: int) -> str:
    return f"{number} submission{'' if number == 1 else 's'}"


def _counts(state: State) -> str:
    failed = f", {state.failed} failed" if state.failed else ""
    judged = f" ({state.judged} of them judged)" if state.judged else ""
    return f"{state.done} done{failed}, {state.left} left{judged}"


def _left(state: State) -> str:
    from grader.batch.run import duration

    return "" if state.seconds_left is None or not state.left else f", about {duration(state.seconds_left)}"


def print_class(console: Any, graded: Class) -> None:
    """Print what came of a class: who awaits review, who was not graded and why, where the gradebook lies."""
    from rich.markup import escape

    state = graded.state
    for name, problem in graded.problems.items():
        console.print(
            f"{sign('errored')} {escape(name)}: {escape(terminal_line(problem))}", style="yellow", soft_wrap=True
        )
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


@click.command()
@click.argument("reports", type=click.Path(path_type=Path), default=Path("reports"))
@click.option("--file", "file", type=click.Path(path_type=Path), help="The list. Default: review.csv in REPORTS.")
@click.option("--by", metavar="NAME", help="Who marks. Default: the name of the account.")
@click.option("--all", "everything", is_flag=True, help="List what labgrade decided, too, to override it.")
@click.option("--no-reports", is_flag=True, help="Leave the reports as they are until the next `labgrade batch`.")
@click.option("--verbose", is_flag=True, help="Log what labgrade does.")
def review(reports: Path, file: Path | None, by: str | None, everything: bool, no_reports: bool, verbose: bool) -> None:
    """Take in the marks from review.csv in REPORTS, if it is there, then write it with what awaits a person.

    Fill in the columns awarded and comment in any spreadsheet and run the command again. `-` takes a mark back.
    """
    from rich.console import Console

    console = Console(highlight=False)
    with one_line_errors(None, verbose):
        from grader.classroom.review_sheet import Review

        done = Review(reports, file or reports / "review.csv", by or _account())
        done.import_marks()
        for problem in done.problems:
            console.print(problem, style="yellow", markup=False, soft_wrap=True)
        if not done.problems:
            done.write(everything)
        console.print(done.summary(), markup=False, soft_wrap=True)
        if done.changed:
            renew_reports(reports, console, no_reports, done.results)
    if done.problems:
        stop(f"{len(done.problems)} rows were not taken in; mend them in {done.file} and run this again")


def renew_reports(reports: Path, console: Console, no_reports: bool, names: Collection[str]) -> None:
    """Bring new marks into the reports `names` and the gradebook, where labgrade knows the class behind them."""
    from grader.batch.class_run import grade_class, known_class

    known = None if no_reports else known_class(reports)
    if known is None:
        console.print("The next `labgrade batch` (or `check`) brings them into the reports.", soft_wrap=True)
        return
    try:
        with BatchDisplay(console) as display:
            graded = grade_class(
                known.submissions, known.options, display, 1, known.rules, anonymous=known.anonymous, only=names
            )
    except UserError as error:
        console.print(f"The reports were not renewed: {error}", style="yellow", markup=False, soft_wrap=True)
        return
    console.print(str(graded.gradebook), soft_wrap=True)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "teacher"
