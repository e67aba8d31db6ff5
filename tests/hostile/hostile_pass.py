"""One pass over all attacks by one user under one provider: `python hostile_pass.py PROVIDER FOLDER [NAME|GROUP...]`.

Each attack goes through the real `check`; now and then between them an honest hand-in must be graded to the same bytes.
What an attack reached, if anything, is written as one JSON object a line to FOLDER/PROVIDER.jsonl.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hostile_attack import HERE, HONEST, PATIENT_WALL, WALL, Attack, code, notebook, prose, written
from hostile_outside import Outside
from hostile_page import FetchLog, complaints
from hostile_sheets import complaints as sheet_complaints
from hostile_table import BY_GROUP

import grader.reports.history_charts as histories
import grader.reports.pages as pages
import grader.reports.printing as printing
from grader.errors import SandboxUnavailableError, UserError
from grader.options import Options
from grader.pipeline import CheckResult, check
from grader.records import LimitChoices, Recording, Rubric
from grader.sandbox.contract import Limits
from grader.session import Session

_HONEST_EVERY = int(os.environ.get("HOSTILE_HONEST_EVERY", "15"))
"""After so many attacks an honest hand-in is graded."""
_BY_TIME = ("the run ended", "the report does not", "it took", "points, the work")

LIMITS = LimitChoices(
    wall=PATIENT_WALL,
    cpu=2,
    memory=700 << 20,
    processes=64,
    file_size=20 << 20,
    scratch=60 << 20,
    files=2000,
    open_files=128,
    output=100_000,
)


class Silence:
    """Progress that nobody watches."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


class Watched(Session):
    """A session that keeps its last recording, and whose hand-ins may run for `wall` seconds."""

    last: Recording | None = None
    wall: float = PATIENT_WALL
    _wall: float = PATIENT_WALL
    """Of what runs now: the reference is none of the hand-ins."""

    def rerun(self, *arguments: Any, **more: Any) -> Recording:
        self._wall = self.wall
        try:
            self.last = super().rerun(*arguments, **more)
        finally:
            self._wall = PATIENT_WALL
        return self.last

    def _limits(self, rubric: Rubric) -> Limits:
        return replace(super()._limits(rubric), wall_seconds=self._wall)


class Pass:
    """The lab, the outside and the marks to compare with."""

    def __init__(self, provider: str, folder: Path) -> None:
        self.folder = folder
        self.outside = Outside(folder / "outside")
        os.environ["LABGRADE_OFFLINE"] = "1"
        data = folder / "data"
        data.mkdir()
        np.savez(data / "mnist.npz", **digits())
        options = Options(
            rubric=str(HERE / "lab"),
            out=folder / "reports",
            effort="quick",
            data=data,
            cache=folder / "cache",
            provider=provider,  # type: ignore[arg-type]
            limits=LIMITS,
            threads=1,
        )
        self.options = replace(options, fresh=True)
        self.session = Watched(self.options, Silence())
        self._pdf = pages.report_pdf
        self._fetched = FetchLog(printing)
        # The honest work's curves are the same in every report, and drawing them is a fifth of an attack's time.
        histories.history_figure = remembered(histories.history_figure)
        self._weak: dict[str, float] = {}

    def open(self) -> str:
        """Start everything once; the provider in force."""
        provider = self.session.server().provider
        (self.folder / "hand-ins").mkdir()
        (self.folder / "honest").mkdir()
        parts = prose("## 1.1"), code(HONEST), prose("## 1.2\nThe network has 7850 parameters.")
        self._honest = notebook(self.folder / "honest" / "honest.ipynb", *parts)
        self._checked(self._honest)
        self._checked(HERE / "functions_lab" / "solution.py", lab="functions_lab")
        self._expected = self._result(self._checked(self._honest))
        self.points = json.loads(self._expected)["score"]["awarded"]
        self.outside.settle()
        return provider

    def _checked(self, path: Path, pdf: bool = False, lab: str = "lab") -> CheckResult:
        pages.report_pdf = self._pdf if pdf else _no_pdf  # type: ignore[assignment]
        return check(path, replace(self.options, rubric=str(HERE / lab)), Silence(), self.session)

    def _result(self, checked: CheckResult) -> bytes:
        return checked.files.result.read_bytes()

    def attacked(self, attack: Attack, wall: float) -> list[str]:
        """What `attack` reached within `wall` seconds of its own."""
        place = Path(tempfile.mkdtemp(dir=self.folder / "hand-ins"))
        path = written(attack, place, self._filled)
        weak = self._score_of(attack.instead) if attack.marks == "not gained" else 0.0
        self.outside.begin()
        self.session.last, self.session.wall = None, wall
        found: list[str] = []
        try:
            checked: CheckResult | None = self._checked(path, attack.pdf, attack.lab)
        except UserError as error:
            checked = None
            if not attack.refused or "\n" in str(error):
                found.append(f"it was refused: {error}")
        finally:
            self.session.wall = PATIENT_WALL
        recording = self.session.last
        printed = recording.model_dump_json() if recording else ""
        kept = [checked.files.html, checked.files.result] if checked else []
        found += self.outside.complaints(printed, kept, wall)
        if checked is not None and recording is not None:
            found += self._judged(attack, checked, recording, weak)
        return found

    def shaken(self) -> str:
        """Where an honest hand-in is graded otherwise than at first; empty where it is the same to the byte."""
        result = self._result(self._checked(self._honest))
        if result == self._expected:
            return ""
        lines = zip(self._expected.decode().splitlines(), result.decode().splitlines(), strict=False)
        return next((f"{was.strip()} / {now.strip()}" for was, now in lines if was != now), "its length")

    def _judged(self, attack: Attack, checked: CheckResult, recording: Recording, weak: float) -> list[str]:
        found = []
        # Out of time it may run anywhere: the machine may be busy.
        if recording.outcome.status not in (*attack.ends, "timed out"):
            found.append(f"the run ended {recording.outcome.status} ({recording.outcome.message})")
        score = checked.result.score
        if attack.marks == "kept" and score.awarded < self.points:
            found.append(f"points, the work before it is worth {self.points}: {score.awarded}")
        if attack.marks == "not gained" and score.awarded > weak:
            found.append(f"{score.awarded} points, without the cheat {weak}")
        if attack.most is not None and score.awarded > attack.most:
            found.append(f"{score.awarded} points, at most {attack.most} are due")
        if score.awarded > self.points:
            found.append(f"{score.awarded} points, honest work is worth {self.points}")
        page = checked.files.html.read_text()
        missing = [wanted for wanted in attack.says if not any(words in page for words in wanted.split("|"))]
        found += [f"the report does not say “{wanted}”" for wanted in missing]
        if recording.outcome.status != "finished" and "cell" not in " ".join(checked.result.notes):
            found.append(f"the report does not name the cell: {checked.result.notes}")
        found += complaints(page) + self._fetched.complaints() + list(sheet_complaints(checked.result))
        if attack.pdf and checked.files.pdf is None:
            found.append(f"no PDF: {checked.files.note}")
        return found

    def _score_of(self, cell: str | None) -> float:
        """What a hand-in earns with `cell` and without a cheat."""
        source = cell if cell is not None else HONEST
        if source not in self._weak:
            place = self.folder / "weak" / str(len(self._weak))
            place.mkdir(parents=True)
            answer = prose("## 1.2\nThe network has 7850 parameters.")
            path = notebook(place / "weak.ipynb", prose("## 1.1"), code(source), answer)
            self._weak[source] = self._checked(path).result.score.awarded
        return self._weak[source]

    def _filled(self, text: str) -> str:
        for name, value in self.outside.names.items():
            text = text.replace(f"@{name}@", value)
        return text


def digits() -> dict[str, np.ndarray[Any, Any]]:
    """A small data set of the form of MNIST that a small network learns well."""
    draw = np.random.default_rng(7)
    patterns = draw.integers(0, 2, (10, 28, 28)) * 150

    def part(rows: int) -> tuple[Any, Any]:
        labels = np.arange(rows) % 10
        return (patterns[labels] + draw.integers(0, 100, (rows, 28, 28))).astype(np.uint8), labels.astype(np.uint8)

    (x_train, y_train), (x_test, y_test) = part(600), part(200)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def remembered(drawing: Callable[[Any], str]) -> Callable[[Any], str]:
    """`drawing`, which draws the same but once."""
    known: dict[str, str] = {}

    def drawn(panels: Any) -> str:
        key = repr(panels)
        if key not in known:
            known[key] = drawing(panels)
        return known[key]

    return drawn


def _no_pdf(view: object) -> bytes:
    raise printing.PdfLibrariesError("no PDF in this pass")


def attempted(run: Pass, attack: Attack) -> list[str]:
    """What `attack` reached. Where time alone may be to blame, on a busy machine, it is tried again with patience."""
    for wall in (WALL, PATIENT_WALL):
        try:
            found = run.attacked(attack, wall)
        except Exception as error:
            traceback.print_exc()
            return [f"labgrade failed: {type(error).__name__}: {error}"]
        if not found or any(not one.startswith(_BY_TIME) for one in found):
            break
    return found


def main(provider: str, folder: Path, chosen: list[str]) -> None:
    """Run the pass."""
    with (folder / f"{provider}.jsonl").open("w", buffering=1) as lines:

        def tell(**line: object) -> None:
            lines.write(json.dumps(line) + "\n")

        run = Pass(provider, folder / "work")
        with run.session:
            try:
                tell(provider=run.open(), user=os.getuid())
            except SandboxUnavailableError as error:
                tell(unavailable=str(error))
                return
            attacks = [(group, attack) for group, several in BY_GROUP.items() for attack in several]
            wanted = [attack for group, attack in attacks if not chosen or attack.name in chosen or group in chosen]
            since: list[str] = []
            for number, attack in enumerate(wanted, 1):
                began = time.monotonic()
                found = attempted(run, attack)
                since.append(attack.name)
                if number % _HONEST_EVERY == 0 or number == len(wanted) or found:
                    if differs := run.shaken():
                        found.append(f"the next hand-in is graded otherwise after one of {since}: {differs}")
                    since = []
                tell(attack=attack.name, found=found, seconds=round(time.monotonic() - began, 2))
        tell(done=len(wanted))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
