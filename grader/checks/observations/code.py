"""The hand-in's code as it stands, for observers, and whether the rerun came to a cell."""

from __future__ import annotations

import re

from grader.records.match import Match
from grader.records.recording import CellFailed
from grader.source.program import Program, programs

_OF_REPORTS = (".pdf", ".docx", ".md", ".txt", ".html")


def programs_of(match: Match) -> tuple[Program, ...]:
    """The code of each file, read without running it."""
    return programs(match.submission.cells)


def has_run(match: Match, cell: int) -> bool:
    """Whether the rerun came to `cell`, and tried it."""
    outcome = match.rerun.outcome
    if outcome.status == "not run":
        return False
    return outcome.status == "finished" or cell <= outcome.last_cell


def failures_in(match: Match, cell: int) -> list[CellFailed]:
    """The errors with which `cell` stopped in the rerun."""
    return [event for event in match.rerun.events if isinstance(event, CellFailed) and event.cell == cell]


def is_fragment(file: str) -> bool:
    """Whether code was taken out of a report: parts of it may not have been found again."""
    return file.lower().endswith(_OF_REPORTS)


def code_text(match: Match) -> str:
    """All code, as text."""
    return "\n".join(cell.source for cell in match.submission.cells if cell.kind == "code")


def words_outside(match: Match, file: str, unread: tuple[int, ...]) -> frozenset[str]:
    """Names that stand anywhere outside the code of `file` that could be read: they may be made there."""
    texts = [
        cell.source[:400_000]
        for cell in match.submission.cells
        if cell.index in unread
        or (cell.kind == "code" and cell.runs and cell.file != file)
        or (cell.kind == "prose" and is_fragment(file))
    ]
    return frozenset(name for text in texts for name in re.findall(r"[^\W\d]\w{0,80}", text))
