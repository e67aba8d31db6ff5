"""How long a class waits for its results after a rubric edit: recordings stand, only the pure checks run.

    python benchmarks/regrade.py [--number 100] [--workers 2]

Grades copies of a sample under other names (they share one recording, as equal code does, and each is read, matched and
judged by itself), changes the points in the rubric, and measures until every result is written, and every report.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from grader.assets import rubrics_folder
from grader.batch.class_run import graded_class
from grader.batch.pool import default_workers
from grader.batch.run import State
from grader.options import Options, default_cache

ROOT = Path(__file__).parents[1]
LAB = "dat405-neural-networks"


class Watch:
    """Notes when every result was written for the first time."""

    def __init__(self) -> None:
        self.judged: float | None = None

    def begin(self, state: State, workers: int) -> None:
        """The work begins."""

    def working(self, state: State, workers: object) -> None:
        """Some time has passed."""
        if self.judged is None and state.judged + state.done + state.failed >= state.total:
            self.judged = time.monotonic()

    def finished(self, done: object, state: State) -> None:
        """A submission is finished."""


def timed(submissions: Path, options: Options, workers: int) -> tuple[float, float]:
    """(Seconds until every result is written, seconds until every report is, too)."""
    watch, started = Watch(), time.monotonic()
    graded_class(submissions, options, watch, workers)
    ended = time.monotonic()
    return (watch.judged or ended) - started, ended - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--workers", type=int, default=default_workers())
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(rubrics_folder() / LAB, root / LAB)
        for number in range(chosen.number):
            shutil.copytree(ROOT / "submissions" / "group12", root / "in" / f"group{number}")
        options = Options(rubric=str(root / LAB), out=root / "out", cache=default_cache())
        for what in ("first run", "rubric edited", "unchanged"):
            if what == "rubric edited":
                rubric = root / LAB / "rubric.yaml"
                rubric.write_text(rubric.read_text().replace("points: 0.5", "points: 0.75", 1))
            results, reports = timed(root / "in", options, chosen.workers)
            print(f"{what}: {results:.1f} s until every result, {reports:.1f} s until every report", flush=True)


if __name__ == "__main__":
    main()
