"""`labgrade batch`: a whole class in, a report each and a gradebook out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.commands.choices import run_choices, run_options
from grader.commands.endings import one_line_errors, stop
from grader.errors import UserError

if TYPE_CHECKING:
    from grader.batch.class_run import Class
    from grader.commands.classes.watching import BatchDisplay
    from grader.options import Options


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
        from grader.batch.class_run import graded_class
        from grader.batch.pool import default_workers
        from grader.commands.classes.watching import BatchDisplay, print_class

        options = run_options(**choices)
        with BatchDisplay(console) as display:
            if cluster:
                graded = _by_cluster(cluster, submissions, options, display, workers, rules, anonymous)
            else:
                size = workers or default_workers()
                graded = graded_class(submissions, options, display, size, rules, anonymous=anonymous)
        print_class(console, graded)
    if graded.faults:
        log = options.cache / "labgrade.log"
        stop(
            f"{len(graded.faults)} of {graded.state.total} submissions failed by labgrade's own fault; {log} says why",
            code=1,
        )


def _by_cluster(
    cluster: str,
    submissions: Path,
    options: Options,
    display: BatchDisplay,
    workers: int | None,
    rules: Path | None,
    anonymous: bool,
) -> Class:
    """The class, graded by the cluster. Its workers see the same folders under the same absolute paths."""
    from dataclasses import replace

    from grader.batch.class_run import graded_class

    try:
        from grader.cluster.crew import ClusterCrew
        from grader.cluster.workshop import WORKSHOP
    except ModuleNotFoundError as error:
        raise UserError("--cluster needs Dask; install it with: pip install 'labgrade[cluster]'") from error
    rubric = options.rubric
    if rubric and Path(rubric).is_dir():
        rubric = str(Path(rubric).resolve())
    options = replace(
        options,
        out=options.out.resolve(),
        cache=options.cache.resolve(),
        data=options.data and options.data.resolve(),
        rubric=rubric,
    )
    crew = ClusterCrew(cluster, options, workers)
    return graded_class(submissions.resolve(), options, display, crew, rules, WORKSHOP, anonymous)
