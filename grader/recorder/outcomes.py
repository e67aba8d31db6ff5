"""How a run ended: whether another would find the same, and whose fault it was."""

from __future__ import annotations

from grader.records.recording import Recording
from grader.records.rubric import Rubric
from grader.records.submission import Submission


def is_settled(recording: Recording) -> bool:
    """Whether another run would find the same: not when labgrade itself failed or ended the run."""
    unfinished = any(event.kind == "noted" and event.topic == "limit" for event in recording.events)
    killed = recording.outcome.status == "killed" and recording.outcome.limit is None
    return not killed and not unfinished


def may_be_ours(recording: Recording) -> bool:
    """Whether the run ended by a signal from nobody knows where, or for want of the trainer: it is run once more, as
    somebody may have killed one of labgrade's processes."""
    killed = recording.outcome.status == "killed" and recording.outcome.limit is None
    failed = (event for event in recording.events if event.kind == "noted" and event.topic == "limit")
    return killed or any("labgrade's trainer failed" in event.message for event in failed)


def solution_fault(rubric: Rubric, solution: Submission, recording: Recording) -> str:
    """Why the solution of `rubric` did not run to its end, and what to do, in one line."""
    for event in recording.events:
        if event.kind == "failed":
            cell = solution.cells[event.cell]
            place = f"rubrics/{rubric.name}/{cell.file}: cell {cell.number}"
            return f"{place} fails with {event.error}: {event.message[:200]}; mend the solution"
    return f"rubrics/{rubric.name}/solution.py: {recording.outcome.message}; mend the solution"
