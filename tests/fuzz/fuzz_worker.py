"""Grades damaged hand-ins without running them, one JSON line a fault.

    python fuzz_worker.py KIND[,KIND...] FROM TO FOLDER

The process may take `_MEMORY` bytes beyond its libraries, and each case `_SECONDS`; both are the fault of the case.
"""

from __future__ import annotations

import json
import logging
import resource
import signal
import sys
import traceback
import warnings
from datetime import date
from pathlib import Path
from types import FrameType

from beginnings import ROOT, beginnings
from mutation import case

from grader.errors import UserError
from grader.judging import make_result
from grader.matching.matcher import match_submission
from grader.questions.placing import answer_text, find_passages
from grader.records import Architecture, Layer, Recording, Reference, ReferenceModel
from grader.reports.files import result_json
from grader.reports.pages import report_html, report_view
from grader.submissions.read import read_submission
from grader.submissions.rubric_choice import find_rubric
from grader.submissions.rubric_file import load_rubric
from grader.submissions.saved_outputs import record_saved

LAB = "dat405-neural-networks"
SUFFIX = {
    "notebook": ".ipynb",
    "script": ".py",
    "zip": ".zip",
    "pdf": ".pdf",
    "word": ".docx",
    "web": ".html",
    "markdown": ".md",
}
_MEMORY = 700 << 20
_SECONDS = 20
"""Of the processor: a busy machine is no fault of the case."""
_HANGS = 300
_SHOWN_ONE_IN = 8


_LAYER = Layer(class_name="Dense", name="d", output_shape=(None, 10), parameters=7850, config={"units": 10})
_MODEL = Architecture(id="r", kind="sequential", layers=(_LAYER,), input_shape=(784,), parameters=7850)


class OwnFaults(logging.Handler):
    """Keeps what labgrade logs as a failure of its own: the verdict is then `errored`, and the report goes on."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.seen.append(logging.Formatter().format(record))


_OWN = OwnFaults()


class TooSlowError(BaseException):
    """A case takes too long."""


def graded(path: Path, shown: bool) -> None:
    """All of `check` but the rerun."""
    submission = read_submission(path)
    rubric, _ = find_rubric(submission, path, LAB, [ROOT / "rubrics"])
    passages = find_passages(submission, rubric)
    answers = {question.id: answer_text(submission, passages, question, rubric) for question in rubric.questions}
    saved = record_saved(submission)
    names = {question.model for question in rubric.questions if question.model}
    models = {name: ReferenceModel(name=name, architecture=_MODEL) for name in sorted(names)}
    reference = Reference(rubric=rubric.name, recording=Recording(testimony="reference"), models=models)
    match = match_submission(submission, rubric, passages, answers, saved, Recording(testimony="rerun"), reference)
    result = make_result(match, reference, "quick")
    result_json(result).encode()
    if shown:
        report_html(report_view(result, match, reference, date(2026, 1, 1))).encode()


def faults(kind: str, seed: int, data: bytes, folder: Path) -> str | None:
    """What is wrong with the end of one case; `None` when it ends in a result or in one line."""
    place = folder / f"{kind}{seed}"
    place.mkdir()
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    signal.alarm(_HANGS)
    try:
        if kind == "rubric":
            (place / "rubric.yaml").write_bytes(data)
            load_rubric(place)
        else:
            path = place / f"hand-in{SUFFIX[kind]}"
            path.write_bytes(data)
            graded(path, seed % _SHOWN_ONE_IN == 0)
    except UserError as error:
        return f"an error of several lines: {error}" if "\n" in str(error) or len(str(error)) > 2_000 else None
    except TooSlowError:
        return f"more than {_SECONDS} s: {''.join(traceback.format_exc(limit=-6))}"
    except BaseException:
        return traceback.format_exc(limit=-8)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    return _OWN.seen.pop() if _OWN.seen else None


def main(kinds: list[str], first: int, last: int, folder: Path) -> None:
    """Run cases `first` to `last`, the latter excluded, of each kind."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooSlowError

    for late in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(late, ring)
    logging.getLogger("grader").addHandler(_OWN)
    warnings.simplefilter("ignore")
    begin = {kind: beginnings(kind) for kind in kinds}
    graded(ROOT / "submissions" / "group12", True)
    used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (used + _MEMORY, used + _MEMORY))
    for kind in kinds:
        for seed in range(first, last):
            fault = faults(kind, seed, case(kind, seed, begin[kind]), folder)
            if fault is not None:
                print(json.dumps({"kind": kind, "seed": seed, "fault": fault}), flush=True)
    print(json.dumps({"done": (last - first) * len(kinds)}))


if __name__ == "__main__":
    main(sys.argv[1].split(","), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
