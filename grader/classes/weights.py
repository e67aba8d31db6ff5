"""A rubric whose questions count as a class wants them."""

from __future__ import annotations

from collections.abc import Mapping

from grader.errors import UserError
from grader.reading.yaml_lines import suggestion
from grader.records.rubric import Question, Rubric


def weighted_rubric(rubric: Rubric, weights: Mapping[str, float]) -> Rubric:
    """`rubric` with the points of each question times its weight. Raises `UserError` for an unknown question."""
    known = {question.id for question in rubric.questions}
    for name in weights:
        if name not in known:
            raise UserError(f"class.yaml: weights: {rubric.name} has no question '{name}'.{suggestion(name, known)}")
    if not weights:
        return rubric
    questions = tuple(_weighted(question, weights.get(question.id, 1.0)) for question in rubric.questions)
    return rubric.model_copy(update={"questions": questions})


def _weighted(question: Question, weight: float) -> Question:
    criteria = tuple(
        criterion.model_copy(update={"points": round(criterion.points * weight, 6)}) for criterion in question.criteria
    )
    return question.model_copy(update={"criteria": criteria})
