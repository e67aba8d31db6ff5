"""How long a class waits for its gradebook after a rubric edit: recordings stand, only the pure checks run.

    python benchmarks/regrade.py [--number 100] [--workers 2] [--reports] [--rubrics FOLDER] [SUBMISSION ...]

Each SUBMISSION (default: the samples) is recorded once; the class is made of copies of them, each with words and code
comments of its own, so that nothing that one process keeps serves two of them, and each with its sample's recording.
Then points, a threshold and a title are edited in turn. With `--reports` every report is rendered between the edits,
too, and the last line is a run in which nothing has changed. With `--rubrics` the labs come from that folder, which
holds a folder for each, instead of labgrade's own.

Seconds depend on how busy the machine is. The yardstick beside them is a fixed piece of work in as many processes as
there are workers, measured before each run; the ratio to it holds for this machine at any load.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from grader.assets import rubrics_folder
from grader.batch.class_run import grade_class
from grader.batch.job import Done
from grader.batch.run import State
from grader.commands.class_commands import default_workers
from grader.options import Options, default_cache
from grader.pipeline import reading
from grader.session import Session

ROOT = Path(__file__).parents[1]
SAMPLES = ("group12", "group03", "group07", "group21", "solo04", "broken")
YARDSTICK = "import ast, json\nfor _ in range(40): ast.dump(ast.parse(open({0!r}).read())), json.dumps([0.1] * 50_000)"
EDITS = (
    ("points", r"points: 1\b", "points: 1.25"),
    ("threshold", r"within: 0\.0\d", "within: 0.04"),
    ("title", r"(?m)^( {4}title: )(.*)$", r"\1\2 (edited)"),
)


class _EnoughError(Exception):
    """The gradebook is written; its reports are not waited for."""


@dataclass
class Watch:
    """Notes when the gradebook held every result."""

    reports: bool
    judged: float | None = None

    def begin(self, state: State, workers: int) -> None:
        """The work begins."""

    def show_workers(self, state: State, workers: object) -> None:
        """Some time has passed."""

    def show_results(self, state: State) -> None:
        """The gradebook is written."""
        self.judged = time.monotonic()
        if not self.reports:
            raise _EnoughError

    def show_finished(self, done: Done, state: State) -> None:
        """A submission is finished."""


class _Silent:
    def stage(self, name: str) -> None:
        """A stage begins."""

    def cell(self, number: int, of: int) -> None:
        """A cell begins to run."""

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """An epoch is done."""


def write_variant(sample: Path, folder: Path, number: int) -> None:
    """Write to `folder` a copy of `sample` whose text and code nobody else has; its code does the same."""
    shutil.copytree(sample, folder)
    for path in folder.rglob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for place, cell in enumerate(notebook["cells"]):
            own = f"\n# {number}.{place}" if cell["cell_type"] == "code" else f" We are group {number}."
            cell["source"] = "".join(cell["source"]) + own
        path.write_text(json.dumps(notebook), encoding="utf-8")
    for path in folder.rglob("*.py"):
        path.write_text(f"{path.read_text(encoding='utf-8')}\n# group {number}\n", encoding="utf-8")


def make_class(samples: list[Path], folder: Path, options: Options, number: int) -> None:
    """Write `number` copies below `folder`, and put a recording of each into the store."""
    with Session(options, _Silent()) as session:
        recorded = {}
        for sample in samples:
            read = reading(sample, options)
            reference = session.reference(read.rubric, read.solution)
            recorded[sample] = session.rerun(read.submission, read.rubric, read.functions, reference)
            print(f"recorded {sample.name}", flush=True)
        for place in range(number):
            sample = samples[place % len(samples)]
            copy = folder / f"{sample.name}-{place:03}"
            write_variant(sample, copy, place)
            read = reading(copy, options)
            key = session._rerun_key(read.submission, read.rubric, read.functions, session.effort)
            session._recordings.put(key, recorded[sample])


def yardstick(workers: int) -> float:
    """Seconds that a fixed piece of work takes in `workers` processes at once."""
    code = YARDSTICK.format(__file__)
    began = time.monotonic()
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(workers)]
    for process in processes:
        process.wait()
    return time.monotonic() - began


def time_run(what: str, submissions: Path, options: Options, workers: int, reports: bool) -> None:
    """Print how long one run takes."""
    unit, watch, began = yardstick(workers), Watch(reports), time.monotonic()
    with contextlib.suppress(_EnoughError):
        grade_class(submissions, options, watch, workers)
    ended = time.monotonic()
    judged = (watch.judged or ended) - began
    rest = f"; every report after {ended - began:.1f} s" if reports else ""
    print(f"{what}: gradebook after {judged:.1f} s = {judged / unit:.2f} yardsticks of {unit:.1f} s{rest}", flush=True)


def edit_rubrics(labs: Path, pattern: str, by: str) -> None:
    """Change the first place that fits in the rubric of each lab."""
    for path in labs.rglob("rubric.yaml"):
        text, count = re.subn(pattern, by, path.read_text(encoding="utf-8"), count=1)
        path.write_text(text if count else f"{text}\n# edited\n", encoding="utf-8")


def measure(samples: list[Path], number: int, workers: int, reports: bool) -> None:
    """Make the class below a folder of its own, grade it, and grade it anew after each edit of this tree's rubrics."""
    with tempfile.TemporaryDirectory() as place:
        submissions = Path(place) / "in"
        options = Options(out=Path(place) / "out", cache=default_cache())
        make_class(samples, submissions, options, number)
        time_run("first run", submissions, options, workers, reports)
        for what, pattern, by in EDITS:
            edit_rubrics(rubrics_folder(), pattern, by)
            time_run(f"{what} edited", submissions, options, workers, reports)
        if reports:
            time_run("unchanged", submissions, options, workers, reports)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submission", nargs="*", type=Path)
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--reports", action="store_true")
    parser.add_argument("--rubrics", type=Path, default=rubrics_folder())
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    samples = [path.resolve() for path in chosen.submission or [ROOT / "submissions" / name for name in SAMPLES]]
    if chosen.here:
        measure(samples, chosen.number, chosen.workers, chosen.reports)
        return
    with tempfile.TemporaryDirectory() as place:  # its rubrics are edited: labgrade runs from a copy
        parts = {part: ROOT / part for part in ("grader", "templates", "benchmarks")} | {"rubrics": chosen.rubrics}
        for part, source in parts.items():
            shutil.copytree(source, Path(place) / part, ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, str(Path(place) / "benchmarks" / "regrade.py"), "--here", *map(str, samples)]
        command += ["--number", str(chosen.number), "--workers", str(chosen.workers)]
        subprocess.run(
            [*command, *(["--reports"] if chosen.reports else [])],
            cwd=place,
            env=os.environ | {"PYTHONPATH": place},
            check=True,
        )


if __name__ == "__main__":
    main()
