"""Helpers for trying functions: plans of code cells, and the lab whose cases they are tried on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from grader.criteria.answers.function import FunctionCriterion
from grader.functions.candidates import FunctionPlan, function_plan
from grader.records import Cell, FunctionTested, Passage, Question, Rubric, Submission

LAB = Path(__file__).parents[2] / "rubrics" / "image-recognition"
QUESTIONS = ("20", "21", "22", "23", "24", "25")
Tried = Callable[..., dict[str, FunctionTested]]


def rubric_of(questions: tuple[str, ...]) -> Rubric:
    """A rubric that asks for a function in each of `questions`."""
    asked = tuple(Question(id=one, title=one, criteria=(FunctionCriterion(points=4),)) for one in questions)
    return Rubric(version=1, name="functions", title="Functions", questions=asked)


def plan_of(
    *sources: str, placed: dict[int, str] | None = None, questions: tuple[str, ...] = QUESTIONS
) -> FunctionPlan:
    """The plan of code cells; `placed` says which cell stands under which question."""
    texts = [dedent(source) for source in sources]
    cells = tuple(
        Cell(index=at, kind="code", source=text, file="notebook.ipynb", number=at + 1) for at, text in enumerate(texts)
    )
    passages = tuple(
        Passage(question=question, cell=cell, start=0, end=len(texts[cell]), found_by="heading")
        for cell, question in (placed or {}).items()
    )
    submission = Submission(name="group", files=("notebook.ipynb",), cells=cells, digest="")
    return function_plan(submission, passages, rubric_of(questions))
