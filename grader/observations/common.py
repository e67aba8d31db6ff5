"""What several observers need: the hand-in's code as it stands, and to which question a place belongs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from grader.code.program import Program, programs
from grader.records import CellFailed, Match

# The hand-in's code as it stands, for observers, and whether the rerun came to a cell.


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


def is_fragment(match: Match, file: str) -> bool:
    """Whether the code of `file` was taken out of a document: parts of it may not have been found again."""
    return any(cell.file == file and cell.origin != "file" for cell in match.submission.cells)


def code_text(match: Match) -> str:
    """All code, as text."""
    return "\n".join(cell.source for cell in match.submission.cells if cell.kind == "code")


def words_outside(match: Match, file: str, unread: tuple[int, ...]) -> frozenset[str]:
    """Names that stand anywhere outside the code of `file` that could be read: they may be made there."""
    fragment = is_fragment(match, file)
    texts = [
        cell.source[:400_000]
        for cell in match.submission.cells
        if cell.index in unread
        or (cell.kind == "code" and cell.runs and cell.file != file)
        or (cell.kind == "prose" and fragment)
    ]
    return frozenset(name for text in texts for name in re.findall(r"[^\W\d]\w{0,80}", text))


# Which question an observation belongs to.


def question_of(match: Match, cells: Iterable[int]) -> str | None:
    """Id of the question whose model was made in `cells`, else of the first under which they stand, else `None`."""
    wanted = set(cells)
    practical = [q for q in match.questions if any(not criterion.by_person for criterion in q.question.criteria)]
    for question in practical:
        if question.model is not None and wanted & set(question.model.cells) and wanted & set(question.cells):
            return question.question.id
    for question in practical:
        if question.model is not None and wanted & set(question.model.cells):
            return question.question.id
    return next((question.question.id for question in match.questions if wanted & set(question.cells)), None)


def question_at(match: Match, cell: int) -> str | None:
    """Id of the first question under which `cell` itself stands, whatever models it makes."""
    return next((question.question.id for question in match.questions if cell in question.cells), None)
