"""What of a submission is needed to judge its functions, in one record."""

from __future__ import annotations

import ast
import re

from grader.reading.functions.candidates import function_candidates
from grader.reading.functions.definitions import definitions
from grader.reading.functions.statements import dotted, first_line, top_statements
from grader.records.functions.plan import FunctionPlan
from grader.records.rubric import Question, Rubric
from grader.records.submission import Cell, Passage, Submission

_DEFINES = re.compile(r"^[ \t]{0,20}def[ \t]", re.MULTILINE)
_COMPUTING = frozenset(
    {
        *("maximum", "max", "amax", "dot", "matmul", "exp", "mean", "std", "var", "sum", "where", "einsum"),
        *("tensordot", "convolve", "correlate", "convolve2d", "correlate2d", "clip", "multiply"),
    }
)


def function_plan(submission: Submission, passages: tuple[Passage, ...], rubric: Rubric) -> FunctionPlan:
    """Candidates, definitions, and the questions whose code computes without a function."""
    asked = [q for q in rubric.questions if any(criterion.kind == "function" for criterion in q.criteria)]
    computing = {question.id: _computing_cell(question, submission, passages) for question in asked}
    return FunctionPlan(
        candidates=function_candidates(submission, passages, rubric),
        definitions=definitions(submission),
        computing={question: cell for question, cell in computing.items() if cell is not None},
    )


def _computing_cell(question: Question, submission: Submission, passages: tuple[Passage, ...]) -> int | None:
    for passage in passages:
        cell = submission.cells[passage.cell]
        named = passage.question in (question.id, question.written_id)
        if named and cell.kind == "code":
            inside = _inside(cell, passage)
            text = cell.source[passage.start : passage.end]
            if any(_computes(node) for node in inside) or (_DEFINES.search(text) and not _defined(inside)):
                return cell.index
    return None


def _inside(cell: Cell, passage: Passage) -> list[ast.stmt]:
    first = cell.source.count("\n", 0, passage.start) + 1
    last = cell.source.count("\n", 0, passage.end) + 1
    return [node for node in top_statements(cell.source) if first <= first_line(node) <= last]


def _defined(nodes: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in nodes)


def _computes(node: ast.stmt) -> bool:
    """Whether a statement outside any function works something out, rather than writing values down."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if any(isinstance(inner, ast.For | ast.While | ast.MatMult) for inner in ast.walk(node)):
        return True
    calls = [dotted(inner.func) for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return any(parts and parts[-1] in _COMPUTING for parts in calls)
