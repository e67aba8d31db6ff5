"""The testimony of the outputs that a submission has stored: what was printed and shown, and what failed."""

from __future__ import annotations

import re
from typing import Literal

from grader.formats.keras_logs import read_logs
from grader.records import Cell, CellFailed, Event, PictureSaved, Printed, Recording, Submission

_RAISED = re.compile(r"([A-Za-z_][\w.]{0,80}):\s?(.{0,500})")
"""The line of a traceback that names the error, with its message."""
_RAISED_BARE = re.compile(r"[A-Za-z_][\w.]{0,80}(?:Error|Exception|Interrupt|Exit)\s*$")
"""The same without a message."""
_ARROW = re.compile(r"-{2,6}>\s{0,4}(\d{1,5})\b")
"""Points to the line that failed."""
_EVENTS_LIMIT = 50_000
"""Events after which no further cell is read."""


def record_saved(submission: Submission) -> Recording:
    """What the stored outputs say: printed text, pictures, errors, and the logs, summaries and scores in the text."""
    events: list[Event] = []
    for cell in submission.cells:
        if cell.outputs and len(events) < _EVENTS_LIMIT:
            _record_cell(cell, events)
    return Recording(testimony="saved", events=tuple(events))


def _record_cell(cell: Cell, events: list[Event]) -> None:
    texts: list[str] = []
    for output in cell.outputs:
        seq = len(events)
        if output.kind == "error":
            events.append(_failure(output.text, cell.index, seq))
            continue
        if output.text:
            stream: Literal["stdout", "result"] = "stdout" if output.kind == "stream" else "result"
            events.append(Printed(seq=seq, cell=cell.index, text=output.text, stream=stream))
            texts.append(output.text)
        if output.image is not None:
            events.append(PictureSaved(seq=len(events), cell=cell.index, image=output.image))
    text = "\n".join(part.removesuffix("\n") for part in texts)
    source = cell.source if cell.kind == "code" else ""
    events.extend(read_logs(text, source, cell.index, len(events)))


def _failure(trace: str, cell: int, seq: int) -> CellFailed:
    """The error that a stored traceback ends in, with the line that its first arrow points to: the cell's own."""
    lines = [line for line in trace.split("\n") if line.strip()]
    error, message = "Error", ""
    for line in reversed(lines[-40:]):
        if raised := _RAISED.match(line):
            error, message = raised[1], raised[2].strip()
            break
        if _RAISED_BARE.match(line):
            error = line.strip()
            break
    arrow = _ARROW.search(trace[:20_000])
    return CellFailed(
        seq=seq, cell=cell, error=error.rpartition(".")[2], message=message, line=int(arrow[1]) if arrow else None
    )
