"""A session that runs nothing: code 'prints' itself after a moment. Its recordings are stored for real."""

from __future__ import annotations

import hashlib
import html
import os
import signal
import time
from multiprocessing import parent_process
from typing import Any

from grader.facts.datasets import IMAGE_SETS
from grader.recorder.host import Recorded
from grader.records import Outcome, Printed, Recording, Rubric, Submission
from grader.reports import pages
from grader.reports.view import ReportView
from grader.session import Session

RECORDING_SECONDS = 0.1


def _quick_pdf(view: ReportView) -> bytes:
    return b"%PDF-1.7 " + hashlib.sha256(repr(view).encode()).hexdigest().encode()


def quick_reports() -> None:
    """Laying out takes a second for each report, and has tests of its own; these are about the batch."""
    pages.report_pdf = _quick_pdf
    pages.report_html = lambda view: f"<html>{html.escape(repr(view))}</html>"


if parent_process() is not None:
    quick_reports()


class FictionalSession(Session):
    """Records by looking at the code. What it says may be asked for by the code itself: `kill`, `fail`."""

    def _record(self, submission: Submission, rubric: Rubric, *more: object) -> tuple[Recorded, Any]:
        with (self.options.cache / "ledger").open("a") as ledger:
            ledger.write(f"{submission.name}\n")
        assert all(hashlib.sha256(file.content).hexdigest() == file.digest for file in submission.data)
        time.sleep(RECORDING_SECONDS)
        code = [cell for cell in submission.cells if cell.kind == "code"]
        asked = frozenset(name for name in IMAGE_SETS if any(f"load {name}" in cell.source for cell in code))
        if any("kill the worker" in cell.source for cell in code):
            os.kill(os.getpid(), signal.SIGKILL)
        if any("fail by labgrade" in cell.source for cell in code):
            raise RuntimeError("a fault of labgrade's own")
        events = tuple(Printed(seq=at, cell=cell.index, text=cell.source[:50]) for at, cell in enumerate(code))
        recording = Recording(testimony="rerun", events=events, outcome=Outcome(status="finished"))
        return Recorded(recording, [], asked), None

    def _describe(self, recording: Recording) -> Recording:
        return recording.model_copy(update={"environment": {"effort": self.effort, "sandbox": "none"}})
