"""What `Case` says, asked by functions: for the observations and the result."""

from __future__ import annotations

from grader.criteria.case import Case
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.models import CompileArguments


def case_of(question: QuestionMatch, match: Match) -> Case:
    """A case whose reference is not asked for."""
    return Case(question, match, Reference(rubric="", recording=match.rerun))


def compile_of(question: QuestionMatch, match: Match) -> tuple[CompileArguments, int] | None:
    """The compile arguments of the question's model, and the cell that gave them."""
    return case_of(question, match).compiled


def own_cells(question: QuestionMatch) -> frozenset[int]:
    """The question's cells and those of its model."""
    return frozenset(question.cells) | frozenset(question.model.cells if question.model else ())


def is_reduced(match: Match) -> bool:
    """Whether the rerun's accuracies are lower than the group's own may have been: quick effort, or stand-in data."""
    environment = match.rerun.environment
    return environment.get("effort") == "quick" or environment.get("standin") is True
