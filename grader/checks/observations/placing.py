"""Which question an observation belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from grader.records.match import Match


def question_of(match: Match, cells: Iterable[int]) -> str | None:
    """Id of the question whose model was made in `cells`, else of the first under which they stand, else `None`."""
    wanted = set(cells)
    practical = [q for q in match.questions if any(criterion.kind != "written" for criterion in q.question.criteria)]
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
